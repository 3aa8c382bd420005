// SPDX-License-Identifier: GPL-2.0
/*
 * Taking a vCPU's registers without stopping its VM.
 *
 * At each VM exit KVM saves all GPRs but RSP to vcpu->arch.regs. SVM saves RIP
 * and RSP there as well, keeps RFLAGS in the VMCB, which is plain memory, and
 * copies CR0 and CR3 only when it handles the exit, before 7.2. VMX leaves all of
 * these in the VMCS, which only the CPU that has it loaded can read, until KVM asks
 * for them (vcpu->arch.regs_avail); quiesce.c has them asked for when a vCPU comes
 * to rest. So what can be known of a vCPU depends on what it is doing;
 * vcpu_info(4) has the table.
 */
#include <linux/delay.h>
#include <linux/preempt.h>
#include <linux/rcuwait.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "compat/kvm.h"
#include "quiesce.h"
#include "race.h"
#include "self.h"
#include "snapshot.h"
#include "stack_copy.h"
#include "vmcs_regs.h"

#define REG(name)	BIT(VCPU_INFO_REG_##name)
#define ALL_REGS	(BIT(VCPU_INFO_NR_REGS) - 1)
#define NR_GPRS		(VCPU_INFO_REG_R15 + 1)
#define ALL_GPRS	(BIT(NR_GPRS) - 1)

/* x86 encodes the GPRs in the same order as the ABI lists them. */
static_assert(VCPU_REGS_RAX == VCPU_INFO_REG_RAX);
static_assert(VCPU_REGS_RSP == VCPU_INFO_REG_RSP);
static_assert(VCPU_REGS_RDI == VCPU_INFO_REG_RDI);
static_assert(VCPU_REGS_R15 == VCPU_INFO_REG_R15);
static_assert(sizeof_field(struct kvm_vcpu, arch.regs[0]) == sizeof(u64));

/* A thread may run the vCPU for the first time between two attempts. */
static void take_ids(struct kvm_vcpu *vcpu, struct vcpu_info_snapshot *snap)
{
	struct pid *pid;

	snap->vcpu_id = vcpu->vcpu_id;

	pid = compat_kvm_vcpu_get_pid(vcpu);
	if (!pid)
		return;

	snap->pid = pid_nr(pid);
	snap->ns_level = min_t(unsigned int, pid->level, U8_MAX);
	snap->ns_pid = pid->numbers[pid->level].nr;
	put_pid(pid);
}

/* Where the vCPU was last, and how often it has exited. */
static __always_inline void take_counts(struct kvm_vcpu *vcpu, struct vcpu_info_snapshot *snap)
{
	const struct kvm_vcpu_stat *stat = &vcpu->stat;

	snap->cpu = READ_ONCE(vcpu->cpu);
	snap->exits = READ_ONCE(stat->exits);
	snap->io_exits = READ_ONCE(stat->io_exits);
	snap->mmio_exits = READ_ONCE(stat->mmio_exits);
	snap->halt_exits = READ_ONCE(stat->halt_exits);
	snap->irq_exits = READ_ONCE(stat->irq_exits);
	snap->irq_window_exits = READ_ONCE(stat->irq_window_exits);
	snap->signal_exits = READ_ONCE(stat->signal_exits);
	snap->hypercalls = READ_ONCE(stat->hypercalls);

	snap->flags = 0;
	if (compat_kvm_is_nested(vcpu))
		snap->flags |= VCPU_INFO_F_NESTED;
	if (READ_ONCE(vcpu->arch.complete_userspace_io))
		snap->flags |= VCPU_INFO_F_EMULATION;
}

/* What is in memory, whatever it is worth; the caller says what is valid. */
static void copy_regs(struct kvm_vcpu *vcpu, struct vcpu_info_snapshot *snap)
{
	int i;

	for (i = 0; i <= VCPU_INFO_REG_R15; i++)
		snap->regs[i] = READ_ONCE(vcpu->arch.regs[i]);
	snap->regs[VCPU_INFO_REG_RIP] = compat_kvm_rip(vcpu);
	snap->regs[VCPU_INFO_REG_CR0] = READ_ONCE(vcpu->arch.cr0);
	snap->regs[VCPU_INFO_REG_CR3] = READ_ONCE(vcpu->arch.cr3);
	snap->regs[VCPU_INFO_REG_CR4] = READ_ONCE(vcpu->arch.cr4);
	snap->regs[VCPU_INFO_REG_EFER] = READ_ONCE(vcpu->arch.efer);
}

