// SPDX-License-Identifier: GPL-2.0
/*
 * fail_function: makes a kernel function that returns an int fail with -ENOMEM,
 * whoever calls it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "the function");

/* Runs in the function's place and returns to its caller. */
static noinline int out_of_memory(void)
{
	return -ENOMEM;
}

static int divert(struct kprobe *kp, struct pt_regs *regs)
{
	regs->ip = (unsigned long)out_of_memory;
	return 1;
}

/* A probe that has one is not optimised to a jump, and a jump cannot divert. */
static void after(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = { .pre_handler = divert, .post_handler = after };

static int __init fail_function_init(void)
{
	probe.symbol_name = function;
	return register_kprobe(&probe);
}

static void __exit fail_function_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(fail_function_init);
module_exit(fail_function_exit);

MODULE_DESCRIPTION("Makes a kernel function fail");
MODULE_LICENSE("GPL");
