// SPDX-License-Identifier: GPL-2.0
/* Diverting calls of a kernel function by ftrace, as livepatch does it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "delay.h"
#include "hook.h"

#define SAY_WAITING	(10 * HZ)

static unsigned long hook_in_flight(const struct vcpu_info_hook *hook)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(hook->in_flight, cpu));

	return sum;
}

/*
 * When ftrace has shut itself down after a fault (ftrace_bug()) it unregisters
 * nothing, and goes on calling handlers. Then the module has to stay for good.
 */
static void unregister(struct ftrace_ops *ops)
{
	int err = unregister_ftrace_function(ops);

	if (!err)
		return;

	pr_err("ftrace cannot remove a hook (error %d): the module stays in use until the host is rebooted\n",
	       err);
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

/* A replacement may sleep, which RCU-tasks takes for being done. */
static void wait_in_flight(const struct vcpu_info_hook *hook)
{
	unsigned long end = jiffies + SAY_WAITING, nr;

	while ((nr = hook_in_flight(hook))) {
		if (end && time_after(jiffies, end)) {
			pr_notice("waiting for %lu requests to end; they never will if a kernel fault killed a vCPU's thread\n",
				  nr);
			end = 0;
		}
		msleep(20);
	}
}

/* ftrace keeps pointers to what it has freed: whoever comes next begins anew. */
static void free_filter(struct ftrace_ops *ops)
{
	ftrace_free_filter(ops);
	*ops = (struct ftrace_ops) { .func = ops->func };
}

static void hook_explain(const char *name, int err)
{
	switch (err) {
	case -EBUSY:
		pr_err("cannot hook %s(): already redirected by a live patch or another tracer (see /sys/kernel/tracing/enabled_functions), or sysctl kernel.ftrace_enabled is 0\n",
		       name);
		break;
	case -EINVAL:
		pr_err("cannot hook %s(): ftrace does not know this function\n",
		       name);
		break;
	default:
		pr_err("cannot hook %s(): error %d\n", name, err);
		break;
	}
}

/**
 * vcpu_info_hook_install() - start diverting calls
 * @hook: @target, @replacement and @ops.func are set, the rest is zero
 * @name: the target's name, for messages
 *
 * Return: 0, or a negative errno after a message: -EBUSY if
 * kernel.ftrace_enabled is 0 or the function is redirected by somebody else,
 * -EINVAL if ftrace cannot trace it, -ENOMEM.
 */
int vcpu_info_hook_install(struct vcpu_info_hook *hook, const char *name)
{
	unsigned long site = compat_ftrace_site(hook->target);
	int err;

	hook->in_flight = alloc_percpu(unsigned long);
	if (!hook->in_flight)
		return -ENOMEM;

	/*
	 * PERMANENT: without it kernel.ftrace_enabled=0 would silence the hook
	 * later, unnoticed; with it that is refused, now and then.
	 */
	hook->ops.flags = COMPAT_FTRACE_REDIRECT_FLAGS;
	err = ftrace_set_filter_ip(&hook->ops, site, 0, 0);
	if (err)
		goto err_free;

	err = register_ftrace_function(&hook->ops);
	if (err)
		goto err_filter;

	WRITE_ONCE(hook->active, true);
	return 0;

err_filter:
	ftrace_set_filter_ip(&hook->ops, site, 1, 0);
err_free:
	free_filter(&hook->ops);
	free_percpu(hook->in_flight);
	hook->in_flight = NULL;
	hook_explain(name, err);
	return err;
}

/**
 * vcpu_info_hook_remove() - stop diverting calls and wait for the last one
 * @hook: the hook; nothing to do if it is not installed
 *
 * May sleep. When it returns, no task is in the replacement. It never returns if
 * ftrace does not remove the hook.
 */
void vcpu_info_hook_remove(struct vcpu_info_hook *hook)
{
	if (!hook->active)
		return;

	/* Returns after every handler that could still divert a call is done. */
	unregister(&hook->ops);
	WRITE_ONCE(hook->active, false);
	vcpu_info_delay_tell(hook_in_flight(hook));

	wait_in_flight(hook);
	/* What is left is the way from vcpu_info_hook_done() to the return. */
	synchronize_rcu_tasks();

	ftrace_set_filter_ip(&hook->ops, compat_ftrace_site(hook->target), 1, 0);
	free_filter(&hook->ops);
	free_percpu(hook->in_flight);
	hook->in_flight = NULL;
}

/**
 * vcpu_info_observe_install() - have a handler called when a function is
 * @ops: @func is set, the rest is zero
 * @target: address of the function; 0 if there is none
 *
 * Return: 0, or a negative errno and nothing is installed.
 */
int vcpu_info_observe_install(struct ftrace_ops *ops, unsigned long target)
{
	int err;

	if (!target)
		return -ENOENT;

	ops->flags = COMPAT_FTRACE_OBSERVE_FLAGS;
	err = ftrace_set_filter_ip(ops, compat_ftrace_site(target), 0, 0);
	if (!err)
		err = register_ftrace_function(ops);
	if (err)
		free_filter(ops);

	return err;
}

/**
 * vcpu_info_observe_install_name() - have a handler called when a function is
 * @ops: @func is set, the rest is zero
 * @name: a function that is not exported, and has a name of its own
 *
 * Return: 0, or a negative errno and nothing is installed.
 */
int vcpu_info_observe_install_name(struct ftrace_ops *ops, const char *name)
{
	unsigned char filter[KSYM_NAME_LEN];
	int err;

	strscpy(filter, name, sizeof(filter));
	ops->flags = COMPAT_FTRACE_OBSERVE_FLAGS;
	err = ftrace_set_filter(ops, filter, strlen(filter), 1);
	if (!err)
		err = register_ftrace_function(ops);
	if (err)
		free_filter(ops);

	return err;
}

/**
 * vcpu_info_observe_remove() - undo vcpu_info_observe_install()
 * @ops: as installed
 *
 * Return: 0, and then the handler is not running, will not be called and may be
 * installed again; or a negative errno if ftrace does not remove it, and goes on
 * calling it.
 */
int vcpu_info_observe_remove(struct ftrace_ops *ops)
{
	int err = unregister_ftrace_function(ops);

	if (!err)
		free_filter(ops);

	return err;
}

/*
 * The same before the module is unloaded: it never returns if ftrace does not remove
 * the handler.
 */
void vcpu_info_observe_exit(struct ftrace_ops *ops)
{
	unregister(ops);
	free_filter(ops);
}

/*
 * Self-test: what the hook depends on is tried on a function of our own before
 * KVM is touched.
 */
#define SELFTEST_PLAIN		0x706c
#define SELFTEST_DIVERTED	0x6469

static struct vcpu_info_hook selftest_hook;
static bool selftest_in_replacement;

/*
 * What calls of it return is for ftrace to decide: the compiler must neither
 * clone it nor conclude from its code which values they can have.
 */
static noinline __noclone int selftest_target(unsigned long arg)
{
	int ret = arg ? SELFTEST_PLAIN : 0;

	OPTIMIZER_HIDE_VAR(ret);
	barrier();
	return ret;
}

static noinline int selftest_replacement(unsigned long arg)
{
	int ret;

	/* The compiler does not see the handler between these. */
	WRITE_ONCE(selftest_in_replacement, true);
	ret = selftest_target(arg);
	WRITE_ONCE(selftest_in_replacement, false);
	vcpu_info_hook_done(&selftest_hook);
	return ret == SELFTEST_PLAIN ? SELFTEST_DIVERTED : ret;
}

static void notrace selftest_handler(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	if (READ_ONCE(selftest_in_replacement) ||
	    compat_ftrace_first_argument(fregs) != (unsigned long)&selftest_hook)
		return;
	vcpu_info_hook_divert(&selftest_hook, fregs);
}

/**
 * vcpu_info_hook_selftest() - check that calls can be diverted on this kernel
 *
 * Return: 0; -EIO if a hooked call was not diverted or the original could not
 * be reached from the replacement; or what vcpu_info_hook_install() says.
 */
int vcpu_info_hook_selftest(void)
{
	unsigned long arg = (unsigned long)&selftest_hook;
	int err, hooked, passed;

	selftest_hook.ops.func = selftest_handler;
	selftest_hook.target = (unsigned long)selftest_target;
	selftest_hook.replacement = (unsigned long)selftest_replacement;
	err = vcpu_info_hook_install(&selftest_hook, "selftest_target");
	if (err)
		return err;

	hooked = selftest_target(arg);
	passed = selftest_target(arg + 1);
	vcpu_info_hook_remove(&selftest_hook);

	if (hooked != SELFTEST_DIVERTED || passed != SELFTEST_PLAIN ||
	    selftest_target(arg) != SELFTEST_PLAIN) {
		pr_err("self-test failed: ftrace does not divert calls on this kernel (0x%x 0x%x)\n",
		       hooked, passed);
		return -EIO;
	}

	return 0;
}
