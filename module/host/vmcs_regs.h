/* SPDX-License-Identifier: GPL-2.0 */
/* Registers that VMX leaves in the VMCS until KVM asks for them */
#ifndef VCPU_INFO_VMCS_REGS_H
#define VCPU_INFO_VMCS_REGS_H

#include <linux/bits.h>

#include "compat/kvm.h"
#include "vcpu_info_abi.h"

#define VCPU_INFO_VMCS_REGS						\
	(BIT(VCPU_INFO_REG_RSP) | BIT(VCPU_INFO_REG_RIP) |		\
	 BIT(VCPU_INFO_REG_RFLAGS) | BIT(VCPU_INFO_REG_CR0) |		\
	 BIT(VCPU_INFO_REG_CR3) | BIT(VCPU_INFO_REG_CR4))

/*
 * Those that KVM has asked for since the last VM exit, as a bitmap of
 * VCPU_INFO_REG_*: it sets each bit before it reads the register.
 */
static inline u32 vcpu_info_vmcs_regs_asked(const struct kvm_vcpu *vcpu)
{
	u32 asked = 0;

	if (compat_kvm_reg_available(vcpu, VCPU_REGS_RSP))
		asked |= BIT(VCPU_INFO_REG_RSP);
	if (compat_kvm_reg_available(vcpu, COMPAT_KVM_REG_RIP))
		asked |= BIT(VCPU_INFO_REG_RIP);
	if (compat_kvm_reg_available(vcpu, COMPAT_KVM_REG_RFLAGS))
		asked |= BIT(VCPU_INFO_REG_RFLAGS);
	if (compat_kvm_reg_available(vcpu, COMPAT_KVM_REG_CR0))
		asked |= BIT(VCPU_INFO_REG_CR0);
	if (compat_kvm_reg_available(vcpu, COMPAT_KVM_REG_CR3))
		asked |= BIT(VCPU_INFO_REG_CR3);
	if (compat_kvm_reg_available(vcpu, COMPAT_KVM_REG_CR4))
		asked |= BIT(VCPU_INFO_REG_CR4);

	return asked;
}

#endif /* VCPU_INFO_VMCS_REGS_H */
