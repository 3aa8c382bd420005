// SPDX-License-Identifier: GPL-2.0
/*
 * Telling which module runs KVM's guests: the one that has the function which a
 * static call of KVM leads to. It can come and go while no VM exists.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kallsyms.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "kvm_vendor.h"

enum compat_kvm_vendor compat_kvm_vendor __read_mostly;

static unsigned long vendor_function(void)
{
	return (unsigned long)static_call_query(kvm_x86_cache_reg);
}

static enum compat_kvm_vendor vendor_by_name(const char *module)
{
	if (!strcmp(module, "kvm_amd"))
		return COMPAT_KVM_SVM;
	if (!strcmp(module, "kvm_intel"))
		return COMPAT_KVM_VMX;

	return COMPAT_KVM_OTHER;
}

/*
 * @symbol: "vmx_cache_reg+0x0/0x10 [kvm_intel]", or without a module if it is
 * built in. When the vendor's module is gone, the static call is as it was, and
 * whatever may be at that address then: a number, or another function.
 */
static enum compat_kvm_vendor vendor_by_symbol(const char *symbol)
{
	char module[MODULE_NAME_LEN];
	const char *start = strchr(symbol, '[');

	if (!strstr(symbol, "_cache_reg") || !strstr(symbol, "+0x0/"))
		return COMPAT_KVM_NONE;

	if (start) {
		strscpy(module, start + 1, sizeof(module));
		module[strcspn(module, " ]")] = '\0';
		return vendor_by_name(module);
	}

	if (strstarts(symbol, "svm_"))
		return COMPAT_KVM_SVM;
	if (strstarts(symbol, "vmx_") || strstarts(symbol, "vt_"))
		return COMPAT_KVM_VMX;

	return COMPAT_KVM_OTHER;
}

/* VMs can be made as soon as it is live, and until it goes. */
static int vendor_notify(struct notifier_block *block, unsigned long state,
			 void *data)
{
	const struct module *module = data;
	enum compat_kvm_vendor vendor = COMPAT_KVM_NONE;

	if ((state != MODULE_STATE_LIVE && state != MODULE_STATE_GOING) ||
	    !within_module(vendor_function(), module))
		return NOTIFY_DONE;

	if (state == MODULE_STATE_LIVE)
		vendor = vendor_by_name(module->name);
	WRITE_ONCE(compat_kvm_vendor, vendor);
	if (vendor == COMPAT_KVM_OTHER)
		pr_warn("KVM uses %s now, and only kvm_amd and kvm_intel are supported: requests are not served\n",
			module->name);

	return NOTIFY_DONE;
}

static struct notifier_block vendor_notifier = {
	.notifier_call = vendor_notify,
};

/**
 * compat_kvm_vendor_init() - find out which module runs guests, and follow it
 *
 * Return: 0, also if none is loaded yet; -EOPNOTSUPP after a message if it is
 * not one that we know; or what register_module_notifier() says.
 */
int __init compat_kvm_vendor_init(void)
{
	unsigned long function = vendor_function();
	char symbol[KSYM_SYMBOL_LEN];
	int err;

	err = register_module_notifier(&vendor_notifier);
	if (err || !function)
		return err;

	sprint_symbol(symbol, function);
	WRITE_ONCE(compat_kvm_vendor, vendor_by_symbol(symbol));
	if (compat_kvm_vendor != COMPAT_KVM_OTHER)
		return 0;

	pr_err("KVM uses neither kvm_amd nor kvm_intel on this host (%s): others are not supported\n",
	       symbol);
	compat_kvm_vendor_exit();
	return -EOPNOTSUPP;
}

void compat_kvm_vendor_exit(void)
{
	unregister_module_notifier(&vendor_notifier);
}
