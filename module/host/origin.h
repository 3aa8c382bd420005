/* SPDX-License-Identifier: GPL-2.0 */
/* Which VM a request comes from, as the events say it */
#ifndef VCPU_INFO_ORIGIN_H
#define VCPU_INFO_ORIGIN_H

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/sched.h>

#include "snapshot.h"

/*
 * KVM names a VM's directory in debugfs TID-FD, by the thread that made the VM
 * and by its file descriptor. The entry stays as long as the VM and is never
 * renamed.
 */
static inline int vcpu_info_vm_fd(const struct kvm *kvm)
{
	const struct dentry *dentry = kvm->debugfs_dentry;
	const unsigned char *start, *c;
	int fd = 0, unit = 1;

	if (IS_ERR_OR_NULL(dentry))
		return -1;

	start = dentry->d_name.name;
	c = start + dentry->d_name.len;
	while (--c > start && *c >= '0' && *c <= '9') {
		fd += (*c - '0') * unit;
		unit *= 10;
	}

	return c > start && *c == '-' && unit > 1 ? fd : -1;
}

/* In the thread that runs the caller */
static inline void vcpu_info_origin(struct vcpu_info_origin *from,
				    const struct kvm_vcpu *caller)
{
	from->vm_pid = task_tgid_nr(current);
	from->vm_fd = vcpu_info_vm_fd(caller->kvm);
	from->caller_id = caller->vcpu_id;
}

#endif /* VCPU_INFO_ORIGIN_H */
