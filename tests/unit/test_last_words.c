// SPDX-License-Identifier: GPL-2.0
/*
 * Guests' last words: what belongs together, what is told of when, and how it reads.
 */
#include <signal.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unit.h"

#include "child.h"
#include "compiler.h"
#include "host-file.h"
#include "signals.h"
#include "support.h"
#include "watch/helpers.h"
#include "watch/last-words.h"
#include "watch/listener.h"
#include "watch/log.h"
#include "wraps.h"

#define MS	1000000ULL

static struct heard_list heard;

static int setup(void **state)
{
	(void)state;
	memset(&heard, 0, sizeof(heard));
	return 0;
}

static struct event record(int pid, int caller, int vcpu_id, uint64_t why,
			   uint64_t cookie)
{
	struct event ev = { .kind = EVENT_RECORD };

	event_set(&ev, FIELD_VM_PID, pid);
	event_set(&ev, FIELD_VM_FD, 14);
	event_set(&ev, FIELD_CALLER_ID, caller);
	event_set(&ev, FIELD_VCPU_ID, vcpu_id);
	event_set(&ev, FIELD_WHY_NR, why);
	event_set(&ev, FIELD_COOKIE, cookie);
	return ev;
}

static void take(int pid, int vcpu_id, uint64_t why, uint64_t cookie,
		 uint64_t now)
{
	struct event ev = record(pid, 1, vcpu_id, why, cookie);

	assert_true(last_words_take(&heard, &ev, now));
}

static void assert_none(uint64_t now)
{
	struct last_words words;

	assert_false(last_words_next(&heard, now, &words));
}

static struct last_words next(uint64_t now)
{
	struct last_words words = { 0 };

	assert_true(last_words_next(&heard, now, &words));
	return words;
}

/* Records of all vCPUs are one event; another reason and another VM are others. */
static void one_event(void **state)
{
	struct last_words words;

	(void)state;
	assert_none(5000 * MS);
	assert_true(last_words_due(&heard) == UINT64_MAX);
	for (int id = 0; id < 4; id++)
		take(1, id, VCPU_INFO_WHY_PANIC, 77, 5000 * MS + id);
	take(1, 0, VCPU_INFO_WHY_OOPS, 77, 5001 * MS);
	take(2, 0, VCPU_INFO_WHY_PANIC, 77, 5001 * MS);
	assert_true(last_words_due(&heard) == 0);
	words = next(5002 * MS);
	assert_int_equal(words.pid, 1);
	assert_int_equal(words.fd, 14);
	assert_int_equal(words.caller, 1);
	assert_int_equal(words.why, VCPU_INFO_WHY_PANIC);
	assert_int_equal(words.cookie, 77);
	assert_int_equal(words.records, 4);
	assert_int_equal(words.more, 0);
	assert_string_equal(last_words_name(&words), "panic");
	/* one that comes when it has been told of already */
	take(1, 4, VCPU_INFO_WHY_PANIC, 77, 5500 * MS);
	assert_int_equal(last_words_records(&heard, &words), 5);
	assert_int_equal(next(5501 * MS).why, VCPU_INFO_WHY_OOPS);
	assert_int_equal(next(5501 * MS).pid, 2);
	assert_none(5501 * MS);
	assert_none(60000 * MS);
}

static void passed_over(void **state)
{
	static const uint64_t whys[] = {
		VCPU_INFO_WHY_NONE, VCPU_INFO_WHY_MARK, VCPU_INFO_WHY_SYSRQ,
		VCPU_INFO_WHY_REBOOT, VCPU_INFO_WHY_HALT, 10, UINT64_MAX,
	};
	struct event error = record(1, 1, 1, VCPU_INFO_WHY_PANIC, 1);
	struct event old = { .kind = EVENT_RECORD };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(whys); i++)
		take(1, 0, whys[i], 5, 1000 * MS);
	error.kind = EVENT_ERROR;
	assert_true(last_words_take(&heard, &error, 1000 * MS));
	assert_true(last_words_take(&heard, &old, 1000 * MS));
	assert_int_equal(heard.nr, 0);
	for (uint64_t why = VCPU_INFO_WHY_PANIC; why <= VCPU_INFO_WHY_HUNG_TASK;
	     why++)
		take(1, 0, why, 5, 1000 * MS);
	assert_int_equal(heard.nr, 5);
}

