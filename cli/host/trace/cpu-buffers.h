/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The binary buffers of all CPUs of a trace instance. What is read is gone
 * from them.
 */
#ifndef HOST_TRACE_CPU_BUFFERS_H
#define HOST_TRACE_CPU_BUFFERS_H

#include <stdbool.h>

#include "trace/reorder.h"

struct cpu_buffers;
struct tracefs_instance;

/* Open them; NULL, with errno set, if that failed. */
struct cpu_buffers *cpu_buffers_open(struct tracefs_instance *instance);
void cpu_buffers_close(struct cpu_buffers *bufs);

/*
 * One round: read of each CPU's buffer what is there, but no more than a
 * bounded part, so that no CPU keeps the others waiting. False, with errno
 * set, if that failed.
 */
bool cpu_buffers_read(struct cpu_buffers *bufs);

/*
 * The same as they are: fn() gets each sub-buffer of a CPU, and record() each
 * record in it. False also if one of them returns false.
 */
typedef bool subbuf_fn(int cpu, const void *data, size_t size, void *arg);
typedef bool record_fn(const void *data, size_t size, void *arg);

bool cpu_buffers_read_raw(struct cpu_buffers *bufs, subbuf_fn *subbuf,
			  record_fn *record, void *arg);

/* Bytes that a sub-buffer may have. */
size_t cpu_buffers_subbuf_size(const struct cpu_buffers *bufs);

/* Whether the last round left some unread. */
bool cpu_buffers_have_more(const struct cpu_buffers *bufs);

/* What was read: the records of each CPU, by its index. */
struct reorder *cpu_buffers_records(struct cpu_buffers *bufs);

/* Number of the CPU with that index. */
int cpu_buffers_cpu(const struct cpu_buffers *bufs, unsigned int index);

#endif /* HOST_TRACE_CPU_BUFFERS_H */
