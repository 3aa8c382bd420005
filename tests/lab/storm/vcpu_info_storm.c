// SPDX-License-Identifier: GPL-2.0
/*
 * For tests of readers: has the host module's events, in its place, and writes
 * any number of them at any rate.
 *
 *   insmod vcpu_info_storm.ko rate=50000
 *   echo 100000 >/sys/module/vcpu_info_storm/parameters/write
 *
 * The write ends when all are written, from the CPU it runs on, or with 'hop'
 * set, from all of them in turn. What is in them: vcpu_ids 0 to 3 in turn, and
 * in RAX how many there were before.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

/* What the event tells the module of its listeners; no vCPU is read here. */
int vcpu_info_quiesce_listened(void)
{
	return 0;
}

void vcpu_info_quiesce_unlistened(void)
{
}

#define NR_VCPUS	4

static uint rate;
module_param(rate, uint, 0600);
MODULE_PARM_DESC(rate, "records a second; 0: as many as there can be");

static uint hop;
module_param(hop, uint, 0600);
MODULE_PARM_DESC(hop, "go to the next CPU after so many records; 0: do not");

static ulong written;
module_param(written, ulong, 0400);
MODULE_PARM_DESC(written, "how many there were");

static ulong usecs;
module_param(usecs, ulong, 0400);
MODULE_PARM_DESC(usecs, "how long the last of 'write' took");

static void write_record(void)
{
	struct vcpu_info_snapshot snap = {
		.from = { .vm_pid = 1, .vm_fd = 3, .caller_id = 0 },
		.vcpu_id = written % NR_VCPUS,
		.pid = 1000 + written % NR_VCPUS,
		.cpu = raw_smp_processor_id(),
		.valid = BIT(VCPU_INFO_NR_REGS) - 1,
		.state = VCPU_INFO_STATE_GUEST,
		.attempts = 1,
		.exits = written,
	};
	int i;

	for (i = 0; i < VCPU_INFO_NR_REGS; i++)
		snap.regs[i] = written * (i + 1);
	trace_vcpu_info(&snap);
	written++;
}

/* When record number nr of a run is due; what is late is made up for. */
static void wait_until_due(ktime_t start, ulong nr)
{
	u64 due = (u64)nr * USEC_PER_SEC / rate;

	while (ktime_us_delta(ktime_get(), start) < due)
		usleep_range(100, 200);
}

static void move_on(void)
{
	unsigned int cpu = cpumask_next(raw_smp_processor_id(), cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

static int write_set(const char *text, const struct kernel_param *kp)
{
	ktime_t start = ktime_get();
	ulong count, i, every;
	int err = kstrtoul(text, 0, &count);

	if (err)
		return err;
	every = hop;
	for (i = 0; i < count && !signal_pending(current); i++) {
		if (rate)
			wait_until_due(start, i);
		write_record();
		cond_resched();
		if (every && i % every == every - 1)
			move_on();
	}
	if (every)
		set_cpus_allowed_ptr(current, cpu_possible_mask);
	usecs = ktime_us_delta(ktime_get(), start);
	return 0;
}

static const struct kernel_param_ops write_ops = { .set = write_set };
module_param_cb(write, &write_ops, NULL, 0200);
MODULE_PARM_DESC(write, "write so many");

MODULE_DESCRIPTION("Test of readers of the event vcpu_info");
MODULE_LICENSE("GPL");
