// SPDX-License-Identifier: GPL-2.0
/*
 * How often a VM may ask, and how refusals are reported.
 *
 * Each VM that the policy admits has a slot in a table of fixed size, so a guest
 * cannot make the module allocate, and a VM that goes away leaves nothing behind
 * that has to be freed. A slot knows its VM by its address, which it never
 * follows, and its maker. A slot is given to another VM only when it is as good as
 * new, so that no VM gets more by losing its slot; a VM that finds no slot is
 * refused until one is.
 *
 * A VM that panics is heard even when it has asked too often before: its slot has a
 * reserve, each of its vCPUs once in a minute, for nothing else.
 *
 * Refusals for other reasons than the rate are counted in a table of their own:
 * however many they are, they take no slot from a VM that is admitted. Who finds
 * no slot there is still told of, without a name.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "bucket.h"
#include "limits.h"
#include "origin.h"
#include "stats.h"
#include "trace.h"

/* Tests fill the tables with fewer VMs. */
#ifdef VCPU_INFO_TEST
#define ADMITTED_BITS		2
#define REFUSED_BITS		1
#else
#define ADMITTED_BITS		8
#define REFUSED_BITS		6
#endif
#define SET_SLOTS		16
#define REPORT_INTERVAL		HZ
#define REPORT_INTERVAL_NS	NSEC_PER_SEC
#define NR_REASONS		(VCPU_INFO_REASON_NESTED + 1)
#define RESERVE_INTERVAL_NS	(60 * NSEC_PER_SEC)

/**
 * struct slot - a VM's bucket, and refusals that no event has told of yet
 * @next_ns: when the bucket is full again; 0 among the refused
 * @told_ns: no event before
 * @count: refusals since the last event
 * @reserve: for panics; not used among the refused
 * @from: who asked last
 * @ask: for what
 * @result: what the guest was told
 * @reason: VCPU_INFO_REASON_*
 */
struct slot {
	u64 next_ns;
	u64 told_ns;
	u64 count;
	struct reserve reserve;
	struct vcpu_info_origin from;
	struct vcpu_info_ask ask;
	s32 result;
	u32 reason;
};

/* Where a VM may have its slot. Its keys stand for VMs, see key_of(). */
struct slot_set {
	spinlock_t lock;	/* all of the set */
	unsigned long keys[SET_SLOTS];
	struct slot slots[SET_SLOTS];
};

static struct slot_set admitted_sets[1 << ADMITTED_BITS];
static struct slot_set refused_sets[1 << REFUSED_BITS];
static atomic64_t host_next_ns;

/* For reports of VMs without a slot: together, and without a name */
static DEFINE_SPINLOCK(others_lock);
static struct slot others[NR_REASONS];

static unsigned int vm_rate = 100;
static unsigned int vm_burst = 200;
static unsigned int host_rate = 1000;

static int rate_set(const char *val, const struct kernel_param *kp)
{
	unsigned int min = kp->arg == &vm_burst ? 1 : 0;
	unsigned int rate;
	int err;

	err = kstrtouint(val, 0, &rate);
	if (!err && (rate < min || rate > VCPU_INFO_RATE_MAX))
		err = -ERANGE;
	if (err) {
		pr_err("%s is a number from %u to %u\n", kp->name, min,
		       VCPU_INFO_RATE_MAX);
		return err;
	}

	WRITE_ONCE(*(unsigned int *)kp->arg, rate);
	return 0;
}

static const struct kernel_param_ops rate_ops = {
	.set = rate_set,
	.get = param_get_uint,
};

