// SPDX-License-Identifier: GPL-2.0
/*
 * vmcb_guard: counts who reads RFLAGS of a vCPU out of its VMCB without holding the
 * vCPU or having it loaded, as KVM does before others can find it. KVM may free that
 * VMCB meanwhile.
 */
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#define OWNER_FLAGS	0x7	/* kernel/locking/mutex.c */

static ulong held;
module_param(held, ulong, 0444);
MODULE_PARM_DESC(held, "reads by the thread that holds the vCPU, or has it loaded");

static ulong unheld;
module_param(unheld, ulong, 0444);
MODULE_PARM_DESC(unheld, "reads by others");

/* KVM's function, which newer kernels export to its own modules alone */
static struct kvm_vcpu *(*running_vcpu)(void);

static bool is_held(const struct kvm_vcpu *vcpu)
{
	unsigned long owner = atomic_long_read(&vcpu->mutex.owner);

	return (owner & ~OWNER_FLAGS) == (unsigned long)current ||
	       running_vcpu() == vcpu;
}

static int at_read(struct kprobe *probe, struct pt_regs *regs)
{
	if (is_held((const struct kvm_vcpu *)regs->di))
		held++;
	else
		unheld++;

	return 0;
}

static struct kprobe probe = {
	.symbol_name = "svm_get_rflags",
	.pre_handler = at_read,
};

static int __init vmcb_guard_init(void)
{
	int err;

	running_vcpu = __symbol_get("kvm_get_running_vcpu");
	if (!running_vcpu)
		return -ENOENT;
	err = register_kprobe(&probe);
	if (err)
		symbol_put_addr(running_vcpu);

	return err;
}

static void __exit vmcb_guard_exit(void)
{
	unregister_kprobe(&probe);
	symbol_put_addr(running_vcpu);
}

module_init(vmcb_guard_init);
module_exit(vmcb_guard_exit);

MODULE_DESCRIPTION("Counts reads of VMCBs that may be freed");
MODULE_LICENSE("GPL");
