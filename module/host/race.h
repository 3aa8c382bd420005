/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests alone: loses races. Where a vCPU must not move unseen between two reads,
 * waits until it has moved; and can do again what was done before that was thought of,
 * which a test then has to notice. Nothing, unless built with VCPU_INFO_TEST=1.
 */
#ifndef VCPU_INFO_RACE_H
#define VCPU_INFO_RACE_H

#include <linux/types.h>

enum vcpu_info_race {
	VCPU_INFO_RACE_NONE,
	/* A vCPU leaves the CPU to which an IPI was sent for it. */
	VCPU_INFO_RACE_PROBE,
	/* One that is blocked gets new registers of its VMM, and blocks again. */
	VCPU_INFO_RACE_REST,
	/* One is preempted in the middle of its INIT. */
	VCPU_INFO_RACE_INIT,
	/* One is preempted between its exit and where SVM copies CR0 and CR3. */
	VCPU_INFO_RACE_CONTROL,
	/* The VMCB of a nested guest is freed. */
	VCPU_INFO_RACE_VMCB,
};

#ifdef VCPU_INFO_TEST
#include <linux/delay.h>
#include <linux/ktime.h>

bool vcpu_info_race_old(enum vcpu_info_race race);
ktime_t vcpu_info_race_end(enum vcpu_info_race race);
void vcpu_info_race_count(void);

#define vcpu_info_race(race, lost, pause) do {				\
	ktime_t end = vcpu_info_race_end(race);				\
									\
	while (ktime_get() < end) {					\
		if (lost) {						\
			vcpu_info_race_count();				\
			break;						\
		}							\
		pause;							\
	}								\
} while (0)
#else
/* Whether to do what was done before the race was thought of */
static inline bool vcpu_info_race_old(enum vcpu_info_race race)
{
	return false;
}

/* If it is the race to lose, wait until it is lost; for a while. */
#define vcpu_info_race(race, lost, pause) do { } while (0)
#endif

#define vcpu_info_race_spin(race, lost)					\
	vcpu_info_race(race, lost, udelay(5))
#define vcpu_info_race_sleep(race, lost)				\
	vcpu_info_race(race, lost, usleep_range(100, 200))

#endif /* VCPU_INFO_RACE_H */
