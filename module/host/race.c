// SPDX-License-Identifier: GPL-2.0
/* See race.h. */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/string.h>

#include "race.h"

static const char * const names[] = {
	[VCPU_INFO_RACE_NONE] = "none",
	[VCPU_INFO_RACE_PROBE] = "probe",
	[VCPU_INFO_RACE_REST] = "rest",
	[VCPU_INFO_RACE_INIT] = "init",
	[VCPU_INFO_RACE_CONTROL] = "control",
	[VCPU_INFO_RACE_VMCB] = "vmcb",
};

static int test_race = VCPU_INFO_RACE_NONE;
static atomic_t lost;

static int set_race(const char *value, const struct kernel_param *kp)
{
	int race = sysfs_match_string(names, value);

	if (race < 0)
		return race;
	WRITE_ONCE(test_race, race);
	atomic_set(&lost, 0);
	return 0;
}

static int get_race(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n", names[test_race]);
}

static const struct kernel_param_ops race_ops = {
	.set = set_race,
	.get = get_race,
};
module_param_cb(test_race, &race_ops, NULL, 0644);
MODULE_PARM_DESC(test_race, "race that is lost wherever it can be: probe, rest, init, control, vmcb; none");

static bool test_race_old;
module_param(test_race_old, bool, 0644);
MODULE_PARM_DESC(test_race_old, "do what was done before that race was thought of");

static unsigned int test_race_ms = 50;
module_param(test_race_ms, uint, 0644);
MODULE_PARM_DESC(test_race_ms, "how long to wait until it is lost");

static int get_lost(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%d\n", atomic_read(&lost));
}

static const struct kernel_param_ops lost_ops = { .get = get_lost };
module_param_cb(test_race_lost, &lost_ops, NULL, 0444);
MODULE_PARM_DESC(test_race_lost, "how often it was, since it was named");

bool vcpu_info_race_old(enum vcpu_info_race race)
{
	return READ_ONCE(test_race) == race && READ_ONCE(test_race_old);
}

/* Until when to wait, by ktime_get() */
ktime_t vcpu_info_race_end(enum vcpu_info_race race)
{
	if (READ_ONCE(test_race) != race)
		return 0;

	return ktime_add_ms(ktime_get(), READ_ONCE(test_race_ms));
}

void vcpu_info_race_count(void)
{
	atomic_inc(&lost);
}
