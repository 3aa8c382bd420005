// SPDX-License-Identifier: GPL-2.0
/*
 * What makes the guest ask by itself: panic, oops, lockup and the like.
 *
 * Whatever has happened, it may have happened in an NMI, with interrupts off, with
 * any lock held or with all other CPUs stopped. So what is called then makes
 * hypercalls and nothing else: no lock, no memory, no message, no waiting.
 *
 * A loaded crash kernel is started before panic notifiers run, unless the kernel
 * was started with crash_kexec_post_notifiers; an oops is told of before it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/limits.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/panic.h>
#include <linux/panic_notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "guest_apicid.h"
#include "guest_sysrq.h"
#include "hypercall.h"
#include "triggers.h"
#include "vcpu_info_abi.h"

/* Of one kind, but for panics: those come once. */
#define INTERVAL	(10 * HZ)

#define SYSRQ_KEY	'y'

static bool on_panic = true;
module_param_named(panic, on_panic, bool, 0644);
MODULE_PARM_DESC(panic, "have all vCPUs recorded when the kernel panics (default: Y)");

static bool on_oops = true;
module_param_named(oops, on_oops, bool, 0644);
MODULE_PARM_DESC(oops, "have all vCPUs recorded at an oops, at most every 10 s (default: Y)");

static bool on_soft_lockup;
module_param_named(soft_lockup, on_soft_lockup, bool, 0444);
MODULE_PARM_DESC(soft_lockup, "have all vCPUs recorded at a soft lockup, at most every 10 s; sets a kprobe (default: N)");

static bool on_hung_task;
module_param_named(hung_task, on_hung_task, bool, 0444);
MODULE_PARM_DESC(hung_task, "have all vCPUs recorded when a task hangs, at most every 10 s (default: N)");

static bool on_sysrq;
module_param_named(sysrq, on_sysrq, bool, 0444);
MODULE_PARM_DESC(sysrq, "have all vCPUs recorded at the SysRq key 'y' (default: N)");

static bool on_reboot;
module_param_named(reboot, on_reboot, bool, 0644);
MODULE_PARM_DESC(reboot, "have all vCPUs recorded when the guest restarts, halts or powers off (default: N)");

/* A record without a reason is better than none. */
static void ask(unsigned int cpu, u32 reason, u64 cookie)
{
	int vcpu_id = compat_cpu_apicid(cpu);

	if (vcpu_id >= 0 && vcpu_info_why(vcpu_id, reason, cookie) == -ENOSYS)
		vcpu_info(vcpu_id);
}

/*
 * This CPU first: what it does is what it is about. The others are no longer online
 * when they were stopped for a panic.
 */
static void ask_all(u32 reason, u64 cookie)
{
	unsigned int this_cpu = get_cpu(), cpu;

	ask(this_cpu, reason, cookie);
	for_each_present_cpu(cpu)
		if (cpu != this_cpu)
			ask(cpu, reason, cookie);
	put_cpu();
}

/* Whether it is time again. @next is jiffies, 0 at first. */
static bool is_due(atomic64_t *next)
{
	u64 now = get_jiffies_64();
	s64 old = atomic64_read(next);

	return now >= old && atomic64_try_cmpxchg(next, &old, now + INTERVAL);
}

static int panic_event(struct notifier_block *nb, unsigned long event,
		       void *message)
{
	if (READ_ONCE(on_panic))
		ask_all(VCPU_INFO_WHY_PANIC, local_clock());

	return NOTIFY_DONE;
}

/* Before others that end it all, as pvpanic, at which a VMM may stop the VM */
static struct notifier_block panic_nb = {
	.notifier_call = panic_event,
	.priority = INT_MAX,
};

static int die_event(struct notifier_block *nb, unsigned long event, void *args)
{
	static atomic64_t next;

	if (event == DIE_OOPS && READ_ONCE(on_oops) && is_due(&next))
		ask_all(VCPU_INFO_WHY_OOPS, local_clock());

	return NOTIFY_DONE;
}

static struct notifier_block die_nb = {
	.notifier_call = die_event,
};

