// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercall: its number, and what the host's answers mean here.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/kvm_para.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/sysfs.h>

#include "guest_apicid.h"
#include "hypercall.h"
#include "vcpu_info_abi.h"

unsigned int vcpu_info_hypercall_nr = VCPU_INFO_HC_DEFAULT;

static int hypercall_nr_set(const char *val, const struct kernel_param *kp)
{
	unsigned int nr;
	int ret;

	ret = kstrtouint(val, 0, &nr);
	if (ret) {
		pr_err("hypercall_nr must be a number from %u to %u\n",
		       VCPU_INFO_HC_MIN, VCPU_INFO_HC_MAX);
		return ret;
	}
	if (nr < VCPU_INFO_HC_MIN) {
		pr_err("hypercall_nr=%u refused: numbers below %u belong to KVM (11 is KVM_HC_SCHED_YIELD)\n",
		       nr, VCPU_INFO_HC_MIN);
		return -EINVAL;
	}
	if (nr > VCPU_INFO_HC_MAX) {
		pr_err("hypercall_nr=0x%x refused: numbers above 0x%x are error codes\n",
		       nr, VCPU_INFO_HC_MAX);
		return -EINVAL;
	}
	*(unsigned int *)kp->arg = nr;
	return 0;
}

static int hypercall_nr_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "0x%x\n", *(unsigned int *)kp->arg);
}

static const struct kernel_param_ops hypercall_nr_ops = {
	.set = hypercall_nr_set,
	.get = hypercall_nr_get,
};

module_param_cb(hypercall_nr, &hypercall_nr_ops, &vcpu_info_hypercall_nr, 0444);
__MODULE_PARM_TYPE(hypercall_nr, "uint");
MODULE_PARM_DESC(hypercall_nr,
		 "hypercall number, 4096 to 4294963200; the host module must use the same (default: 0x56435055)");

static int answer(long ret)
{
	switch (-ret) {
	case VCPU_INFO_HC_OK:
	case VCPU_INFO_HC_EPERM:
	case VCPU_INFO_HC_EAGAIN:
	case VCPU_INFO_HC_EACCES:
	case VCPU_INFO_HC_EINVAL:
	case VCPU_INFO_HC_EOPNOTSUPP:
		return ret;
	case VCPU_INFO_HC_ENOSYS:
		return -ENOSYS;
	default:
		return -EIO;
	}
}

/**
 * vcpu_info - ask the host to record what it knows of a vCPU of this VM
 * @vcpu_id: KVM's vcpu_id of the target, on x86 its APIC id;
 *	VCPU_INFO_PROBE_ID asks only whether the host answers
 *
 * Nothing of an answer is kept: the VM may be migrated to another host between
 * any two calls. Callable from any context.
 *
 * Return: 0 if the host accepted the request, -ENOSYS if it has no vcpu_info,
 * -EINVAL for a vcpu_id that the VM does not have, -EACCES if the host's policy
 * refuses the VM, -EAGAIN if it limits the rate, -EOPNOTSUPP in a nested guest,
 * -EPERM outside CPL 0, -EIO for an answer that is not one of the ABI's.
 */
int vcpu_info(int vcpu_id)
{
	return answer(kvm_hypercall1(vcpu_info_hypercall_nr, vcpu_id));
}
EXPORT_SYMBOL_GPL(vcpu_info);

/**
 * vcpu_info_why() - vcpu_info() that says why
 * @vcpu_id: as there
 * @reason: VCPU_INFO_WHY_*
 * @cookie: what the record shall have
 *
 * Return: as vcpu_info(); -ENOSYS also if the host has one that is older than this
 */
int vcpu_info_why(int vcpu_id, u32 reason, u64 cookie)
{
	return answer(kvm_hypercall3(VCPU_INFO_HC_WHY(vcpu_info_hypercall_nr),
				     vcpu_id, reason, cookie));
}

/**
 * vcpu_info_mark() - put a mark into the host's trace
 * @cookie: what to find it by
 *
 * The record is the calling vCPU's own. Callable from any context.
 *
 * Return: as vcpu_info_why()
 */
int vcpu_info_mark(u64 cookie)
{
	int ret;

	ret = vcpu_info_why(compat_cpu_apicid(get_cpu()), VCPU_INFO_WHY_MARK,
			    cookie);
	put_cpu();

	return ret;
}
EXPORT_SYMBOL_GPL(vcpu_info_mark);
