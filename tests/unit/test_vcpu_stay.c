// SPDX-License-Identifier: GPL-2.0
/*
 * cli/host: what further looks at a vCPU say, that seems to be stuck.
 */
#include <string.h>

#include "vcpu-pair.h"

/* Which words it takes further looks for */
static void test_may_be_stuck(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	struct vcpu_finding finding = judge(&pair);

	(void)state;
	assert_true(vcpu_may_be_stuck(&finding));
	finding.word = VCPU_RUNNING;
	assert_false(vcpu_may_be_stuck(&finding));
	finding.waits_in = "_raw_spin_lock";
	assert_false(vcpu_may_be_stuck(&finding));
	finding.word = VCPU_HALTED_OFF;
	assert_true(vcpu_may_be_stuck(&finding));
	finding.word = VCPU_IDLE;
	assert_true(vcpu_may_be_stuck(&finding));
	finding.word = VCPU_STARVED;
	assert_false(vcpu_may_be_stuck(&finding));
	finding.waits_still = true;
	assert_true(vcpu_may_be_stuck(&finding));
}

/* What a further look says of one that is where it was, by its registers */
static void test_stay(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	struct vcpu_finding finding = judge(&pair);
	struct vcpu_observation further = pair.second;
	struct vcpu_place aside = { .valid = further.vcpu.valid };

	(void)state;
	memcpy(aside.regs, further.vcpu.regs, sizeof(aside.regs));
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);
	set_reg(&further, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	/* no answer: its registers are not known */
	further.vcpu.flags = VCPU_INFO_F_TORN;
	further.vcpu.state = VCPU_INFO_STATE_IN_EXIT;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAY_UNKNOWN);
	further.vcpu.flags = 0;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	further.vcpu.valid &= ~(1U << VCPU_INFO_REG_RIP);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAY_UNKNOWN);
	/* an interrupt was on top, and whether that was all is not known */
	set_reg(&further, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	further.function = "io_serial_in";
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAY_UNKNOWN);
	further.whole_stack = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	further.interrupted = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAY_UNKNOWN);
	further.aside = &aside;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);
	aside.regs[VCPU_INFO_REG_RIP] += 1024;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	/* a process goes on, whatever else is known */
	further = pair.second;
	further.user = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
}

/* One that stands still, whose interrupt waits for a lock in the second sample */
static void test_stay_in_loop(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	struct vcpu_observation further = pair.second;
	struct vcpu_place aside = { .valid = pair.first.vcpu.valid };
	struct vcpu_finding finding;

	(void)state;
	memcpy(aside.regs, pair.first.vcpu.regs, sizeof(aside.regs));
	further.whole_stack = true;
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	pair.second.aside = &aside;
	pair.second.waits_in = "_raw_spin_lock";
	finding = judge(&pair);
	assert_int_equal(finding.word, VCPU_SPINNING);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);
	finding.waits_still = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
}

/* The same of one that waits, or has panicked, by its stack */
static void test_stay_in_wait(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	struct vcpu_observation further = pair.second;
	struct vcpu_finding finding;

	(void)state;
	pair.first.waits_in = "smp_call_function_many_cond";
	pair.second.waits_in = "smp_call_function_many_cond";
	finding = judge(&pair);
	set_reg(&further, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAY_UNKNOWN);
	further.whole_stack = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	further.waits_in = "_raw_spin_lock";
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	further.waits_in = pair.second.waits_in;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	further.interrupted = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAY_UNKNOWN);
	further.interrupted = false;
	pair.second.interrupted = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAY_UNKNOWN);
	set_reg(&further, VCPU_INFO_REG_RIP, KERNEL_RIP + RULE_SPIN_BYTES);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);
	/* a paravirtual lock's waiter halts elsewhere */
	pair.second.interrupted = false;
	set_reg(&further, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	finding.waits_in = "_raw_spin_lock";
	pair.second.waits_in = "_raw_spin_lock";
	further.waits_in = "_raw_spin_lock";
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);
	finding.panicked = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	further.panicked = true;
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);
}

