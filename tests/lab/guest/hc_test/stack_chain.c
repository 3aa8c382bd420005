// SPDX-License-Identifier: GPL-2.0
/*
 * A call chain that is known: a thread on CPU 1 is ten functions deep and stays
 * there. What it does there is written to debugfs: "spin", "halt" or "lock"; "stop"
 * ends it. With "walk" it does not stay: it goes down and up two chains by turns,
 * left_1() to left_10() and right_1() to right_10(), that share no function. A stack
 * that has functions of both is put together from two moments.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

enum { SPIN, HALT, LOCK, WALK };

static struct dentry *dir;
static struct task_struct *thread;
static DEFINE_RAW_SPINLOCK(lock);
static int mode;
static bool stop;

static noinline __noclone void chain_10(void)
{
	while (!READ_ONCE(stop)) {
		if (mode == HALT) {
			asm volatile("sti; hlt" ::: "memory");
		} else if (mode == LOCK) {
			raw_spin_lock(&lock);
			raw_spin_unlock(&lock);
		} else {
			cpu_relax();
		}
	}
}

/* What comes after a call keeps it from being a jump. */
#define LINK(name, next)				\
static noinline __noclone void name(void)		\
{							\
	next();						\
	barrier();					\
}

LINK(chain_9, chain_10)
LINK(chain_8, chain_9)
LINK(chain_7, chain_8)
LINK(chain_6, chain_7)
LINK(chain_5, chain_6)
LINK(chain_4, chain_5)
LINK(chain_3, chain_4)
LINK(chain_2, chain_3)
LINK(chain_1, chain_2)

/* Some microseconds on the way down and on the way up. */
static noinline void linger(void)
{
	int i;

	for (i = 0; i < 1000; i++)
		barrier();
}

#define STEP(name, next)				\
static noinline __noclone void name(void)		\
{							\
	linger();					\
	next();						\
	linger();					\
	barrier();					\
}

STEP(left_10, linger)
STEP(left_9, left_10)
STEP(left_8, left_9)
STEP(left_7, left_8)
STEP(left_6, left_7)
STEP(left_5, left_6)
STEP(left_4, left_5)
STEP(left_3, left_4)
STEP(left_2, left_3)
STEP(left_1, left_2)

STEP(right_10, linger)
STEP(right_9, right_10)
STEP(right_8, right_9)
STEP(right_7, right_8)
STEP(right_6, right_7)
STEP(right_5, right_6)
STEP(right_4, right_5)
STEP(right_3, right_4)
STEP(right_2, right_3)
STEP(right_1, right_2)

static noinline void walk(void)
{
	while (!READ_ONCE(stop)) {
		left_1();
		right_1();
		cond_resched();
	}
}

static int chain_thread(void *data)
{
	if (mode == WALK)
		walk();
	else
		chain_1();
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
	if (!thread)
		return;
	WRITE_ONCE(stop, true);
	if (mode == LOCK) {
		preempt_disable();
		raw_spin_unlock(&lock);
	}
	kthread_stop(thread);
	thread = NULL;
	stop = false;
}

static int start(int what)
{
	struct task_struct *task;

	task = kthread_create(chain_thread, NULL, "stack_chain");
	if (IS_ERR(task))
		return PTR_ERR(task);
	mode = what;
	if (mode == LOCK) {
		/* nobody has it */
		raw_spin_lock(&lock);
		preempt_enable();
	}
	kthread_bind(task, 1);
	thread = task;
	wake_up_process(task);
	return 0;
}

static ssize_t run_write(struct file *file, const char __user *buf, size_t len,
			 loff_t *pos)
{
	static const char * const words[] = {
		[SPIN] = "spin", [HALT] = "halt", [LOCK] = "lock",
		[WALK] = "walk",
	};
	char word[16] = "";
	int err = 0;
	int i;

	if (len >= sizeof(word) || copy_from_user(word, buf, len))
		return -EINVAL;
	end();
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (sysfs_streq(word, words[i]))
			err = start(i);
	return err ?: len;
}

static const struct file_operations run_ops = {
	.owner = THIS_MODULE,
	.write = run_write,
};

static int __init stack_chain_init(void)
{
	dir = debugfs_create_dir("stack_chain", NULL);
	debugfs_create_file("run", 0200, dir, NULL, &run_ops);
	return 0;
}

static void __exit stack_chain_exit(void)
{
	debugfs_remove(dir);
	end();
}

module_init(stack_chain_init);
module_exit(stack_chain_exit);
MODULE_DESCRIPTION("Ten functions that call each other and stay there, for tests");
MODULE_LICENSE("GPL");
