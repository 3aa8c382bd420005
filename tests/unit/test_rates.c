// SPDX-License-Identifier: GPL-2.0
/*
 * Differences between successive records of a vCPU.
 */
#include "unit.h"

#include "rates.h"
#include "support.h"
#include "trace-time.h"

static struct event record(int vm_pid, int vcpu_id, int pid, uint64_t exits,
			   unsigned int second)
{
	struct event ev = {
		.kind = EVENT_RECORD, .ts = second * NS_PER_SEC,
		.ts_is_ns = true,
	};

	event_set(&ev, FIELD_VM_PID, vm_pid);
	event_set(&ev, FIELD_VM_FD, 10);
	event_set(&ev, FIELD_VCPU_ID, vcpu_id);
	event_set(&ev, FIELD_PID, pid);
	for (int i = 0; i < NR_EXIT_KINDS; i++)
		event_set(&ev, FIELD_EXITS + i, exits + i);
	return ev;
}

static struct exit_delta add(struct rates *rates, struct event ev)
{
	struct exit_delta delta;

	assert_true(rates_add(rates, &ev, &delta));
	return delta;
}

static void each_vcpu_for_itself(void **state)
{
	struct rates rates = { 0 };
	struct exit_delta delta;
	double rate;

	(void)state;
	assert_int_equal(add(&rates, record(1, 0, 5, 100, 1)).state,
			 DELTA_FIRST);
	assert_int_equal(add(&rates, record(1, 1, 6, 9000, 1)).state,
			 DELTA_FIRST);
	assert_int_equal(add(&rates, record(2, 0, 7, 50, 1)).state,
			 DELTA_FIRST);
	delta = add(&rates, record(1, 0, 5, 300, 5));
	assert_int_equal(delta.state, DELTA_OK);
	assert_true(delta.ns == 4 * NS_PER_SEC);
	for (int i = 0; i < NR_EXIT_KINDS; i++) {
		assert_int_equal(delta.count[i], 200);
		assert_true(exit_rate(&delta, i, &rate));
		assert_true(rate == 50.0);
	}
	delta = add(&rates, record(1, 1, 6, 9000, 9));
	assert_int_equal(delta.state, DELTA_OK);
	assert_int_equal(delta.count[0], 0);
	assert_true(exit_rate(&delta, 0, &rate));
	assert_true(rate == 0.0);
	rates_free(&rates);
}

static void counts_that_start_afresh(void **state)
{
	struct rates rates = { 0 };
	struct event ev = record(1, 0, 5, 100, 4);
	double rate;
	struct exit_delta delta;

	(void)state;
	add(&rates, record(1, 0, 5, 100, 1));
	/* one count less is enough */
	event_set(&ev, FIELD_HALT_EXITS, 0);
	delta = add(&rates, ev);
	assert_int_equal(delta.state, DELTA_RESET);
	assert_false(exit_rate(&delta, 0, &rate));
	/* and from there on it counts again */
	delta = add(&rates, record(1, 0, 5, 110, 5));
	assert_int_equal(delta.state, DELTA_OK);
	assert_int_equal(delta.count[0], 10);
	/* another thread: another VM, however high its counts are */
	assert_int_equal(add(&rates, record(1, 0, 55, 9999, 6)).state,
			 DELTA_RESET);
	/* wrapped */
	add(&rates, record(1, 2, 5, UINT64_MAX - 20, 6));
	assert_int_equal(add(&rates, record(1, 2, 5, 3, 7)).state,
			 DELTA_RESET);
	rates_free(&rates);
}

static void what_is_not_known(void **state)
{
	struct rates rates = { 0 };
	struct event ev = record(1, 0, 5, 100, 1);
	struct exit_delta delta;
	double rate;

	(void)state;
	ev.present &= ~(1ULL << FIELD_IO_EXITS);
	add(&rates, ev);
	delta = add(&rates, record(1, 0, 5, 200, 2));
	assert_true(exit_rate(&delta, 0, &rate));
	assert_false(exit_rate(&delta, 1, &rate));
	/* no time between them, or time that ran backwards */
	delta = add(&rates, record(1, 0, 5, 300, 2));
	assert_int_equal(delta.state, DELTA_OK);
	assert_int_equal(delta.count[0], 100);
	assert_false(exit_rate(&delta, 0, &rate));
	delta = add(&rates, record(1, 0, 5, 300, 1));
	assert_false(exit_rate(&delta, 0, &rate));
	/* a clock of ticks */
	ev = record(1, 0, 5, 400, 9);
	ev.ts_is_ns = false;
	delta = add(&rates, ev);
	assert_int_equal(delta.count[0], 100);
	assert_false(exit_rate(&delta, 0, &rate));
	rates_free(&rates);
}

static void memory_runs_out(void **state)
{
	struct rates rates = { 0 };
	struct event ev = record(1, 0, 5, 100, 1);
	struct exit_delta delta;

	(void)state;
	alloc_fail_next(ALLOC_TSEARCH);
	assert_false(rates_add(&rates, &ev, &delta));
	assert_int_equal(delta.state, DELTA_FIRST);
	/* it was not kept */
	assert_int_equal(add(&rates, record(1, 0, 5, 200, 2)).state,
			 DELTA_FIRST);
	assert_int_equal(add(&rates, record(1, 0, 5, 300, 3)).state, DELTA_OK);
	rates_free(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vcpu_for_itself),
		cmocka_unit_test(counts_that_start_afresh),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
