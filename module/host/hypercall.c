// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercall: what a guest asks for, whether it gets it, what it is told.
 *
 * KVM handles the hypercall first and as it always does. Only if it ends as
 * an unknown hypercall does it become ours. So the modes for Xen and Hyper-V,
 * the check of the privilege level, tracing, counting and skipping of the
 * instruction stay KVM's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kconfig.h>
#include <linux/module.h>

#include "compat/kvm.h"
#include "delay.h"
#include "flip.h"
#include "hook.h"
#include "hypercall.h"
#include "limits.h"
#include "origin.h"
#include "policy.h"
#include "self.h"
#include "snapshot.h"
#include "stats.h"
#include "trace.h"
#include "vcpu_info_abi.h"

static_assert(VCPU_INFO_HC_EPERM == KVM_EPERM);
static_assert(VCPU_INFO_HC_EINVAL == KVM_EINVAL);
static_assert(VCPU_INFO_HC_EOPNOTSUPP == KVM_EOPNOTSUPP);
static_assert(VCPU_INFO_HC_ENOSYS == KVM_ENOSYS);
static_assert(VCPU_INFO_HC_WHY(VCPU_INFO_HC_DEFAULT) >> 16 ==
	      VCPU_INFO_HC_DEFAULT >> 16);

static unsigned int hypercall_nr = VCPU_INFO_HC_DEFAULT;
module_param(hypercall_nr, uint, 0444);
MODULE_PARM_DESC(hypercall_nr, "hypercall number, 4096 to 4294963200; the guest module must use the same (default: 0x56435055)");

static struct vcpu_info_hook hypercall_hook;

/* kvm_emulate_hypercall(), to be called by what runs in its place */
static int (*original)(struct kvm_vcpu *vcpu) __ro_after_init;

/**
 * struct request - a hypercall that may have one of our numbers
 * @vcpu: the caller
 * @nr: all of its RAX
 * @ask: what it asks for
 * @nested: it is running a nested guest
 * @listened: somebody listened when it began
 * @self: if @listened and it asks for itself: what KVM's handling changes;
 *	otherwise not set
 */
struct request {
	struct kvm_vcpu *vcpu;
	unsigned long nr;
	struct vcpu_info_ask ask;
	bool nested;
	bool listened;
	struct vcpu_info_self self;
};

static bool asks_for_itself(const struct request *req)
{
	return req->ask.vcpu_id == req->vcpu->vcpu_id;
}

/* What KVM's handling of the hypercall changes is read here. */
static void request_begin(struct request *req, struct kvm_vcpu *vcpu)
{
	req->vcpu = vcpu;
	req->nr = vcpu->arch.regs[VCPU_REGS_RAX];
	req->ask.vcpu_id = (int)vcpu->arch.regs[VCPU_REGS_RBX];
	req->nested = compat_kvm_is_nested(vcpu);
	req->listened = trace_vcpu_info_enabled();
	if (req->listened && asks_for_itself(req))
		vcpu_info_self_before(vcpu, &req->self);
}

/*
 * KVM extends the result to 64 bits only for a caller in 64-bit mode, and
 * takes only the low half of RAX as the number otherwise; so its result tells
 * both whether the hypercall is ours and how wide our result has to be.
 */
static bool request_is_ours(struct request *req)
{
	const unsigned long *regs = req->vcpu->arch.regs;
	unsigned long nr = req->nr, cookie = regs[VCPU_REGS_RDX];

	if (unlikely(regs[VCPU_REGS_RAX] != (unsigned long)-KVM_ENOSYS)) {
		if (regs[VCPU_REGS_RAX] != (u32)-KVM_ENOSYS)
			return false;
		nr = (u32)nr;
		cookie = (u32)cookie;
	}

	req->ask.why.cookie = 0;
	req->ask.why.reason = VCPU_INFO_WHY_NONE;
	if (likely(nr == hypercall_nr))
		return true;
	if (nr != VCPU_INFO_HC_WHY(hypercall_nr))
		return false;

	req->ask.why.cookie = cookie;
	req->ask.why.reason = regs[VCPU_REGS_RCX];
	return true;
}

static void request_end(struct request *req, int result)
{
	unsigned long *rax = &req->vcpu->arch.regs[VCPU_REGS_RAX];

	if (*rax == (unsigned long)-KVM_ENOSYS)
		*rax = (long)result;
	else
		*rax = (u32)result;
}

static int refuse(struct request *req, u8 reason, int result)
{
	vcpu_info_limits_report(req->vcpu, &req->ask, reason, result);
	return result;
}

static void record(struct request *req, struct kvm_vcpu *target)
{
	struct vcpu_info_snapshot snap VCPU_INFO_UNINITIALIZED;

	if (target == req->vcpu)
		vcpu_info_snapshot_self(target, &req->self, &snap);
	else
		vcpu_info_snapshot_other(target, &snap,
					 VCPU_INFO_MAX_ATTEMPTS, NULL);
	vcpu_info_origin(&snap.from, req->vcpu);
	snap.why = req->ask.why;
	vcpu_info_flip(&snap);
	trace_vcpu_info(&snap);
	vcpu_info_count(records);
	if (snap.flags & VCPU_INFO_F_TORN)
		vcpu_info_count(torn);
}

