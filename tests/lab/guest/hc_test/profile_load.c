// SPDX-License-Identifier: GPL-2.0
/*
 * A load whose shares are known: a thread on a CPU is in load_a(), load_b() and
 * load_c(), which take 50:30:20 of its time, and sleeps for a while in between. How
 * long it was in each, by its own clock, is in debugfs: profile_load/times has
 * nanoseconds of A, B, C and since it was started.
 *
 * Times vary at random, so that no frequency is in step with them. With tick_hz they do
 * not: a timer wakes the thread so often, which is in load_a() for the first 30 % of
 * the time from one to the next, in load_b() for 60 %, and then sleeps.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#define UNIT_NS		200000

static unsigned int cpu = 1;
module_param(cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "where the thread runs");

static unsigned int tick_hz;
module_param(tick_hz, uint, 0444);
MODULE_PARM_DESC(tick_hz, "in step with a timer of that frequency; 0: not");

static struct dentry *dir;
static struct task_struct *thread;
static u64 started;
static u64 spent[3];

static u64 some(u64 mean)
{
	return mean / 2 + mean * (get_random_u32() & 0xffff) / 0x10000;
}

static __always_inline void spin(unsigned int which, u64 until)
{
	u64 from = ktime_get_mono_fast_ns(), now;

	do {
		for (int i = 0; i < 1000; i++)
			barrier();
		now = ktime_get_mono_fast_ns();
	} while (now < until);
	WRITE_ONCE(spent[which], spent[which] + now - from);
}

static noinline __noclone void load_a(u64 until)
{
	spin(0, until);
}

static noinline __noclone void load_b(u64 until)
{
	spin(1, until);
}

static noinline __noclone void load_c(u64 until)
{
	spin(2, until);
}

static noinline __noclone void load_all(void)
{
	load_a(ktime_get_mono_fast_ns() + some(50 * UNIT_NS));
	load_b(ktime_get_mono_fast_ns() + some(30 * UNIT_NS));
	load_c(ktime_get_mono_fast_ns() + some(20 * UNIT_NS));
	usleep_range(8000, 12000);
}

/* From a tick to the next one */
static noinline __noclone void load_tick(u64 tick, u64 period)
{
	ktime_t next = ns_to_ktime(tick + period);

	load_a(tick + period * 3 / 10);
	load_b(tick + period * 9 / 10);
	set_current_state(TASK_INTERRUPTIBLE);
	schedule_hrtimeout(&next, HRTIMER_MODE_ABS);
}

static int load_thread(void *data)
{
	u64 period = tick_hz ? NSEC_PER_SEC / tick_hz : 0, tick = started;

	while (!kthread_should_stop()) {
		if (!tick_hz) {
			load_all();
			continue;
		}
		load_tick(tick, period);
		tick += period;
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
	if (cpu >= nr_cpu_ids || !cpu_online(cpu))
		return -EINVAL;
	thread = kthread_create(load_thread, NULL, "profile_load");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	dir = debugfs_create_dir("profile_load", NULL);
	debugfs_create_file("times", 0400, dir, NULL, &times_fops);
	kthread_bind(thread, cpu);
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
