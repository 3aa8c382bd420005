/* SPDX-License-Identifier: GPL-2.0 */
/* Files of sysfs that are longer than a page. */
#ifndef VCPU_INFO_COMPAT_SYSFS_H
#define VCPU_INFO_COMPAT_SYSFS_H

#include <linux/sysfs.h>

#include "compat.h"

/* What bin_attribute.read() gets: 6.16 made it const. */
#ifdef COMPAT_HAVE_SYSFS_CONST_READ
#define COMPAT_BIN_ATTRIBUTE_CONST	const
#else
#define COMPAT_BIN_ATTRIBUTE_CONST
#endif

#endif /* VCPU_INFO_COMPAT_SYSFS_H */
