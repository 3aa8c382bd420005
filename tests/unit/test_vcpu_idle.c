// SPDX-License-Identifier: GPL-2.0
/*
 * cli/host: vCPUs that have nothing to do, or never will again.
 */
#include "vcpu-pair.h"

#include "common/compiler.h"

static void test_polling_is_idle(void **state)
{
	static const char * const names[] = {
		"poll_idle", "cpu_idle_poll.isra.0", "default_idle", "mwait_idle",
		"intel_idle_irq", "acpi_idle_do_entry",
	};
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		pair.first.function = names[i];
		pair.second.function = names[0];
		assert_word(&pair, VCPU_IDLE);
	}
	/* both times */
	pair.second.function = "do_idle";
	assert_word(&pair, VCPU_RUNNING);
	pair.second.function = NULL;
	assert_word(&pair, VCPU_SPINNING);
}

static void test_halted(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_HALTED, KERNEL_RIP, 1);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 100);
	assert_word(&pair, VCPU_IDLE);
	set_both(&pair, VCPU_INFO_REG_RFLAGS, IF_OFF);
	assert_word(&pair, VCPU_HALTED_OFF);
	pair.second.vcpu.valid &= ~(1U << VCPU_INFO_REG_RFLAGS);
	assert_word(&pair, VCPU_IDLE);
	assert_false(judge(&pair).have_if);
}

/* A sample finds an idle guest at its tick. */
static void test_mostly_halted(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_HALTED, KERNEL_RIP, 10);

	(void)state;
	pair.second.vcpu.state = VCPU_INFO_STATE_GUEST;
	assert_word(&pair, VCPU_RUNNING);
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 1);
	pair.second.vcpu.counts[VCPU_INFO_COUNT_HALT_WAIT_NS] = SECOND / 2;
	assert_word(&pair, VCPU_IDLE);
	pair.first.vcpu.state = VCPU_INFO_STATE_GUEST;
	assert_word(&pair, VCPU_RUNNING);
	pair.second.vcpu.state = VCPU_INFO_STATE_HALTED;
	assert_word(&pair, VCPU_IDLE);
	pair.second.run_ns += SECOND / 50;
	assert_word(&pair, VCPU_RUNNING);
}

/* Both samples find it at its tick, which takes long on a slow host. */
static void test_idle_task(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, RULE_IDLE_TASK);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 0x1000);
	pair.first.idle_task = true;
	pair.second.idle_task = true;
	assert_word(&pair, VCPU_RUNNING);
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 1);
	assert_word(&pair, VCPU_IDLE);
	/* an interrupt in it waits for a lock */
	pair.second.waits_in = "_raw_spin_lock";
	assert_word(&pair, VCPU_RUNNING);
	pair.second.waits_in = NULL;
	pair.second.run_ns += SECOND / 50;
	assert_word(&pair, VCPU_RUNNING);
	pair.second.run_ns -= SECOND / 50;
	pair.first.idle_task = false;
	assert_word(&pair, VCPU_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_polling_is_idle),
		cmocka_unit_test(test_halted),
		cmocka_unit_test(test_mostly_halted),
		cmocka_unit_test(test_idle_task),
	};

	return cmocka_run_group_tests_name("vcpu_idle", tests, NULL, NULL);
}
