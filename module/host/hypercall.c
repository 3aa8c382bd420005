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
#include "hook.h"
#include "hypercall.h"
#include "limits.h"
#include "policy.h"
#include "snapshot.h"
#include "stats.h"
#include "trace.h"
#include "vcpu_info_abi.h"

static_assert(VCPU_INFO_HC_EPERM == KVM_EPERM);
static_assert(VCPU_INFO_HC_EINVAL == KVM_EINVAL);
static_assert(VCPU_INFO_HC_EOPNOTSUPP == KVM_EOPNOTSUPP);
static_assert(VCPU_INFO_HC_ENOSYS == KVM_ENOSYS);

static unsigned int hypercall_nr = VCPU_INFO_HC_DEFAULT;
module_param(hypercall_nr, uint, 0444);
MODULE_PARM_DESC(hypercall_nr, "hypercall number, 4096 to 4294967295; the guests' module has to use the same (default: 0x56435055)");

static struct vcpu_info_hook hypercall_hook;

/**
 * struct request - a hypercall with our number, before KVM has handled it
 * @vcpu: the caller
 * @nr: all of its RAX
 * @vcpu_id: the vCPU that it asks for
 * @nested: it is running a nested guest
 * @self: @snap is the caller's own, taken at the hypercall instruction
 * @from: the caller, for events; set when one is written
 * @snap: what the record will say
 */
struct request {
	struct kvm_vcpu *vcpu;
	unsigned long nr;
	int vcpu_id;
	bool nested;
	bool self;
	struct vcpu_info_origin from;
	struct vcpu_info_snapshot snap;
};

/*
 * KVM names a VM's directory in debugfs by process ID and file descriptor. The
 * entry stays as long as the VM and is never renamed.
 */
static int vm_fd(const struct kvm *kvm)
{
	const struct dentry *dentry = kvm->debugfs_dentry;
	const unsigned char *c;
	int fd = 0;

	if (IS_ERR_OR_NULL(dentry))
		return -1;

	for (c = dentry->d_name.name; *c && *c != '-'; c++)
		;
	if (*c++ != '-' || !*c)
		return -1;
	for (; *c >= '0' && *c <= '9'; c++)
		fd = fd * 10 + (*c - '0');

	return *c ? -1 : fd;
}

static void request_origin(struct request *req)
{
	req->from.vm_pid = task_tgid_nr(current);
	req->from.vm_fd = vm_fd(req->vcpu->kvm);
	req->from.caller_id = req->vcpu->vcpu_id;
}

/* Everything that KVM's handling of the hypercall changes is read here. */
static void request_begin(struct request *req, struct kvm_vcpu *vcpu)
{
	req->vcpu = vcpu;
	req->nr = vcpu->arch.regs[VCPU_REGS_RAX];
	req->vcpu_id = (int)vcpu->arch.regs[VCPU_REGS_RBX];
	req->nested = compat_kvm_is_nested(vcpu);
	req->self = req->vcpu_id == vcpu->vcpu_id && !req->nested &&
		    trace_vcpu_info_enabled() && vcpu_info_policy_admits();
	if (req->self)
		vcpu_info_snapshot_self(vcpu, &req->snap);
}

/*
 * KVM extends the result to 64 bits only for a caller in 64-bit mode, and
 * takes only the low half of RAX as the number otherwise; so its result tells
 * both whether the hypercall is ours and how wide our result has to be.
 */
static bool request_is_ours(const struct request *req)
{
	unsigned long rax = req->vcpu->arch.regs[VCPU_REGS_RAX];

	if (rax == (unsigned long)-KVM_ENOSYS)
		return req->nr == hypercall_nr;

	return rax == (u32)-KVM_ENOSYS;
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
	request_origin(req);
	vcpu_info_limits_report(req->vcpu->kvm, &req->from, req->vcpu_id,
				reason, result);
	return result;
}

static void record(struct request *req, struct kvm_vcpu *target)
{
	if (!req->self)
		vcpu_info_snapshot_other(target, &req->snap);
	request_origin(req);
	trace_vcpu_info(&req->from, &req->snap);
	vcpu_info_count(records);
	if (req->snap.flags & VCPU_INFO_F_TORN)
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

	if (req->vcpu_id == VCPU_INFO_PROBE_ID) {
		vcpu_info_count(probes);
		return VCPU_INFO_HC_OK;
	}

	if (!vcpu_info_limits_take(kvm)) {
		vcpu_info_count(rate_limited);
		return refuse(req, VCPU_INFO_REASON_RATE_LIMIT,
			      -VCPU_INFO_HC_EAGAIN);
	}

	if (req->vcpu_id != req->vcpu->vcpu_id)
		target = kvm_get_vcpu_by_id(kvm, req->vcpu_id);
	if (!target) {
		vcpu_info_count(unknown_id);
		return refuse(req, VCPU_INFO_REASON_UNKNOWN_ID,
			      -VCPU_INFO_HC_EINVAL);
	}

	if (req->self || (target != req->vcpu && trace_vcpu_info_enabled()))
		record(req, target);
	else
		vcpu_info_count(unlistened);

	return VCPU_INFO_HC_OK;
}

/* Runs in place of kvm_emulate_hypercall() if RAX holds our number. */
static int vcpu_info_emulate_hypercall(struct kvm_vcpu *vcpu)
{
	struct request req;
	int ret;

	request_begin(&req, vcpu);
	vcpu_info_delay_sleep();
	ret = compat_kvm.emulate_hypercall(vcpu);
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
static void notrace hypercall_handler(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	struct kvm_vcpu *vcpu;

	vcpu = (struct kvm_vcpu *)compat_ftrace_first_argument(fregs);
	if (likely((u32)vcpu->arch.regs[VCPU_REGS_RAX] != hypercall_nr))
		return;

	/* The replacement calling the original */
	if (within_module(parent_ip, THIS_MODULE))
		return;

	vcpu_info_hook_divert(&hypercall_hook, fregs);
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
int vcpu_info_hypercall_init(void)
{
	if (hypercall_nr < VCPU_INFO_HC_MIN) {
		pr_err("hypercall_nr=%u is refused: numbers below %u belong to upstream KVM (11 is KVM_HC_SCHED_YIELD)\n",
		       hypercall_nr, VCPU_INFO_HC_MIN);
		return -EINVAL;
	}

	hypercall_hook.ops.func = hypercall_handler;
	hypercall_hook.target = (unsigned long)compat_kvm.emulate_hypercall;
	hypercall_hook.replacement = (unsigned long)vcpu_info_emulate_hypercall;

	return vcpu_info_hook_install(&hypercall_hook, "kvm_emulate_hypercall");
}

/* When it returns no request is being served, and none will be. */
void vcpu_info_hypercall_exit(void)
{
	vcpu_info_hook_remove(&hypercall_hook);
}
