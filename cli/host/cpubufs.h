/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The binary buffers of all CPUs of a trace instance. What is read is gone
 * from them.
 */
#ifndef HOST_CPUBUFS_H
#define HOST_CPUBUFS_H

#include <stdbool.h>

#include "reorder.h"

struct cpubufs;
struct tracefs_instance;

/* Open them; NULL, with errno set, if that failed. */
struct cpubufs *cpubufs_open(struct tracefs_instance *instance);
void cpubufs_close(struct cpubufs *bufs);

/*
 * One round: read of each CPU's buffer what is there, but no more than a
 * bounded part, so that no CPU keeps the others waiting. False, with errno
 * set, if that failed.
 */
bool cpubufs_read(struct cpubufs *bufs);

/* Whether the last round left some unread. */
bool cpubufs_has_more(const struct cpubufs *bufs);

/* What was read: the records of each CPU, by its index. */
struct reorder *cpubufs_records(struct cpubufs *bufs);

/* Number of the CPU with that index. */
int cpubufs_cpu(const struct cpubufs *bufs, unsigned int index);

#endif /* HOST_CPUBUFS_H */
