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
 * SVM: RFLAGS is in a VMCB, in memory. Only a guest that is a hypervisor has one
 * that KVM switches away from and frees (svm_set_efer()), but when that goes on
 * cannot be told from outside the vCPU's thread: EFER is clear before. So no VMCB
 * is read while another CPU may run the vCPU, and RFLAGS is taken here, too.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/trace_recursion.h>
#include <linux/workqueue.h>

#include "compat/kvm.h"
#include "hook.h"
#include "quiesce.h"
#include "rest_table.h"
#include "vmcs_regs.h"

#define NR_SETS		BIT(REST_SET_BITS)

/* How a vCPU came to rest */
enum way {
	WAY_HALT,
	WAY_PUT,
	WAY_PREEMPTED,
};

static struct rest_set *table;

/*
 * Who needs it, and so whether it is done. A plain variable, not a static key:
 * a thread that has seen it set on one CPU sees it set on the next one.
 */
static DEFINE_MUTEX(needs_lock);
static unsigned int needs = VCPU_INFO_NEEDS_ADMITTED;
static unsigned int host_users;
static bool observing __read_mostly;

/*
 * KVM's functions are hooked only while it is needed, and a while longer: hooking
 * changes code under all CPUs. Events tell of their listeners with locks held that
 * ftrace takes inside of its own, so it is left to a worker.
 */
#define KEEP_HOOKS	(15 * HZ)

static void hook_or_unhook(struct work_struct *work);
static DECLARE_DELAYED_WORK(hook_work, hook_or_unhook);
static bool hooked;	/* all of them, as far as there are some */
static bool available;	/* between init and exit */

/*
 * At a preemption, what KVM asked for before we did may not be there yet, if it
 * was preempted between its setting the bit and the VMREAD. What an earlier
 * reading of the same rest has completed is.
 */
static u32 read_completely(const struct kvm_vcpu *vcpu, const struct rest *rest,
			   u32 asked)
{
	u32 completed = rest->exits == vcpu->stat.exits ? rest->valid : 0;

	return completed | (VCPU_INFO_VMCS_REGS & ~asked);
}

static void remember(struct kvm_vcpu *vcpu, enum way way, u32 asked)
{
	struct rest_set *set = rest_set_of(table, vcpu);
	u32 without = 0;
	struct rest *rest;
	unsigned long irqs;
	u64 rflags = 0;

	if (!compat_kvm_rflags(vcpu, &rflags))
		without = BIT(VCPU_INFO_REG_RFLAGS);

	raw_spin_lock_irqsave(&set->lock, irqs);
	rest = rest_get(set, vcpu);
	rest->valid = read_completely(vcpu, rest, asked) & ~without;
	rest->exits = vcpu->stat.exits;
	rest->rflags = rflags;
	rest->preempted = way == WAY_PREEMPTED;
	rest->polling = way == WAY_HALT && compat_kvm_may_poll(vcpu);
	rest->polls = compat_kvm_polls(vcpu);
	raw_spin_unlock_irqrestore(&set->lock, irqs);
}

static bool must_read(const struct kvm_vcpu *vcpu)
{
	return compat_kvm_is_known() && !compat_kvm_protected(vcpu);
}

/* Registers that KVM may be about to read: not where it is not preempted there. */
static u32 may_be_reading(const struct kvm_vcpu *vcpu, enum way way)
{
	if (way != WAY_PREEMPTED || !compat_kvm_is_vmx() || !preempt_model_preemptible())
		return 0;

	return vcpu_info_vmcs_regs_asked(vcpu);
}

static __always_inline void observe(struct kvm_vcpu *vcpu, enum way way,
				    unsigned long ip, unsigned long parent_ip)
{
	int bit = ftrace_test_recursion_trylock(ip, parent_ip);
	u32 asked;

	if (bit < 0)
		return;

	if (must_read(vcpu)) {
		asked = may_be_reading(vcpu, way);
		compat_kvm_cache_regs(vcpu);
		remember(vcpu, way, asked);
	}

	ftrace_test_recursion_unlock(bit);
}

static __always_inline void observe_argument(struct ftrace_regs *fregs,
					     enum way way, unsigned long ip,
					     unsigned long parent_ip)
{
	if (!READ_ONCE(observing))
		return;

	observe((struct kvm_vcpu *)compat_ftrace_first_argument(fregs), way, ip,
		parent_ip);
}

