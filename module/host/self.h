/* SPDX-License-Identifier: GPL-2.0 */
/* A vCPU that asks for itself: what has to be taken before KVM is called */
#ifndef VCPU_INFO_SELF_H
#define VCPU_INFO_SELF_H

#include <linux/bits.h>

#include "compat/kvm.h"
#include "vcpu_info_abi.h"

/**
 * struct vcpu_info_self - what handling its hypercall changes in a vCPU
 * @rax: RAX
 * @rip: RIP
 * @rflags: RFLAGS
 * @valid: bitmap of VCPU_INFO_REG_*: those of them that are known
 */
struct vcpu_info_self {
	u64 rax;
	u64 rip;
	u64 rflags;
	u32 valid;
};

/**
 * vcpu_info_self_before() - what is lost when KVM handles a hypercall
 * @vcpu: the vCPU that this thread runs; loaded, at the end of a VM exit
 * @self: for vcpu_info_snapshot_self()
 */
static __always_inline void vcpu_info_self_before(struct kvm_vcpu *vcpu,
						  struct vcpu_info_self *self)
{
	self->valid = 0;
	if (compat_kvm_protected(vcpu))
		return;

	compat_kvm_cache_reg(vcpu, COMPAT_KVM_REG_RIP);
	self->rax = vcpu->arch.regs[VCPU_REGS_RAX];
	self->rip = compat_kvm_rip(vcpu);
	self->valid = BIT(VCPU_INFO_REG_RAX) | BIT(VCPU_INFO_REG_RIP);
	self->rflags = 0;
	if (compat_kvm_rflags(vcpu, &self->rflags))
		self->valid |= BIT(VCPU_INFO_REG_RFLAGS);
}

#endif /* VCPU_INFO_SELF_H */
