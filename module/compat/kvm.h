/* SPDX-License-Identifier: GPL-2.0 */
/* KVM: where a vCPU keeps what a record is made of */
#ifndef VCPU_INFO_COMPAT_KVM_H
#define VCPU_INFO_COMPAT_KVM_H

#include <linux/kvm_host.h>
#include <linux/kvm_para.h>
#include <linux/pid.h>

#include "compat.h"
#include "kvm_symbols.h"
#include "kvm_vendor.h"

/*
 * arch/x86/kvm/x86.h, enum kvm_intr_type: the value that
 * vcpu->arch.handling_intr_from_guest has while host interrupts that ended
 * guest mode are served.
 */
#define COMPAT_KVM_HANDLING_IRQ 1

/*
 * vCPU registers are either in vcpu->arch or, on VMX, still in the VMCS
 * (arch/x86/kvm/kvm_cache_regs.h, regs.h from 7.2 on; not among the installed
 * headers). regs_avail is a u32 up to 7.1, which KVM took for a bitmap as well.
 */
static __always_inline bool
compat_kvm_reg_available(const struct kvm_vcpu *vcpu, int reg)
{
	return test_bit(reg, (const unsigned long *)&vcpu->arch.regs_avail);
}

/* Only where the vCPU's VMCS is current: in its own thread or on its CPU. */
static __always_inline void compat_kvm_cache_reg(struct kvm_vcpu *vcpu, int reg)
{
	if (!compat_kvm_reg_available(vcpu, reg))
		static_call(kvm_x86_cache_reg)(vcpu, reg);
}

/* 7.2, 3b4ec7dcdf89 ("KVM: x86: Add dedicated storage for guest RIP") */
static __always_inline unsigned long
compat_kvm_rip(const struct kvm_vcpu *vcpu)
{
#ifdef COMPAT_HAVE_KVM_ARCH_RIP
	return READ_ONCE(vcpu->arch.rip);
#else
	return READ_ONCE(vcpu->arch.regs[VCPU_REGS_RIP]);
#endif
}

/*
 * 7.2, e31de5791093 ("KVM: x86: Drop the "EX" part of "EXREG" to avoid
 * collision with APX")
 */
#ifdef COMPAT_HAVE_KVM_REG_NAMES
#define COMPAT_KVM_REG_RIP	VCPU_REG_RIP
#define COMPAT_KVM_REG_RFLAGS	VCPU_REG_RFLAGS
#define COMPAT_KVM_REG_CR0	VCPU_REG_CR0
#define COMPAT_KVM_REG_CR3	VCPU_REG_CR3
#define COMPAT_KVM_REG_CR4	VCPU_REG_CR4
#else
#define COMPAT_KVM_REG_RIP	VCPU_REGS_RIP
#define COMPAT_KVM_REG_RFLAGS	VCPU_EXREG_RFLAGS
#define COMPAT_KVM_REG_CR0	VCPU_EXREG_CR0
#define COMPAT_KVM_REG_CR3	VCPU_EXREG_CR3
#define COMPAT_KVM_REG_CR4	VCPU_EXREG_CR4
#endif

/*
 * All that a record takes from there. The interrupted or surrounding code of
 * KVM must not be writing regs_avail.
 */
static inline void compat_kvm_cache_regs(struct kvm_vcpu *vcpu)
{
	const u32 all = BIT(VCPU_REGS_RSP) | BIT(COMPAT_KVM_REG_RIP) |
			BIT(COMPAT_KVM_REG_CR0) | BIT(COMPAT_KVM_REG_CR3) |
			BIT(COMPAT_KVM_REG_CR4);

	/* On SVM they always are. */
	if ((*(const u32 *)&vcpu->arch.regs_avail & all) == all)
		return;

	compat_kvm_cache_reg(vcpu, VCPU_REGS_RSP);
	compat_kvm_cache_reg(vcpu, COMPAT_KVM_REG_RIP);
	compat_kvm_cache_reg(vcpu, COMPAT_KVM_REG_CR0);
	compat_kvm_cache_reg(vcpu, COMPAT_KVM_REG_CR3);
	compat_kvm_cache_reg(vcpu, COMPAT_KVM_REG_CR4);
}

/*
 * 6.10, 517987e3fb19 ("KVM: x86: add fields to struct kvm_arch for CoCo
 * features"): debug TDs have a protected state as well, though a vCPU of theirs
 * does not say so.
 */
