/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the processes that look into guests have in common: they read memory that
 * the guest fills as it likes, and have no privileges.
 */
#ifndef HOST_VM_GUEST_CHILD_H
#define HOST_VM_GUEST_CHILD_H

#include "introspect/kernel.h"
#include "vm/host-device.h"

/* Far more time on a processor than one look at a guest takes. */
#define GUEST_CHILD_SECONDS	60

/*
 * In the child: give up what it does not need, all descriptors but fd and the
 * standard ones. It ends after so many seconds on the processor, which
 * guest_child_allow() starts anew. False if it could not be done.
 */
bool guest_child_confine(int fd, unsigned int seconds);
void guest_child_allow(unsigned int seconds);

/* The slots of a VM as introspect/ takes them, for free(). */
bool guest_child_slots(const struct vm_memory *memory,
		       struct guest_memory *out);

/* A PT_REG_* for each VCPU_INFO_REG_* up to that of RFLAGS */
#define GUEST_REG_ORDER		(VCPU_INFO_REG_RFLAGS + 1)
extern const uint8_t guest_reg_order[GUEST_REG_ORDER];

/* Registers as introspect/ takes them; false if some that it needs are not known. */
bool guest_registers(const struct vcpu_info_host_vcpu *vcpu,
		     struct guest_registers *registers);

/*
 * On some CPUs vCPUs that run do not tell where their page tables are: how often to
 * look for one that does, and how long to wait in between.
 */
#define GUEST_ROOT_TRIES	20
#define GUEST_ROOT_WAIT_MS	2

/* Registers that lead to the kernel: of the guest itself, with page tables. */
bool guest_leads_to_kernel(const struct vcpu_info_host_vcpu *vcpu);

/* Why a vCPU has no stack, whatever its guest is; NULL if it may have one. */
const char *guest_no_stack(const struct vcpu_info_host_vcpu *vcpu,
			   struct guest_registers *registers);

/* Whether a vCPU was running the guest's code, or in the middle of a VM exit. */
bool guest_runs(const struct vcpu_info_host_vcpu *vcpu);

/* Whether a vCPU stood still from one sample to the next. */
bool guest_stood_still(const struct vcpu_info_host_vcpu *a,
		       const struct vcpu_info_host_vcpu *b);

#endif /* HOST_VM_GUEST_CHILD_H */
