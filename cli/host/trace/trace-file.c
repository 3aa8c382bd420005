// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <trace-cmd.h>

#include "trace/decode-binary.h"
#include "trace/trace-file.h"

/* No trace clock but one of the time of day is 30 years after its start. */
#define WALL_MIN	(30ULL * 365 * 86400 * NS_PER_SEC)

/* A power of 2. */
#define COMM_SLOTS 64

/* The buffer of the file, or of an instance in it. */
struct part {
	struct tracecmd_input *input;
	struct binary_decoder *dec;
};

struct trace_file {
	struct event_source source;
	struct part *parts;
	int nr_parts;

	/* of the read under way */
	event_fn *found;
	void *arg;
	struct losses losses;

	/* names asked for lately, by the last bits of the PID */
	struct {
		struct tep_handle *tep;
		int pid;
		const char *comm;
	} comms[COMM_SLOTS];
};

static const struct event_source_ops trace_file_ops;

static bool bind_events(struct part *part)
{
	struct tep_handle *tep = tracecmd_get_tep(part->input);
	static const char * const events[] = {
		VCPU_INFO_EVENT, VCPU_INFO_EVENT_ERROR,
	};
	bool any = false;

	part->dec = binary_decoder_new();
	for (size_t i = 0; part->dec && i < 2; i++) {
		struct tep_event *event;

		event = tep_find_event_by_name(tep, VCPU_INFO_SYSTEM,
					       events[i]);
		any |= event && binary_decoder_bind(part->dec, event);
	}
	return any;
}

/*
 * What libtracecmd prints while it opens a file, such as that it has to read what
 * it cannot map, goes nowhere; the error is ours to print. Returns standard error.
 * /dev/null cannot be opened here (sandbox.h); this takes nothing, either.
 */
static int mute(void)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = memfd_create("null", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	fflush(stderr);
	if (saved >= 0 && null >= 0 && !fcntl(null, F_ADD_SEALS, F_SEAL_WRITE))
		dup2(null, STDERR_FILENO);
	if (null >= 0)
		close(null);
	return saved;
}

