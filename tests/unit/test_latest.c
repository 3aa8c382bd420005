// SPDX-License-Identifier: GPL-2.0
/*
 * The last records of each vCPU.
 */
#include <malloc.h>

#include "unit.h"

#include "latest.h"
#include "support.h"

static struct event record(int vm_pid, int vcpu_id, uint64_t ts)
{
	struct event ev = { .kind = EVENT_RECORD, .ts = ts };

	event_set(&ev, FIELD_VM_PID, vm_pid);
	event_set(&ev, FIELD_VM_FD, 10);
	event_set(&ev, FIELD_VCPU_ID, vcpu_id);
	return ev;
}

/* "PID/VCPU@TIME " for each */
static void show(const struct event *ev, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), "%d/%d@%d%s ",
		event_int(ev, FIELD_VM_PID), event_int(ev, FIELD_VCPU_ID),
		(int)ev->ts, ev->nr_extra ? ev->extra[0].value : "");
}

static void check(const struct latest *latest, const char *want)
{
	char got[400] = "";

	latest_each(latest, show, got);
	assert_string_equal(got, want);
}

static void keeps_the_last(void **state)
{
	struct latest latest = { .keep = 3 };

	(void)state;
	check(&latest, "");
	for (uint64_t ts = 1; ts <= 5; ts++) {
		struct event one = record(2, 0, ts), two = record(1, 1, ts);

		/* those with fields that are not known take more room */
		if (ts % 2)
			event_add_extra(&one, "dr7", 3, "x1", 2);
		assert_true(latest_add(&latest, &one));
		if (ts <= 2)
			assert_true(latest_add(&latest, &two));
	}
	check(&latest, "1/1@1 1/1@2 2/0@3x1 2/0@4 2/0@5x1 ");
	latest_free(&latest);
	check(&latest, "");
}

#define MANY	10000

/* On the heap and in mappings of their own. */
static size_t memory(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* What an event has room for and most do not have is not kept. */
static void keeps_little(void **state)
{
	struct latest latest = { .keep = MANY };
	size_t before = memory();

	(void)state;
	for (uint64_t ts = 1; ts <= 2 * MANY; ts++) {
		struct event ev = record(1, 0, ts);

		assert_true(latest_add(&latest, &ev));
	}
	/* sanitizers do not tell, so this is for the plain run */
	assert_true(memory() - before <
		    MANY * sizeof(struct event) / 2);
	latest_free(&latest);
}

static void memory_runs_out(void **state)
{
	struct latest latest = { .keep = 3 };
	struct event ev = record(1, 0, 1);

	(void)state;
	alloc_fail_next(ALLOC_REALLOCARRAY);
	assert_false(latest_add(&latest, &ev));
	alloc_fail_next(ALLOC_TSEARCH);
	assert_false(latest_add(&latest, &ev));
	alloc_fail_next(ALLOC_CALLOC);
	assert_false(latest_add(&latest, &ev));
	check(&latest, "");
	assert_true(latest_add(&latest, &ev));
	/* what there is stays */
	ev.ts = 2;
	alloc_fail_next(ALLOC_REALLOCARRAY);
	assert_false(latest_add(&latest, &ev));
	check(&latest, "1/0@1 ");
	assert_true(latest_add(&latest, &ev));
	check(&latest, "1/0@1 1/0@2 ");
	latest_free(&latest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_last),
		cmocka_unit_test(keeps_little),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests_name("latest", tests, NULL, NULL);
}
