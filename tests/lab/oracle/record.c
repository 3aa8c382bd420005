// SPDX-License-Identifier: GPL-2.0
/* Reads the module's trace instance: text, a line for each event, consumed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"

#define INSTANCE	"instances/" VCPU_INFO_INSTANCE
#define EVENT		" " VCPU_INFO_EVENT ": "
#define EVENT_ERROR	" " VCPU_INFO_EVENT_ERROR ": "
#define POLL_TRIES	200
#define POLL_MS		5

static struct {
	int fd;
	size_t len;
	size_t pos;
	unsigned long lost;
	char buf[65536];
} reader = { .fd = -1 };

const char * const reg_names[NR_REGS] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	"rip", "rflags", "cr0", "cr3", "cr4", "efer",
};

static const char * const state_names[NR_STATES] = {
	[VCPU_INFO_STATE_SELF] = "self",
	[VCPU_INFO_STATE_GUEST] = "guest",
	[VCPU_INFO_STATE_HALTED] = "halted",
	[VCPU_INFO_STATE_PREEMPTED] = "preempted",
	[VCPU_INFO_STATE_USER] = "user",
	[VCPU_INFO_STATE_IN_EXIT] = "in-exit",
	[VCPU_INFO_STATE_NEVER_RUN] = "never-run",
	[VCPU_INFO_STATE_PROTECTED] = "protected",
};

static const char * const why_names[] = {
	[VCPU_INFO_WHY_NONE] = "none",
	[VCPU_INFO_WHY_MARK] = "mark",
	[VCPU_INFO_WHY_PANIC] = "panic",
	[VCPU_INFO_WHY_OOPS] = "oops",
	[VCPU_INFO_WHY_SOFT_LOCKUP] = "soft-lockup",
	[VCPU_INFO_WHY_HARD_LOCKUP] = "hard-lockup",
	[VCPU_INFO_WHY_HUNG_TASK] = "hung-task",
	[VCPU_INFO_WHY_SYSRQ] = "sysrq",
	[VCPU_INFO_WHY_REBOOT] = "reboot",
	[VCPU_INFO_WHY_HALT] = "halt",
};

const char *state_name(unsigned int state)
{
	if (state >= ARRAY_SIZE(state_names) || !state_names[state])
		return "?";
	return state_names[state];
}

/* The number after "key=" in the line; the event always has all its keys. */
static uint64_t number(const char *line, const char *key)
{
	char find[32];
	char *at, *end;
	uint64_t value;

	snprintf(find, sizeof(find), " %s=", key);
	at = strstr(line, find);
	if (!at)
		die("an event has no %s: %s", key, line);
	at += strlen(find);
	errno = 0;
	if (*at == '-')
		value = strtoll(at, &end, 0);
	else
		value = strtoull(at, &end, 0);
	if (errno || end == at || (*end && *end != ' '))
		die("an event has a bad %s: %s", key, line);

	return value;
}

static void word(const char *line, const char *key, char *buf, size_t size)
{
	char find[32];
	const char *at;
	size_t len;

	snprintf(find, sizeof(find), " %s=", key);
	at = strstr(line, find);
	if (!at)
		die("an event has no %s: %s", key, line);
	at += strlen(find);
	len = strcspn(at, " ");
	if (len >= size)
		die("an event has a bad %s: %s", key, line);
	memcpy(buf, at, len);
	buf[len] = '\0';
}

/* 0 if it is unknown */
static unsigned int parse_state(const char *line)
{
	char name[24];
	unsigned int i;

	word(line, "state", name, sizeof(name));
	for (i = 0; i < ARRAY_SIZE(state_names); i++)
		if (state_names[i] && !strcmp(name, state_names[i]))
			return i;

	return 0;
}

static uint32_t parse_why(const char *line, const char *key)
{
	char name[24];
	uint32_t i;

	word(line, key, name, sizeof(name));
	for (i = 0; i < ARRAY_SIZE(why_names); i++)
		if (!strcmp(name, why_names[i]))
			return i;

	return number(line, key);
}

