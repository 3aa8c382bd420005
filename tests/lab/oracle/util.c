// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oracle.h"

/* 30 s in all: what is polled for takes milliseconds. */
#define POLL_TRIES	30000
#define POLL_US		1000

static uint64_t random_state = 1;

/* Something that is needed is not there: this is no result of a test. */
void die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* An option's argument */
unsigned long parse_number(const char *text, unsigned long min,
			   unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value < min ||
	    value > max)
		die("%s is not a number between %lu and %lu", text, min, max);

	return value;
}

void note(const char *fmt, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void random_seed(uint64_t seed)
{
	random_state = seed | 1;
}

/* xorshift64* */
uint64_t random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;

	return random_state * 0x2545f4914f6cdd1dULL;
}

/* A small file as a string, without the newline at its end */
bool read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = -1;

	if (fd >= 0) {
		len = read(fd, buf, size - 1);
		close(fd);
	}
	if (len < 0)
		return false;
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';

	return true;
}

void bind_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot run on CPU %d: %s", cpu, strerror(errno));
}

/* The caller's thread ID in the namespace of /proc and in its own */
void thread_ids(struct thread_id *id)
{
	char status[4096], *line, *save;

	if (!read_file("/proc/thread-self/status", status, sizeof(status)))
		die("/proc/thread-self/status: %s", strerror(errno));
	line = strstr(status, "\nNSpid:");
	if (!line)
		die("/proc/thread-self/status: it has no NSpid");
	line = strtok_r(line + strlen("\nNSpid:"), "\n", &save);

	id->ns_level = -1;
	for (line = strtok_r(line, "\t ", &save); line;
	     line = strtok_r(NULL, "\t ", &save)) {
		id->ns_pid = atoi(line);
		if (id->ns_level++ < 0)
			id->pid = id->ns_pid;
	}
}

bool poll_for(bool (*done)(struct vcpu *vcpu), struct vcpu *vcpu)
{
	int i;

	for (i = 0; i < POLL_TRIES; i++) {
		if (done(vcpu))
			return true;
		usleep(POLL_US);
	}

	return false;
}

/* A descriptor of another process, as one of ours; -1 and errno if there is none */
int host_take_vm(pid_t pid, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int vm = -1, saved;

	if (pidfd < 0)
		return -1;
	vm = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	saved = errno;
	close(pidfd);
	errno = saved;

	return vm;
}
