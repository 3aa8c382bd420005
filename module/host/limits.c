// SPDX-License-Identifier: GPL-2.0
/*
 * How often a VM may ask, and how refusals are reported.
 *
 * Each VM that asks has a slot in a table of fixed size, so a guest cannot make
 * the module allocate, and a VM that goes away leaves nothing behind that has
 * to be freed. A slot knows its VM by address only and never follows it. A slot
 * is given to another VM only when it is as good as new, so that no VM gets
 * more by losing its slot; a VM that finds no slot is refused until one is.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "limits.h"
#include "origin.h"
#include "trace.h"

#define SET_BITS		6
#define SET_SLOTS		8
#define REPORT_INTERVAL		HZ
#define REPORT_INTERVAL_NS	NSEC_PER_SEC
#define NR_REASONS		(VCPU_INFO_REASON_NESTED + 1)

/* Refusals of one kind that no event has told of yet */
struct pending {
	u64 count;
	u64 next_ns;		/* no event before */
	int vcpu_id;
	int result;
};

struct slot {
	u64 next_ns;		/* when the bucket is full again */
	struct vcpu_info_origin from;
	struct pending pending[NR_REASONS];
};

/* Where a VM may have its slot */
struct slot_set {
	spinlock_t lock;	/* all of the set */
	const struct kvm *kvms[SET_SLOTS];
	struct slot slots[SET_SLOTS];
};

static struct slot_set sets[1 << SET_BITS];
static atomic64_t host_next_ns;

/* For reports of VMs without a slot: together, and without a name */
static DEFINE_SPINLOCK(others_lock);
static struct slot others = {
	.from = { .vm_fd = -1, .caller_id = -1 },
};

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
MODULE_PARM_DESC(vm_burst, "requests of one VM that may come at once, 1 to 1000000 (default: 200)");
module_param_cb(host_rate, &rate_ops, &host_rate, 0644);
__MODULE_PARM_TYPE(host_rate, "uint");
MODULE_PARM_DESC(host_rate, "requests per second of all VMs together, in bursts of at most one second's worth, 0 to 1000000; 0 is no limit (default: 1000)");

/*
 * A token bucket as one number: when it will next be full. A request takes the
 * time that a token needs to come back. A bucket is never emptier than empty:
 * it was perhaps left so by other parameters.
 *
 * Return: the new number, or 0 if there is no token.
 */
static u64 bucket_take(u64 next_ns, u64 now_ns, unsigned int rate,
		       unsigned int burst)
{
	u64 period_ns = div_u64(NSEC_PER_SEC, rate);

	next_ns = clamp(next_ns, now_ns, now_ns + burst * period_ns);
	if (next_ns - now_ns > (burst - 1) * period_ns)
		return 0;

	return next_ns + period_ns;
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

static void emit_pending(struct slot *slot, u8 reason, u64 now_ns)
{
	struct pending *pending = &slot->pending[reason];

	if (!pending->count)
		return;

	trace_vcpu_info_error(&slot->from, pending->vcpu_id, reason,
			      pending->result, pending->count);
	pending->count = 0;
	pending->next_ns = now_ns + REPORT_INTERVAL_NS;
}

/* Tells what is due, or all. Returns whether something is still untold. */
static bool emit_due(struct slot *slot, u64 now_ns, bool all)
{
	bool untold = false;
	int reason;

	for (reason = 0; reason < NR_REASONS; reason++) {
		if (all || slot->pending[reason].next_ns <= now_ns)
			emit_pending(slot, reason, now_ns);
		untold |= slot->pending[reason].count;
	}

	return untold;
}

/* As good as new: a full bucket, and its next refusal would be told at once */
static bool slot_idle(const struct slot *slot, u64 now_ns)
{
	int reason;

	if (slot->next_ns > now_ns)
		return false;
	for (reason = 0; reason < NR_REASONS; reason++)
		if (slot->pending[reason].count ||
		    slot->pending[reason].next_ns > now_ns)
			return false;

	return true;
}

static struct slot_set *set_of(const struct kvm *kvm)
{
	return &sets[hash_ptr(kvm, SET_BITS)];
}

/* The VM's slot in its locked set, if it has one or there is one to be had */
static struct slot *slot_get(struct slot_set *set, const struct kvm *kvm,
			     u64 now_ns)
{
	int i;

	for (i = 0; i < SET_SLOTS; i++)
		if (set->kvms[i] == kvm)
			return &set->slots[i];
	for (i = 0; i < SET_SLOTS; i++)
		if (slot_idle(&set->slots[i], now_ns)) {
			set->kvms[i] = kvm;
			return &set->slots[i];
		}

	return NULL;
}

static bool report_all(bool all)
{
	u64 now_ns = ktime_get_ns();
	bool untold;
	int i, j;

	spin_lock(&others_lock);
	untold = emit_due(&others, now_ns, all);
	spin_unlock(&others_lock);

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		spin_lock(&sets[i].lock);
		for (j = 0; j < SET_SLOTS; j++)
			untold |= emit_due(&sets[i].slots[j], now_ns, all);
		spin_unlock(&sets[i].lock);
	}

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
		emit_due(slot, now_ns, true);
	slot->from = from;
}

