// SPDX-License-Identifier: GPL-2.0
/*
 * Which VMs may ask: all, none, those of some processes, or all but those.
 *
 * A list holds references to struct pid, not numbers. When a VMM is gone its
 * number may come back, but never the struct pid: an entry can only go stale,
 * it cannot come to mean another process.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "policy.h"
#include "quiesce.h"

/**
 * struct policy - who is served
 * @others: whether VMs of processes that are not listed are served; those of
 *	listed ones are treated the other way
 * @nr: processes listed
 * @vmms: these, by address
 */
struct policy {
	bool others;
	unsigned int nr;
	struct pid *vmms[];
};

static struct policy serve_all = { .others = true };
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
	kvfree(old);
}

static void policy_replace(struct policy *new)
{
	struct policy *old = rcu_replace_pointer(policy, new, true);

	vcpu_info_quiesce_needs(VCPU_INFO_NEEDS_ADMITTED, new != &serve_none);
	synchronize_rcu();
	policy_free(old);
}

/* Where in the list a process is, or would be */
static unsigned int policy_find(const struct policy *p, const struct pid *vmm)
{
	unsigned int low = 0, high = p->nr;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (p->vmms[mid] < vmm)
			low = mid + 1;
		else
			high = mid;
	}

	return low;
}

static bool policy_serves(const struct policy *p, const struct pid *vmm)
{
	unsigned int at = policy_find(p, vmm);
	bool listed = at < p->nr && p->vmms[at] == vmm;

	return listed != p->others;
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

/* Takes over the reference to vmm. */
static int policy_insert(struct policy *p, unsigned int at, struct pid *vmm)
{
	if (p->nr == VCPU_INFO_POLICY_MAX) {
		put_pid(vmm);
		pr_err("policy: a list holds at most %d processes\n",
		       VCPU_INFO_POLICY_MAX);
		return -E2BIG;
	}

	memmove(&p->vmms[at + 1], &p->vmms[at],
		(p->nr - at) * sizeof(p->vmms[0]));
	p->vmms[at] = vmm;
	p->nr++;

	return 0;
}

static void policy_delete(struct policy *p, unsigned int at)
{
	put_pid(p->vmms[at]);
	p->nr--;
	memmove(&p->vmms[at], &p->vmms[at + 1],
		(p->nr - at) * sizeof(p->vmms[0]));
}

static int policy_decide(struct policy *p, int nr, bool served)
{
	struct pid *vmm = vmm_get(nr);
	unsigned int at;

	if (!vmm) {
		pr_err("policy: there is no process %d\n", nr);
		return -ESRCH;
	}

	at = policy_find(p, vmm);
	if (policy_serves(p, vmm) == served) {
		put_pid(vmm);
		return 0;
	}
	if (served != p->others)
		return policy_insert(p, at, vmm);

	put_pid(vmm);
	policy_delete(p, at);

	return 0;
}

/* "pid:1" in a list of who is served; "+pid:1" and "-pid:1" anywhere */
static int policy_word(struct policy *p, const char *word)
{
	bool edit = *word == '+' || *word == '-';
	const char *process = word + edit;
	int nr;

	if (strncmp(process, "pid:", 4) || kstrtoint(process + 4, 10, &nr) ||
	    nr <= 0 || (p->others && !edit)) {
		pr_err("invalid policy \"%.32s\": use \"all\", \"none\", or a list of processes such as pid:1234,pid:5678; +pid:1234 and -pid:1234 change it\n",
		       word);
		return -EINVAL;
	}

	return policy_decide(p, nr, *word != '-');
}

/* Processes that are gone are left out. */
static void policy_copy(struct policy *p, const struct policy *from)
{
	unsigned int i;

	p->others = from->others;
	rcu_read_lock();
	for (i = 0; i < from->nr; i++)
		if (pid_task(from->vmms[i], PIDTYPE_TGID))
			p->vmms[p->nr++] = get_pid(from->vmms[i]);
	rcu_read_unlock();
}

/* The words "all" and "none" come first, if at all; changes are to what is. */
static int policy_parse(struct policy *p, char *text)
{
	char *rest = strim(text);
	char *word;
	int err = 0;

	if (*rest == '+' || *rest == '-') {
		policy_copy(p, rcu_dereference_protected(policy, true));
	} else if (!strcmp(rest, "all") || !strncmp(rest, "all,", 4)) {
		p->others = true;
		strsep(&rest, ",");
	} else if (!strcmp(rest, "none") || !strncmp(rest, "none,", 5)) {
		strsep(&rest, ",");
	}

	while (!err && rest) {
		word = strsep(&rest, ",");
		err = policy_word(p, word);
	}

	return err;
}

static int policy_set(const char *val, const struct kernel_param *kp)
{
	struct policy *new = kvzalloc(struct_size(new, vmms,
						  VCPU_INFO_POLICY_MAX),
				      GFP_KERNEL);
	char *text = kstrdup(val, GFP_KERNEL);
	int err = -ENOMEM;

	if (new && text)
		err = policy_parse(new, text);
	kfree(text);
	if (err) {
		if (new)
			policy_free(new);
		return err;
	}

	if (!new->nr) {
		struct policy *constant = new->others ? &serve_all :
							&serve_none;

		policy_free(new);
		new = constant;
	}
	policy_replace(new);

	return 0;
}

/*
 * Processes that are gone are not shown: nothing is decided for them. A list
 * that does not fit into the page ends in "..."; policy_pids has all of it.
 */
static int policy_get(char *buffer, const struct kernel_param *kp)
{
	const struct policy *p = rcu_dereference_protected(policy, true);
	const char *entry = p->others ? "-pid" : "pid";
	int len = p->others ? sysfs_emit(buffer, "all") : 0;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < p->nr; i++) {
		if (!pid_task(p->vmms[i], PIDTYPE_TGID))
			continue;
		if (len > PAGE_SIZE - 32) {
			len += sysfs_emit_at(buffer, len, ",...");
			break;
		}
		len += sysfs_emit_at(buffer, len, "%s%s:%d", len ? "," : "",
				     entry, pid_nr(p->vmms[i]));
	}
	rcu_read_unlock();

	return len + sysfs_emit_at(buffer, len, len ? "\n" : "none\n");
}

