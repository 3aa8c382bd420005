/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_SNAPSHOT_H
#define VCPU_INFO_SNAPSHOT_H

#include <linux/types.h>

#include "vcpu_info_abi.h"

struct kvm_vcpu;

/**
 * struct vcpu_info_origin - where a request came from
 * @vm_pid: process ID of the VMM
 * @vm_fd: the VM's file descriptor in the VMM when it was made; -1 if not known
 * @caller_id: vcpu_id of the vCPU that asked; -1 for the host
 */
struct vcpu_info_origin {
	s32 vm_pid;
	s32 vm_fd;
	s32 caller_id;
};

/**
 * struct vcpu_info_why - what the guest says of its request
 * @cookie: a number of its choice
 * @reason: VCPU_INFO_WHY_*, or any other number
 */
struct vcpu_info_why {
	u64 cookie;
	u32 reason;
};

/**
 * struct vcpu_info_snapshot - what is known of a vCPU
 * @from: who asked; for whoever writes the record to set
 * @vcpu_id: KVM's vcpu_id
 * @pid: host PID of the thread that last ran it; 0 if none did
 * @ns_pid: the same in the PID namespace that the thread was created in
 * @cpu: host CPU it was last loaded on, to run or to be set up; or -1
 * @valid: bitmap of VCPU_INFO_REG_*
 * @state: VCPU_INFO_STATE_*
 * @flags: VCPU_INFO_F_*
 * @attempts: how often the state was looked at
 * @ns_level: depth of the thread's PID namespace; 0 is the host's
 * @regs: indexed by VCPU_INFO_REG_*
 * @exits: vcpu->stat.exits; those below are kinds of exits that it counts
 * @why: why it was asked for; for whoever writes the record to set
 *
 * In two parts the same layout as the event's, which is a copy of them: up to
 * @ns_level, and from @regs on.
 */
struct vcpu_info_snapshot {
	struct vcpu_info_origin from;
	s32 vcpu_id;
	s32 pid;
	s32 ns_pid;
	s32 cpu;
	u32 valid;
	u8 state;
	u8 flags;
	u8 attempts;
	u8 ns_level;
	u32 padding;
	u64 regs[VCPU_INFO_NR_REGS];
	u64 exits;
	u64 io_exits;
	u64 mmio_exits;
	u64 halt_exits;
	u64 irq_exits;
	u64 irq_window_exits;
	u64 signal_exits;
	u64 hypercalls;
	struct vcpu_info_why why;
};

/*
 * For a snapshot on the stack, all of which will be written: the kernel's
 * hardening would clear it first.
 */
#define VCPU_INFO_UNINITIALIZED	__attribute__((__uninitialized__))

struct vcpu_info_self;
struct vcpu_info_stack_copy;

void vcpu_info_snapshot_self(struct kvm_vcpu *vcpu,
			     const struct vcpu_info_self *self,
			     struct vcpu_info_snapshot *snap);
void vcpu_info_snapshot_other(struct kvm_vcpu *target,
			      struct vcpu_info_snapshot *snap,
			      unsigned int max_attempts,
			      struct vcpu_info_stack_copy *stack);
void vcpu_info_snapshot_ids(struct kvm_vcpu *target,
			    struct vcpu_info_snapshot *snap);

#endif /* VCPU_INFO_SNAPSHOT_H */
