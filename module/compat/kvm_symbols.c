// SPDX-License-Identifier: GPL-2.0
/* Looking up KVM's functions that cannot be linked to; see the header. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sysfs.h>

#include "kvm_symbols.h"

struct compat_kvm_symbols compat_kvm __ro_after_init;

static const struct {
	const char *name;
	void **found;
} symbols[] = {
	{ "kvm_emulate_hypercall", (void **)&compat_kvm.emulate_hypercall },
	{ "kvm_get_rflags", (void **)&compat_kvm.get_rflags },
	{ "kvm_vcpu_halt", (void **)&compat_kvm.vcpu_halt },
	{ "vcpu_put", (void **)&compat_kvm.vcpu_put },
	{ "file_is_kvm", (void **)&compat_kvm.file_is_kvm },
};

/**
 * compat_kvm_symbols_get() - look up and hold KVM's functions
 *
 * Return: 0, also if some are missing; -ENOENT after a message if the one is
 * that nothing goes without.
 */
int __init compat_kvm_symbols_get(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		*symbols[i].found = __symbol_get(symbols[i].name);
		if (!*symbols[i].found)
			pr_warn("this kernel's KVM does not export %s(): vcpu_info(4) says what will be missing\n",
				symbols[i].name);
	}
	if (compat_kvm.emulate_hypercall)
		return 0;

	pr_err("without kvm_emulate_hypercall() no hypercall can be served\n");
	compat_kvm_symbols_put();
	return -ENOENT;
}

/* When none of them is called or hooked any more */
void compat_kvm_symbols_put(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		if (*symbols[i].found)
			__symbol_put(symbols[i].name);
}

/* Writes the names of those that were not found, separated by spaces. */
ssize_t compat_kvm_symbols_missing(char *page)
{
	ssize_t len = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		if (!*symbols[i].found)
			len += sysfs_emit_at(page, len, "%s%s", len ? " " : "",
					     symbols[i].name);

	return len + sysfs_emit_at(page, len, "\n");
}
