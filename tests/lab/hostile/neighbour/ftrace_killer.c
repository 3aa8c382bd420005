// SPDX-License-Identifier: GPL-2.0
/*
 * ftrace_killer: has ftrace shut itself down, as it does after a fault of its
 * own. Loading it fails, so that nothing of it stays.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static int __init ftrace_killer_init(void)
{
	struct kprobe probe = { .symbol_name = "ftrace_kill" };
	void (*kill)(void);
	int err;

	/* The only way to a function that is not exported */
	err = register_kprobe(&probe);
	if (err)
		return err;
	kill = (void *)probe.addr;
	unregister_kprobe(&probe);

	kill();
	pr_info("ftrace is dead\n");
	return -ECANCELED;
}

module_init(ftrace_killer_init);

MODULE_DESCRIPTION("Shuts ftrace down");
MODULE_LICENSE("GPL");
