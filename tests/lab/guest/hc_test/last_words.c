// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's bad day. What shall happen is written to the parameter "run":
 *
 *	oops	a thread follows a null pointer; the guest goes on without it
 *	spin	a thread on CPU 1 spins with interrupts off, for ever
 *	lockup	a thread on CPU 1 does not schedule until it is a soft lockup
 *	hang	a thread waits, and nothing but the module's end wakes it
 *	nmi	the CPU that gets the next NMI panics in it
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/nmi.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <asm/nmi.h>

#define LOCKUP_SECONDS	60

static DECLARE_COMPLETION(module_ends);
static struct task_struct *hung;
static bool awaits_nmi;

static noinline __noclone int last_words_oops(void *data)
{
	WRITE_ONCE(*(int *)data, 1);
	return 0;
}

static noinline __noclone int last_words_spin(void *data)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
	return 0;
}

/* Until the kernel has marked itself as tainted by it */
static noinline __noclone int last_words_lockup(void *data)
{
	int i;

	preempt_disable();
	for (i = 0; i < LOCKUP_SECONDS * 1000 &&
	     !test_taint(TAINT_SOFTLOCKUP); i++)
		mdelay(1);
	preempt_enable();
	return 0;
}

static noinline __noclone int last_words_hang(void *data)
{
	wait_for_completion(&module_ends);
	return 0;
}

static noinline __noclone int last_words_nmi(unsigned int type,
					     struct pt_regs *regs)
{
	if (READ_ONCE(awaits_nmi))
		panic("in an NMI");
	return NMI_DONE;
}

static int start(int (*what)(void *data), int cpu)
{
	struct task_struct *task = kthread_create(what, NULL, "last_words");

	if (IS_ERR(task))
		return PTR_ERR(task);
	if (cpu >= 0)
		kthread_bind(task, cpu);
	if (what == last_words_hang)
		hung = get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static int run_set(const char *word, const struct kernel_param *kp)
{
	if (sysfs_streq(word, "oops"))
		return start(last_words_oops, 1);
	if (sysfs_streq(word, "spin"))
		return start(last_words_spin, 1);
	if (sysfs_streq(word, "lockup"))
		return start(last_words_lockup, 1);
	if (sysfs_streq(word, "hang"))
		return start(last_words_hang, -1);
	if (sysfs_streq(word, "nmi")) {
		/* the host sends it */
		WRITE_ONCE(awaits_nmi, true);
		return 0;
	}
	return -EINVAL;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
};
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "oops, spin, lockup, hang or nmi");

static int __init last_words_init(void)
{
	return register_nmi_handler(NMI_LOCAL, last_words_nmi, 0, "last_words");
}

static void __exit last_words_exit(void)
{
	complete_all(&module_ends);
	if (hung) {
		/* its code goes with the module */
		while (hung->__state != TASK_DEAD)
			msleep(20);
		put_task_struct(hung);
	}
	unregister_nmi_handler(NMI_LOCAL, "last_words");
}

module_init(last_words_init);
module_exit(last_words_exit);
MODULE_DESCRIPTION("Oops, lockups, hung tasks and panics, for tests");
MODULE_LICENSE("GPL");
