// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compiler.h"
#include "duration.h"
#include "trace-time.h"

uint64_t timebase_wall_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

bool timebase_age(const struct timebase *tb, const struct event *ev,
		  uint64_t *age_ns)
{
	if (!tb->known || !ev->ts_is_ns)
		return false;
	*age_ns = tb->trace > ev->ts ? tb->trace - ev->ts : 0;
	return true;
}

bool timebase_wall(const struct timebase *tb, const struct event *ev,
		   uint64_t *wall_ns)
{
	if (!tb->known || !ev->ts_is_ns)
		return false;
	*wall_ns = tb->wall - tb->trace + ev->ts;
	return true;
}

/* An age has to have a unit: 30 might mean anything, 120.5 is a trace time. */
static bool parse_age(struct since *since, const char *s)
{
	size_t len = strlen(s);

	return len && isalpha((unsigned char)s[len - 1]) &&
	       duration_parse(&since->ns, s);
}

static bool parse_trace(struct since *since, const char *s)
{
	since->kind = SINCE_TRACE;
	return strchr(s, '.') && duration_take(&s, NS_PER_SEC, &since->ns) &&
	       !*s;
}

static bool parse_epoch(struct since *since, const char *s)
{
	since->kind = SINCE_WALL;
	return *s++ == '@' && duration_take(&s, NS_PER_SEC, &since->ns) && !*s;
}

static bool parse_wall(struct since *since, const char *s)
{
	static const char * const formats[] = {
		"%H:%M:%S", "%H:%M", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d",
	};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(s, formats[i], &tm);
		time_t sec;

		if (!end || *end)
			continue;
		if (formats[i][1] == 'H') {
			since->kind = SINCE_TODAY;
			since->ns = ((tm.tm_hour * 60ULL + tm.tm_min) * 60 +
				     tm.tm_sec) * NS_PER_SEC;
			return true;
		}
		sec = mktime(&tm);
		if (sec < 0 || (uint64_t)sec > DURATION_MAX_NS / NS_PER_SEC)
			return false;
		since->kind = SINCE_WALL;
		since->ns = sec * NS_PER_SEC;
		return true;
	}
	return false;
}

bool since_parse(struct since *since, const char *s, char *err,
		 size_t err_size)
{
	since->kind = SINCE_AGE;
	if (parse_age(since, s) || parse_trace(since, s) ||
	    parse_epoch(since, s) || parse_wall(since, s))
		return true;
	snprintf(err, err_size,
		 "'%.60s' is neither an age (30s, 5m, 2h) nor a time (13:45, '2026-01-31 13:45:30', 120.5 of the trace clock)",
		 s);
	return false;
}

/* A time of the day of wall: not every day has 24 hours. */
static uint64_t time_of_day(uint64_t wall, uint64_t ns)
{
	time_t sec = wall / NS_PER_SEC;
	struct tm tm;

	localtime_r(&sec, &tm);
	tm.tm_hour = ns / NS_PER_SEC / 3600;
	tm.tm_min = ns / NS_PER_SEC / 60 % 60;
	tm.tm_sec = ns / NS_PER_SEC % 60;
	tm.tm_isdst = -1;
	return mktime(&tm) * NS_PER_SEC;
}

bool since_start(const struct since *since, const struct timebase *tb,
		 uint64_t *start)
{
	uint64_t age = since->ns;

	*start = since->ns;
	switch (since->kind) {
	case SINCE_ALWAYS:
		*start = 0;
		return true;
	case SINCE_TRACE:
		return true;
	case SINCE_AGE:
		break;
	case SINCE_WALL:
	case SINCE_TODAY:
		if (since->kind == SINCE_TODAY)
			*start = time_of_day(tb->wall, since->ns);
		age = tb->wall > *start ? tb->wall - *start : 0;
		break;
	}
	*start = tb->trace > age ? tb->trace - age : 0;
	return tb->known;
}
