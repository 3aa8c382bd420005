/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace instances: the module's own here, temporary ones in live.h. These two
 * alone speak tracefs.
 *
 * Nothing here consumes events or stops recording: all can be read again.
 */
#ifndef HOST_TRACE_INSTANCE_H
#define HOST_TRACE_INSTANCE_H

#include "trace/event.h"

enum source_status {
	SOURCE_OK,
	SOURCE_DENIED,		/* tracefs is there, but not for this user */
	SOURCE_NO_TRACEFS,	/* it is not mounted */
	SOURCE_NO_INSTANCE,	/* it has no instance of the module */
	SOURCE_NO_MEMORY,
};

struct source;

/* Where tracefs is mounted, and whether it can be used. */
enum source_status source_find_tracefs(char *dir, size_t size);

/**
 * source_open - find the module's trace instance
 * @src: the instance, on SOURCE_OK; for source_close()
 */
enum source_status source_open(struct source **src);
void source_close(struct source *src);

struct tracefs_instance;

/* From an instance of one's own, which is freed by source_close(). */
struct source *source_of(struct tracefs_instance *instance);

/* The instance's directory. */
const char *source_dir(const struct source *src);

/**
 * struct source_stats - the instance's buffers, summed over all CPUs
 * @cpus: number of buffers
 * @entries: events in them now
 * @overrun: old events that newer ones have overwritten
 * @commit_overrun: events lost because a writer was interrupted too often
 * @dropped: new events that found no room
 * @now: the time in the instance's clock
 * @now_known: whether @now could be read
 * @now_is_ns: whether that clock counts nanoseconds
 */
struct source_stats {
	unsigned int cpus;
	uint64_t entries;
	uint64_t overrun;
	uint64_t commit_overrun;
	uint64_t dropped;
	uint64_t now;
	bool now_known;
	bool now_is_ns;
};

bool source_stats(struct source *src, struct source_stats *stats);

static inline uint64_t source_lost(const struct source_stats *stats)
{
	return stats->overrun + stats->commit_overrun + stats->dropped;
}

/**
 * struct source_setup - how the instance is set up
 * @event_on: whether the event is enabled in it, by event_kind
 * @tracing_on: whether it records
 * @pause_on_read: whether it stops recording while it is read
 * @buffer_kb: size of a CPU's buffer, 0 if unknown or not the same for all
 */
struct source_setup {
	bool event_on[EVENT_NR_KINDS];
	bool tracing_on;
	bool pause_on_read;
	unsigned long buffer_kb;
};

void source_setup(struct source *src, struct source_setup *setup);

/**
 * struct source_tally - what reading met besides events
 * @bad: entries that could not be understood
 * @first_bad: the first of them
 */
struct source_tally {
	uint64_t bad;
	char first_bad[160];
};

/*
 * Read every event in the buffers, the oldest first. False and errno if the
 * file cannot be read.
 */
bool source_read(struct source *src,
		 void (*found)(const struct event *ev, void *arg), void *arg,
		 struct source_tally *tally);

#endif /* HOST_TRACE_INSTANCE_H */