/* Exact; the vCPU is loaded on this CPU and between two instructions. */
static void copy_loaded(struct kvm_vcpu *vcpu, struct vcpu_info_snapshot *snap)
{
	compat_kvm_cache_regs(vcpu);
	copy_regs(vcpu, snap);
	vcpu_info_race_spin(VCPU_INFO_RACE_PROBE,
			    READ_ONCE(vcpu->stat.exits) - snap->exits > 1);
	snap->valid = ALL_REGS;
	if (!compat_kvm_rflags(vcpu, &snap->regs[VCPU_INFO_REG_RFLAGS]))
		snap->valid &= ~REG(RFLAGS);
}

/* What is in memory at each VM exit, and what else has come there since */
static u32 regs_in_memory(u32 vmcs_regs)
{
	return (ALL_GPRS & ~REG(RSP)) | REG(EFER) |
	       (vmcs_regs & ~REG(RFLAGS));
}

/* Whether the rest it is in is that which was observed: INIT changes RFLAGS. */
static bool rest_observed(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->preempted) ||
	       READ_ONCE(vcpu->arch.mp_state) != KVM_MP_STATE_INIT_RECEIVED;
}

/*
 * The registers of a vCPU that is loaded nowhere. Unless it is held, KVM may be
 * asking for some that VMX has in the VMCS, and what it says of them is not to be
 * relied on; but those that were read when it came to rest are there.
 */
static void copy_at_rest(struct kvm_vcpu *vcpu, struct vcpu_info_snapshot *snap,
			 const struct vcpu_info_rested *rested, bool held)
{
	u64 *rflags = &snap->regs[VCPU_INFO_REG_RFLAGS];

	copy_regs(vcpu, snap);
	if (held || compat_kvm_is_svm())
		snap->valid = regs_in_memory(vcpu_info_vmcs_regs_asked(vcpu));
	else
		snap->valid = regs_in_memory(rested->valid);

	/*
	 * Asking KVM for RFLAGS is a read of the VMCB on SVM, with nothing cached
	 * or changed; but unless the vCPU is held, KVM may switch and free its
	 * VMCBs. On VMX it may become a VMREAD from whichever VMCS this CPU has
	 * loaded.
	 */
	if (compat_kvm_is_svm() && (held || vcpu_info_race_old(VCPU_INFO_RACE_VMCB))) {
		if (compat_kvm_rflags(vcpu, rflags))
			snap->valid |= REG(RFLAGS);
	} else if (rest_observed(vcpu)) {
		*rflags = rested->rflags;
		snap->valid |= rested->valid & REG(RFLAGS);
	}
}

/* KVM's note of the last thread that ran it is of this one. */
static void take_own_ids(struct kvm_vcpu *vcpu, struct vcpu_info_snapshot *snap)
{
	struct pid *pid = task_pid(current);

	snap->vcpu_id = vcpu->vcpu_id;
	snap->pid = pid_nr(pid);
	snap->ns_level = min_t(unsigned int, pid->level, U8_MAX);
	snap->ns_pid = pid->numbers[pid->level].nr;
}

static void copy_own_regs(struct kvm_vcpu *vcpu,
			  const struct vcpu_info_self *self,
			  struct vcpu_info_snapshot *snap)
{
	compat_kvm_cache_regs(vcpu);
	memcpy(snap->regs, vcpu->arch.regs, NR_GPRS * sizeof(snap->regs[0]));
	snap->regs[VCPU_INFO_REG_RAX] = self->rax;
	snap->regs[VCPU_INFO_REG_RIP] = self->rip;
	snap->regs[VCPU_INFO_REG_RFLAGS] = self->rflags;
	snap->regs[VCPU_INFO_REG_CR0] = vcpu->arch.cr0;
	snap->regs[VCPU_INFO_REG_CR3] = vcpu->arch.cr3;
	snap->regs[VCPU_INFO_REG_CR4] = vcpu->arch.cr4;
	snap->regs[VCPU_INFO_REG_EFER] = vcpu->arch.efer;
	snap->valid = self->valid |
		      (ALL_REGS & ~(REG(RAX) | REG(RIP) | REG(RFLAGS)));
}