static inline bool compat_kvm_protected(const struct kvm_vcpu *vcpu)
{
#ifdef COMPAT_HAVE_KVM_PROTECTED_STATE
	if (vcpu->kvm->arch.has_protected_state)
		return true;
#endif
	return vcpu->arch.guest_state_protected;
}

static inline bool compat_kvm_is_nested(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hflags & HF_GUEST_MASK;
}

/*
 * Whether KVM_RUN is at work on it; without the field, whenever it is loaded.
 *
 * 6.11, a6816314af57 ("KVM: Introduce vcpu->wants_to_run"); also in 6.1.y
 */
static inline bool compat_kvm_wants_to_run(const struct kvm_vcpu *vcpu)
{
#ifdef COMPAT_HAVE_KVM_WANTS_TO_RUN
	return READ_ONCE(vcpu->wants_to_run);
#else
	return true;
#endif
}

/*
 * Whether kvm_vcpu_halt() polls for a while before it has the vCPU blocked: if
 * not, it sets the time to 0, or the guest does not want it (kvm_arch_no_poll()).
 */
static inline bool compat_kvm_may_poll(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->halt_poll_ns) &&
	       (READ_ONCE(vcpu->arch.msr_kvm_poll_control) & 1);
}

/*
 * Grows when kvm_vcpu_halt() has polled and is about to return, whatever it did
 * after it polled.
 */
static inline u64 compat_kvm_polls(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->stat.generic.halt_attempted_poll);
}

/*
 * Whether KVM has noted, at the exit for a host interrupt, that the vCPU is between
 * two instructions. It forgets it when it goes on with KVM_RUN: not before it has
 * taken registers that the VMM may have for it, nor in the other ioctls.
 */
static inline bool compat_kvm_noted_boundary(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.at_instruction_boundary) &&
	       compat_kvm_wants_to_run(vcpu) &&
	       !READ_ONCE(vcpu->run->kvm_dirty_regs);
}

/*
 * Whether its registers are those between two instructions, if it is loaded but
 * not in guest mode. KVM's note is not forgotten at all where KVM_RUN only waits for
 * INIT and then resets the registers. Until that is done the vCPU is not runnable.
 */
static inline bool compat_kvm_between_instructions(const struct kvm_vcpu *vcpu)
{
	return compat_kvm_noted_boundary(vcpu) &&
	       READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_RUNNABLE;
}

/*
 * SVM: whether KVM copies CR0 and CR3 straight after the exit, not when it handles
 * it.
 *
 * 7.2, b21525756e82 ("KVM: SVM: Refresh vcpu->arch.cr{0,3} prior to invoking
 * fastpath handler"). That shows in no header, but RIP got a place of its own just
 * after it.
 */
static inline bool compat_kvm_svm_copies_crs_early(void)
{
#ifdef COMPAT_HAVE_KVM_ARCH_RIP
	return true;
#else
	return false;
#endif
}

/*
 * SVM, between two instructions and without preemption of the kernel: whether it
 * has handled its last exit, where KVM copies CR0 and CR3. All that it does from
 * the exit to there which can sleep is to read what its guest writes to memory
 * for the APIC, until these bits are clear.
 */
static inline bool compat_kvm_exit_handled(const struct kvm_vcpu *vcpu)
{
	return !READ_ONCE(vcpu->arch.apic_attention);
}

/*
 * The last task that ran the vCPU; NULL if KVM_RUN was never called on it. The
 * caller puts it.
 *
 * 6.13, 3e7f43188ee2 ("KVM: Protect vCPU's "last run PID" with rwlock, not
 * RCU")
 */
static inline struct pid *compat_kvm_vcpu_get_pid(struct kvm_vcpu *vcpu)
{
	struct pid *pid;

#ifdef COMPAT_HAVE_KVM_PID_LOCK
	read_lock(&vcpu->pid_lock);
	pid = get_pid(vcpu->pid);
	read_unlock(&vcpu->pid_lock);
#else
	rcu_read_lock();
	pid = get_pid(rcu_dereference(vcpu->pid));
	rcu_read_unlock();
#endif
	return pid;
}

static inline bool compat_kvm_never_run(const struct kvm_vcpu *vcpu)
{
#ifdef COMPAT_HAVE_KVM_PID_LOCK
	return !READ_ONCE(vcpu->pid);
#else
	return !rcu_access_pointer(vcpu->pid);
#endif
}

#endif /* VCPU_INFO_COMPAT_KVM_H */