static void parse_vcpu(const char *line, struct record *rec)
{
	uint64_t *counts = (uint64_t *)&rec->counts;
	unsigned int i;

	rec->pid = number(line, "pid");
	rec->ns_pid = number(line, "ns_pid");
	rec->ns_level = number(line, "ns_level");
	rec->cpu = number(line, "cpu");
	rec->state = parse_state(line);
	rec->flags = number(line, "flags");
	rec->attempts = number(line, "attempts");
	rec->valid = number(line, "valid");
	for (i = 0; i < NR_REGS; i++)
		rec->regs.r[i] = number(line, reg_names[i]);
	for (i = 0; i < NR_COUNTS_SHOWN; i++)
		counts[i] = number(line, count_names[i]);
	rec->why = parse_why(line, "reason");
}

static void parse_error(const char *line, struct record *rec)
{
	word(line, "reason", rec->reason, sizeof(rec->reason));
	rec->result = number(line, "result");
	rec->count = number(line, "count");
	rec->why = parse_why(line, "request_reason");
}

/* False if the line is not one of our events. */
static bool parse_line(const char *line, struct record *rec)
{
	const char *fields = strstr(line, EVENT);
	const char *lost = strstr(line, "[LOST ");

	memset(rec, 0, sizeof(*rec));
	if (lost)
		reader.lost += strtoul(lost + strlen("[LOST "), NULL, 10);
	if (!fields) {
		fields = strstr(line, EVENT_ERROR);
		rec->error = fields;
	}
	if (!fields)
		return false;

	fields = strchr(fields, ':') + 1;
	rec->vm_pid = number(fields, "vm_pid");
	rec->vm_fd = number(fields, "vm_fd");
	rec->caller_id = number(fields, "caller_id");
	rec->vcpu_id = number(fields, "vcpu_id");
	rec->cookie = number(fields, "cookie");
	if (rec->error)
		parse_error(fields, rec);
	else
		parse_vcpu(fields, rec);

	return true;
}

void reader_open(void)
{
	static const char * const paths[] = {
		"/sys/kernel/tracing/" INSTANCE "/trace_pipe",
		"/sys/kernel/debug/tracing/" INSTANCE "/trace_pipe",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(paths) && reader.fd < 0; i++)
		reader.fd = open(paths[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (reader.fd < 0)
		die("%s: %s; is tracefs mounted, and vcpu_info loaded?",
		    paths[0], strerror(errno));
}

void reader_close(void)
{
	close(reader.fd);
	reader.fd = -1;
	reader.len = 0;
	reader.pos = 0;
}

/* More text from the instance; false if there is none now */
static bool fill(void)
{
	ssize_t len;

	memmove(reader.buf, reader.buf + reader.pos, reader.len - reader.pos);
	reader.len -= reader.pos;
	reader.pos = 0;
	if (reader.len == sizeof(reader.buf))
		die("a line of the trace is too long");
	do {
		len = read(reader.fd, reader.buf + reader.len,
			   sizeof(reader.buf) - reader.len);
	} while (len < 0 && errno == EINTR);
	if (len < 0 && errno != EAGAIN)
		die("cannot read the trace: %s", strerror(errno));
	if (len <= 0)
		return false;
	reader.len += len;

	return true;
}

/**
 * reader_next() - the next event, if there is one
 * @rec: it
 *
 * A record is in the trace before the caller runs its next instruction.
 */
bool reader_next(struct record *rec)
{
	char *line, *end;

	for (;;) {
		line = reader.buf + reader.pos;
		end = memchr(line, '\n', reader.len - reader.pos);
		if (!end) {
			if (!fill())
				return false;
			continue;
		}
		*end = '\0';
		reader.pos = end + 1 - reader.buf;
		if (parse_line(line, rec))
			return true;
	}
}

/* The next event; waits for it, but not long */
bool reader_poll(struct record *rec)
{
	struct pollfd pfd = { .fd = reader.fd, .events = POLLIN };
	int i;

	for (i = 0; i < POLL_TRIES; i++) {
		if (reader_next(rec))
			return true;
		poll(&pfd, 1, POLL_MS);
	}

	return false;
}

/* Drop what is there from before. */
void reader_drain(void)
{
	struct record rec;

	while (reader_next(&rec))
		;
	reader.lost = 0;
}

/* Events that were overwritten unread since reader_drain() */
unsigned long reader_lost(void)
{
	return reader.lost;
}
