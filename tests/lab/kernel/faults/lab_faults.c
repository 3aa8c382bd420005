// SPDX-License-Identifier: GPL-2.0
/*
 * lab_faults: commits one fault, for a kernel whose debugging has to see it.
 *
 *	modprobe lab_faults fault=NAME
 *
 * Never for a machine that anybody needs.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

#define OBJECT_SIZE	123	/* no slab's own size */

static char *fault = "";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "the fault to commit");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);
static char __rcu *shared;
static char globals[OBJECT_SIZE];

/* Keeps the compiler from seeing through an address. */
static char *hidden(void *address)
{
	OPTIMIZER_HIDE_VAR(address);
	return address;
}

static int use_after_free(void)
{
	char *object = kmalloc(OBJECT_SIZE, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	kfree(object);
	WRITE_ONCE(*hidden(object), 1);
	return 0;
}

static int slab_bounds(void)
{
	char *object = kmalloc(OBJECT_SIZE, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	WRITE_ONCE(hidden(object)[OBJECT_SIZE], 1);
	kfree(object);
	return 0;
}

static int stack_bounds(void)
{
	char object[OBJECT_SIZE] = {};

	READ_ONCE(hidden(object)[OBJECT_SIZE]);
	return 0;
}

static int global_bounds(void)
{
	READ_ONCE(hidden(globals)[OBJECT_SIZE]);
	return 0;
}

static int vmalloc_bounds(void)
{
	char *object = vmalloc(OBJECT_SIZE);

	if (!object)
		return -ENOMEM;
	READ_ONCE(hidden(object)[OBJECT_SIZE]);
	vfree(object);
	return 0;
}

static int lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int rcu_unlocked(void)
{
	return rcu_dereference(shared) ? -EBUSY : 0;
}

static int atomic_sleep(void)
{
	void *object;

	spin_lock(&spin);
	object = kmalloc(OBJECT_SIZE, GFP_KERNEL);
	spin_unlock(&spin);
	kfree(object);
	return 0;
}

static int atomic_schedule(void)
{
	preempt_disable();
	schedule_timeout_uninterruptible(1);
	preempt_enable();
	return 0;
}

static int preemptible_cpu(void)
{
	return smp_processor_id() < 0 ? -EIO : 0;
}

static void timer_function(struct timer_list *timer)
{
}

static int free_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, timer_function, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
	return 0;
}

static int list_twice(void)
{
	struct list_head *entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	LIST_HEAD(list);

	if (!entry)
		return -ENOMEM;
	list_add(entry, &list);
	list_del(entry);
	list_del(entry);
	kfree(entry);
	return 0;
}

/*
 * Many: in 7.2 a CPU's sheaf of free objects still has the pointers to those
 * that it gave away last, and kmemleak reads it.
 */
static int leak(void)
{
	int i;

	for (i = 0; i < 1000; i++)
		if (!kmalloc(OBJECT_SIZE, GFP_KERNEL))
			return -ENOMEM;

	return 0;
}

static const struct {
	const char *name;
	int (*commit)(void);
} faults[] = {
	{ "use-after-free", use_after_free },
	{ "slab-bounds", slab_bounds },
	{ "stack-bounds", stack_bounds },
	{ "global-bounds", global_bounds },
	{ "vmalloc-bounds", vmalloc_bounds },
	{ "lock-order", lock_order },
	{ "rcu-unlocked", rcu_unlocked },
	{ "atomic-sleep", atomic_sleep },
	{ "atomic-schedule", atomic_schedule },
	{ "preemptible-cpu", preemptible_cpu },
	{ "free-timer", free_timer },
	{ "list-twice", list_twice },
	{ "leak", leak },
};

static int __init lab_faults_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!strcmp(fault, faults[i].name))
			return faults[i].commit();
	}
	pr_err("lab_faults: no fault '%s'\n", fault);
	return -EINVAL;
}

static void __exit lab_faults_exit(void)
{
}

module_init(lab_faults_init);
module_exit(lab_faults_exit);

MODULE_DESCRIPTION("Commit a fault for the kernel's debugging to find");
MODULE_LICENSE("GPL");