/* Returns whether an event is due. */
static noinline bool refused_first(struct slot *slot, u8 reason,
				   const struct kvm_vcpu *caller, u64 now_ns)
{
	if (slot != &others)
		slot_name(slot, caller, now_ns);
	if (slot->pending[reason].next_ns <= now_ns)
		return true;

	schedule_delayed_work(&report_work, REPORT_INTERVAL);
	return false;
}

/* While refusals wait to be told together no more is done than to count. */
static __always_inline void refused(struct slot *slot,
				    const struct kvm_vcpu *caller, int vcpu_id,
				    u8 reason, int result, u64 now_ns)
{
	struct pending *pending = &slot->pending[reason];
	bool due = false;

	if (unlikely(!pending->count || pending->next_ns <= now_ns))
		due = refused_first(slot, reason, caller, now_ns);
	pending->count++;
	pending->vcpu_id = vcpu_id;
	pending->result = result;
	if (unlikely(due))
		emit_pending(slot, reason, now_ns);
}

static void refused_other(const struct kvm_vcpu *caller, int vcpu_id, u8 reason,
			  int result, u64 now_ns)
{
	spin_lock(&others_lock);
	refused(&others, caller, vcpu_id, reason, result, now_ns);
	spin_unlock(&others_lock);
}

static void report(const struct kvm_vcpu *caller, int vcpu_id, u8 reason,
		   int result, u64 now_ns)
{
	struct slot_set *set = set_of(caller->kvm);
	struct slot *slot;

	spin_lock(&set->lock);
	slot = slot_get(set, caller->kvm, now_ns);
	if (slot)
		refused(slot, caller, vcpu_id, reason, result, now_ns);
	spin_unlock(&set->lock);
	if (!slot)
		refused_other(caller, vcpu_id, reason, result, now_ns);
}

/**
 * vcpu_info_limits_report() - tell of a refused request, but not too often
 * @caller: the vCPU that asked; this thread runs it
 * @vcpu_id: what it asked for
 * @reason: VCPU_INFO_REASON_*
 * @result: what the guest was told
 *
 * The first refusal is an event at once; those that follow within a second
 * make one event together, with their number.
 */
void vcpu_info_limits_report(const struct kvm_vcpu *caller, int vcpu_id,
			     u8 reason, int result)
{
	report(caller, vcpu_id, reason, result, ktime_get_ns());
}

static bool vm_take(const struct kvm_vcpu *caller, int vcpu_id, u64 now_ns)
{
	unsigned int rate = READ_ONCE(vm_rate);
	struct slot_set *set = set_of(caller->kvm);
	struct slot *slot;
	u64 next_ns = 0;

	if (!rate)
		return true;

	spin_lock(&set->lock);
	slot = slot_get(set, caller->kvm, now_ns);
	if (slot)
		next_ns = bucket_take(slot->next_ns, now_ns, rate,
				      READ_ONCE(vm_burst));
	if (next_ns)
		slot->next_ns = next_ns;
	else if (slot)
		refused(slot, caller, vcpu_id, VCPU_INFO_REASON_RATE_LIMIT,
			-VCPU_INFO_HC_EAGAIN, now_ns);
	spin_unlock(&set->lock);
	if (!slot)
		refused_other(caller, vcpu_id, VCPU_INFO_REASON_RATE_LIMIT,
			      -VCPU_INFO_HC_EAGAIN, now_ns);

	return next_ns;
}

/**
 * vcpu_info_limits_take() - take a token for one request
 * @caller: the vCPU that asks; this thread runs it
 * @vcpu_id: what it asks for
 *
 * The VM's own limit comes first, so that a VM beyond it cannot use up what
 * the host has for all.
 *
 * Return: false if there is none, and then it has been reported.
 */
bool vcpu_info_limits_take(const struct kvm_vcpu *caller, int vcpu_id)
{
	u64 now_ns = ktime_get_ns();

	if (!vm_take(caller, vcpu_id, now_ns))
		return false;
	if (host_take(now_ns))
		return true;

	report(caller, vcpu_id, VCPU_INFO_REASON_RATE_LIMIT,
	       -VCPU_INFO_HC_EAGAIN, now_ns);
	return false;
}

void vcpu_info_limits_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		spin_lock_init(&sets[i].lock);
}

/* After the last request: tells what is still untold. */
void vcpu_info_limits_exit(void)
{
	cancel_delayed_work_sync(&report_work);
	report_all(true);
}