static int reboot_event(struct notifier_block *nb, unsigned long event,
			void *command)
{
	if (READ_ONCE(on_reboot))
		ask_all(event == SYS_RESTART ? VCPU_INFO_WHY_REBOOT :
					       VCPU_INFO_WHY_HALT,
			local_clock());

	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = {
	.notifier_call = reboot_event,
};

/*
 * The kernel tells no one of a soft lockup, but its watchdog marks the kernel as
 * tainted, on the CPU that is locked up.
 */
static int taint_event(struct kprobe *kp, struct pt_regs *regs)
{
	static atomic64_t next;

	if (regs_get_kernel_argument(regs, 0) == TAINT_SOFTLOCKUP &&
	    is_due(&next))
		ask_all(VCPU_INFO_WHY_SOFT_LOCKUP, local_clock());

	return 0;
}

static struct kprobe taint_kprobe = {
	.symbol_name = "add_taint",
	.pre_handler = taint_event,
};

static void soft_lockup_init(void)
{
	int err;

	if (!on_soft_lockup)
		return;

	err = register_kprobe(&taint_kprobe);
	if (!err)
		return;

	on_soft_lockup = false;
	pr_warn("soft_lockup: no kprobe at %s: error %d\n",
		taint_kprobe.symbol_name, err);
}

static void soft_lockup_exit(void)
{
	if (on_soft_lockup)
		unregister_kprobe(&taint_kprobe);
}

static void hang_event(void *data, struct task_struct *task)
{
	static atomic64_t next;

	if (is_due(&next))
		ask_all(VCPU_INFO_WHY_HUNG_TASK, task_pid_nr(task));
}

/* It is not exported, but may be looked for. */
static struct tracepoint *hang_tracepoint;

static void match_hang(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sched_process_hang"))
		hang_tracepoint = tp;
}

static void hung_task_init(void)
{
	int err = -ENOENT;

	if (!on_hung_task)
		return;

	for_each_kernel_tracepoint(match_hang, NULL);
	if (hang_tracepoint)
		err = tracepoint_probe_register(hang_tracepoint, hang_event,
						NULL);
	if (!err)
		return;

	on_hung_task = false;
	pr_warn("hung_task: no tracepoint sched_process_hang: error %d\n", err);
}

static void hung_task_exit(void)
{
	if (!on_hung_task)
		return;

	tracepoint_probe_unregister(hang_tracepoint, hang_event, NULL);
	tracepoint_synchronize_unregister();
}

static void sysrq_event(void)
{
	ask_all(VCPU_INFO_WHY_SYSRQ, local_clock());
}

COMPAT_DEFINE_SYSRQ_HANDLER(sysrq_event)

static const struct sysrq_key_op sysrq_op = {
	.handler = COMPAT_SYSRQ_HANDLER(sysrq_event),
	.help_msg = "vcpu-info(y)",
	.action_msg = "Have the host record all vCPUs",
	.enable_mask = SYSRQ_ENABLE_DUMP,
};

static void sysrq_init(void)
{
	int err;

	if (!on_sysrq)
		return;

	err = register_sysrq_key(SYSRQ_KEY, &sysrq_op);
	if (!err)
		return;

	on_sysrq = false;
	pr_warn("sysrq: cannot register key '%c': error %d\n", SYSRQ_KEY, err);
}

static void sysrq_exit(void)
{
	if (on_sysrq)
		unregister_sysrq_key(SYSRQ_KEY, &sysrq_op);
}

/* What cannot be had is said, and is missed: the rest works without. */
void vcpu_info_triggers_init(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &panic_nb);
	register_die_notifier(&die_nb);
	register_reboot_notifier(&reboot_nb);
	soft_lockup_init();
	hung_task_init();
	sysrq_init();
}

/* When it returns none of them runs, and none will. */
void vcpu_info_triggers_exit(void)
{
	sysrq_exit();
	hung_task_exit();
	soft_lockup_exit();
	unregister_reboot_notifier(&reboot_nb);
	unregister_die_notifier(&die_nb);
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_nb);
}