module_param_cb(vm_rate, &rate_ops, &vm_rate, 0644);
__MODULE_PARM_TYPE(vm_rate, "uint");
MODULE_PARM_DESC(vm_rate, "requests per second of one VM, 0 to 1000000; 0 is no limit (default: 100)");
module_param_cb(vm_burst, &rate_ops, &vm_burst, 0644);
__MODULE_PARM_TYPE(vm_burst, "uint");
MODULE_PARM_DESC(vm_burst, "requests of one VM that may come at once, 1 to 1000000; one for each of its vCPUs in any case (default: 200)");
module_param_cb(host_rate, &rate_ops, &host_rate, 0644);
__MODULE_PARM_TYPE(host_rate, "uint");
MODULE_PARM_DESC(host_rate, "requests per second of all VMs together, in bursts of at most one second's worth, 0 to 1000000; 0 is no limit (default: 1000)");

/*
 * The time of the last tick: tokens need no finer one, and ktime_get_ns() would
 * take as long as a bucket.
 */
static u64 now(void)
{
	return jiffies64_to_nsecs(get_jiffies_64());
}

static bool host_take(u64 now_ns)
{
	unsigned int rate = READ_ONCE(host_rate);
	s64 old, new;

	if (!rate)
		return true;

	old = atomic64_read(&host_next_ns);
	do {
		new = bucket_take(old, now_ns, rate, rate);
		if (!new)
			return false;
	} while (!atomic64_try_cmpxchg(&host_next_ns, &old, new));

	return true;
}

static void emit(struct slot *slot, u64 now_ns)
{
	if (!slot->count)
		return;

	trace_vcpu_info_error(&slot->from, &slot->ask, slot->reason,
			      slot->result, slot->count);
	slot->count = 0;
	slot->told_ns = now_ns + REPORT_INTERVAL_NS;
}

/* Tells what is due, or all. Returns whether something is still untold. */
static bool emit_due(struct slot *slots, int nr, u64 now_ns, bool all)
{
	bool untold = false;
	int i;

	for (i = 0; i < nr; i++) {
		if (all || slots[i].told_ns <= now_ns)
			emit(&slots[i], now_ns);
		untold |= slots[i].count;
	}

	return untold;
}

/* As good as new: all is full, and its next refusal would be told at once */
static bool slot_idle(const struct slot *slot, u64 now_ns)
{
	return slot->next_ns <= now_ns && slot->told_ns <= now_ns &&
	       slot->reserve.end_ns <= now_ns && !slot->count;
}

static struct slot_set *set_of(const struct kvm *kvm, u32 reason)
{
	if (reason == VCPU_INFO_REASON_RATE_LIMIT)
		return &admitted_sets[hash_ptr(kvm, ADMITTED_BITS)];

	return &refused_sets[hash_ptr(kvm, REFUSED_BITS)];
}

/*
 * A VM has a slot for each reason; those for the rate have a table of their own.
 * The next VM may well lie at the address of one that has just gone: its maker's
 * PID keeps it from the other's debts.
 */
static unsigned long key_of(const struct kvm *kvm, u32 reason)
{
	return (unsigned long)kvm + ((unsigned long)kvm->userspace_pid << 32) +
	       reason;
}

/* The slot of a key in its locked set, if it has one or there is one to be had */
static struct slot *slot_get(struct slot_set *set, unsigned long key,
			     u64 now_ns)
{
	int i;

	for (i = 0; i < SET_SLOTS; i++)
		if (set->keys[i] == key)
			return &set->slots[i];
	for (i = 0; i < SET_SLOTS; i++)
		if (slot_idle(&set->slots[i], now_ns)) {
			set->keys[i] = key;
			return &set->slots[i];
		}

	return NULL;
}

static bool report_sets(struct slot_set *sets, int nr, u64 now_ns, bool all)
{
	bool untold = false;
	int i;

	for (i = 0; i < nr; i++) {
		spin_lock(&sets[i].lock);
		untold |= emit_due(sets[i].slots, SET_SLOTS, now_ns, all);
		spin_unlock(&sets[i].lock);
	}

	return untold;
}

