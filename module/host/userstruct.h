/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Structures that begin with their size, as the caller knows it: theirs may be
 * older or newer than ours.
 */
#ifndef VCPU_INFO_USERSTRUCT_H
#define VCPU_INFO_USERSTRUCT_H

#include <linux/mm.h>
#include <linux/types.h>
#include <linux/uaccess.h>

/**
 * vcpu_info_user_get() - copy a structure from the caller
 * @ours: it; all of it is set
 * @size: of @ours
 * @argp: where the caller has it
 *
 * Return: the caller's size; -EFAULT; -EINVAL if that is less than a size; or
 * -E2BIG if it has something that we do not know.
 */
static inline long vcpu_info_user_get(void *ours, size_t size,
				      const void __user *argp)
{
	u32 theirs;
	int err;

	if (get_user(theirs, (const u32 __user *)argp))
		return -EFAULT;
	if (theirs < sizeof(theirs))
		return -EINVAL;
	if (theirs > PAGE_SIZE)
		return -E2BIG;

	err = copy_struct_from_user(ours, size, argp, theirs);
	if (err)
		return err;

	return theirs;
}

/* Copy as much of it to the caller as that knows. */
static inline long vcpu_info_user_put(void __user *argp, const void *ours,
				      size_t size, size_t theirs)
{
	return copy_to_user(argp, ours, min(size, theirs)) ? -EFAULT : 0;
}

#endif /* VCPU_INFO_USERSTRUCT_H */
