// SPDX-License-Identifier: GPL-2.0
/*
 * What is remembered of each vCPU: its last records, and what its counts grew by.
 */
#include <malloc.h>

#include "unit.h"

#include "compiler.h"
#include "support.h"
#include "trace-time.h"
#include "vcpu-table.h"

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

	sprintf(text + strlen(text), "%d/%d@%d%s ", event_int(ev, FIELD_VM_PID),
		event_int(ev, FIELD_VCPU_ID), (int)ev->ts,
		ev->nr_extra ? ev->extra[0].value : "");
}

static void show_vcpu(struct vcpu *vcpu, void *arg)
{
	for (size_t i = 0; i < vcpu->nr_records; i++)
		show(vcpu_record(vcpu, i), arg);
}

static void check(const struct vcpu_table *vcpus, const char *want)
{
	char got[400] = "";

	vcpu_table_each(vcpus, show_vcpu, got);
	assert_string_equal(got, want);
}

static bool keep(struct vcpu_table *vcpus, const struct event *ev, size_t nr)
{
	struct vcpu *vcpu = vcpu_table_get(vcpus, ev);

	return vcpu && vcpu_keep(vcpu, ev, nr);
}

static void keeps_the_last(void **state)
{
	struct vcpu_table vcpus = { 0 };

	(void)state;
	check(&vcpus, "");
	for (uint64_t ts = 1; ts <= 5; ts++) {
		struct event one = record(2, 0, ts), two = record(1, 1, ts);

		/* those with fields that are not known take more room */
		if (ts % 2)
			event_add_extra(&one, "dr7", 3, "x1", 2);
		assert_true(keep(&vcpus, &one, 3));
		if (ts <= 2)
			assert_true(keep(&vcpus, &two, 3));
	}
	check(&vcpus, "1/1@1 1/1@2 2/0@3x1 2/0@4 2/0@5x1 ");
	vcpu_table_free(&vcpus);
	check(&vcpus, "");
}

#define MANY 10000

