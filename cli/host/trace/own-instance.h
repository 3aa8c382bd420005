/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events as they are made. A binary buffer can be read only once, so that a
 * reader has a trace instance of its own, and the module's is left alone.
 */
#ifndef HOST_TRACE_OWN_INSTANCE_H
#define HOST_TRACE_OWN_INSTANCE_H

#include "trace-time.h"
#include "trace/instance.h"

struct live;

/**
 * live_open - make an instance vcpu_info.PURPOSE.PID (or PID.NUMBER, if that is
 *	taken) and switch the events on
 * @purpose: the command's name
 * @buffer_kb: size of a CPU's buffer
 * @live: the instance, on SOURCE_OK; for live_close()
 *
 * Instances of processes that ended without removing theirs are removed.
 */
enum source_status live_open(const char *purpose, unsigned long buffer_kb,
			     struct live **live);

/* Say why it is not open, with errno as it was left; the exit code for it. */
int live_report_failed(enum source_status status);

/* Remove the instance. False if that failed, which is said. */
bool live_close(struct live *live);

/* Takes an event; false if no more are wanted. */
typedef bool live_found(const struct event *ev, void *arg);

/*
 * Hand over events in the order in which they were made. Those that were not
 * there the last time are held until the next: until then an older one may
 * come from another CPU. It ends early when found() returns false. Returns how
 * many could not be understood, -1 if reading failed.
 */
int live_read(struct live *live, live_found *found, void *arg);

/* Whether the last live_read() has left some, so that it is time for another. */
bool live_has_more(const struct live *live);

/* The same for all that there are once no more come, and nothing is held. */
int live_drain(struct live *live, live_found *found, void *arg);

/* No more events, so that there is an end of those that there are. */
void live_pause(struct live *live);

/* Whether records can come. Loading the module again does not help. */
enum live_state {
	LIVE_ON,
	LIVE_DISABLED,		/* somebody disabled the event in the instance */
	LIVE_UNLOADED,		/* the module was unloaded */
};

enum live_state live_get_state(struct live *live);

/* The instance's name. */
const char *live_name(const struct live *live);

/* Events lost so far; 0 if that is not known. */
bool live_stats(struct live *live, struct source_stats *stats);

/* The instance's clock against the time of day, now. */
void live_clock(const struct live *live, struct timebase *tb);

/*
 * Whether the name is that of an instance whose process is gone.
 */
bool live_is_stale(const char *name);

struct tracefs_instance;

/* The same for an instance; for tests. */
enum live_state live_event_state(struct tracefs_instance *instance);

/* A new instance that nobody else has; NULL and errno if there is none. */
struct tracefs_instance *live_new_instance(const char *purpose, int pid);

#endif /* HOST_TRACE_OWN_INSTANCE_H */