/* At the entry of kvm_vcpu_halt(), in the vCPU's own thread */
static void notrace halt_handler(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops,
				 struct ftrace_regs *fregs)
{
	observe_argument(fregs, WAY_HALT, ip, parent_ip);
}

/* The same of vcpu_put() */
static void notrace put_handler(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops,
				struct ftrace_regs *fregs)
{
	observe_argument(fregs, WAY_PUT, ip, parent_ip);
}

/*
 * At the entry of kvm_sched_out(): in the vCPU's own thread while it is loaded,
 * with the runqueue's lock held.
 */
static void notrace sched_out_handler(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	struct preempt_notifier *notifier;
	struct kvm_vcpu *vcpu;

	if (!READ_ONCE(observing))
		return;

	notifier = (struct preempt_notifier *)
		   compat_ftrace_first_argument(fregs);
	vcpu = container_of(notifier, struct kvm_vcpu, preempt_notifier);
	if (compat_kvm_between_instructions(vcpu))
		observe(vcpu, WAY_PREEMPTED, ip, parent_ip);
}

/*
 * What is observed. Where @function is not set it is found by its name, which no
 * other function has.
 */
static struct observer {
	struct ftrace_ops ops;
	const char *name;
	void **function;
	bool installed;
	bool failed;	/* which was said */
} observers[] = {
	{ { .func = halt_handler }, "kvm_vcpu_halt",
	  (void **)&compat_kvm.vcpu_halt },
	{ { .func = put_handler }, "vcpu_put", (void **)&compat_kvm.vcpu_put },
	{ { .func = sched_out_handler }, "kvm_sched_out" },
};

/*
 * Its thread may run then, or be preempted, and leaves the vCPU's registers alone
 * until kvm_vcpu_halt() returns.
 */
static bool is_halting(const struct kvm_vcpu *vcpu, const struct rest *rest)
{
	return rest->polling && rest->polls == (u8)compat_kvm_polls(vcpu) &&
	       compat_kvm_may_poll(vcpu) &&
	       READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_HALTED;
}

/**
 * vcpu_info_quiesce_find() - what was read of a vCPU at rest
 * @vcpu: it; not loaded on a CPU
 * @exits: its count of VM exits, which says whether it is still the same rest
 * @rested: what it was
 *
 * Return: false if there is nothing.
 */
bool vcpu_info_quiesce_find(const struct kvm_vcpu *vcpu, u64 exits,
			    struct vcpu_info_rested *rested)
{
	struct rest_set *set;
	struct rest *rest;
	bool known, halting = false;
	unsigned long irqs;

	if (!table)
		return false;

	set = rest_set_of(table, vcpu);
	raw_spin_lock_irqsave(&set->lock, irqs);
	rest = rest_find(set, vcpu);
	known = READ_ONCE(observing) && rest && rest->exits == exits;
	if (known) {
		halting = is_halting(vcpu, rest);
		known = halting ||
			rest->preempted == READ_ONCE(vcpu->preempted);
	}
	if (known)
		*rested = (struct vcpu_info_rested) {
			.valid = rest->valid,
			.rflags = rest->rflags,
			.halting = halting,
		};
	raw_spin_unlock_irqrestore(&set->lock, irqs);

	return known;
}

static void forget_all(void)
{
	unsigned long irqs;
	int i;

	for (i = 0; i < NR_SETS; i++) {
		raw_spin_lock_irqsave(&table[i].lock, irqs);
		rest_forget(&table[i]);
		raw_spin_unlock_irqrestore(&table[i].lock, irqs);
	}
}

static bool is_needed(void)
{
	const unsigned int guests = VCPU_INFO_NEEDS_LISTENED |
				    VCPU_INFO_NEEDS_ADMITTED;

	return host_users || (needs & guests) == guests;
}

/*
 * While it is not observed a vCPU changes unseen. So all is forgotten after the
 * end; and after the start once more, for a handler that took its time.
 */
static void start_or_stop(void)
{
	bool observe = available && hooked && is_needed();

	if (observe == observing)
		return;

	WRITE_ONCE(observing, observe);
	smp_mb(); /* before what it remembered is forgotten */
	forget_all();
}

static void need_changed(void)
{
	bool needed = is_needed();

	start_or_stop();
	if (available && needed != hooked)
		mod_delayed_work(system_long_wq, &hook_work,
				 needed ? 0 : KEEP_HOOKS);
}

/**
 * vcpu_info_quiesce_needs() - say who needs vCPUs to be read when they rest
 * @who: VCPU_INFO_NEEDS_*
 * @needed: whether it does from now on
 *
 * Of a vCPU that came to rest while nobody did, less is known until it rests
 * again. May sleep.
 */
