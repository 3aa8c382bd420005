// SPDX-License-Identifier: GPL-2.0
/*
 * Which VMs may ask: all, none, or those of some processes.
 *
 * A list holds references to struct pid, not numbers. When a VMM is gone its
 * number may come back, but never the struct pid: an entry can only go stale,
 * it cannot come to mean another process.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "policy.h"
#include "quiesce.h"

struct policy {
	bool all;
	unsigned int nr;
	struct pid *vmms[];
};

static struct policy serve_all = { .all = true };
static struct policy serve_none;

/* Changed by the parameter alone, whose lock serializes that. */
static struct policy __rcu *policy = RCU_INITIALIZER(&serve_all);

static void policy_free(struct policy *old)
{
	unsigned int i;

	if (old == &serve_all || old == &serve_none)
		return;

	for (i = 0; i < old->nr; i++)
		put_pid(old->vmms[i]);
	kfree(old);
}

static void policy_replace(struct policy *new)
{
	struct policy *old = rcu_replace_pointer(policy, new, true);

	vcpu_info_quiesce_needs(VCPU_INFO_NEEDS_ADMITTED, new != &serve_none);
	synchronize_rcu();
	policy_free(old);
}

static bool policy_has(const struct policy *p, const struct pid *vmm)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (p->vmms[i] == vmm)
			return true;

	return false;
}

/* The process with that number in the host's PID namespace, if there is one */
static struct pid *vmm_get(int nr)
{
	struct pid *vmm;

	rcu_read_lock();
	vmm = find_pid_ns(nr, &init_pid_ns);
	if (vmm && !pid_task(vmm, PIDTYPE_TGID))
		vmm = NULL;
	get_pid(vmm);
	rcu_read_unlock();

	return vmm;
}

static int policy_add(struct policy *p, const char *word)
{
	struct pid *vmm;
	int nr;

	if (strncmp(word, "pid:", 4) || kstrtoint(word + 4, 10, &nr) ||
	    nr <= 0) {
		pr_err("policy is \"all\", \"none\", or a list of the processes whose VMs are served, such as pid:1234,pid:5678; it cannot have \"%.32s\"\n",
		       word);
		return -EINVAL;
	}

	vmm = vmm_get(nr);
	if (!vmm) {
		pr_err("policy: there is no process %d\n", nr);
		return -ESRCH;
	}
	if (policy_has(p, vmm)) {
		put_pid(vmm);
		return 0;
	}
	if (p->nr == VCPU_INFO_POLICY_MAX) {
		put_pid(vmm);
		pr_err("policy: a list has %d processes at the most\n",
		       VCPU_INFO_POLICY_MAX);
		return -E2BIG;
	}

	p->vmms[p->nr++] = vmm;
	return 0;
}

static struct policy *policy_parse(const char *val)
{
	struct policy *p = kzalloc(struct_size(p, vmms, VCPU_INFO_POLICY_MAX),
				   GFP_KERNEL);
	char *text = kstrdup(val, GFP_KERNEL);
	char *rest, *word;
	int err = -ENOMEM;

	if (p && text) {
		rest = strim(text);
		do {
			word = strsep(&rest, ",");
			err = policy_add(p, word);
		} while (!err && rest);
	}
	kfree(text);
	if (!err)
		return p;

	if (p)
		policy_free(p);
	return ERR_PTR(err);
}

static int policy_set(const char *val, const struct kernel_param *kp)
{
	struct policy *new;

	if (sysfs_streq(val, "all"))
		new = &serve_all;
	else if (sysfs_streq(val, "none"))
		new = &serve_none;
	else
		new = policy_parse(val);
	if (IS_ERR(new))
		return PTR_ERR(new);

	policy_replace(new);
	return 0;
}

/* Processes that are gone are not shown: nothing can be served for them. */
static int policy_get(char *buffer, const struct kernel_param *kp)
{
	const struct policy *p = rcu_dereference_protected(policy, true);
	unsigned int i;
	int len = 0;

	if (p->all)
		return sysfs_emit(buffer, "all\n");

	rcu_read_lock();
	for (i = 0; i < p->nr; i++)
		if (pid_task(p->vmms[i], PIDTYPE_TGID))
			len += sysfs_emit_at(buffer, len, "%spid:%d",
					     len ? "," : "",
					     pid_nr(p->vmms[i]));
	rcu_read_unlock();

	return len + sysfs_emit_at(buffer, len, len ? "\n" : "none\n");
}

/* At unload, and at a load that failed */
static void policy_release(void *arg)
{
	policy_replace(&serve_all);
}

static const struct kernel_param_ops policy_ops = {
	.set = policy_set,
	.get = policy_get,
	.free = policy_release,
};

module_param_cb(policy, &policy_ops, NULL, 0644);
__MODULE_PARM_TYPE(policy, "string");
MODULE_PARM_DESC(policy, "whose requests are served: all (VMs, each for its own vCPUs), none, or those of VMMs by process ID, such as pid:1234,pid:5678 (default: all)");

/**
 * vcpu_info_policy_admits() - whether the policy serves the VM that asks
 *
 * Called by the thread that runs the asking vCPU, which is one of the VMM's.
 */
bool vcpu_info_policy_admits(void)
{
	const struct policy *p = rcu_access_pointer(policy);
	bool admits;

	/* These are never freed. */
	if (p == &serve_all || p == &serve_none)
		return p->all;

	rcu_read_lock();
	p = rcu_dereference(policy);
	admits = p->all || policy_has(p, task_tgid(current));
	rcu_read_unlock();

	return admits;
}
