/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace clocks against the time of day: how old an event is, when it was.
 */
#ifndef HOST_TRACE_TIME_H
#define HOST_TRACE_TIME_H

#include "duration.h"
#include "trace/event.h"

/**
 * struct timebase - one moment in two clocks; all zeroes if not known
 * @known: whether there is such a moment
 * @trace: it, in the trace clock, which counts nanoseconds
 * @wall: it, in nanoseconds since 1970
 */
struct timebase {
	bool known;
	uint64_t trace;
	uint64_t wall;
};

/* The time of day now, in nanoseconds since 1970. */
uint64_t timebase_wall_now(void);

/* How long before the moment the event was; 0 for a later one. */
bool timebase_age(const struct timebase *tb, const struct event *ev,
		  uint64_t *age_ns);

/* When the event was, in nanoseconds since 1970. */
bool timebase_wall(const struct timebase *tb, const struct event *ev,
		   uint64_t *wall_ns);

/* What --since can be. */
enum since_kind {
	SINCE_ALWAYS,		/* the option was not given */
	SINCE_AGE,		/* so many nanoseconds ago */
	SINCE_TRACE,		/* nanoseconds of the trace clock */
	SINCE_WALL,		/* nanoseconds since 1970 */
	SINCE_TODAY,		/* today at 0:00 and so many nanoseconds, by the clock */
};

struct since {
	enum since_kind kind;
	uint64_t ns;
};

/* "30s", "1.5h"; "120.5"; "13:45", "2026-01-31 13:45:30", "@1790000000" */
bool since_parse(struct since *since, const char *s, char *err,
		 size_t err_size);

/* The first time that counts, in the trace clock. False if it is unknown. */
bool since_start(const struct since *since, const struct timebase *tb,
		 uint64_t *start);

#endif /* HOST_TRACE_TIME_H */