void vcpu_info_quiesce_needs(unsigned int who, bool needed)
{
	mutex_lock(&needs_lock);
	needs = needed ? needs | who : needs & ~who;
	need_changed();
	mutex_unlock(&needs_lock);
}

/* For whoever may ask for the host: before the first request, and after the last */
void vcpu_info_quiesce_host(bool begins)
{
	mutex_lock(&needs_lock);
	host_users += begins ? 1 : -1;
	need_changed();
	mutex_unlock(&needs_lock);
}

/* For the event vcpu_info: before its first listener, and after its last */
int vcpu_info_quiesce_listened(void)
{
	vcpu_info_quiesce_needs(VCPU_INFO_NEEDS_LISTENED, true);
	return 0;
}

void vcpu_info_quiesce_unlistened(void)
{
	vcpu_info_quiesce_needs(VCPU_INFO_NEEDS_LISTENED, false);
}

static void install(struct observer *observer)
{
	int err;

	if (observer->installed)
		return;

	if (observer->function)
		err = vcpu_info_observe_install(&observer->ops,
						(unsigned long)*observer->function);
	else
		err = vcpu_info_observe_install_name(&observer->ops,
						     observer->name);
	/* That a kernel has none was told when it was looked up. */
	if (err && err != -ENOENT && !observer->failed)
		pr_warn("vCPUs at rest are not observed by %s() (error %d): some of their registers will be missing\n",
			observer->name, err);
	observer->installed = !err;
	observer->failed = err;
}

/*
 * A hook that ftrace does not remove stays installed: its handler does nothing while it
 * is not needed, and serves again when it is. Callers of vcpu_info_quiesce_settle() wait
 * for this, so it must not sleep until ftrace removes the hook.
 */
static void remove(struct observer *observer)
{
	int err;

	if (!observer->installed)
		return;

	err = vcpu_info_observe_remove(&observer->ops);
	if (err && !observer->failed)
		pr_err("ftrace leaves the hook of %s() in place (error %d): the module cannot be unloaded until the host is rebooted\n",
		       observer->name, err);
	observer->installed = err;
	observer->failed = err;
}

static void remove_at_exit(struct observer *observer)
{
	if (observer->installed)
		vcpu_info_observe_exit(&observer->ops);
	observer->installed = false;
}

static void each_observer(void (*what)(struct observer *observer))
{
	int i;

	for (i = 0; i < ARRAY_SIZE(observers); i++)
		what(&observers[i]);
}

/* Returns whether they are wanted. */
static bool set_hooked(bool now_hooked)
{
	bool needed;

	mutex_lock(&needs_lock);
	needed = is_needed();
	hooked = now_hooked && needed;
	start_or_stop();
	mutex_unlock(&needs_lock);

	return needed;
}

/* It is observed from when all are hooked, and no more before the first is not. */
static void hook_or_unhook(struct work_struct *work)
{
	if (set_hooked(hooked)) {
		each_observer(install);
		if (set_hooked(true))
			return;
	}
	each_observer(remove);
}

/**
 * vcpu_info_quiesce_settle() - wait until vCPUs are observed, if they are to be
 *
 * May sleep; not with a lock held that whoever traces may wait for.
 */
void vcpu_info_quiesce_settle(void)
{
	if (!READ_ONCE(observing))
		flush_delayed_work(&hook_work);
}

static void set_available(bool now_available)
{
	mutex_lock(&needs_lock);
	available = now_available;
	need_changed();
	mutex_unlock(&needs_lock);
}

/**
 * vcpu_info_quiesce_init() - start reading at rest
 *
 * Without it records only have fewer valid registers, so it cannot fail.
 */
void vcpu_info_quiesce_init(void)
{
	struct rest_set *sets = kvcalloc(NR_SETS, sizeof(*sets), GFP_KERNEL);
	int i;

	if (!sets) {
		pr_warn("no memory to observe vCPUs at rest: some of their registers will be missing\n");
		return;
	}

	for (i = 0; i < NR_SETS; i++)
		raw_spin_lock_init(&sets[i].lock);
	table = sets;
	set_available(true);
}

/*
 * After the last request; an event may still lose its last listener. It never returns
 * if ftrace does not remove a hook.
 */
void vcpu_info_quiesce_exit(void)
{
	set_available(false);
	cancel_delayed_work_sync(&hook_work);
	each_observer(remove_at_exit);
	kvfree(table);
	table = NULL;
}
