/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands of ours that run at the same time in children, whose output is kept. None
 * of them can hold up the others, or run longer than it may.
 */
#ifndef HOST_COLLECT_PARTS_H
#define HOST_COLLECT_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct part - a command, or any function
 * @run: it; what it prints goes to @out and @messages. Returns its exit code
 * @arg: for @run
 * @pid: the child, 0 once it has ended
 * @pidfd: the same
 * @out: file without a name that has its standard output
 * @messages: the same of its standard error
 * @ended: whether it ended by itself; if not it was killed because it took too long
 * @exit_code: then its exit code, or 128 and the number of the signal
 */
struct part {
	int (*run)(void *arg);
	void *arg;
	pid_t pid;
	int pidfd;
	int out;
	int messages;
	bool ended;
	int exit_code;
};

/* Start it. False and errno if that was not possible; there is nothing to free. */
bool part_start(struct part *part);

/*
 * Wait until all have ended; kill those that have not at that signals_clock(), or soon
 * after a signal to end (signals.h).
 */
void parts_wait(struct part *parts, size_t nr, uint64_t deadline);

/*
 * What it wrote to its standard error, at most the first 64 KiB, for free(); NULL if it
 * was not started, and on OOM.
 */
char *part_messages(const struct part *part);
void part_close(struct part *part);

#endif /* HOST_COLLECT_PARTS_H */
