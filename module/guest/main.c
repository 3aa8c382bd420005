// SPDX-License-Identifier: GPL-2.0
/*
 * vcpu_info_guest: lets a KVM guest ask its host to record the state of its
 * vCPUs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_para.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <asm/cpu_device_id.h>
#include <asm/cpufeature.h>

#include "device.h"
#include "hypercall.h"
#include "triggers.h"
#include "vcpu_info_abi.h"

/* Makes udev load the module in any VM; whether it is KVM's, init decides. */
static const struct x86_cpu_id __maybe_unused vcpu_info_cpu_ids[] = {
	X86_MATCH_FEATURE(X86_FEATURE_HYPERVISOR, NULL),
	{}
};
MODULE_DEVICE_TABLE(x86cpu, vcpu_info_cpu_ids);

static void say_whether_host_answers(void)
{
	int ret = vcpu_info(VCPU_INFO_PROBE_ID);

	if (!ret)
		pr_info("host answers hypercall 0x%x\n",
			vcpu_info_hypercall_nr);
	else if (ret == -ENOSYS)
		pr_info("host has no vcpu_info (hypercall 0x%x): requests will fail until it has\n",
			vcpu_info_hypercall_nr);
	else
		pr_info("host answers hypercall 0x%x with error %d\n",
			vcpu_info_hypercall_nr, ret);
}

static int __init vcpu_info_guest_init(void)
{
	int ret;

	if (!kvm_para_available()) {
		pr_info("this is not a KVM guest, and the module is for KVM guests only\n");
		return -ENODEV;
	}

	ret = vcpu_info_device_register();
	if (ret) {
		pr_err("cannot register %s: error %d\n", VCPU_INFO_DEV_PATH,
		       ret);
		return ret;
	}

	say_whether_host_answers();
	vcpu_info_triggers_init();
	return 0;
}

static void __exit vcpu_info_guest_exit(void)
{
	vcpu_info_triggers_exit();
	vcpu_info_device_unregister();
}

module_init(vcpu_info_guest_init);
module_exit(vcpu_info_guest_exit);

MODULE_DESCRIPTION("Ask the KVM host to record the state of this guest's vCPUs");
MODULE_AUTHOR("vcpu-info maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION(VCPU_INFO_VERSION);
