/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between kernel versions is in this directory: one wrapper
 * per facility, each branch dated. The rest of the modules is written against
 * the newest kernel. What a kernel has is found by trial (probe.mk).
 */
#ifndef VCPU_INFO_COMPAT_H
#define VCPU_INFO_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "vcpu-info supports Linux 6.1 and later"
#endif

#ifndef CONFIG_X86_64
#error "vcpu-info supports x86-64 only"
#endif

#endif /* VCPU_INFO_COMPAT_H */
