// SPDX-License-Identifier: GPL-2.0
/*
 * perfcount ID - count a trace event by perf, on all CPUs
 *
 * Says "attached", and at SIGTERM how many events there were, as "perf stat -a"
 * does. ID is what the event's file "id" has.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_CPUS	256

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
	};
	int fds[MAX_CPUS], nr = sysconf(_SC_NPROCESSORS_ONLN), cpu, sig;
	uint64_t count, sum = 0;
	sigset_t set;

	if (argc != 2 || nr > MAX_CPUS) {
		fputs("Usage: perfcount ID\n", stderr);
		return 2;
	}
	attr.config = strtoull(argv[1], NULL, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (cpu = 0; cpu < nr; cpu++) {
		fds[cpu] = syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
				   PERF_FLAG_FD_CLOEXEC);
		if (fds[cpu] < 0) {
			fprintf(stderr, "perfcount: CPU %d: %s\n", cpu,
				strerror(errno));
			return 2;
		}
	}
	puts("attached");
	fflush(stdout);
	sigwait(&set, &sig);
	for (cpu = 0; cpu < nr; cpu++) {
		if (read(fds[cpu], &count, sizeof(count)) != sizeof(count))
			return 2;
		sum += count;
	}
	printf("calls=%llu\n", (unsigned long long)sum);
	return 0;
}
