// SPDX-License-Identifier: GPL-2.0
/*
 * neighbour: hooks a function as a live patch does, and lets every call go on
 * to where it would have gone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/string.h>

static char *target = "kvm_emulate_hypercall";
module_param(target, charp, 0444);
MODULE_PARM_DESC(target, "the function");

static atomic_long_t nr_calls;

static int calls_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%ld\n", atomic_long_read(&nr_calls));
}

static const struct kernel_param_ops calls_ops = {
	.get = calls_get,
};

module_param_cb(calls, &calls_ops, NULL, 0444);
MODULE_PARM_DESC(calls, "how often it was called");

static void notrace handler(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	atomic_long_inc(&nr_calls);
}

static struct ftrace_ops ops = {
	.func = handler,
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
	.flags = FTRACE_OPS_FL_IPMODIFY,
#else
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS,
#endif
};

static int __init neighbour_init(void)
{
	int err;

	err = ftrace_set_filter(&ops, target, strlen(target), 0);
	if (!err)
		err = register_ftrace_function(&ops);
	if (err) {
		pr_info("cannot hook %s: error %d\n", target, err);
		ftrace_free_filter(&ops);
	}

	return err;
}

static void __exit neighbour_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
}

module_init(neighbour_init);
module_exit(neighbour_exit);

MODULE_DESCRIPTION("A second user of a function that redirects it");
MODULE_LICENSE("GPL");
