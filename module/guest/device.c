// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vcpu-info: the hypercall for user space, by vcpu_id and by CPU.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "device.h"
#include "guest_apicid.h"
#include "hypercall.h"
#include "vcpu_info_abi.h"

/* The caller keeps @cpu from going offline. */
static void ask_cpu(unsigned int cpu, struct vcpu_info_ioc_cpu *entry)
{
	*entry = (struct vcpu_info_ioc_cpu) {
		.cpu = cpu,
		.vcpu_id = -1,
		.result = -ENXIO,
	};
	if (cpu >= nr_cpu_ids || !cpu_online(cpu))
		return;

	entry->vcpu_id = compat_cpu_apicid(cpu);
	if (entry->vcpu_id >= 0)
		entry->result = vcpu_info(entry->vcpu_id);
}

static long ioctl_info(void __user *argp)
{
	struct vcpu_info_ioc_info info = {
		.abi_version = VCPU_INFO_ABI_VERSION,
		.hypercall_nr = vcpu_info_hypercall_nr,
		.nr_cpus = num_online_cpus(),
		.result = vcpu_info(VCPU_INFO_PROBE_ID),
	};

	return copy_to_user(argp, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ioctl_vcpu(void __user *argp)
{
	struct vcpu_info_ioc_vcpu vcpu;

	if (copy_from_user(&vcpu, argp, sizeof(vcpu)))
		return -EFAULT;

	vcpu.result = vcpu_info(vcpu.vcpu_id);
	return copy_to_user(argp, &vcpu, sizeof(vcpu)) ? -EFAULT : 0;
}

static long get_cpu_arg(struct vcpu_info_ioc_cpu *entry, void __user *argp)
{
	if (copy_from_user(entry, argp, sizeof(*entry)))
		return -EFAULT;
	return entry->reserved ? -EINVAL : 0;
}

static long ioctl_cpu(void __user *argp)
{
	struct vcpu_info_ioc_cpu entry;
	long ret;

	ret = get_cpu_arg(&entry, argp);
	if (ret)
		return ret;

	cpus_read_lock();
	ask_cpu(entry.cpu, &entry);
	cpus_read_unlock();
	return copy_to_user(argp, &entry, sizeof(entry)) ? -EFAULT : 0;
}

static long ioctl_self(void __user *argp)
{
	struct vcpu_info_ioc_cpu entry;
	long ret;

	ret = get_cpu_arg(&entry, argp);
	if (ret)
		return ret;

	/* Preemption stays off, or the target might not be the caller. */
	ask_cpu(get_cpu(), &entry);
	put_cpu();
	return copy_to_user(argp, &entry, sizeof(entry)) ? -EFAULT : 0;
}

/* Returns the number of CPUs online, which may be more than @max. */
static long ask_online_cpus(struct vcpu_info_ioc_cpu *entries, unsigned int max)
{
	unsigned int cpu, n = 0;
	long ret;

	cpus_read_lock();
	ret = num_online_cpus();
	for_each_online_cpu(cpu) {
		if (n == max)
			break;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		ask_cpu(cpu, &entries[n++]);
		cond_resched();
	}
	cpus_read_unlock();
	return ret;
}

static long ioctl_all(void __user *argp)
{
	struct vcpu_info_ioc_cpu *entries;
	struct vcpu_info_ioc_all all;
	unsigned int max;
	long ret;

	if (copy_from_user(&all, argp, sizeof(all)))
		return -EFAULT;
	if (all.reserved)
		return -EINVAL;

	max = min_t(unsigned int, all.nr, nr_cpu_ids);
	entries = kvcalloc(max, sizeof(*entries), GFP_KERNEL_ACCOUNT);
	if (!entries)
		return -ENOMEM;

	ret = ask_online_cpus(entries, max);
	if (ret < 0)
		goto out;
	all.nr = ret;
	max = min(max, all.nr);
	ret = 0;
	if (copy_to_user(u64_to_user_ptr(all.entries), entries,
			 max * sizeof(*entries)) ||
	    copy_to_user(argp, &all, sizeof(all)))
		ret = -EFAULT;
out:
	kvfree(entries);
	return ret;
}

static long ioctl_mark(void __user *argp)
{
	struct vcpu_info_ioc_mark mark;

	if (copy_from_user(&mark, argp, sizeof(mark)))
		return -EFAULT;
	if (mark.reserved)
		return -EINVAL;

	mark.cpu = get_cpu();
	mark.vcpu_id = compat_cpu_apicid(mark.cpu);
	mark.result = vcpu_info_mark(mark.cookie);
	put_cpu();
	return copy_to_user(argp, &mark, sizeof(mark)) ? -EFAULT : 0;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case VCPU_INFO_IOC_INFO:
		return ioctl_info(argp);
	case VCPU_INFO_IOC_VCPU:
		return ioctl_vcpu(argp);
	case VCPU_INFO_IOC_CPU:
		return ioctl_cpu(argp);
	case VCPU_INFO_IOC_SELF:
		return ioctl_self(argp);
	case VCPU_INFO_IOC_ALL:
		return ioctl_all(argp);
	case VCPU_INFO_IOC_MARK:
		return ioctl_mark(argp);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = VCPU_INFO_DEV_NAME,
	.fops = &device_fops,
	.mode = 0600,
};

int vcpu_info_device_register(void)
{
	return misc_register(&device);
}

void vcpu_info_device_unregister(void)
{
	misc_deregister(&device);
}