static bool report_all(bool all)
{
	u64 now_ns = now();
	bool untold;

	spin_lock(&others_lock);
	untold = emit_due(others, NR_REASONS, now_ns, all);
	spin_unlock(&others_lock);

	untold |= report_sets(admitted_sets, ARRAY_SIZE(admitted_sets), now_ns,
			      all);
	untold |= report_sets(refused_sets, ARRAY_SIZE(refused_sets), now_ns,
			      all);
	return untold;
}

static void report_late(struct work_struct *work);
static DECLARE_DELAYED_WORK(report_work, report_late);

static void report_late(struct work_struct *work)
{
	if (report_all(false))
		schedule_delayed_work(&report_work, REPORT_INTERVAL);
}

/* Who is told of; first of all what is untold of a VM that was there before */
static void slot_name(struct slot *slot, const struct kvm_vcpu *caller,
		      u64 now_ns)
{
	struct vcpu_info_origin from;

	vcpu_info_origin(&from, caller);
	if (slot->from.vm_pid != from.vm_pid || slot->from.vm_fd != from.vm_fd)
		emit(slot, now_ns);
	slot->from = from;
}

static bool is_named(const struct slot *slot)
{
	return slot < others || slot >= others + NR_REASONS;
}

/* Returns whether an event is due. */
static noinline bool refused_first(struct slot *slot, u32 reason,
				   const struct kvm_vcpu *caller, u64 now_ns)
{
	if (is_named(slot))
		slot_name(slot, caller, now_ns);
	slot->reason = reason;
	if (slot->told_ns <= now_ns)
		return true;

	schedule_delayed_work(&report_work, REPORT_INTERVAL);
	return false;
}

/* While refusals wait to be told together no more is done than to count. */
static __always_inline void refused(struct slot *slot,
				    const struct kvm_vcpu *caller,
				    const struct vcpu_info_ask *ask, u32 reason,
				    int result, u64 now_ns)
{
	bool due = false;

	if (unlikely(!slot->count || slot->told_ns <= now_ns))
		due = refused_first(slot, reason, caller, now_ns);
	slot->count++;
	if (is_named(slot))
		slot->from.caller_id = caller->vcpu_id;
	slot->ask = *ask;
	slot->result = result;
	if (unlikely(due))
		emit(slot, now_ns);
}

static void refused_other(const struct kvm_vcpu *caller,
			  const struct vcpu_info_ask *ask, u32 reason,
			  int result, u64 now_ns)
{
	spin_lock(&others_lock);
	refused(&others[reason], caller, ask, reason, result, now_ns);
	spin_unlock(&others_lock);
}

static void report(const struct kvm_vcpu *caller,
		   const struct vcpu_info_ask *ask, u32 reason, int result,
		   u64 now_ns)
{
	struct slot_set *set = set_of(caller->kvm, reason);
	struct slot *slot;

	spin_lock(&set->lock);
	slot = slot_get(set, key_of(caller->kvm, reason), now_ns);
	if (slot)
		refused(slot, caller, ask, reason, result, now_ns);
	spin_unlock(&set->lock);
	if (!slot)
		refused_other(caller, ask, reason, result, now_ns);
}

/**
 * vcpu_info_limits_report() - tell of a refused request, but not too often
 * @caller: the vCPU that asked; this thread runs it
 * @ask: what it asked for
 * @reason: VCPU_INFO_REASON_*
 * @result: what the guest was told
 *
 * The first refusal is an event at once; those that follow within a second
 * make one event together, with their number.
 */
void vcpu_info_limits_report(const struct kvm_vcpu *caller,
			     const struct vcpu_info_ask *ask, u8 reason,
			     int result)
{
	report(caller, ask, reason, result, now());
}

static unsigned int burst_of(const struct kvm *kvm, unsigned int rate)
{
	return bucket_burst(READ_ONCE(vm_burst), rate, HZ,
			    atomic_read(&kvm->online_vcpus));
}

/* From the reserve of a slot in its locked set */
static noinline bool take_reserve(struct slot *slot,
				  const struct kvm_vcpu *caller, u64 now_ns)
{
	if (!reserve_take(&slot->reserve, now_ns, RESERVE_INTERVAL_NS,
			  atomic_read(&caller->kvm->online_vcpus)))
		return false;

	vcpu_info_count(reserve);
	return true;
}

