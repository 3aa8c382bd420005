// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of a kernel, each committed by threads on CPUs 1 and 2: CPU 0 is left for
 * whoever asks. The file "run" in debugfs takes the fault's name. "stop" ends those
 * that can end; a CPU that is halted with interrupts off needs an NMI for that.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/apicdef.h>
#include <asm/msr.h>

#define NR_THREADS	2
#define X2APIC_SPIV	(0x800 + (APIC_SPIV >> 4))

/**
 * struct fault - what threads do
 * @run: what each does, the first on CPU 1
 * @name: of it
 * @for_good: its threads never end, but leave the CPUs to others if they sleep
 */
struct fault {
	void (*run[NR_THREADS])(void);
	const char *name;
	bool for_good;
};

static struct dentry *dir;
static struct task_struct *threads[NR_THREADS];
static const struct fault *fault;
static DEFINE_RAW_SPINLOCK(first_lock);
static DEFINE_RAW_SPINLOCK(second_lock);
static DEFINE_MUTEX(first_mutex);
static DEFINE_MUTEX(second_mutex);
static struct completion done[NR_THREADS];
static bool stop;

static void spin_until_stop(void)
{
	while (!READ_ONCE(stop))
		cpu_relax();
}

static void halt_until_stop(void)
{
	while (!READ_ONCE(stop))
		asm volatile("hlt" ::: "memory");
}

/* What the watchdog calls a soft lockup. A kernel with lazy preemption would end it. */
static void soft_lockup(void)
{
	preempt_disable();
	spin_until_stop();
	preempt_enable();
}

static void rcu_stall(void)
{
	rcu_read_lock();
	while (!READ_ONCE(stop))
		barrier();
	rcu_read_unlock();
}

static void irqs_off(void)
{
	local_irq_disable();
	spin_until_stop();
	local_irq_enable();
}

static void halted_off(void)
{
	local_irq_disable();
	halt_until_stop();
	local_irq_enable();
}

/* The other thread waits until the first one has the lock. */
static void take_halted(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&first_lock, flags);
	complete(&done[0]);
	halt_until_stop();
	raw_spin_unlock_irqrestore(&first_lock, flags);
}

static void take_busy(void)
{
	raw_spin_lock(&first_lock);
	complete(&done[0]);
	while (!READ_ONCE(stop))
		barrier();
	raw_spin_unlock(&first_lock);
}

static void want_taken(void)
{
	wait_for_completion(&done[0]);
	raw_spin_lock(&first_lock);
	raw_spin_unlock(&first_lock);
}

static void meet(unsigned int self)
{
	complete(&done[self]);
	while (!completion_done(&done[!self]))
		cpu_relax();
}

static void deadlock_first(void)
{
	raw_spin_lock(&first_lock);
	meet(0);
	raw_spin_lock(&second_lock);
}

static void deadlock_second(void)
{
	raw_spin_lock(&second_lock);
	meet(1);
	raw_spin_lock(&first_lock);
}

static void mutexes_first(void)
{
	mutex_lock(&first_mutex);
	meet(0);
	mutex_lock(&second_mutex);
}

static void mutexes_second(void)
{
	mutex_lock(&second_mutex);
	meet(1);
	mutex_lock(&first_mutex);
}

/* A local APIC that is off accepts no IPI and has no timer. */
static void apic_off(void)
{
	void __iomem *apic;
	u32 base, spiv, high;

	apic = ioremap(APIC_DEFAULT_PHYS_BASE, PAGE_SIZE);
	if (!apic)
		return;
	local_irq_disable();
	rdmsr(MSR_IA32_APICBASE, base, high);
	if (base & X2APIC_ENABLE) {
		rdmsr(X2APIC_SPIV, spiv, high);
		wrmsr(X2APIC_SPIV, spiv & ~APIC_SPIV_APIC_ENABLED, high);
	} else {
		spiv = readl(apic + APIC_SPIV);
		writel(spiv & ~APIC_SPIV_APIC_ENABLED, apic + APIC_SPIV);
	}
	local_irq_enable();
	iounmap(apic);
	complete(&done[0]);
}

static void nothing(void *data)
{
}

/* Some time later the other CPU is idle. */
static void ipi_lost(void)
{
	wait_for_completion(&done[0]);
	msleep(100);
	smp_call_function_single(1, nothing, NULL, true);
}

static const struct fault faults[] = {
	{ { soft_lockup }, "soft-lockup", false },
	{ { rcu_stall }, "rcu-stall", false },
	{ { irqs_off }, "irqs-off", false },
	{ { halted_off }, "halted-off", false },
	{ { take_halted, want_taken }, "lock-halted", false },
	{ { take_busy, want_taken }, "lock-busy", false },
	{ { deadlock_first, deadlock_second }, "deadlock", true },
	{ { mutexes_first, mutexes_second }, "mutexes", true },
	{ { apic_off, ipi_lost }, "lost-ipi", false },
};

static int fault_thread(void *data)
{
	unsigned int self = (unsigned long)data;

	fault->run[self]();
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static void end(void)
{
	unsigned int i;

	WRITE_ONCE(stop, true);
	for (i = 0; i < NR_THREADS; i++)
		if (threads[i] && !fault->for_good)
			kthread_stop(threads[i]);
	memset(threads, 0, sizeof(threads));
	fault = NULL;
	WRITE_ONCE(stop, false);
}

static int start(const struct fault *which)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++)
		init_completion(&done[i]);
	fault = which;
	for (i = 0; i < NR_THREADS && which->run[i]; i++) {
		task = kthread_create(fault_thread, (void *)(unsigned long)i,
				      "fault/%u", i + 1);
		if (IS_ERR(task)) {
			end();
			return PTR_ERR(task);
		}
		kthread_bind(task, i + 1);
		threads[i] = task;
	}
	/* All are made before one begins: that needs CPUs that go on. */
	for (i = 0; i < NR_THREADS && threads[i]; i++)
		wake_up_process(threads[i]);
	return 0;
}

static ssize_t run_write(struct file *file, const char __user *buf, size_t len,
			 loff_t *pos)
{
	char word[16] = "";
	unsigned int i;
	int err;

	if (len >= sizeof(word) || copy_from_user(word, buf, len))
		return -EINVAL;
	end();
	if (sysfs_streq(word, "stop"))
		return len;
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!sysfs_streq(word, faults[i].name))
			continue;
		err = start(&faults[i]);
		return err ?: len;
	}
	return -EINVAL;
}

static const struct file_operations run_ops = {
	.owner = THIS_MODULE,
	.write = run_write,
};

static int __init fault_init(void)
{
	dir = debugfs_create_dir("fault", NULL);
	debugfs_create_file("run", 0200, dir, NULL, &run_ops);
	return 0;
}

static void __exit fault_exit(void)
{
	debugfs_remove(dir);
	end();
}

module_init(fault_init);
module_exit(fault_exit);
MODULE_DESCRIPTION("Threads that commit a kernel's faults, for tests");
MODULE_LICENSE("GPL");
