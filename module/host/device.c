// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vcpu-info-host: the host asks, for any VM of which the caller has a
 * descriptor.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/security.h>
#include <linux/string.h>

#include "compat/kvm_symbols.h"
#include "device.h"
#include "memslots.h"
#include "quiesce.h"
#include "sample.h"
#include "userstruct.h"
#include "vcpu_info_abi.h"
#include "vmfile.h"

static_assert(sizeof(struct vcpu_info_host_info) ==
	      32 + VCPU_INFO_HOST_MISSING_LEN);

static int list_missing(struct vcpu_info_host_info *info)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (!page)
		return -ENOMEM;

	compat_kvm_symbols_missing(page);
	strscpy(info->missing, strim(page), sizeof(info->missing));
	free_page((unsigned long)page);

	return 0;
}

static long ioctl_info(void __user *argp)
{
	struct vcpu_info_host_info info;
	long size, err;

	size = vcpu_info_user_get(&info, sizeof(info), argp);
	if (size < 0)
		return size;

	info = (struct vcpu_info_host_info) {
		.size = size,
		.abi_version = VCPU_INFO_ABI_VERSION,
		.max_attempts = VCPU_INFO_MAX_ATTEMPTS,
		.max_ids = VCPU_INFO_HOST_MAX_IDS,
		.vcpu_size = sizeof(struct vcpu_info_host_vcpu),
		.memslot_size = sizeof(struct vcpu_info_host_memslot),
	};
	if (vcpu_info_vmfile_possible())
		info.flags = VCPU_INFO_HOST_CAN_SAMPLE |
			     VCPU_INFO_HOST_CAN_MEMSLOTS |
			     VCPU_INFO_HOST_CAN_STACK;
	err = list_missing(&info);
	if (err)
		return err;

	return vcpu_info_user_put(argp, &info, sizeof(info), size);
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case VCPU_INFO_HOST_IOC_INFO:
		return ioctl_info(argp);
	case VCPU_INFO_HOST_IOC_SAMPLE:
		return vcpu_info_sample(argp);
	case VCPU_INFO_HOST_IOC_MEMSLOTS:
		return vcpu_info_memslots(argp);
	default:
		return -ENOTTY;
	}
}

/* Registers of a guest are what lockdown and perf's capability protect. */
static int device_open(struct inode *inode, struct file *file)
{
	int err;

	if (!perfmon_capable())
		return -EPERM;

	err = security_locked_down(LOCKDOWN_PERF);
	if (!err)
		vcpu_info_quiesce_host(true);

	return err;
}

static int device_release(struct inode *inode, struct file *file)
{
	vcpu_info_quiesce_host(false);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = VCPU_INFO_HOST_DEV_NAME,
	.fops = &device_fops,
	.mode = 0600,
};

/**
 * vcpu_info_device_register() - make /dev/vcpu-info-host
 *
 * Return: 0, or after a message what misc_register() says.
 */
int vcpu_info_device_register(void)
{
	int err = misc_register(&device);

	if (err)
		pr_err("cannot register %s: error %d\n",
		       VCPU_INFO_HOST_DEV_PATH, err);

	return err;
}

void vcpu_info_device_unregister(void)
{
	misc_deregister(&device);
}