/**
 * vcpu_info_snapshot_self() - snapshot of the vCPU that this thread runs
 * @vcpu: it; loaded, and KVM has handled its hypercall as an unknown one
 * @self: what vcpu_info_self_before() took before that
 * @snap: filled; all registers are exact and of the moment before
 */
void vcpu_info_snapshot_self(struct kvm_vcpu *vcpu,
			     const struct vcpu_info_self *self,
			     struct vcpu_info_snapshot *snap)
{
	take_own_ids(vcpu, snap);
	take_counts(vcpu, snap);
	snap->hypercalls--;	/* this one */
	snap->attempts = 1;
	snap->padding = 0;

	if (!self->valid) {
		snap->state = VCPU_INFO_STATE_PROTECTED;
		snap->valid = 0;
		memset(snap->regs, 0, sizeof(snap->regs));
		return;
	}

	snap->state = VCPU_INFO_STATE_SELF;
	copy_own_regs(vcpu, self, snap);
}

/* Runs on the CPU where the target was seen in guest mode. */
struct guest_probe {
	struct kvm_vcpu *target;
	struct vcpu_info_snapshot *snap;
	struct vcpu_info_stack_copy *stack;
	bool taken;
};

static bool is_here(const struct kvm_vcpu *target)
{
	return READ_ONCE(target->cpu) == raw_smp_processor_id();
}

static bool is_marked(const struct kvm_vcpu *target)
{
	return READ_ONCE(target->arch.handling_intr_from_guest) ==
	       COMPAT_KVM_HANDLING_IRQ;
}

/* The wrong way round, for tests */
static bool is_here_and_marked(const struct kvm_vcpu *target)
{
	if (!is_here(target))
		return false;
	vcpu_info_race_spin(VCPU_INFO_RACE_PROBE, is_marked(target));

	return is_marked(target);
}

/*
 * The mark before the CPU: it may have been made on another one, but not on this
 * one since then, which is here.
 */
static bool is_marked_here(const struct kvm_vcpu *target)
{
	if (vcpu_info_race_old(VCPU_INFO_RACE_PROBE))
		return is_here_and_marked(target);

	if (!is_marked(target))
		return false;
	smp_rmb(); /* the mark before the CPU */
	vcpu_info_race_spin(VCPU_INFO_RACE_PROBE, is_here(target));

	return is_here(target);
}

/*
 * KVM marks the time in which it serves the host interrupts that came while in
 * guest mode: the GPRs are saved, the VMCS is still the target's, no exit is
 * handled yet, and interrupts are on. Nowhere else may an interrupt handler
 * read a VMCS: kvm_get_running_vcpu() alone does not tell, for that pointer is
 * set before the VMCS is loaded.
 */
static void guest_probe_ipi(void *info)
{
	struct guest_probe *probe = info;
	struct kvm_vcpu *target = probe->target;
	struct vcpu_info_snapshot *snap = probe->snap;

	if (!is_marked_here(target))
		return;

	take_counts(target, snap);
	copy_loaded(target, snap);
	/* SVM may copy these when it handles the exit, after this. */
	if (compat_kvm_is_svm() && !compat_kvm_svm_copies_crs_early())
		snap->valid &= ~(REG(CR0) | REG(CR3));
	if (probe->stack && !(snap->flags & VCPU_INFO_F_NESTED))
		vcpu_info_stack_copy(target, snap->regs[VCPU_INFO_REG_RSP],
				     probe->stack);
	probe->taken = true;
}

static bool try_guest(struct kvm_vcpu *target, struct vcpu_info_snapshot *snap,
		      struct vcpu_info_stack_copy *stack)
{
	struct guest_probe probe = {
		.target = target, .snap = snap, .stack = stack,
	};
	int cpu;

	vcpu_info_race_sleep(VCPU_INFO_RACE_PROBE, is_here(target));
	cpu = READ_ONCE(target->cpu);
	if (cpu < 0 || smp_call_function_single(cpu, guest_probe_ipi, &probe, 1))
		return false;

