// SPDX-License-Identifier: GPL-2.0
/*
 * A load whose shares are known: a thread on CPU 1 is in load_a(), load_b() and
 * load_c(), which take 50:30:20 of its time, and sleeps for a while in between. How
 * long it was in each, by its own clock, is in debugfs: profile_load/times has
 * nanoseconds of A, B, C and since it was started.
 *
 * Times vary at random, so that no frequency is in step with them.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/seq_file.h>

#define UNIT_NS		200000

static struct dentry *dir;
static struct task_struct *thread;
static u64 started;
static u64 spent[3];

static u64 some(u64 mean)
{
	return mean / 2 + mean * (get_random_u32() & 0xffff) / 0x10000;
}

static __always_inline void spin(unsigned int which, u64 ns)
{
	u64 from = ktime_get_mono_fast_ns(), now;

	do {
		for (int i = 0; i < 1000; i++)
			barrier();
		now = ktime_get_mono_fast_ns();
	} while (now - from < ns);
	WRITE_ONCE(spent[which], spent[which] + now - from);
}

static noinline __noclone void load_a(void)
{
	spin(0, some(50 * UNIT_NS));
}

static noinline __noclone void load_b(void)
{
	spin(1, some(30 * UNIT_NS));
}

static noinline __noclone void load_c(void)
{
	spin(2, some(20 * UNIT_NS));
}

static noinline __noclone void load_all(void)
{
	load_a();
	load_b();
	load_c();
	barrier();
}

static int load_thread(void *data)
{
	while (!kthread_should_stop()) {
		load_all();
		usleep_range(8000, 12000);
	}
	return 0;
}

static int times_show(struct seq_file *file, void *data)
{
	seq_printf(file, "%llu %llu %llu %llu\n", READ_ONCE(spent[0]),
		   READ_ONCE(spent[1]), READ_ONCE(spent[2]),
		   ktime_get_mono_fast_ns() - started);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(times);

static int __init profile_load_init(void)
{
	thread = kthread_create(load_thread, NULL, "profile_load");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	dir = debugfs_create_dir("profile_load", NULL);
	debugfs_create_file("times", 0400, dir, NULL, &times_fops);
	kthread_bind(thread, 1);
	started = ktime_get_mono_fast_ns();
	wake_up_process(thread);
	return 0;
}

static void __exit profile_load_exit(void)
{
	debugfs_remove(dir);
	kthread_stop(thread);
}

module_init(profile_load_init);
module_exit(profile_load_exit);
MODULE_DESCRIPTION("Functions that take known shares of the time, for tests");
MODULE_LICENSE("GPL");
