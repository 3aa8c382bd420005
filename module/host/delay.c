// SPDX-License-Identifier: GPL-2.0
/* See delay.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/module.h>

#include "delay.h"

static unsigned int test_sleep_ms;
module_param(test_sleep_ms, uint, 0644);
MODULE_PARM_DESC(test_sleep_ms, "each request sleeps so long");

static unsigned int test_spin_ms;
module_param(test_spin_ms, uint, 0644);
MODULE_PARM_DESC(test_spin_ms, "each request takes so long to return when it is done");

void vcpu_info_delay_sleep(void)
{
	unsigned int ms = READ_ONCE(test_sleep_ms);

	if (ms)
		msleep(ms);
}

void vcpu_info_delay_spin(void)
{
	unsigned int ms = READ_ONCE(test_spin_ms);

	while (ms--)
		mdelay(1);
}

void vcpu_info_delay_tell(unsigned long in_flight)
{
	pr_info("test: %lu calls in flight when the hook went\n", in_flight);
}