	if (!probe.taken)
		return false;

	if (stack)
		vcpu_info_stack_release(stack);
	take_ids(target, snap);
	snap->state = VCPU_INFO_STATE_GUEST;
	return true;
}

/* What changes when a vCPU that is loaded nowhere starts to move. */
struct rest {
	u64 exits;
	u64 signal_exits;
	u64 polls;
	unsigned long rip;
	int cpu;
	int mode;
	int mp_state;
	bool blocking;
	bool preempted;
};

static void read_rest(struct kvm_vcpu *vcpu, struct rest *rest)
{
	rest->exits = READ_ONCE(vcpu->stat.exits);
	rest->signal_exits = READ_ONCE(vcpu->stat.signal_exits);
	rest->polls = compat_kvm_polls(vcpu);
	rest->rip = compat_kvm_rip(vcpu);
	rest->cpu = READ_ONCE(vcpu->cpu);
	rest->mode = READ_ONCE(vcpu->mode);
	rest->mp_state = READ_ONCE(vcpu->arch.mp_state);
	rest->blocking = kvm_vcpu_is_blocking(vcpu);
	rest->preempted = READ_ONCE(vcpu->preempted);
}

static bool rest_equal(const struct rest *a, const struct rest *b)
{
	return a->exits == b->exits &&
	       (a->signal_exits == b->signal_exits ||
		vcpu_info_race_old(VCPU_INFO_RACE_REST)) &&
	       a->polls == b->polls && a->rip == b->rip && a->cpu == b->cpu &&
	       a->mode == b->mode && a->mp_state == b->mp_state &&
	       a->blocking == b->blocking && a->preempted == b->preempted;
}

/* Whether a preempted vCPU's CR0 and CR3 are those of its last exit */
static bool has_control_registers(const struct kvm_vcpu *vcpu)
{
	if (!compat_kvm_is_svm() || compat_kvm_svm_copies_crs_early())
		return true;

	return !preempt_model_preemptible() &&
	       (compat_kvm_exit_handled(vcpu) ||
		vcpu_info_race_old(VCPU_INFO_RACE_CONTROL));
}

/* Whether those of a preempted vCPU are all of the same moment */
static bool has_whole_registers(const struct kvm_vcpu *vcpu)
{
	if (vcpu_info_race_old(VCPU_INFO_RACE_INIT))
		return compat_kvm_noted_boundary(vcpu);

	return compat_kvm_between_instructions(vcpu);
}

/*
 * Copies a vCPU that sleeps in KVM, or polls before it does, or waits for a host
 * CPU. It may wake at any time: what was copied counts only if it did not.
 */
static bool try_rest(struct kvm_vcpu *target, struct vcpu_info_snapshot *snap)
{
	struct vcpu_info_rested rested = { 0 };
	bool exact = true, controls = true;
	struct rest before, after;

	read_rest(target, &before);
	if (before.mode != OUTSIDE_GUEST_MODE)
		return false;
	smp_rmb(); /* the state before the registers */
	vcpu_info_quiesce_find(target, before.exits, &rested);
	if (!before.blocking && !before.preempted && !rested.halting)
		return false;

	take_ids(target, snap);
	take_counts(target, snap);
	vcpu_info_race_sleep(VCPU_INFO_RACE_REST,
			     READ_ONCE(target->stat.signal_exits) != before.signal_exits &&
			     kvm_vcpu_is_blocking(target));
	copy_at_rest(target, snap, &rested, false);
	/* KVM was perhaps writing the results of an emulation one by one. */
	if (before.preempted && !rested.halting) {
		exact = has_whole_registers(target);
		controls = has_control_registers(target);
	}

	smp_rmb(); /* the registers before the state */
	read_rest(target, &after);
	if (!rest_equal(&before, &after))
		return false;

	snap->state = before.preempted ? VCPU_INFO_STATE_PREEMPTED :
					 VCPU_INFO_STATE_HALTED;
	if (!exact) {
		snap->valid = 0;
		snap->flags |= VCPU_INFO_F_TORN;
	} else if (!controls) {
		snap->valid &= ~(REG(CR0) | REG(CR3));
	}
	return true;
}

