/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_HOOK_H
#define VCPU_INFO_HOOK_H

#include <linux/module.h>
#include <linux/percpu.h>

#include "compat/ftrace.h"

/**
 * struct vcpu_info_hook - a function that calls can be diverted from
 * @ops: how ftrace sees the hook
 * @target: address of the function
 * @replacement: address of what may run in its place; same prototype
 * @in_flight: calls diverted and not yet done, as a sum over all CPUs
 * @active: true from install to remove
 * @caller_ip: where it returns to when somebody else calls it, as last seen
 * @return_ip: where it returns to when the replacement calls it
 *
 * The handler in @ops.func decides for each call and diverts by
 * vcpu_info_hook_divert(). Each replacement ends with vcpu_info_hook_done().
 */
struct vcpu_info_hook {
	struct ftrace_ops ops;
	unsigned long target;
	unsigned long replacement;
	unsigned long __percpu *in_flight;
	bool active;
	unsigned long caller_ip;
	unsigned long return_ip;
};

/*
 * In a handler: whether it is the replacement that calls, which has to get the
 * original. No call from elsewhere returns to this module, so that an address
 * is of one kind for as long as the hook is there; to ask anew for each call
 * would take 150 instructions.
 */
static __always_inline bool
vcpu_info_hook_is_original(struct vcpu_info_hook *hook, unsigned long parent_ip)
{
	if (likely(parent_ip == READ_ONCE(hook->caller_ip)))
		return false;
	if (likely(parent_ip == READ_ONCE(hook->return_ip)))
		return true;

	if (!within_module(parent_ip, THIS_MODULE)) {
		WRITE_ONCE(hook->caller_ip, parent_ip);
		return false;
	}
	WRITE_ONCE(hook->return_ip, parent_ip);
	return true;
}

/*
 * Count first: a task may be preempted anywhere between here and the
 * replacement's end, and remove has to wait for it.
 */
static __always_inline void
vcpu_info_hook_divert(struct vcpu_info_hook *hook, struct ftrace_regs *fregs)
{
	this_cpu_inc(*hook->in_flight);
	compat_ftrace_set_ip(fregs, hook->replacement);
}

static __always_inline void vcpu_info_hook_done(struct vcpu_info_hook *hook)
{
	this_cpu_dec(*hook->in_flight);
}

int vcpu_info_hook_install(struct vcpu_info_hook *hook, const char *name);
void vcpu_info_hook_remove(struct vcpu_info_hook *hook);
int vcpu_info_hook_selftest(void);

int vcpu_info_observe_install(struct ftrace_ops *ops, unsigned long target);
int vcpu_info_observe_install_name(struct ftrace_ops *ops, const char *name);
int vcpu_info_observe_remove(struct ftrace_ops *ops);
void vcpu_info_observe_exit(struct ftrace_ops *ops);

#endif /* VCPU_INFO_HOOK_H */