static void unmute(int saved)
{
	fflush(stderr);
	clearerr(stderr);
	if (saved < 0)
		return;
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static enum trace_file_status open_parts(struct trace_file *file,
					 struct tracecmd_input *input)
{
	int nr = tracecmd_buffer_instances(input);
	bool any = false;
	int saved;

	file->parts = calloc(1 + nr, sizeof(*file->parts));
	if (!file->parts) {
		tracecmd_close(input);
		return TRACE_FILE_NO_MEMORY;
	}
	file->parts[file->nr_parts++].input = input;
	saved = mute();
	for (int i = 0; i < nr; i++) {
		struct tracecmd_input *sub;

		sub = tracecmd_buffer_instance_handle(input, i);
		if (sub)
			file->parts[file->nr_parts++].input = sub;
	}
	unmute(saved);
	for (int i = 0; i < file->nr_parts; i++) {
		any |= bind_events(&file->parts[i]);
		tracecmd_set_private(file->parts[i].input, &file->parts[i]);
	}
	return any ? TRACE_FILE_OK : TRACE_FILE_NO_EVENTS;
}

/* The text up to a NUL at *pos, which moves behind it; "" if there is none. */
static void take_text(char *text, size_t size, const char *head, size_t len,
		      size_t *pos)
{
	size_t n = strnlen(head + *pos, len - *pos);

	text[0] = '\0';
	if (n == len - *pos)
		return;
	snprintf(text, size, "%s", head + *pos);
	*pos += n + 1;
}

/*
 * As in trace-cmd.dat(5): the magic, the version, three numbers, and from 7 on
 * the name of the compression.
 */
static void read_form(int fd, struct trace_file_form *form)
{
	static const char magic[] = "\027\010Dtracing";
	size_t pos = sizeof(magic) - 1;
	char head[128];
	ssize_t len = pread(fd, head, sizeof(head), 0);

	*form = (struct trace_file_form){ 0 };
	if (len < (ssize_t)pos || memcmp(head, magic, pos))
		return;
	take_text(form->version, sizeof(form->version), head, len, &pos);
	pos += 1 + 1 + 4;	/* byte order, sizes of a long and of a page */
	if (strcmp(form->version, "7") || pos >= (size_t)len)
		return;
	take_text(form->compression, sizeof(form->compression), head, len,
		  &pos);
	if (!strcmp(form->compression, "none"))
		form->compression[0] = '\0';
}

/* libtracecmd has this, but its header does not declare it. */
bool tracecmd_compress_is_supported(const char *name, const char *version)
	__attribute__((__weak__));

/* libtracecmd only says that it cannot read a file. */
static enum trace_file_status why_not(const struct trace_file_form *form)
{
	if (!form->version[0])
		return TRACE_FILE_BAD;
	if (strcmp(form->version, "6") && strcmp(form->version, "7"))
		return TRACE_FILE_VERSION;
	if (form->compression[0] && tracecmd_compress_is_supported &&
	    !tracecmd_compress_is_supported(form->compression, NULL))
		return TRACE_FILE_COMPRESSION;
	return TRACE_FILE_BAD;
}

static struct tracecmd_input *open_input(int fd)
{
	struct tracecmd_input *input;
	int saved = mute();

	tracecmd_set_loglevel(TEP_LOG_NONE);
	tep_set_loglevel(TEP_LOG_NONE);
	input = tracecmd_open_fd(fd, TRACECMD_FL_LOAD_NO_PLUGINS);
	unmute(saved);
	return input;
}

enum trace_file_status trace_file_open(int fd, struct trace_file **file,
				       struct trace_file_form *form)
{
	struct tracecmd_input *input;
	enum trace_file_status status;

	read_form(fd, form);
	input = open_input(fd);
	if (!input) {
		close(fd);
		return why_not(form);
	}
	*file = calloc(1, sizeof(**file));
	if (!*file) {
		tracecmd_close(input);
		return TRACE_FILE_NO_MEMORY;
	}
	(*file)->source.ops = &trace_file_ops;
	status = open_parts(*file, input);
	if (status != TRACE_FILE_OK)
		source_close(&(*file)->source);
	return status;
}

struct event_source *trace_file_source(struct trace_file *file)
{
	return &file->source;
}

static bool close_source(struct event_source *src)
{
	struct trace_file *file = (struct trace_file *)src;

	/* instances are parts of the first, which goes last */
	for (int i = file->nr_parts - 1; i >= 0; i--) {
		binary_decoder_free(file->parts[i].dec);
		tracecmd_close(file->parts[i].input);
	}
	free(file->parts);
	free(file);
	return true;
}

/* NULL if the file does not know it. libtraceevent looks it up each time. */
static const char *comm_of(struct trace_file *file, struct tep_handle *tep,
			   int pid)
{
	unsigned int slot = (unsigned int)pid % COMM_SLOTS;

	if (file->comms[slot].tep != tep || file->comms[slot].pid != pid) {
		file->comms[slot].tep = tep;
		file->comms[slot].pid = pid;
		file->comms[slot].comm =
			tep_is_pid_registered(tep, pid) ?
				tep_data_comm_from_pid(tep, pid) :
				NULL;
	}
	return file->comms[slot].comm;
}

static void add_comm(struct trace_file *file, struct tracecmd_input *input,
		     struct event *ev)
{
	const char *comm = comm_of(file, tracecmd_get_tep(input), ev->thread);
	size_t len = comm ? strnlen(comm, sizeof(ev->comm) - 1) : 0;

	if (len)
		memcpy(ev->comm, comm, len);
	ev->comm[len] = '\0';
}

static void count_lost(struct losses *losses, long long missed)
{
	if (missed > 0)
		losses->overrun += missed;
	else if (missed < 0)
		losses->more = true;
}

static int take_record(struct tracecmd_input *input,
		       struct tep_record *record, int cpu, void *arg)
{
	struct part *part = tracecmd_get_private(input);
	struct trace_file *file = arg;
	struct event ev;

	count_lost(&file->losses, record->missed_events);
	switch (binary_decode(part->dec, record->data, record->size, &ev)) {
	case BINARY_OTHER:
		return 0;
	case BINARY_BAD:
		file->losses.undecodable++;
		return 0;
	case BINARY_EVENT:
		break;
	}
	ev.ts = record->ts;
	ev.ts_is_ns = true;
	ev.trace_cpu = cpu;
	add_comm(file, input, &ev);
	return file->found(&ev, file->arg) ? 0 : 1;
}

static bool read_source(struct event_source *src, event_fn *found, void *arg)
{
	struct trace_file *file = (struct trace_file *)src;
	struct tracecmd_input **inputs;
	int ret;

	file->losses = (struct losses){ 0 };
	file->found = found;
	file->arg = arg;
	inputs = calloc(file->nr_parts, sizeof(*inputs));
	if (!inputs)
		return false;
	for (int i = 0; i < file->nr_parts; i++)
		inputs[i] = file->parts[i].input;
	ret = tracecmd_iterate_events_multi(inputs, file->nr_parts, take_record,
					    file);
	free(inputs);
	return ret >= 0;
}

static bool read_losses(struct event_source *src, struct losses *losses)
{
	*losses = ((struct trace_file *)src)->losses;
	return true;
}

static void read_clock(struct event_source *src, struct timebase *tb)
{
	const struct trace_file *file = (const struct trace_file *)src;
	uint64_t first = tracecmd_get_first_ts(file->parts[0].input);
	uint64_t now = timebase_wall_now();

	*tb = (struct timebase){
		.known = first >= WALL_MIN && first <= now,
		.trace = now,
		.wall = now,
	};
}

static const char *read_comm(struct event_source *src, int pid)
{
	struct trace_file *file = (struct trace_file *)src;

	return comm_of(file, tracecmd_get_tep(file->parts[0].input), pid);
}

static const struct event_source_ops trace_file_ops = {
	.read = read_source,
	.clock = read_clock,
	.losses = read_losses,
	.comm = read_comm,
	.close = close_source,
};