/*
 * Whoever gets the mutex holds the vCPU out of KVM_RUN. Only tried: the caller
 * holds the mutex of its own vCPU, and two may ask for each other. Never held
 * while preempted: the target may have to run before this thread does.
 */
static bool try_user(struct kvm_vcpu *target, struct vcpu_info_snapshot *snap)
{
	struct vcpu_info_rested rested = { 0 };

	take_ids(target, snap);	/* with a lock that may sleep */

	preempt_disable();
	if (!mutex_trylock(&target->mutex)) {
		preempt_enable();
		return false;
	}

	take_counts(target, snap);
	vcpu_info_quiesce_find(target, snap->exits, &rested);
	copy_at_rest(target, snap, &rested, true);
	snap->state = compat_kvm_never_run(target) ? VCPU_INFO_STATE_NEVER_RUN :
						     VCPU_INFO_STATE_USER;
	mutex_unlock(&target->mutex);
	preempt_enable();

	/* Its first KVM_RUN may have come and gone in between. */
	return snap->pid || snap->state == VCPU_INFO_STATE_NEVER_RUN;
}

static bool try_all(struct kvm_vcpu *target, struct vcpu_info_snapshot *snap,
		    struct vcpu_info_stack_copy *stack)
{
	if (READ_ONCE(target->mode) != OUTSIDE_GUEST_MODE)
		return try_guest(target, snap, stack);

	return try_rest(target, snap) || try_user(target, snap);
}

/* Gives a target that is handling an exit time to finish: 190 us in all. */
static void back_off(int attempt)
{
	cond_resched();
	udelay(min(1 << (attempt - 1), 16));
}

static void drop_invalid(struct vcpu_info_snapshot *snap)
{
	int i;

	for (i = 0; i < VCPU_INFO_NR_REGS; i++)
		if (!(snap->valid & BIT(i)))
			snap->regs[i] = 0;
}

/**
 * vcpu_info_snapshot_ids() - of a vCPU, what can be had without looking at its
 *	state: whose it is and where it was last
 * @target: any vCPU of a VM that cannot go away meanwhile
 * @snap: filled; no register is valid, and there is no state
 */
void vcpu_info_snapshot_ids(struct kvm_vcpu *target,
			    struct vcpu_info_snapshot *snap)
{
	memset(snap, 0, sizeof(*snap));
	take_ids(target, snap);
	snap->cpu = READ_ONCE(target->cpu);
}

/**
 * vcpu_info_snapshot_other() - snapshot of a vCPU that this thread does not run
 * @target: any vCPU of a VM that cannot go away meanwhile
 * @snap: filled; @valid says which registers are exact
 * @max_attempts: from 1 to VCPU_INFO_MAX_ATTEMPTS
 * @stack: NULL, or filled if it is seen in the guest's code
 *
 * Needs no calling vCPU. May sleep, but not for @target: it looks at most
 * @max_attempts times, and waits for nothing but an IPI. When all
 * attempts are used up the state is VCPU_INFO_STATE_IN_EXIT, no register is
 * valid, and the values are what memory held (VCPU_INFO_F_TORN).
 */
void vcpu_info_snapshot_other(struct kvm_vcpu *target,
			      struct vcpu_info_snapshot *snap,
			      unsigned int max_attempts,
			      struct vcpu_info_stack_copy *stack)
{
	unsigned int attempt;

	memset(snap, 0, sizeof(*snap));

	if (compat_kvm_protected(target)) {
		take_ids(target, snap);
		take_counts(target, snap);
		snap->state = VCPU_INFO_STATE_PROTECTED;
		snap->attempts = 1;
		return;
	}

	for (attempt = 1; attempt <= max_attempts; attempt++) {
		snap->attempts = attempt;
		if (try_all(target, snap, stack)) {
			if (!(snap->flags & VCPU_INFO_F_TORN))
				drop_invalid(snap);
			return;
		}
		if (attempt < max_attempts)
			back_off(attempt);
	}

	take_ids(target, snap);
	take_counts(target, snap);
	copy_regs(target, snap);
	snap->valid = 0;
	snap->regs[VCPU_INFO_REG_RFLAGS] = 0;
	snap->flags |= VCPU_INFO_F_TORN;
	snap->state = VCPU_INFO_STATE_IN_EXIT;
}
