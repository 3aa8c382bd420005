// SPDX-License-Identifier: GPL-2.0
/* vcpu_info, the host module: loading and unloading */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "compat/kvm_symbols.h"
#include "compat/kvm_vendor.h"
#include "device.h"
#include "hook.h"
#include "hypercall.h"
#include "instance.h"
#include "limits.h"
#include "quiesce.h"
#include "stack_copy.h"
#include "stats.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static unsigned int buffer_kb = VCPU_INFO_BUFFER_KB_DEFAULT;
module_param(buffer_kb, uint, 0444);
MODULE_PARM_DESC(buffer_kb, "size of the trace instance vcpu_info in KiB per CPU, 8 to 1048576; 0 makes no instance (default: 512)");

static int __init check_parameters(void)
{
	if (buffer_kb && (buffer_kb < VCPU_INFO_BUFFER_KB_MIN ||
			  buffer_kb > VCPU_INFO_BUFFER_KB_MAX)) {
		pr_err("buffer_kb=%u is refused: it is 0 or a number from %u to %u\n",
		       buffer_kb, VCPU_INFO_BUFFER_KB_MIN,
		       VCPU_INFO_BUFFER_KB_MAX);
		return -EINVAL;
	}

	return 0;
}

static int __init vcpu_info_init(void)
{
	int err;

	err = check_parameters();
	if (err)
		return err;

	err = vcpu_info_hook_selftest();
	if (err)
		return err;

	err = compat_kvm_symbols_get();
	if (err)
		return err;

	err = compat_kvm_vendor_init();
	if (err)
		goto err_symbols;

	vcpu_info_limits_init();

	err = vcpu_info_stats_init(vcpu_info_hypercall_hook());
	if (err)
		goto err_vendor;

	vcpu_info_quiesce_init();

	err = vcpu_info_hypercall_init();
	if (err)
		goto err_quiesce;

	if (buffer_kb) {
		err = vcpu_info_instance_init();
		if (err)
			goto err_hypercall;
	}

	/*
	 * Nothing after this may fail: the device can be opened at once, and an open
	 * file does not keep the kernel from freeing a module that fails to load.
	 */
	err = vcpu_info_device_register();
	if (err)
		goto err_hypercall;

	vcpu_info_instance_resize(buffer_kb);
	vcpu_info_quiesce_settle();

	pr_info("%s: serving hypercall 0x%x\n", VCPU_INFO_VERSION,
		vcpu_info_hypercall_nr());
	return 0;

err_hypercall:
	vcpu_info_hypercall_exit();
	vcpu_info_limits_exit();
	vcpu_info_instance_exit();
err_quiesce:
	vcpu_info_quiesce_exit();
	vcpu_info_stats_exit();
err_vendor:
	compat_kvm_vendor_exit();
err_symbols:
	compat_kvm_symbols_put();
	return err;
}

static void __exit vcpu_info_exit(void)
{
	vcpu_info_device_unregister();
	vcpu_info_stack_exit();
	vcpu_info_hypercall_exit();
	vcpu_info_limits_exit();
	vcpu_info_instance_exit();
	vcpu_info_quiesce_exit();
	vcpu_info_stats_exit();
	compat_kvm_vendor_exit();
	compat_kvm_symbols_put();
}

module_init(vcpu_info_init);
module_exit(vcpu_info_exit);

MODULE_AUTHOR("The vcpu-info developers");
MODULE_DESCRIPTION("Records a vCPU's registers, thread and VM exits when its guest asks");
MODULE_VERSION(VCPU_INFO_VERSION);
MODULE_LICENSE("GPL");