/* One that waited at first, and was in an exit at the second sample, as far as is known */
static void test_stay_unseen(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, RULE_OFF_CPU);
	struct vcpu_observation further = pair.second;
	struct vcpu_finding finding;

	(void)state;
	further.whole_stack = true;
	pair.first.waits_in = "_raw_spin_lock";
	pair.first.whole_stack = true;
	pair.second.vcpu.state = VCPU_INFO_STATE_PREEMPTED;
	pair.second.vcpu.flags = VCPU_INFO_F_TORN;
	finding = judge(&pair);
	assert_string_equal(finding.waits_in, "_raw_spin_lock");
	assert_true(finding.waits_still);
	assert_int_equal(finding.word, VCPU_SPINNING);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_HAS_LEFT);
	further.waits_in = "_raw_spin_lock";
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);
	further.waits_in = "smp_call_function_many_cond";
	finding.waits_in = further.waits_in;
	set_reg(&further, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAY_UNKNOWN);

	vcpu_take_stay(&finding, VCPU_STAYS);
	vcpu_end_stay(&finding, &pair.second);
	assert_true(finding.waits_still);
	finding.looks = 0;
	vcpu_end_stay(&finding, &pair.first);
	assert_true(finding.waits_still);
	vcpu_end_stay(&finding, &pair.second);
	assert_false(finding.waits_still);
	assert_null(finding.waits_in);
	assert_int_equal(finding.word, VCPU_RUNNING);
}

/* A loop's interrupt that waited at the second sample; of the first one it is not known. */
static void test_wait_seen_once(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	struct vcpu_observation further = pair.second;
	struct vcpu_finding finding;

	(void)state;
	pair.second.waits_in = "_raw_spin_lock";
	finding = judge(&pair);
	assert_int_equal(finding.word, VCPU_SPINNING);
	assert_true(finding.wait_seen_once);
	vcpu_take_wait(&finding, &further);
	assert_non_null(finding.waits_in);
	further.whole_stack = true;
	further.waits_in = "_raw_spin_lock";
	vcpu_take_wait(&finding, &further);
	assert_non_null(finding.waits_in);
	further.waits_in = NULL;
	vcpu_take_wait(&finding, &further);
	assert_null(finding.waits_in);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);

	/* that takes more looks */
	pair.first.waits_in = "_raw_spin_lock";
	finding = judge(&pair);
	vcpu_take_wait(&finding, &further);
	assert_true(finding.waits_still);
	/* in an exit at first, so that it was taken to wait */
	pair.first.waits_in = NULL;
	pair.first.vcpu.flags = VCPU_INFO_F_TORN;
	pair.first.vcpu.state = VCPU_INFO_STATE_IN_EXIT;
	finding = judge(&pair);
	assert_true(finding.waits_still);
	vcpu_take_wait(&finding, &further);
	assert_false(finding.waits_still);
	assert_int_equal(vcpu_stay_of(&finding, &pair.second, &further), VCPU_STAYS);
}

/* Who is worth a further look while others wait for a lock */
static void test_may_hold_lock(void **state)
{
	struct vcpu_finding finding = { .word = VCPU_RUNNING };

	(void)state;
	assert_true(vcpu_may_hold_lock(&finding));
	finding.word = VCPU_STARVED;
	assert_true(vcpu_may_hold_lock(&finding));
	finding.held_nothing = true;
	assert_false(vcpu_may_hold_lock(&finding));
	finding = (struct vcpu_finding){ .word = VCPU_IDLE };
	assert_false(vcpu_may_hold_lock(&finding));
}

static void test_take_stay(void **state)
{
	struct vcpu_finding finding = {
		.word = VCPU_SPINNING, .waits_still = true, .panicked = true,
	};

	(void)state;
	vcpu_take_stay(&finding, VCPU_STAYS);
	vcpu_take_stay(&finding, VCPU_STAY_UNKNOWN);
	assert_int_equal(finding.looks, 1);
	assert_int_equal(finding.word, VCPU_SPINNING);
	assert_true(finding.waits_still && finding.panicked && !vcpu_moved_on(&finding));
	for (int i = 1; i < RULE_LEFT; i++) {
		vcpu_take_stay(&finding, VCPU_HAS_LEFT);
		assert_int_equal(finding.word, VCPU_SPINNING);
		assert_false(vcpu_moved_on(&finding));
	}
	vcpu_take_stay(&finding, VCPU_HAS_LEFT);
	assert_int_equal(finding.looks, 1);
	assert_int_equal(finding.word, VCPU_RUNNING);
	assert_true(!finding.waits_still && !finding.panicked && vcpu_moved_on(&finding));
	finding.word = VCPU_IDLE;
	vcpu_take_stay(&finding, VCPU_HAS_LEFT);
	assert_int_equal(finding.word, VCPU_IDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_may_be_stuck),
		cmocka_unit_test(test_stay),
		cmocka_unit_test(test_stay_in_loop),
		cmocka_unit_test(test_stay_in_wait),
		cmocka_unit_test(test_stay_unseen),
		cmocka_unit_test(test_wait_seen_once),
		cmocka_unit_test(test_may_hold_lock),
		cmocka_unit_test(test_take_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
