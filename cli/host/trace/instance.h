/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's trace instance, as a source of events and as what can be wrong
 * with it. Only this file and own-instance.c know tracefs.
 *
 * Nothing here consumes events or stops recording: all can be read again.
 */
#ifndef HOST_TRACE_INSTANCE_H
#define HOST_TRACE_INSTANCE_H

#include "trace/source.h"

enum instance_status {
	INSTANCE_OK,
	INSTANCE_DENIED, /* tracefs is there, but not for this user */
	INSTANCE_NO_TRACEFS, /* it is not mounted */
	INSTANCE_MISSING, /* it has no instance of the module */
	INSTANCE_NO_MEMORY,
};

struct tracefs_instance;

/**
 * struct instance - a trace instance
 * @source: its events, each time all there are
 * @tracefs: what libtracefs knows it as
 * @dir: its directory
 * @bad: entries that the last read could not understand
 * @first_bad: the first of them
 */
struct instance {
	struct event_source source;
	struct tracefs_instance *tracefs;
	char *dir;
	uint64_t bad;
	char first_bad[160];
};

/* Where tracefs is mounted, and whether it can be used. */
enum instance_status instance_find_tracefs(char *dir, size_t size);

/* The module's instance, on INSTANCE_OK; for instance_close(). */
enum instance_status instance_open(struct instance **inst);

/* From one of libtracefs, which is freed by instance_close(). NULL on OOM. */
struct instance *instance_of(struct tracefs_instance *tracefs);
void instance_close(struct instance *inst);

/**
 * struct instance_stats - the instance's buffers, summed over all CPUs
 * @cpus: number of buffers
 * @entries: events in them now
 * @lost: events that are not
 * @now: the time in the instance's clock
 * @now_known: whether @now could be read
 * @now_is_ns: whether that clock counts nanoseconds
 */
struct instance_stats {
	unsigned int cpus;
	uint64_t entries;
	struct losses lost;
	uint64_t now;
	bool now_known;
	bool now_is_ns;
};

/* False if they cannot all be read. */
bool instance_stats(const struct instance *inst, struct instance_stats *stats);

/**
 * struct instance_setup - how the instance is set up
 * @event_on: whether the event is enabled in it, by event_kind
 * @tracing_on: whether it records
 * @pause_on_read: whether it stops recording while it is read
 * @buffer_kb: size of a CPU's buffer, 0 if unknown or not the same for all
 */
struct instance_setup {
	bool event_on[EVENT_NR_KINDS];
	bool tracing_on;
	bool pause_on_read;
	unsigned long buffer_kb;
};

void instance_setup(const struct instance *inst, struct instance_setup *setup);

#endif /* HOST_TRACE_INSTANCE_H */