/* A guest that cries without end is told of once in 10 s, and the rest counted. */
static void without_end(void **state)
{
	struct last_words words;
	uint64_t now = 1000 * MS;
	int nr_told = 0;

	(void)state;
	/* 1,000 panics a second, for 25 s */
	for (uint64_t i = 0; i < 25000; i++, now += MS) {
		take(1, 0, VCPU_INFO_WHY_PANIC, i, now);
		if (!last_words_next(&heard, now, &words))
			continue;
		assert_int_equal(words.more, nr_told ? 9999 : 0);
		assert_int_equal(words.cookie, 10000ULL * nr_told);
		nr_told++;
	}
	assert_int_equal(nr_told, 3);
	/* and those since then when their time comes, though none follows */
	assert_true(last_words_due(&heard) == 31000 * MS);
	assert_none(30999 * MS);
	words = next(31000 * MS);
	assert_int_equal(words.cookie, 24999);
	assert_int_equal(words.more, 4998);
	assert_none(UINT64_MAX - 1);
}

/* The same cookie later is another event. */
static void same_cookie(void **state)
{
	(void)state;
	take(1, 0, VCPU_INFO_WHY_HUNG_TASK, 5, 1000 * MS);
	next(1000 * MS);
	take(1, 0, VCPU_INFO_WHY_HUNG_TASK, 5, 1999 * MS);
	assert_true(last_words_due(&heard) == UINT64_MAX);
	take(1, 0, VCPU_INFO_WHY_HUNG_TASK, 5, 2000 * MS);
	assert_true(last_words_due(&heard) == 11000 * MS);
}

static void room(void **state)
{
	struct event ev = record(LAST_WORDS_MAX + 1, 0, 0, VCPU_INFO_WHY_PANIC, 1);

	(void)state;
	for (int pid = 1; pid <= LAST_WORDS_MAX; pid++)
		take(pid, 0, VCPU_INFO_WHY_PANIC, 1, 1000 * MS);
	assert_false(last_words_take(&heard, &ev, 1000 * MS));
	for (int pid = 1; pid <= LAST_WORDS_MAX; pid++)
		assert_int_equal(next(1000 * MS).pid, pid);
	/* those of which one was told lately still keep others back */
	assert_false(last_words_take(&heard, &ev, 10999 * MS));
	assert_true(last_words_take(&heard, &ev, 11000 * MS));
	assert_int_equal(heard.nr, 1);
}

static const struct vm web = {
	.vmm = { .pid = 1234, .alive = true, .vm.name = "web\033", .comm = "qemu" },
	.fd = 14,
};

static const struct vm gone = { .vmm = { .pid = 1234 }, .fd = 14 };

static const struct last_words panic = {
	.pid = 1234, .fd = 14, .caller = 1, .why = VCPU_INFO_WHY_PANIC,
	.cookie = 0x1b2d05e00, .records = 2, .more = 12345,
};

static void text(void **state)
{
	struct last_words words = panic;
	char *got;

	(void)state;
	got = last_words_text(&web, &words, NULL, "  why not\n");
	assert_string_equal(got,
			    "VM 1234:14 (web?): panic, said vCPU 1, cookie 0x1b2d05e00, 2 records\n"
			    "  and 12345 more since the one told before\n"
			    "  why not\n");
	free(got);
	words.more = 0;
	words.caller = -1;
	got = last_words_text(&gone, &words, NULL, "");
	assert_string_equal(got,
			    "VM 1234:14 (gone): panic, said vCPU -, cookie 0x1b2d05e00, 2 records\n");
	free(got);
}

static struct finding finding;

/* A stack of two frames and three messages, as the reader's side makes them */
static void find(void)
{
	static struct guest_message list[FINDING_MESSAGES + 2];
	static struct guest_task task = { .comm = "sh", .tid = 195, .pid = 195 };
	static struct named_stack stack = {
		.end = END_USER, .nr = 2,
		.frames = {
			{ { .ip = 0xffffffff81000010, .stack = STACK_TASK },
			  { .name = "panic", .offset = 0x10, .size = 0x20 } },
			{ { .ip = 0xffffffffc0000001, .stack = STACK_TASK },
			  { .name = "oops", .module = "bad", .offset = 1, .size = 2 } },
		},
	};
	struct stack_record of_web = {
		.vm = &web, .vcpu_id = 1, .state = VCPU_INFO_STATE_HALTED,
		.view = { .kernel = "Linux version 6.1", .task = &task,
			  .exact = true, .stack = &stack },
	};
	struct guest_messages messages = { list, FINDING_MESSAGES + 2, 0 };

	for (size_t i = 0; i < messages.nr; i++)
		list[i] = (struct guest_message){ i, i * 1000000000ULL, 2, 0, "said" };
	list[messages.nr - 1].text = "Kernel panic\n-- \033[2J";
	memset(&finding, 0, sizeof(finding));
	finding_set_stack(&finding, &of_web);
	finding_set_messages(&finding, &messages, NULL);
}

