// SPDX-License-Identifier: GPL-2.0
/*
 * VMX: reading the VMCS when a vCPU comes to rest.
 *
 * A vCPU that sleeps in KVM or is in the VMM may have RSP, RFLAGS and more in
 * its VMCS only, where nobody but its last CPU can read them. So its own thread
 * reads them on the way to rest, where KVM itself could do so: when it is about
 * to block, and at the end of each ioctl that had the vCPU loaded. Never at any
 * other time that a thread is scheduled out: KVM may be about to change what
 * would then be cached.
 *
 * KVM's cache takes all but RFLAGS to vcpu->arch; RFLAGS goes to where only
 * kvm_intel can see it, so it is kept here, in a table of fixed size.
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
	raw_spinlock_t lock;		/* all of the entry */
	const struct kvm_vcpu *vcpu;
	u64 exits;
	u64 rflags;
};

static struct rested *table;

static struct rested *rested_of(const struct kvm_vcpu *vcpu)
{
	return &table[hash_ptr(vcpu, TABLE_BITS)];
}

static void remember(struct kvm_vcpu *vcpu)
{
	struct rested *entry = rested_of(vcpu);
	u64 rflags;

	if (!compat_kvm_rflags(vcpu, &rflags))
		return;

	raw_spin_lock(&entry->lock);
	entry->vcpu = vcpu;
	entry->exits = vcpu->stat.exits;
	entry->rflags = rflags;
	raw_spin_unlock(&entry->lock);
}

/* At the entry of each of the functions below, in the vCPU's own thread. */
static void notrace quiesce_handler(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *ops,
				    struct ftrace_regs *fregs)
{
	struct kvm_vcpu *vcpu;
	int bit;

	bit = ftrace_test_recursion_trylock(ip, parent_ip);
	if (bit < 0)
		return;

	vcpu = (struct kvm_vcpu *)compat_ftrace_first_argument(fregs);
	if (!compat_kvm_protected(vcpu)) {
		compat_kvm_cache_regs(vcpu);
		remember(vcpu);
	}

	ftrace_test_recursion_unlock(bit);
}

static struct ftrace_ops quiesce_ops = {
	.func = quiesce_handler,
};

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
	bool known;

	if (!table)
		return false;

	entry = rested_of(vcpu);
	raw_spin_lock(&entry->lock);
	known = entry->vcpu == vcpu && entry->exits == exits;
	if (known)
		*rflags = entry->rflags;
	raw_spin_unlock(&entry->lock);

	return known;
}

/**
 * vcpu_info_quiesce_init() - start reading at rest, where it is needed
 *
 * Without it records only have fewer valid registers, so it cannot fail.
 */
void vcpu_info_quiesce_init(void)
{
	const unsigned long targets[] = {
		(unsigned long)compat_kvm.vcpu_halt,
		(unsigned long)compat_kvm.vcpu_put,
	};
	int i, err = -ENOMEM;

	if (compat_kvm_is_svm())
		return;

	table = kvcalloc(1 << TABLE_BITS, sizeof(*table), GFP_KERNEL);
	if (table) {
		for (i = 0; i < 1 << TABLE_BITS; i++)
			raw_spin_lock_init(&table[i].lock);
		err = vcpu_info_observe_install(&quiesce_ops, targets,
						ARRAY_SIZE(targets));
	}
	if (!err)
		return;

	kvfree(table);
	table = NULL;
	pr_warn("vCPUs at rest are not observed (error %d): their RSP, RIP, RFLAGS and control registers may be missing\n",
		err);
}

/* After the last request */
void vcpu_info_quiesce_exit(void)
{
	if (!table)
		return;

	vcpu_info_observe_remove(&quiesce_ops);
	kvfree(table);
	table = NULL;
}
