// SPDX-License-Identifier: GPL-2.0
/*
 * 6.16, 97d06802d10a ("sysfs: constify bin_attribute argument of
 * bin_attribute::read/write()")
 */
#include <linux/sysfs.h>

static_assert(__same_type(((struct bin_attribute *)0)->read,
			  ssize_t (*)(struct file *, struct kobject *,
				      const struct bin_attribute *, char *,
				      loff_t, size_t)));
