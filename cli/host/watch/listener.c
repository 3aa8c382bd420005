// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "msg.h"
#include "signals.h"
#include "text.h"
#include "trace/own-instance.h"
#include "watch/listener.h"

/* Some 400 records: all vCPUs of a large VM */
#define BUFFER_KB	128

/* How often processes are looked after while some run */
#define READER_MS	50

#define TOO_MANY	"  its memory is not read: that of others is\n"
#define NOT_READ	"  its memory could not be read\n"

static bool is_being_read(const void *arg, int pid, int fd)
{
	const struct listener *listener = arg;

	for (int i = 0; i < MAX_HELPERS; i++) {
		if (listener->readings[i].is_on &&
		    listener->readings[i].words.pid == pid &&
		    listener->readings[i].words.fd == fd)
			return true;
	}
	return false;
}

void listener_init(struct listener *listener, const struct select *select,
		   listener_fn *tell, void *arg)
{
	*listener = (struct listener){
		.select = select, .tell = tell, .arg = arg,
		.heard = { .holds = is_being_read, .arg = listener },
	};
}

static void give_up(struct listener *listener, const char *why)
{
	msg_note("guests' panics are not heard: %s", why);
	listener->given_up = true;
}

static bool stop(struct listener *listener)
{
	struct own_instance *own = listener->own;

	listener->own = NULL;
	return !own || source_close(own_source(own));
}

static void open_instance(struct listener *listener)
{
	const char *why;

	if (own_open_reasons("watch", BUFFER_KB, LAST_WORDS_FILTER,
			     &listener->own, &why))
		return;
	listener->own = NULL;
	give_up(listener, why);
}

void listener_start(struct listener *listener)
{
	if (listener->own && own_get_state(listener->own) != OWN_ON)
		stop(listener);
	if (!listener->own && !listener->given_up)
		open_instance(listener);
}

void listener_retry(struct listener *listener)
{
	listener->given_up = false;
}

static bool take_event(const struct event *ev, void *arg)
{
	struct listener *listener = arg;

	if (last_words_take(&listener->heard, ev, signals_clock()) ||
	    listener->said_full)
		return true;
	msg_error("more than %d VMs and reasons at once: some are not told of",
		  LAST_WORDS_MAX);
	listener->said_full = true;
	return true;
}

static bool is_wanted(const struct listener *listener, const struct vm *vm)
{
	return select_has_vm(listener->select, vm->vmm.pid, vm->fd,
			     vm->vmm.vm.name, vm->vmm.comm);
}

static int nr_readings(const struct listener *listener)
{
	int nr = 0;

	for (int i = 0; i < MAX_HELPERS; i++)
		nr += listener->readings[i].is_on;
	return nr;
}

/* Have the guest's memory read. False if that is not possible. */
static bool read_guest(struct listener *listener, const struct vm *vm,
		       const struct last_words *words)
{
	int out = memfd_create("finding", MFD_CLOEXEC);
	int messages = memfd_create("messages", MFD_CLOEXEC);
	int place = -1;

	if (out >= 0 && messages >= 0)
		place = helpers_read_guest(&listener->readers, vm,
					   words->caller, out, messages);
	if (place < 0) {
		if (out >= 0)
			close(out);
		if (messages >= 0)
			close(messages);
		return false;
	}
	listener->readings[place].is_on = true;
	listener->readings[place].out = out;
	listener->readings[place].messages = messages;
	listener->readings[place].vm = *vm;
	listener->readings[place].words = *words;
	return true;
}

static void begin(struct listener *listener, const struct last_words *words)
{
	struct vm vm = { .fd = words->fd };

	process_look_up(&vm.vmm, words->pid);
	if (!is_wanted(listener, &vm))
		return;
	if (!vm.vmm.alive)
		listener->tell(&vm, words, NULL, "", listener->arg);
	else if (listener->ends)
		listener->tell(&vm, words, NULL, NOT_READ, listener->arg);
	else if (nr_readings(listener) == LISTENER_READERS ||
		 !read_guest(listener, &vm, words))
		listener->tell(&vm, words, NULL, TOO_MANY, listener->arg);
}

/* What it said went wrong: lines of ours, or anything if it has fallen to the guest */
static void read_messages(int fd, char *said, size_t size)
{
	char text[LISTENER_SAID_MAX], *rest = text, *line;
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	size_t used = 0;

	text[len > 0 ? len : 0] = '\0';
	said[0] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		text_printable(line, strlen(line) + 1, line);
		if (line[0] && used < size)
			used += snprintf(said + used, size - used, "%s\n", line);
	}
}

/* One reader's; the next overwrites it. */
static const struct finding *read_finding(int fd)
{
	static struct finding finding;
	ssize_t len = pread(fd, &finding, sizeof(finding), 0);

	return len > 0 && finding_check(&finding, len) ? &finding : NULL;
}

static void finish(struct listener *listener, int place)
{
	struct last_words words = listener->readings[place].words;
	int out = listener->readings[place].out;
	int messages = listener->readings[place].messages;
	const struct finding *finding = read_finding(out);
	char said[LISTENER_SAID_MAX + 1];

	read_messages(messages, said, sizeof(said));
	if (!finding && !said[0])
		strcpy(said, NOT_READ);
	close(out);
	close(messages);
	listener->readings[place].is_on = false;
	words.records = last_words_records(&listener->heard, &words);
	listener->tell(&listener->readings[place].vm, &words, finding, said,
		       listener->arg);
}

/* Those that have ended, or all */
static void finish_readings(struct listener *listener, bool all)
{
	helpers_reap(&listener->readers);
	for (int i = 0; i < MAX_HELPERS; i++) {
		if (listener->readings[i].is_on &&
		    (all || !listener->readers.running[i]))
			finish(listener, i);
	}
}

static void tell_due(struct listener *listener)
{
	struct last_words words;

	while (last_words_next(&listener->heard, signals_clock(), &words))
		begin(listener, &words);
}

static void hear(struct listener *listener)
{
	if (listener->own &&
	    !source_read(own_source(listener->own), take_event, listener)) {
		give_up(listener, strerror(errno));
		stop(listener);
	}
	tell_due(listener);
	finish_readings(listener, false);
	/* of those that have waited for that */
	tell_due(listener);
}

/* Until something has to be done, or the time has come. */
static void wait_for_more(struct listener *listener, uint64_t when)
{
	uint64_t now = signals_clock(), due = last_words_due(&listener->heard);
	uint64_t ms;

	if (due < when)
		when = due;
	ms = when > now ? (when - now + NS_PER_MS - 1) / NS_PER_MS : 0;
	if (nr_readings(listener) && ms > READER_MS)
		ms = READER_MS;
	if (listener->own)
		own_wait(listener->own, ms);
	else
		signals_sleep_ms(ms);
}

void listener_until(struct listener *listener, uint64_t when)
{
	do {
		wait_for_more(listener, when);
		hear(listener);
	} while (signals_clock() < when && !signals_want_end());
}

void listener_end(struct listener *listener)
{
	if (listener->own) {
		own_pause(listener->own);
		own_drain(listener->own, take_event, listener);
		tell_due(listener);
	}
	while (nr_readings(listener) && !signals_want_end()) {
		signals_sleep_ms(READER_MS);
		finish_readings(listener, false);
		tell_due(listener);
	}
	helpers_stop(&listener->readers);
	finish_readings(listener, true);
	listener->ends = true;
	tell_due(listener);
}

bool listener_close(struct listener *listener)
{
	return stop(listener);
}