/**
 * vcpu_info_policy_pids() - a part of the list of processes, as text
 * @buf: where to put it
 * @off: where in the list it begins, in bytes
 * @count: how many bytes fit
 *
 * The whole list would not fit into a page. Each process has a line of
 * VCPU_INFO_POLICY_LINE bytes, so the place of each is known.
 *
 * Return: the number of bytes.
 */
ssize_t vcpu_info_policy_pids(char *buf, loff_t off, size_t count)
{
	char line[VCPU_INFO_POLICY_LINE + 1];
	const struct policy *p;
	size_t done = 0, at, part;
	loff_t start = 0;
	unsigned int i;

	rcu_read_lock();
	p = rcu_dereference(policy);
	for (i = 0; i < p->nr && done < count; i++) {
		if (!pid_task(p->vmms[i], PIDTYPE_TGID))
			continue;
		if (start + VCPU_INFO_POLICY_LINE > off + done) {
			snprintf(line, sizeof(line), "%*d\n",
				 VCPU_INFO_POLICY_LINE - 1,
				 pid_nr(p->vmms[i]));
			at = off + done - start;
			part = min_t(size_t, count - done,
				     VCPU_INFO_POLICY_LINE - at);
			memcpy(buf + done, line + at, part);
			done += part;
		}
		start += VCPU_INFO_POLICY_LINE;
	}
	rcu_read_unlock();

	return done;
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
MODULE_PARM_DESC(policy, "VMs to serve, each for its own vCPUs: all, none, or those of VMMs by process ID, such as pid:1234,pid:5678; all,-pid:1234 is all but one (default: all)");

/* Apart, so that who is served by a constant policy saves no registers for this. */
static noinline bool policy_admits_listed(void)
{
	bool admits;

	rcu_read_lock();
	admits = policy_serves(rcu_dereference(policy), task_tgid(current));
	rcu_read_unlock();

	return admits;
}

/**
 * vcpu_info_policy_admits() - whether the policy serves the VM that asks
 *
 * Called by the thread that runs the asking vCPU, which is one of the VMM's.
 */
bool vcpu_info_policy_admits(void)
{
	const struct policy *p = rcu_access_pointer(policy);

	/* These are never freed. */
	if (p == &serve_all || p == &serve_none)
		return p->others;

	return policy_admits_listed();
}
