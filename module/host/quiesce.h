/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_QUIESCE_H
#define VCPU_INFO_QUIESCE_H

#include <linux/bits.h>
#include <linux/types.h>

struct kvm_vcpu;

/**
 * struct vcpu_info_rested - what was read when a vCPU came to the rest it is in
 * @valid: bitmap of VCPU_INFO_REG_*: of the registers that VMX has in the VMCS
 *	those that are in vcpu->arch, or in @rflags
 * @rflags: RFLAGS
 * @halting: it is in kvm_vcpu_halt() still, where it polls before it blocks
 */
struct vcpu_info_rested {
	u32 valid;
	u64 rflags;
	bool halting;
};

/*
 * Who may need vCPUs to be read when they rest: somebody listens to the records
 * that guests ask for, and the policy admits a guest; or the host itself, see
 * vcpu_info_quiesce_host().
 */
#define VCPU_INFO_NEEDS_LISTENED	BIT(0)
#define VCPU_INFO_NEEDS_ADMITTED	BIT(1)

void vcpu_info_quiesce_needs(unsigned int who, bool needed);
void vcpu_info_quiesce_host(bool begins);
int vcpu_info_quiesce_listened(void);
void vcpu_info_quiesce_unlistened(void);

void vcpu_info_quiesce_init(void);
void vcpu_info_quiesce_settle(void);
void vcpu_info_quiesce_exit(void);
bool vcpu_info_quiesce_find(const struct kvm_vcpu *vcpu, u64 exits,
			    struct vcpu_info_rested *rested);

#endif /* VCPU_INFO_QUIESCE_H */
