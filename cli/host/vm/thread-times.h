/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scheduler's times of threads that are asked for again and again. Their files
 * are kept open, since to open one costs six times as much as to read it.
 */
#ifndef HOST_VM_THREAD_TIMES_H
#define HOST_VM_THREAD_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread_file;

/**
 * struct thread_times - files that are kept, a table by thread; all zero at first
 * @files: its places
 * @size: their number, a power of two
 * @nr: how many are taken
 * @max: so many files are kept at most, the others opened each time; 0: as many as
 *	the limit on descriptors allows, which is raised for that
 */
struct thread_times {
	struct thread_file *files;
	size_t size;
	size_t nr;
	size_t max;
};

/*
 * Time that a thread of a process has had on a CPU and that it has waited for one,
 * in nanoseconds since it began: /proc/PID/task/TID/schedstat. False if there is no
 * such thread.
 */
bool thread_times_read(struct thread_times *times, int pid, int tid,
		       uint64_t *run_ns, uint64_t *wait_ns);

/* Close the files that were not read since the last time. */
void thread_times_sweep(struct thread_times *times);

/* Close all. */
void thread_times_free(struct thread_times *times);

#endif /* HOST_VM_THREAD_TIMES_H */
