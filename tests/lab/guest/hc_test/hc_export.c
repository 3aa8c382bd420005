// SPDX-License-Identifier: GPL-2.0
/*
 * hc_export: calls the vcpu_info() that vcpu_info_guest exports.
 *
 *	echo VCPU_ID > /sys/module/hc_export/parameters/call
 *	cat /sys/module/hc_export/parameters/call
 *
 * Reads as the result of the last call, "none" before the first.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

#include "vcpu_info.h"

static bool called;
static int result;

static int call_set(const char *val, const struct kernel_param *kp)
{
	int ret, vcpu_id;

	ret = kstrtoint(val, 0, &vcpu_id);
	if (ret)
		return ret;

	result = vcpu_info(vcpu_id);
	called = true;
	return 0;
}

static int call_get(char *buf, const struct kernel_param *kp)
{
	if (!called)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%d\n", result);
}

static const struct kernel_param_ops call_ops = {
	.set = call_set,
	.get = call_get,
};

module_param_cb(call, &call_ops, NULL, 0600);
MODULE_PARM_DESC(call, "vcpu_id to call vcpu_info() with; reads as the result");

MODULE_DESCRIPTION("Call vcpu_info() from another module");
MODULE_LICENSE("GPL");
