// SPDX-License-Identifier: GPL-2.0
/*
 * Ages and times of day of events, and what --since means.
 */
#include <time.h>

#include "unit.h"

#include "trace-time.h"

/* 2026-01-31 12:00:00 UTC, when the trace clock was at second 1000 */
#define NOON	1769860800ULL

static const struct timebase base = {
	.known = true, .trace = 1000 * NS_PER_SEC, .wall = NOON * NS_PER_SEC,
};

static void event_times(void **state)
{
	struct event ev = { .ts = 997 * NS_PER_SEC + 1, .ts_is_ns = true };
	const struct timebase unknown = { 0 };
	uint64_t ns;

	(void)state;
	assert_true(timebase_age(&base, &ev, &ns));
	assert_true(ns == 3 * NS_PER_SEC - 1);
	assert_true(timebase_wall(&base, &ev, &ns));
	assert_true(ns == (NOON - 3) * NS_PER_SEC + 1);
	/* written after the clock was read */
	ev.ts = 1001 * NS_PER_SEC;
	assert_true(timebase_age(&base, &ev, &ns));
	assert_true(ns == 0);
	assert_true(timebase_wall(&base, &ev, &ns));
	assert_true(ns == (NOON + 1) * NS_PER_SEC);
	assert_false(timebase_age(&unknown, &ev, &ns));
	assert_false(timebase_wall(&unknown, &ev, &ns));
	ev.ts_is_ns = false;
	assert_false(timebase_age(&base, &ev, &ns));
	assert_false(timebase_wall(&base, &ev, &ns));
}

static void since_starts(void **state)
{
	static const struct {
		const char *text;
		uint64_t start;
	} tests[] = {
		{ "30s", 970 * NS_PER_SEC },
		{ "0s", 1000 * NS_PER_SEC },
		{ "1.5m", 910 * NS_PER_SEC },
		{ "250ms", 999750000000 },
		{ "0.001s", 999999000000 },
		{ "1h", 0 },
		{ "1d", 0 },
		{ "120.5", 120500000000 },
		{ "120.000000001", 120000000001 },
		{ "11:59:30", 970 * NS_PER_SEC },
		{ "11:59", 940 * NS_PER_SEC },
		{ "12:01", 1000 * NS_PER_SEC },
		{ "2026-01-31 11:59:59", 999 * NS_PER_SEC },
		{ "2026-01-31T11:59:59", 999 * NS_PER_SEC },
		{ "2026-01-31 11:50", 400 * NS_PER_SEC },
		{ "2026-01-31", 0 },
		{ "@1769860799.5", 999500000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		struct since since;
		uint64_t start;
		char err[200];

		assert_true(since_parse(&since, tests[i].text, err,
					sizeof(err)));
		assert_true(since_start(&since, &base, &start));
		if (start != tests[i].start)
			fail_msg("%s: %llu", tests[i].text,
				 (unsigned long long)start);
	}
}

static void since_without_a_clock(void **state)
{
	static const struct timebase none;
	struct since since = { 0 };
	char err[200];
	uint64_t start;

	(void)state;
	assert_true(since_start(&since, &none, &start));
	assert_true(start == 0);
	assert_true(since_parse(&since, "1.0", err, sizeof(err)));
	assert_true(since_start(&since, &none, &start));
	assert_true(start == NS_PER_SEC);
	assert_true(since_parse(&since, "1s", err, sizeof(err)));
	assert_false(since_start(&since, &none, &start));
	assert_true(since_parse(&since, "12:00", err, sizeof(err)));
	assert_false(since_start(&since, &none, &start));
}

/* Central Europe: 29 March has 23 hours, 25 October has 25. */
static void since_on_days_with_a_clock_change(void **state)
{
	static const struct {
		uint64_t wall;		/* seconds since 1970 */
		const char *text;
		uint64_t start;		/* the same */
	} tests[] = {
		/* 2026-03-29 13:00 CEST, 11:00 UTC */
		{ 1774782000, "12:00", 1774778400 },
		{ 1774782000, "01:30", 1774744200 },
		{ 1774782000, "2026-03-29 12:00", 1774778400 },
		/* 2026-10-25 12:00 CET, 11:00 UTC */
		{ 1792926000, "11:00", 1792922400 },
		{ 1792926000, "01:00", 1792882800 },
	};

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		const struct timebase now = {
			.known = true, .trace = tests[i].wall * NS_PER_SEC,
			.wall = tests[i].wall * NS_PER_SEC,
		};
		struct since since;
		uint64_t start;
		char err[200];

		assert_true(since_parse(&since, tests[i].text, err,
					sizeof(err)));
		assert_true(since_start(&since, &now, &start));
		if (start != tests[i].start * NS_PER_SEC)
			fail_msg("%s: %llu", tests[i].text,
				 (unsigned long long)start);
	}
	setenv("TZ", "UTC", 1);
	tzset();
}

static void since_rejects(void **state)
{
	static const char * const bad[] = {
		"", "s", "5", "-5s", "5x", "5s5s", "1e3s", ".5s", "5.s", "5 s",
		"1.", "1.5.5", "1.5.5s", "99999999999999999999s", "1000000d",
		"12:00:61:5", "24:60", "noon", "@", "@x", "@5m", "1960-01-01",
		"2600-01-01", "2600-01-01 00:00", "@99999999999",
		"2026-13-01", "0x10s",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct since since;
		char err[200] = "";

		if (since_parse(&since, bad[i], err, sizeof(err)))
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(err, "neither an age"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_times),
		cmocka_unit_test(since_starts),
		cmocka_unit_test(since_without_a_clock),
		cmocka_unit_test(since_on_days_with_a_clock_change),
		cmocka_unit_test(since_rejects),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests_name("timebase", tests, NULL, NULL);
}