static bool has_reserve(const struct vcpu_info_ask *ask)
{
	return unlikely(ask->why.reason == VCPU_INFO_WHY_PANIC);
}

enum taken {
	REFUSED,
	TAKEN,
	TAKEN_FROM_RESERVE,
};

static enum taken vm_take(const struct kvm_vcpu *caller,
			  const struct vcpu_info_ask *ask, u64 now_ns)
{
	const u32 reason = VCPU_INFO_REASON_RATE_LIMIT;
	unsigned int rate = READ_ONCE(vm_rate);
	enum taken taken = REFUSED;
	struct slot_set *set;
	struct slot *slot;
	u64 next_ns = 0;

	if (!rate)
		return TAKEN;

	set = set_of(caller->kvm, reason);
	spin_lock(&set->lock);
	slot = slot_get(set, key_of(caller->kvm, reason), now_ns);
	if (slot)
		next_ns = bucket_take(slot->next_ns, now_ns, rate,
				      burst_of(caller->kvm, rate));
	if (next_ns) {
		slot->next_ns = next_ns;
		taken = TAKEN;
	} else if (slot && has_reserve(ask) &&
		   take_reserve(slot, caller, now_ns)) {
		taken = TAKEN_FROM_RESERVE;
	} else if (slot) {
		refused(slot, caller, ask, reason, -VCPU_INFO_HC_EAGAIN,
			now_ns);
	}
	spin_unlock(&set->lock);
	if (!slot)
		refused_other(caller, ask, reason, -VCPU_INFO_HC_EAGAIN,
			      now_ns);

	return taken;
}

/* The host's budget is spent, not the VM's own. */
static bool vm_take_reserve(const struct kvm_vcpu *caller, u64 now_ns)
{
	const u32 reason = VCPU_INFO_REASON_RATE_LIMIT;
	struct slot_set *set = set_of(caller->kvm, reason);
	struct slot *slot;
	bool taken;

	spin_lock(&set->lock);
	slot = slot_get(set, key_of(caller->kvm, reason), now_ns);
	taken = slot && take_reserve(slot, caller, now_ns);
	spin_unlock(&set->lock);

	return taken;
}

/**
 * vcpu_info_limits_take() - take a token for one request
 * @caller: the vCPU that asks; this thread runs it
 * @ask: what it asks for
 *
 * The VM's own limit comes first, so that a VM beyond it cannot use up what
 * the host has for all. Its reserve is on top of both.
 *
 * Return: false if there is none, and then it has been reported.
 */
bool vcpu_info_limits_take(const struct kvm_vcpu *caller,
			   const struct vcpu_info_ask *ask)
{
	u64 now_ns = now();
	enum taken taken = vm_take(caller, ask, now_ns);

	if (taken != TAKEN)
		return taken == TAKEN_FROM_RESERVE;
	if (host_take(now_ns))
		return true;
	if (has_reserve(ask) && vm_take_reserve(caller, now_ns))
		return true;

	report(caller, ask, VCPU_INFO_REASON_RATE_LIMIT, -VCPU_INFO_HC_EAGAIN,
	       now_ns);
	return false;
}

static void init_sets(struct slot_set *sets, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		spin_lock_init(&sets[i].lock);
}

void vcpu_info_limits_init(void)
{
	int i;

	init_sets(admitted_sets, ARRAY_SIZE(admitted_sets));
	init_sets(refused_sets, ARRAY_SIZE(refused_sets));
	for (i = 0; i < NR_REASONS; i++) {
		others[i].from.vm_fd = -1;
		others[i].from.caller_id = -1;
	}
}

/* After the last request: tells what is still untold. */
void vcpu_info_limits_exit(void)
{
	cancel_delayed_work_sync(&report_work);
	report_all(true);
}