static void json(void **state)
{
	char *got;

	(void)state;
	got = last_words_json(&gone, &panic, "well", NULL);
	golden_check("last-words.json", got);
	free(got);
	find();
	assert_true(finding_check(&finding, sizeof(finding)));
	got = last_words_json(&web, &panic, "hung", &finding);
	golden_check("last-words-found.json", got);
	free(got);
}

static void found_text(void **state)
{
	static const char begin[] =
		"VM 1234:14 (web?): panic, said vCPU 1, cookie 0x1b2d05e00, 2 records\n"
		"  and 12345 more since the one told before\n"
		"VM 1234:14 (web?) vCPU 1 halted task sh/195/195 exact\n"
		"   <TASK>\n"
		"    panic+0x10/0x20\n"
		"    oops+0x1/0x2 [bad]\n"
		"   </TASK>\n"
		"  complete: entered from user mode\n"
		"[    2.000000] said\n";
	static const char end[] =
		"[   20.000000] said\n"
		"[   21.000000] Kernel panic\n"
		"[   21.000000] -- ?[2J\n";
	size_t len;
	char *got;

	(void)state;
	find();
	assert_true(finding_check(&finding, sizeof(finding)));
	got = last_words_text(&web, &panic, &finding, "");
	len = strlen(got);
	assert_memory_equal(got, begin, strlen(begin));
	assert_true(len > strlen(end));
	assert_string_equal(got + len - strlen(end), end);
	free(got);

	/* neither stack nor log */
	memset(&finding, 0, sizeof(finding));
	finding.has_vcpu = true;
	finding.state = UINT64_MAX;
	strcpy(finding.why, "the vCPU is gone");
	finding_set_messages(&finding, NULL, "there is none");
	assert_true(finding_check(&finding, sizeof(finding)));
	got = last_words_text(&web, &panic, &finding, "");
	assert_non_null(strstr(got, "vCPU 1 unknown\n"
				    "  no stack: the vCPU is gone\n"
				    "  no log: there is none\n"));
	free(got);
}

