/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where events come from: the module's trace instance (instance.h), an instance
 * of one's own (own-instance.h) or a trace file (trace-file.h). What is done with
 * events does not depend on which (pipeline.h).
 */
#ifndef HOST_TRACE_SOURCE_H
#define HOST_TRACE_SOURCE_H

#include "trace-time.h"
#include "trace/event.h"

/**
 * struct losses - events that are not in the output
 * @overrun: overwritten by newer ones, or lost while a file was recorded
 * @commit_overrun: lost because a writer was interrupted too often
 * @dropped: found no room
 * @undecodable: there, but not understood
 * @more: and others, nobody knows how many
 */
struct losses {
	uint64_t overrun;
	uint64_t commit_overrun;
	uint64_t dropped;
	uint64_t undecodable;
	bool more;
};

/* Events that were lost before they could be read. */
static inline uint64_t losses_unread(const struct losses *losses)
{
	return losses->overrun + losses->commit_overrun + losses->dropped;
}

static inline bool losses_any(const struct losses *losses)
{
	return losses_unread(losses) || losses->undecodable;
}

/* Takes an event; false if no more are wanted. */
typedef bool event_fn(const struct event *ev, void *arg);

struct event_source;

/**
 * struct event_source_ops - what a source can do
 * @read: hand over events, the oldest first, until found() returns false: all
 *	there are, or of a source that goes on those that are new. False and errno
 *	if they cannot be read, or not all
 * @clock: now, in the clock of the events and by the time of day
 * @losses: what is lost so far. False if that is not known, with zeroes
 * @comm: name of a process, NULL if the source does not know it; good until the
 *	next call. NULL if the VMs run on this host and can be looked up
 * @close: free it. False, and a message, if something was left behind
 */
struct event_source_ops {
	bool (*read)(struct event_source *src, event_fn *found, void *arg);
	void (*clock)(struct event_source *src, struct timebase *tb);
	bool (*losses)(struct event_source *src, struct losses *losses);
	const char *(*comm)(struct event_source *src, int pid);
	bool (*close)(struct event_source *src);
};

/* Comes first in the struct of each kind of source. */
struct event_source {
	const struct event_source_ops *ops;
};

static inline bool source_read(struct event_source *src, event_fn *found,
			       void *arg)
{
	return src->ops->read(src, found, arg);
}

static inline void source_clock(struct event_source *src, struct timebase *tb)
{
	src->ops->clock(src, tb);
}

static inline bool source_losses(struct event_source *src,
				 struct losses *losses)
{
	return src->ops->losses(src, losses);
}

static inline bool source_close(struct event_source *src)
{
	return src->ops->close(src);
}

#endif /* HOST_TRACE_SOURCE_H */