/* On the heap and in mappings of their own. */
static size_t memory(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* What an event has room for and most do not have is not kept. */
static void keeps_little(void **state)
{
	struct vcpu_table vcpus = { 0 };
	size_t before = memory();

	(void)state;
	for (uint64_t ts = 1; ts <= 2 * MANY; ts++) {
		struct event ev = record(1, 0, ts);

		assert_true(keep(&vcpus, &ev, MANY));
	}
	/* sanitizers do not tell, so this is for the plain run */
	assert_true(memory() - before < MANY * sizeof(struct event) / 2);
	vcpu_table_free(&vcpus);
}

static void memory_runs_out(void **state)
{
	struct vcpu_table vcpus = { 0 };
	struct event ev = record(1, 0, 1);

	(void)state;
	alloc_fail_next(ALLOC_TSEARCH);
	assert_false(keep(&vcpus, &ev, 3));
	alloc_fail_next(ALLOC_CALLOC);
	assert_false(keep(&vcpus, &ev, 3));
	assert_int_equal(vcpus.nr, 0);
	alloc_fail_next(ALLOC_REALLOCARRAY);
	assert_false(keep(&vcpus, &ev, 3));
	check(&vcpus, "");
	assert_true(keep(&vcpus, &ev, 3));
	/* what there is stays */
	ev.ts = 2;
	alloc_fail_next(ALLOC_REALLOCARRAY);
	assert_false(keep(&vcpus, &ev, 3));
	check(&vcpus, "1/0@1 ");
	assert_true(keep(&vcpus, &ev, 3));
	check(&vcpus, "1/0@1 1/0@2 ");
	vcpu_table_free(&vcpus);
}

static bool is_of_vm(const struct vcpu *vcpu, void *arg)
{
	return vcpu->vm_pid == *(int *)arg;
}

static void forget_and_copy(void **state)
{
	struct vcpu_table vcpus = { 0 }, copy = { 0 };
	int vm_pid = 2;

	(void)state;
	assert_true(vcpu_table_copy(&copy, &vcpus));
	assert_int_equal(copy.nr, 0);
	for (uint64_t ts = 1; ts <= 3; ts++) {
		for (int pid = 1; pid <= 3; pid++) {
			struct event ev = record(pid, pid % 2, ts);

			assert_true(keep(&vcpus, &ev, 2));
		}
	}
	assert_true(vcpu_table_copy(&copy, &vcpus));
	vcpu_table_remove_if(&vcpus, is_of_vm, &vm_pid);
	assert_int_equal(vcpus.nr, 2);
	check(&vcpus, "1/1@2 1/1@3 3/1@2 3/1@3 ");
	/* the copy has the last of each, whatever becomes of the others */
	assert_int_equal(copy.nr, 3);
	check(&copy, "1/1@3 2/0@3 3/1@3 ");
	vcpu_table_free(&copy);
	for (int i = 0; i < 2; i++) {
		alloc_fail_next(i ? ALLOC_TSEARCH : ALLOC_REALLOCARRAY);
		assert_false(vcpu_table_copy(&copy, &vcpus));
		check(&copy, "");
	}
	vcpu_table_free(&vcpus);
}

static struct event counted(int vm_pid, int vcpu_id, int pid, uint64_t exits,
			    unsigned int second)
{
	struct event ev = {
		.kind = EVENT_RECORD,
		.ts = second * NS_PER_SEC,
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

static struct exit_delta count(struct vcpu_table *vcpus, struct event ev)
{
	struct vcpu *vcpu = vcpu_table_get(vcpus, &ev);

	assert_non_null(vcpu);
	vcpu_count(vcpu, &ev);
	return vcpu->delta;
}

static void each_vcpu_for_itself(void **state)
{
	struct vcpu_table vcpus = { 0 };
	struct exit_delta delta;
	double rate;

	(void)state;
	assert_int_equal(count(&vcpus, counted(1, 0, 5, 100, 1)).state,
			 DELTA_FIRST);
	assert_int_equal(count(&vcpus, counted(1, 1, 6, 9000, 1)).state,
			 DELTA_FIRST);
	assert_int_equal(count(&vcpus, counted(2, 0, 7, 50, 1)).state,
			 DELTA_FIRST);
	delta = count(&vcpus, counted(1, 0, 5, 300, 5));
	assert_int_equal(delta.state, DELTA_OK);
	assert_true(delta.ns == 4 * NS_PER_SEC);
	for (int i = 0; i < NR_EXIT_KINDS; i++) {
		assert_int_equal(delta.count[i], 200);
		assert_true(exit_rate(&delta, i, &rate));
		assert_true(rate == 50.0);
	}
	delta = count(&vcpus, counted(1, 1, 6, 9000, 9));
	assert_int_equal(delta.state, DELTA_OK);
	assert_int_equal(delta.count[0], 0);
	assert_true(exit_rate(&delta, 0, &rate));
	assert_true(rate == 0.0);
	vcpu_table_free(&vcpus);
}

static void counts_that_start_afresh(void **state)
{
	struct vcpu_table vcpus = { 0 };
	struct event ev = counted(1, 0, 5, 100, 4);
	double rate;
	struct exit_delta delta;

	(void)state;
	count(&vcpus, counted(1, 0, 5, 100, 1));
	/* one count less is enough */
	event_set(&ev, FIELD_HALT_EXITS, 0);
	delta = count(&vcpus, ev);
	assert_int_equal(delta.state, DELTA_RESET);
	assert_false(exit_rate(&delta, 0, &rate));
	/* and from there on it counts again */
	delta = count(&vcpus, counted(1, 0, 5, 110, 5));
	assert_int_equal(delta.state, DELTA_OK);
	assert_int_equal(delta.count[0], 10);
	/* another thread: another VM, however high its counts are */
	assert_int_equal(count(&vcpus, counted(1, 0, 55, 9999, 6)).state,
			 DELTA_RESET);
	/* wrapped */
	count(&vcpus, counted(1, 2, 5, UINT64_MAX - 20, 6));
	assert_int_equal(count(&vcpus, counted(1, 2, 5, 3, 7)).state,
			 DELTA_RESET);
	vcpu_table_free(&vcpus);
}

static void what_is_not_known(void **state)
{
	struct vcpu_table vcpus = { 0 };
	struct event ev = counted(1, 0, 5, 100, 1);
	struct exit_delta delta;
	double rate;

	(void)state;
	ev.present &= ~(1ULL << FIELD_IO_EXITS);
	count(&vcpus, ev);
	delta = count(&vcpus, counted(1, 0, 5, 200, 2));
	assert_true(exit_rate(&delta, 0, &rate));
	assert_false(exit_rate(&delta, 1, &rate));
	/* no time between them, or time that ran backwards */
	delta = count(&vcpus, counted(1, 0, 5, 300, 2));
	assert_int_equal(delta.state, DELTA_OK);
	assert_int_equal(delta.count[0], 100);
	assert_false(exit_rate(&delta, 0, &rate));
	delta = count(&vcpus, counted(1, 0, 5, 300, 1));
	assert_false(exit_rate(&delta, 0, &rate));
	/* a clock of ticks */
	ev = counted(1, 0, 5, 400, 9);
	ev.ts_is_ns = false;
	delta = count(&vcpus, ev);
	assert_int_equal(delta.count[0], 100);
	assert_false(exit_rate(&delta, 0, &rate));
	vcpu_table_free(&vcpus);
}

static bool is_odd(const struct vcpu *vcpu, void *arg)
{
	(void)arg;
	return vcpu->vcpu_id % 2;
}

/* Looked up in turn, in another order, and after some are gone. */
static void in_rounds(void **state)
{
	static const int orders[][5] = {
		{ 0, 1, 2, 3, 4 }, { 0, 1, 2, 3, 4 }, { 4, 3, 2, 1, 0 },
		{ 0, 0, 2, 2, 4 }, { 1, 3, 0, 4, 2 }, { 0, 1, 2, 3, 4 },
	};
	struct vcpu_table vcpus = { 0 };

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
			for (int j = 0; j < 5; j++) {
				int id = orders[i][j];
				struct vcpu *vcpu = vcpu_table_get_id(&vcpus, 1, 2, id);

				assert_int_equal(vcpu->vcpu_id, id);
			}
		}
		assert_int_equal(vcpus.nr, 5);
		vcpu_table_remove_if(&vcpus, is_odd, NULL);
		assert_int_equal(vcpus.nr, 3);
	}
	vcpu_table_free(&vcpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_last),
		cmocka_unit_test(keeps_little),
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(forget_and_copy),
		cmocka_unit_test(each_vcpu_for_itself),
		cmocka_unit_test(in_rounds),
		cmocka_unit_test(counts_that_start_afresh),
		cmocka_unit_test(what_is_not_known),
	};

	return cmocka_run_group_tests_name("vcpu_table", tests, NULL, NULL);
}
