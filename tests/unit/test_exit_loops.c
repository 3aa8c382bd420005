// SPDX-License-Identifier: GPL-2.0
/*
 * cli/host: a vCPU that does nothing but exit, and others that exit often.
 */
#include "vcpu-pair.h"

static void test_exit_loop(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_IN_EXIT, KERNEL_RIP, 90);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_MMIO_EXITS, RULE_LOOP_EXITS);
	assert_word(&pair, VCPU_EXIT_LOOP);
	assert_int_equal(judge(&pair).main_kind, EXIT_MMIO);
	exits(&pair, VCPU_INFO_COUNT_IRQ_EXITS, 10 * RULE_LOOP_EXITS);
	assert_word(&pair, VCPU_EXIT_LOOP);
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, 2 * RULE_LOOP_EXITS);
	assert_word(&pair, VCPU_RUNNING);
}

/* An idle guest with many timers, or messages */
static void test_halts_are_no_loop(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_IN_EXIT, KERNEL_RIP, 50);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 100 * RULE_LOOP_EXITS);
	assert_int_equal(judge(&pair).main_kind, EXIT_HALT);
	assert_word(&pair, VCPU_RUNNING);
}

/* A loop of the guest in which each PAUSE is an exit: KVM has no count of these. */
static void test_loop_with_pause_spins(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_IN_EXIT, KERNEL_RIP, 100);

	(void)state;
	pair.second.vcpu.counts[VCPU_INFO_COUNT_EXITS] = 100 * RULE_LOOP_EXITS;
	assert_int_equal(judge(&pair).main_kind, EXIT_OTHER);
	assert_word(&pair, VCPU_SPINNING);
	exits(&pair, VCPU_INFO_COUNT_MMIO_EXITS, RULE_SPIN_EXITS + 1);
	assert_word(&pair, VCPU_RUNNING);
	pair = make_pair(VCPU_INFO_STATE_IN_EXIT, USER_RIP, 100);
	pair.second.vcpu.counts[VCPU_INFO_COUNT_EXITS] = 100 * RULE_LOOP_EXITS;
	assert_word(&pair, VCPU_RUNNING);
}

static void test_exit_loop_in_exits(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_IN_EXIT, KERNEL_RIP, 90);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, RULE_LOOP_EXITS);
	make_torn(&pair.first);
	assert_word(&pair, VCPU_EXIT_LOOP);
	make_torn(&pair.second);
	assert_word(&pair, VCPU_EXIT_LOOP);
	assert_false(judge(&pair).have_rip);
	pair.second.vcpu.regs[VCPU_INFO_REG_RSP]++;
	assert_word(&pair, VCPU_RUNNING);
	pair.second.vcpu.regs[VCPU_INFO_REG_RSP]--;
	pair.second.vcpu.regs[VCPU_INFO_REG_RIP] += RULE_SPIN_BYTES + 1;
	assert_word(&pair, VCPU_RUNNING);
}

/* It lost its CPU while KVM emulated an instruction. */
static void test_exit_loop_preempted(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_IN_EXIT, KERNEL_RIP, 98);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_MMIO_EXITS, 2 * RULE_SPIN_EXITS);
	make_torn(&pair.first);
	pair.first.vcpu.state = VCPU_INFO_STATE_PREEMPTED;
	assert_word(&pair, VCPU_EXIT_LOOP);
	make_torn(&pair.second);
	assert_word(&pair, VCPU_EXIT_LOOP);
	pair.second.vcpu.state = VCPU_INFO_STATE_PREEMPTED;
	assert_word(&pair, VCPU_EXIT_LOOP);
	/* one of which nothing is known for another reason tells no place */
	pair.second.vcpu.flags &= ~VCPU_INFO_F_TORN;
	assert_word(&pair, VCPU_RUNNING);
}

static void test_exit_loop_moves_nothing(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_IN_EXIT, KERNEL_RIP, 50);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, 20 * RULE_LOOP_EXITS);
	set_reg(&pair.second, VCPU_INFO_REG_RSP, STACK + 8);
	assert_word(&pair, VCPU_RUNNING);
	set_reg(&pair.second, VCPU_INFO_REG_RSP, STACK);
	assert_word(&pair, VCPU_EXIT_LOOP);
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 2);
	assert_word(&pair, VCPU_EXIT_LOOP);
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 0x100);
	assert_word(&pair, VCPU_RUNNING);
	pair.second.vcpu.valid &= ~(1U << VCPU_INFO_REG_RIP);
	assert_word(&pair, VCPU_RUNNING);
}

static void test_few_exits_are_no_loop(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 50);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, RULE_LOOP_EXITS - 1);
	assert_word(&pair, VCPU_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_loop),
		cmocka_unit_test(test_halts_are_no_loop),
		cmocka_unit_test(test_loop_with_pause_spins),
		cmocka_unit_test(test_exit_loop_in_exits),
		cmocka_unit_test(test_exit_loop_preempted),
		cmocka_unit_test(test_exit_loop_moves_nothing),
		cmocka_unit_test(test_few_exits_are_no_loop),
	};

	return cmocka_run_group_tests_name("exit_loops", tests, NULL, NULL);
}