static int request_serve(struct request *req)
{
	struct kvm *kvm = req->vcpu->kvm;
	struct kvm_vcpu *target = req->vcpu;

	vcpu_info_count(requests);

	if (req->nested) {
		vcpu_info_count(nested);
		return refuse(req, VCPU_INFO_REASON_NESTED,
			      -VCPU_INFO_HC_EOPNOTSUPP);
	}

	if (!vcpu_info_policy_admits()) {
		vcpu_info_count(policy);
		return refuse(req, VCPU_INFO_REASON_POLICY,
			      -VCPU_INFO_HC_EACCES);
	}

	if (req->ask.vcpu_id == VCPU_INFO_PROBE_ID) {
		vcpu_info_count(probes);
		return VCPU_INFO_HC_OK;
	}

	if (!vcpu_info_limits_take(req->vcpu, &req->ask)) {
		vcpu_info_count(rate_limited);
		return -VCPU_INFO_HC_EAGAIN;
	}

	if (!asks_for_itself(req))
		target = kvm_get_vcpu_by_id(kvm, req->ask.vcpu_id);
	if (!target) {
		vcpu_info_count(unknown_id);
		return refuse(req, VCPU_INFO_REASON_UNKNOWN_ID,
			      -VCPU_INFO_HC_EINVAL);
	}

	if (req->listened)
		record(req, target);
	else
		vcpu_info_count(unlistened);

	return VCPU_INFO_HC_OK;
}

/* Runs in place of kvm_emulate_hypercall() if RAX may hold one of our numbers. */
static int vcpu_info_emulate_hypercall(struct kvm_vcpu *vcpu)
{
	struct request req VCPU_INFO_UNINITIALIZED;
	int ret;

	request_begin(&req, vcpu);
	vcpu_info_delay_sleep();
	ret = original(vcpu);
	if (request_is_ours(&req))
		request_end(&req, request_serve(&req));
	vcpu_info_hook_done(&hypercall_hook);
	vcpu_info_delay_spin();

	return ret;
}

/*
 * Every hypercall of every guest comes through here. Nothing that is called
 * can be traced, so no recursion lock is needed; and a task that is preempted
 * here is waited for when the hook is removed.
 */
static __always_inline void handle(bool (*may_be_ours)(u32 nr),
				   unsigned long parent_ip,
				   struct ftrace_regs *fregs)
{
	struct kvm_vcpu *vcpu;

	vcpu = (struct kvm_vcpu *)compat_ftrace_first_argument(fregs);
	if (likely(!may_be_ours(vcpu->arch.regs[VCPU_REGS_RAX])))
		return;
	if (!compat_kvm_is_known())
		return;

	if (COMPAT_FTRACE_ORIGINAL_HOOKED &&
	    vcpu_info_hook_is_original(&hypercall_hook, parent_ip))
		return;

	vcpu_info_hook_divert(&hypercall_hook, fregs);
}

/*
 * With the usual numbers one comparison sorts out nearly everybody else. Who has the
 * same upper half by chance goes the longer way, and is told what KVM says.
 */
static __always_inline bool may_be_default(u32 nr)
{
	return nr >> 16 == VCPU_INFO_HC_DEFAULT >> 16;
}

static __always_inline bool may_be_any(u32 nr)
{
	return nr - hypercall_nr <= 1;
}

static void notrace default_handler(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *ops,
				    struct ftrace_regs *fregs)
{
	handle(may_be_default, parent_ip, fregs);
}

static void notrace any_handler(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops,
				struct ftrace_regs *fregs)
{
	handle(may_be_any, parent_ip, fregs);
}

u32 vcpu_info_hypercall_nr(void)
{
	return hypercall_nr;
}

const struct vcpu_info_hook *vcpu_info_hypercall_hook(void)
{
	return &hypercall_hook;
}

/**
 * vcpu_info_hypercall_init() - start to serve the hypercall
 *
 * Return: 0; -EINVAL if the parameter hypercall_nr is out of range; or what
 * vcpu_info_hook_install() says.
 */
int __init vcpu_info_hypercall_init(void)
{
	if (hypercall_nr < VCPU_INFO_HC_MIN) {
		pr_err("hypercall_nr=%u is refused: numbers below %u belong to upstream KVM (11 is KVM_HC_SCHED_YIELD)\n",
		       hypercall_nr, VCPU_INFO_HC_MIN);
		return -EINVAL;
	}
	if (hypercall_nr > VCPU_INFO_HC_MAX) {
		pr_err("hypercall_nr=0x%x is refused: numbers above 0x%x are error codes\n",
		       hypercall_nr, VCPU_INFO_HC_MAX);
		return -EINVAL;
	}

	hypercall_hook.ops.func = hypercall_nr == VCPU_INFO_HC_DEFAULT ?
				  default_handler : any_handler;
	hypercall_hook.target = (unsigned long)compat_kvm.emulate_hypercall;
	original = (void *)compat_ftrace_original(hypercall_hook.target);
	hypercall_hook.replacement = (unsigned long)vcpu_info_emulate_hypercall;

	return vcpu_info_hook_install(&hypercall_hook, "kvm_emulate_hypercall");
}

/* When it returns no request is being served, and none will be. */
void vcpu_info_hypercall_exit(void)
{
	vcpu_info_hook_remove(&hypercall_hook);
}
