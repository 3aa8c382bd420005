// SPDX-License-Identifier: GPL-2.0
/*
 * From a descriptor to a VM. Whoever has it may do anything to that VM, so that
 * it is the proof of access to it.
 *
 * The file is held as long as the VM is looked at, not the VM: the file alone
 * keeps kvm_intel or kvm_amd from being unloaded (from 6.12 on).
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "compat/kvm.h"
#include "vmfile.h"

/* Whether this kernel lets us tell a VM's file from others */
bool vcpu_info_vmfile_possible(void)
{
	return compat_kvm.file_is_kvm;
}

struct kvm *vcpu_info_vmfile_kvm(const struct file *file)
{
	return file->private_data;
}

static int check(struct file *file)
{
	const struct kvm *kvm;

	if (!compat_kvm.file_is_kvm(file))
		return -EINVAL;
	if (!compat_kvm_is_svm() && !compat_kvm_is_vmx())
		return -EOPNOTSUPP;

	/* The descriptor may outlive the VMM, as a copy of ours does. */
	kvm = vcpu_info_vmfile_kvm(file);
	if (READ_ONCE(kvm->vm_dead) || !atomic_read(&kvm->mm->mm_users))
		return -EIO;

	return 0;
}

/**
 * vcpu_info_vmfile_get() - the file of a VM
 * @fd: a descriptor of the current process
 *
 * Return: it, for fput(); -EBADF if there is no such descriptor; -EINVAL if it is
 * not a VM's; -EIO if the VM or its VMM is dead; -EOPNOTSUPP if this kernel or
 * its KVM does not let us tell.
 */
struct file *vcpu_info_vmfile_get(int fd)
{
	struct file *file;
	int err;

	if (!vcpu_info_vmfile_possible())
		return ERR_PTR(-EOPNOTSUPP);

	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);

	err = check(file);
	if (!err)
		return file;

	fput(file);
	return ERR_PTR(err);
}

static s32 tgid_of_runner(struct kvm_vcpu *vcpu)
{
	struct pid *pid = compat_kvm_vcpu_get_pid(vcpu);
	struct task_struct *task;
	s32 tgid = 0;

	if (!pid)
		return 0;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_PID);
	if (task)
		tgid = task_tgid_nr(task);
	rcu_read_unlock();
	put_pid(pid);

	return tgid;
}

/*
 * The thread that made the VM may be gone, and its number another's: but not
 * another's with the same memory.
 */
static s32 tgid_of_creator(const struct kvm *kvm)
{
	struct task_struct *task;
	s32 tgid = 0;

	rcu_read_lock();
	task = pid_task(find_pid_ns(kvm->userspace_pid, &init_pid_ns),
			PIDTYPE_PID);
#ifdef CONFIG_MEMCG
	if (!task || READ_ONCE(task->mm) != kvm->mm)
		task = rcu_dereference(kvm->mm->owner);
#endif
	if (task && READ_ONCE(task->mm) == kvm->mm)
		tgid = task_tgid_nr(task);
	rcu_read_unlock();

	return tgid;
}

/**
 * vcpu_info_vmm_pid() - the process ID of a VM's VMM
 * @kvm: the VM; its file is held
 *
 * A hypercall's record has that of the thread that runs the caller. The same
 * number comes from any thread that runs a vCPU.
 *
 * Return: it, in the host's PID namespace; 0 if no thread of it is left.
 */
s32 vcpu_info_vmm_pid(struct kvm *kvm)
{
	int i, nr = atomic_read(&kvm->online_vcpus);
	struct kvm_vcpu *vcpu;
	s32 tgid;

	for (i = 0; i < nr; i++) {
		vcpu = kvm_get_vcpu(kvm, i);
		tgid = vcpu ? tgid_of_runner(vcpu) : 0;
		if (tgid)
			return tgid;
	}

	return tgid_of_creator(kvm);
}
