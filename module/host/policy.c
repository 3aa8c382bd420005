// SPDX-License-Identifier: GPL-2.0
/*
 * Who may ask, how often, and how refusals are reported.
 *
 * VMs have slots in a table of fixed size, so a guest cannot make the module
 * allocate, and a VM that goes away leaves nothing behind that has to be freed.
 * A slot knows its VM by address only and never follows it. Two VMs that fall
 * on one slot take turns in it; a VM that so gets a fresh burst is still held
 * by the limit for the whole host.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "policy.h"
#include "trace.h"

#define SLOT_BITS		8
#define REPORT_INTERVAL		HZ
#define NR_REASONS		(VCPU_INFO_REASON_NESTED + 1)

/* Refusals of one kind that no event has told of yet */
struct pending {
	u64 count;
	unsigned long last_event;	/* jiffies */
	int vcpu_id;
	int result;
};

struct slot {
	spinlock_t lock;		/* all of the slot */
	const struct kvm *kvm;
	u64 next_ns;
	struct vcpu_info_origin from;
	struct pending pending[NR_REASONS];
};

static struct slot slots[1 << SLOT_BITS];
static atomic64_t host_next_ns;

static bool policy_all = true;
static unsigned int vm_rate = 100;
static unsigned int vm_burst = 200;
static unsigned int host_rate = 1000;

static int policy_set(const char *val, const struct kernel_param *kp)
{
	if (sysfs_streq(val, "all")) {
		WRITE_ONCE(policy_all, true);
	} else if (sysfs_streq(val, "none")) {
		WRITE_ONCE(policy_all, false);
	} else {
		pr_err("policy is \"all\" or \"none\", not \"%.*s\"\n",
		       (int)strcspn(val, "\n"), val);
		return -EINVAL;
	}

	return 0;
}

static int policy_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", policy_all ? "all" : "none");
}

static const struct kernel_param_ops policy_ops = {
	.set = policy_set,
	.get = policy_get,
};

module_param_cb(policy, &policy_ops, NULL, 0644);
__MODULE_PARM_TYPE(policy, "string");
MODULE_PARM_DESC(policy, "whose requests are served: all (VMs, each for its own vCPUs) or none (default: all)");

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
 * time that a token needs to come back.
 *
 * Return: the new number, or 0 if there is no token.
 */
static u64 bucket_take(u64 next_ns, u64 now_ns, unsigned int rate,
		       unsigned int burst)
{
	u64 period_ns = div_u64(NSEC_PER_SEC, rate);

	if (next_ns < now_ns)
		next_ns = now_ns;
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

static void emit_pending(struct slot *slot, u8 reason)
{
	struct pending *pending = &slot->pending[reason];

	if (!pending->count)
		return;

	trace_vcpu_info_error(&slot->from, pending->vcpu_id, reason,
			      pending->result, pending->count);
	pending->count = 0;
	pending->last_event = jiffies;
}

static void emit_all_pending(struct slot *slot)
{
	int reason;

	for (reason = 0; reason < NR_REASONS; reason++)
		emit_pending(slot, reason);
}

static struct slot *slot_lock(const struct kvm *kvm)
{
	struct slot *slot = &slots[hash_ptr(kvm, SLOT_BITS)];
	int reason;

	spin_lock(&slot->lock);
	if (slot->kvm == kvm)
		return slot;

	emit_all_pending(slot);
	slot->kvm = kvm;
	slot->next_ns = 0;
	/* The first refusal of a VM is told at once. */
	for (reason = 0; reason < NR_REASONS; reason++)
		slot->pending[reason].last_event = jiffies - REPORT_INTERVAL;

	return slot;
}

static void report_late(struct work_struct *work)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		spin_lock(&slots[i].lock);
		emit_all_pending(&slots[i]);
		spin_unlock(&slots[i].lock);
	}
}

static DECLARE_DELAYED_WORK(report_work, report_late);

/**
 * vcpu_info_policy_report() - tell of a refused request, but not too often
 * @kvm: the VM that asked
 * @from: the same, for the event
 * @vcpu_id: what it asked for
 * @reason: VCPU_INFO_REASON_*
 * @result: what the guest was told
 *
 * The first refusal is an event at once; those that follow within a second
 * make one event together, with their number.
 */
void vcpu_info_policy_report(const struct kvm *kvm,
			     const struct vcpu_info_origin *from, int vcpu_id,
			     u8 reason, int result)
{
	struct slot *slot = slot_lock(kvm);
	struct pending *pending = &slot->pending[reason];

	slot->from = *from;
	pending->count++;
	pending->vcpu_id = vcpu_id;
	pending->result = result;
	if (time_after_eq(jiffies, pending->last_event + REPORT_INTERVAL))
		emit_pending(slot, reason);
	else
		schedule_delayed_work(&report_work, REPORT_INTERVAL);
	spin_unlock(&slot->lock);
}

/**
 * vcpu_info_policy_within_limits() - take a token for one request
 * @kvm: the VM that asks
 *
 * The VM's own limit comes first, so that a VM beyond it cannot use up what
 * the host has for all.
 */
bool vcpu_info_policy_within_limits(const struct kvm *kvm)
{
	unsigned int rate = READ_ONCE(vm_rate);
	u64 now_ns = ktime_get_ns();
	bool ok = true;
	struct slot *slot;
	u64 next_ns;

	if (rate) {
		slot = slot_lock(kvm);
		next_ns = bucket_take(slot->next_ns, now_ns, rate,
				      READ_ONCE(vm_burst));
		if (next_ns)
			slot->next_ns = next_ns;
		else
			ok = false;
		spin_unlock(&slot->lock);
	}

	return ok && host_take(now_ns);
}

/* Whether the policy serves requests of VMs at all */
bool vcpu_info_policy_admits(void)
{
	return READ_ONCE(policy_all);
}

void vcpu_info_policy_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++)
		spin_lock_init(&slots[i].lock);
}

/* After the last request: tells what is still untold. */
void vcpu_info_policy_exit(void)
{
	cancel_delayed_work_sync(&report_work);
	report_late(NULL);
}
