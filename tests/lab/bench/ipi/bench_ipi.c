// SPDX-License-Identifier: GPL-2.0
/*
 * bench_ipi: what a call of a function on CPU 1 costs, by itself
 *
 * Reading debugfs' bench_ipi gives ticks of the TSC, the mean of the best of
 * several rounds.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/timex.h>

#define ROUNDS	15
#define TIMES	100

static struct dentry *file;

static void nothing(void *info)
{
}

static u64 one_round(void)
{
	u64 start;
	int i;

	start = get_cycles();
	for (i = 0; i < TIMES; i++)
		smp_call_function_single(1, nothing, NULL, 1);

	return get_cycles() - start;
}

static int ticks_get(void *data, u64 *ticks)
{
	u64 min = U64_MAX;
	int i;

	for (i = 0; i < ROUNDS; i++)
		min = min(min, one_round());
	*ticks = min / TIMES;

	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(ticks_fops, ticks_get, NULL, "%llu\n");

static int __init bench_ipi_init(void)
{
	file = debugfs_create_file("bench_ipi", 0400, NULL, NULL, &ticks_fops);
	return PTR_ERR_OR_ZERO(file);
}

static void __exit bench_ipi_exit(void)
{
	debugfs_remove(file);
}

module_init(bench_ipi_init);
module_exit(bench_ipi_exit);

MODULE_DESCRIPTION("Cost of an IPI, for a benchmark");
MODULE_LICENSE("GPL");