/* What comes from a process that has fallen to the guest. */
static void hostile_finding(void **state)
{
	char *got;

	(void)state;
	memset(&finding, 0xff, sizeof(finding));
	assert_false(finding_check(&finding, sizeof(finding)));
	find();
	assert_false(finding_check(&finding, sizeof(finding) - 1));
	finding.nr = FINDING_MESSAGES + 1;
	assert_false(finding_check(&finding, sizeof(finding)));
	find();
	finding.messages[0].level = 8;
	assert_false(finding_check(&finding, sizeof(finding)));
	find();
	finding.stack.nr = UINT64_MAX / sizeof(finding.stack.frames[0]) + 2;
	assert_false(finding_check(&finding, sizeof(finding)));
	find();
	finding.stack.frames[0].frame.stack = STACK_OTHER + 1;
	assert_false(finding_check(&finding, sizeof(finding)));

	/* text that does not end, and that would do more than be read */
	find();
	memset(finding.kernel, '\033', sizeof(finding.kernel));
	memset(finding.task.comm, '\n', sizeof(finding.task.comm));
	memset(finding.no_log, '\r', sizeof(finding.no_log));
	memset(finding.stack.frames[0].place.name, '\b', NAMED_SIZE);
	for (size_t i = 0; i < FINDING_MESSAGES; i++)
		memset(finding.messages[i].text, '\a', GUEST_MESSAGE_SIZE);
	assert_true(finding_check(&finding, sizeof(finding)));
	got = last_words_text(&web, &panic, &finding, "");
	for (const char *c = got; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	free(got);
	got = last_words_json(&web, &panic, "hung", &finding);
	assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
	assert_null(strchr(got, '\033'));
	free(got);
}

static struct {
	int nr;
	char text[4096];
} journal;

/* One field a line */
int __wrap_sd_journal_sendv_with_location(const char *file, const char *line,
					  const char *func,
					  const struct iovec *iov, int n)
{
	size_t used = 0;

	(void)file;
	(void)line;
	(void)func;
	for (int i = 0; i < n && used < sizeof(journal.text); i++)
		used += snprintf(journal.text + used,
				 sizeof(journal.text) - used, "%.*s\n",
				 (int)iov[i].iov_len, (char *)iov[i].iov_base);
	journal.nr++;
	return 0;
}

/* The fields are those of vcpu-info-watch(1). */
static void to_journal(void **state)
{
	struct change change = { .vm = &web, .word = "panic", .before = "spinning",
				 .text = "text", .json = "{}", .last_words = &panic };

	(void)state;
	memset(&journal, 0, sizeof(journal));
	log_change(LOG_JOURNAL, &change);
	assert_int_equal(journal.nr, 1);
	assert_string_equal(journal.text,
			    "MESSAGE=text\n"
			    "VCPU_INFO_VM_NAME=web?\n"
			    "VCPU_INFO_VM_PID=1234\n"
			    "VCPU_INFO_VM_FD=14\n"
			    "VCPU_INFO_WORD=panic\n"
			    "VCPU_INFO_WORD_BEFORE=spinning\n"
			    "MESSAGE_ID=7c1f0f5e8a0b4c2e9d35a6be41d7f208\n"
			    "PRIORITY=3\n"
			    "VCPU_INFO_REASON=panic\n"
			    "VCPU_INFO_COOKIE=0x1b2d05e00\n"
			    "VCPU_INFO_CALLER=1\n"
			    "VCPU_INFO_LAST_WORDS={}\n");
	change.last_words = NULL;
	change.word = "well";
	log_change(LOG_JOURNAL, &change);
	assert_int_equal(journal.nr, 2);
	assert_string_equal(journal.text,
			    "MESSAGE=text\n"
			    "VCPU_INFO_VM_NAME=web?\n"
			    "VCPU_INFO_VM_PID=1234\n"
			    "VCPU_INFO_VM_FD=14\n"
			    "VCPU_INFO_WORD=well\n"
			    "VCPU_INFO_WORD_BEFORE=spinning\n"
			    "MESSAGE_ID=c95d8e3a6f5f4ac29b14c7c2a0b0de86\n"
			    "PRIORITY=5\n"
			    "VCPU_INFO_DIAGNOSIS={}\n");
}

static int print_change(void *arg)
{
	struct change change = { .vm = &web, .word = "panic", .before = "well",
				 .text = "text\n", .json = "{\"type\":\"change\"}\n",
				 .last_words = &panic };

	log_change(*(enum log_form *)arg, &change);
	return 0;
}

static void printed(void **state)
{
	enum log_form form = LOG_TEXT;
	struct captured cap = capture(print_change, &form);

	(void)state;
	assert_string_equal(cap.out, "text\n");
	captured_free(&cap);
	form = LOG_JSON;
	cap = capture(print_change, &form);
	assert_string_equal(cap.out, "{\"type\":\"change\"}\n");
	captured_free(&cap);
}

/* Whether readers of guests' memory do nothing until they are ended, and of which VMs */
static bool readers_hang;
static int read_pids[MAX_HELPERS];
static size_t nr_read;

int __wrap_helpers_read_guest(struct helpers *helpers, const struct vm *vm,
			      int vcpu_id, int out, int messages)
{
	int i = 0;

	if (!readers_hang)
		return __real_helpers_read_guest(helpers, vm, vcpu_id, out,
						 messages);
	while (helpers->running[i])
		i++;
	helpers->running[i] = child_fork();
	if (!helpers->running[i]) {
		setpgid(0, 0);
		pause();
		_exit(0);
	}
	setpgid(helpers->running[i], 0);
	helpers->deadline[i] = UINT64_MAX;
	read_pids[nr_read++] = vm->vmm.pid;
	return i;
}

/* What a listener told last, and how often */
static struct {
	int nr;
	int pid;
	bool alive;
	uint64_t records;
	char text[200];
} told;

static void be_told(const struct vm *vm, const struct last_words *words,
		    const struct finding *found, const char *said, void *arg)
{
	assert_ptr_equal(arg, &told);
	assert_null(found);
	told.nr++;
	told.pid = vm->vmm.pid;
	told.alive = vm->vmm.alive;
	told.records = words->records;
	snprintf(told.text, sizeof(told.text), "%s", said);
}

static void hear(struct listener *listener, int pid, uint64_t why)
{
	struct event ev = record(pid, 0, 0, why, 1);

	assert_true(last_words_take(&listener->heard, &ev, signals_clock()));
	for (int i = 0; i < 10000 && !told.nr; i++)
		listener_until(listener, signals_clock() + MS);
}

/*
 * A VMM that is gone, and one whose memory cannot be read, for here is no module: the
 * reason is told anyway, and what is known of the rest.
 */
static void told_without_memory(void **state)
{
	static struct listener listener;
	struct select select = { 0 };
	char *root = tree_make(), err[100];
	struct event ev;

	(void)state;
	host_file_set_root(root);
	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	tree_write(root, "/proc/1234/comm", "qemu\n");
	tree_write(root, "/proc/1234/stat",
		   "1234 (qemu) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 5 0 1000 99 98 97\n");
	memset(&told, 0, sizeof(told));
	listener_init(&listener, &select, be_told, &told);
	hear(&listener, 4321, VCPU_INFO_WHY_PANIC);
	assert_int_equal(told.nr, 1);
	assert_int_equal(told.pid, 4321);
	assert_false(told.alive);
	assert_string_equal(told.text, "");

	memset(&told, 0, sizeof(told));
	hear(&listener, 1234, VCPU_INFO_WHY_PANIC);
	assert_int_equal(told.nr, 1);
	assert_int_equal(told.pid, 1234);
	assert_true(told.alive);
	assert_int_equal(told.records, 1);
	assert_non_null(strstr(told.text, "vcpu"));

	/* not of those that are not wanted */
	assert_true(select_add_vm(&select, "web", err, sizeof(err)));
	memset(&told, 0, sizeof(told));
	ev = record(1234, 0, 0, VCPU_INFO_WHY_OOPS, 1);
	assert_true(last_words_take(&listener.heard, &ev, signals_clock()));
	listener_until(&listener, 0);
	listener_end(&listener);
	assert_true(listener_close(&listener));
	assert_int_equal(told.nr, 0);
	select_free(&select);
	host_file_set_root("");
	tree_remove(root);
}

static void put_process(const char *root, int pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	tree_write(root, path, "qemu\n");
}

static void take_alarm(struct listener *listener, int pid, uint64_t why)
{
	struct event ev = record(pid, 0, 0, why, 1);

	assert_true(last_words_take(&listener->heard, &ev, signals_clock()));
}

/* A guest that says all there is to say leaves the readers to others. */
static void one_reading_of_a_guest(void **state)
{
	static struct listener listener;
	static const struct select all;
	char *root = tree_make();

	(void)state;
	host_file_set_root(root);
	put_process(root, 1234);
	put_process(root, 1235);
	memset(&told, 0, sizeof(told));
	readers_hang = true;
	signals_catch();
	listener_init(&listener, &all, be_told, &told);
	for (uint64_t why = VCPU_INFO_WHY_PANIC; why <= VCPU_INFO_WHY_HUNG_TASK; why++)
		take_alarm(&listener, 1234, why);
	take_alarm(&listener, 1235, VCPU_INFO_WHY_PANIC);
	listener_until(&listener, 0);
	assert_int_equal(nr_read, 2);
	assert_int_equal(read_pids[0], 1234);
	assert_int_equal(read_pids[1], 1235);
	assert_int_equal(told.nr, 0);

	/* its next one is read when that one has ended */
	kill(listener.readers.running[0], SIGKILL);
	for (int i = 0; i < 10000 && nr_read < 3; i++)
		listener_until(&listener, signals_clock() + MS);
	assert_int_equal(nr_read, 3);
	assert_int_equal(read_pids[2], 1234);
	assert_int_equal(told.nr, 1);
	assert_int_equal(told.pid, 1234);

	/* at the end all are told of, read or not */
	kill(getpid(), SIGTERM);
	listener_end(&listener);
	assert_int_equal(nr_read, 3);
	assert_int_equal(told.nr, 6);
	assert_true(listener_close(&listener));
	readers_hang = false;
	host_file_set_root("");
	tree_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_event, setup),
		cmocka_unit_test_setup(passed_over, setup),
		cmocka_unit_test_setup(without_end, setup),
		cmocka_unit_test_setup(same_cookie, setup),
		cmocka_unit_test_setup(room, setup),
		cmocka_unit_test(text),
		cmocka_unit_test(json),
		cmocka_unit_test(found_text),
		cmocka_unit_test(hostile_finding),
		cmocka_unit_test(to_journal),
		cmocka_unit_test(printed),
		cmocka_unit_test(told_without_memory),
		cmocka_unit_test(one_reading_of_a_guest),
	};

	return cmocka_run_group_tests_name("last_words", tests, NULL, NULL);
}
