// SPDX-License-Identifier: GPL-2.0
/*
 * Reading when a vCPU comes to rest what cannot be read of it later.
 *
 * VMX: a vCPU that sleeps in KVM, is in the VMM or waits for a host CPU may have
 * RSP, RFLAGS and more in its VMCS only, where nobody but its last CPU can read
 * them. So its own thread reads them on the way to rest, where KVM itself could
 * do so: when it is about to block, at the end of each ioctl that had the vCPU
 * loaded, and when it is scheduled out between two instructions. Never at any
 * other time that it is scheduled out: KVM may be about to change what would
 * then be cached.
 *
 * KVM's cache takes all but RFLAGS to vcpu->arch; RFLAGS goes to where only
 * kvm_intel can see it, so it is kept here, in a table of fixed size.
 *
 * SVM: RFLAGS is in a VMCB, in memory. Only a guest that is a hypervisor may
 * have that VMCB freed while another CPU reads it; so of these, RFLAGS is taken
 * when they are about to block or scheduled out.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/trace_recursion.h>

#include "compat/kvm.h"
#include "hook.h"
#include "quiesce.h"

#define TABLE_BITS	12

/* A vCPU whose place is taken by another loses RFLAGS until it rests again. */
struct rested {
	raw_spinlock_t lock;		/* all of the entry; inside a runqueue's */
	const struct kvm_vcpu *vcpu;
	u64 exits;
	u64 rflags;
	bool preempted;
};

static struct rested *table;

static struct rested *rested_of(const struct kvm_vcpu *vcpu)
{
	return &table[hash_ptr(vcpu, TABLE_BITS)];
}

static void remember(struct kvm_vcpu *vcpu, bool preempted)
{
	struct rested *entry = rested_of(vcpu);
	unsigned long irqs;
	u64 rflags;

	if (!compat_kvm_rflags(vcpu, &rflags))
		return;

	raw_spin_lock_irqsave(&entry->lock, irqs);
	entry->vcpu = vcpu;
	entry->exits = vcpu->stat.exits;
	entry->rflags = rflags;
	entry->preempted = preempted;
	raw_spin_unlock_irqrestore(&entry->lock, irqs);
}

static bool must_read(const struct kvm_vcpu *vcpu)
{
	if (compat_kvm_protected(vcpu))
		return false;

	return compat_kvm_is_vmx() ||
	       (compat_kvm_is_svm() && compat_kvm_is_hypervisor(vcpu));
}

static __always_inline void observe(struct kvm_vcpu *vcpu, bool preempted,
				    unsigned long ip, unsigned long parent_ip)
{
	int bit = ftrace_test_recursion_trylock(ip, parent_ip);

	if (bit < 0)
		return;

	if (must_read(vcpu)) {
		compat_kvm_cache_regs(vcpu);
		remember(vcpu, preempted);
	}

	ftrace_test_recursion_unlock(bit);
}

/* At the entry of kvm_vcpu_halt() and vcpu_put(), in the vCPU's own thread */
static void notrace rest_handler(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops,
				 struct ftrace_regs *fregs)
{
	observe((struct kvm_vcpu *)compat_ftrace_first_argument(fregs), false,
		ip, parent_ip);
}

/*
 * At the entry of kvm_sched_out(): in the vCPU's own thread while it is loaded,
 * with the runqueue's lock held.
 */
static void notrace sched_out_handler(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	struct preempt_notifier *notifier =
		(struct preempt_notifier *)compat_ftrace_first_argument(fregs);
	struct kvm_vcpu *vcpu = container_of(notifier, struct kvm_vcpu,
					     preempt_notifier);

	if (compat_kvm_between_instructions(vcpu))
		observe(vcpu, true, ip, parent_ip);
}

static struct ftrace_ops rest_ops = {
	.func = rest_handler,
};

static struct ftrace_ops sched_out_ops = {
	.func = sched_out_handler,
};

static bool sched_out_observed;

/**
 * vcpu_info_quiesce_rflags() - RFLAGS of a vCPU at rest
 * @vcpu: it; not loaded on a CPU
 * @exits: its count of VM exits, which says whether it is still the same rest
 * @rflags: set if it is known
 */
bool vcpu_info_quiesce_rflags(const struct kvm_vcpu *vcpu, u64 exits,
			      u64 *rflags)
{
	struct rested *entry;
	unsigned long irqs;
	bool known;

	if (!table)
		return false;

	entry = rested_of(vcpu);
	raw_spin_lock_irqsave(&entry->lock, irqs);
	known = entry->vcpu == vcpu && entry->exits == exits &&
		entry->preempted == READ_ONCE(vcpu->preempted);
	if (known)
		*rflags = entry->rflags;
	raw_spin_unlock_irqrestore(&entry->lock, irqs);

	return known;
}

static int install(void)
{
	const unsigned long targets[] = {
		(unsigned long)compat_kvm.vcpu_halt,
		(unsigned long)compat_kvm.vcpu_put,
	};
	/*
	 * SVM: a vCPU that is out of KVM_RUN can be held instead. The vendor's
	 * module may not be loaded yet; no CPU has both.
	 */
	int nr = boot_cpu_has(X86_FEATURE_SVM) ? 1 : ARRAY_SIZE(targets);
	int err;

	err = vcpu_info_observe_install(&rest_ops, targets, nr);
	if (err)
		return err;

	err = vcpu_info_observe_install_name(&sched_out_ops, "kvm_sched_out");
	sched_out_observed = !err;
	if (err)
		pr_warn("preempted vCPUs are not observed (error %d): some of their registers will be missing\n",
			err);
	return 0;
}

/**
 * vcpu_info_quiesce_init() - start reading at rest
 *
 * Without it records only have fewer valid registers, so it cannot fail.
 */
void vcpu_info_quiesce_init(void)
{
	int i, err = -ENOMEM;

	table = kvcalloc(1 << TABLE_BITS, sizeof(*table), GFP_KERNEL);
	if (table) {
		for (i = 0; i < 1 << TABLE_BITS; i++)
			raw_spin_lock_init(&table[i].lock);
		err = install();
	}
	if (!err)
		return;

	kvfree(table);
	table = NULL;
	pr_warn("vCPUs at rest are not observed (error %d): some of their registers will be missing\n",
		err);
}

/* After the last request */
void vcpu_info_quiesce_exit(void)
{
	if (!table)
		return;

	if (sched_out_observed)
		vcpu_info_observe_remove(&sched_out_ops);
	vcpu_info_observe_remove(&rest_ops);
	kvfree(table);
	table = NULL;
}
