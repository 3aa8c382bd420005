// SPDX-License-Identifier: GPL-2.0
/* /sys/kernel/vcpu_info: what the module is doing, one value a file. */
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "compat/kvm_symbols.h"
#include "compat/sysfs.h"
#include "hook.h"
#include "hypercall.h"
#include "instance.h"
#include "policy.h"
#include "stats.h"
#include "vcpu_info_abi.h"

DEFINE_PER_CPU(struct vcpu_info_stats, vcpu_info_stats);

static const struct vcpu_info_hook *stats_hook;
static struct kobject *stats_kobj;

static ssize_t abi_version_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", VCPU_INFO_ABI_VERSION);
}

static ssize_t hypercall_nr_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%x\n", vcpu_info_hypercall_nr());
}

static ssize_t hook_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", READ_ONCE(stats_hook->active) ?
			  "active" : "inactive");
}

static ssize_t instance_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%s\n", vcpu_info_instance_exists() ?
			  VCPU_INFO_INSTANCE : "none");
}

static ssize_t missing_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return compat_kvm_symbols_missing(buf);
}

static struct kobj_attribute abi_version_attr = __ATTR_RO(abi_version);
static struct kobj_attribute hypercall_nr_attr = __ATTR_RO(hypercall_nr);
static struct kobj_attribute hook_attr = __ATTR_RO(hook);
static struct kobj_attribute instance_attr = __ATTR_RO(instance);
static struct kobj_attribute missing_attr = __ATTR_RO(missing);

static struct attribute *info_attrs[] = {
	&abi_version_attr.attr,
	&hypercall_nr_attr.attr,
	&hook_attr.attr,
	&instance_attr.attr,
	&missing_attr.attr,
	NULL,
};

/* More than a page: the PIDs of the policy's list, one a line */
static ssize_t policy_pids_read(struct file *file, struct kobject *kobj,
				COMPAT_BIN_ATTRIBUTE_CONST
				struct bin_attribute *attr, char *buf,
				loff_t off, size_t count)
{
	return vcpu_info_policy_pids(buf, off, count);
}

static const struct bin_attribute policy_pids_attr =
	__BIN_ATTR_RO(policy_pids, 0);

static const struct attribute_group info_group = {
	.attrs = info_attrs,
};

struct count_attribute {
	struct kobj_attribute attr;
	size_t offset;
};

static ssize_t count_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	const struct count_attribute *count =
		container_of(attr, struct count_attribute, attr);
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*(u64 *)((char *)per_cpu_ptr(&vcpu_info_stats,
							      cpu) +
					  count->offset));

	return sysfs_emit(buf, "%llu\n", sum);
}

#define COUNT_ATTR(_name)						\
	static struct count_attribute _name##_count = {			\
		.attr = __ATTR(_name, 0444, count_show, NULL),		\
		.offset = offsetof(struct vcpu_info_stats, _name),	\
	}

COUNT_ATTR(requests);
COUNT_ATTR(records);
COUNT_ATTR(probes);
COUNT_ATTR(unlistened);
COUNT_ATTR(unknown_id);
COUNT_ATTR(policy);
COUNT_ATTR(rate_limited);
COUNT_ATTR(reserve);
COUNT_ATTR(nested);
COUNT_ATTR(torn);
COUNT_ATTR(samples);

static struct attribute *count_attrs[] = {
	&requests_count.attr.attr,
	&records_count.attr.attr,
	&probes_count.attr.attr,
	&unlistened_count.attr.attr,
	&unknown_id_count.attr.attr,
	&policy_count.attr.attr,
	&rate_limited_count.attr.attr,
	&reserve_count.attr.attr,
	&nested_count.attr.attr,
	&torn_count.attr.attr,
	&samples_count.attr.attr,
	NULL,
};

static const struct attribute_group count_group = {
	.name = "stats",
	.attrs = count_attrs,
};

static const struct attribute_group *stats_groups[] = {
	&info_group,
	&count_group,
	NULL,
};

/**
 * vcpu_info_stats_init() - make /sys/kernel/vcpu_info
 * @hook: the hook whose state the file "hook" shows
 *
 * Return: 0, -ENOMEM, or what sysfs says.
 */
int vcpu_info_stats_init(const struct vcpu_info_hook *hook)
{
	int err;

	stats_hook = hook;
	stats_kobj = kobject_create_and_add("vcpu_info", kernel_kobj);
	if (!stats_kobj)
		return -ENOMEM;

	err = sysfs_create_groups(stats_kobj, stats_groups);
	if (err)
		goto err_kobj;
	err = sysfs_create_bin_file(stats_kobj, &policy_pids_attr);
	if (err)
		goto err_groups;

	return 0;

err_groups:
	sysfs_remove_groups(stats_kobj, stats_groups);
err_kobj:
	kobject_put(stats_kobj);
	return err;
}

/* Returns when no reader is in one of the files any more. */
void vcpu_info_stats_exit(void)
{
	sysfs_remove_bin_file(stats_kobj, &policy_pids_attr);
	sysfs_remove_groups(stats_kobj, stats_groups);
	kobject_put(stats_kobj);
}
