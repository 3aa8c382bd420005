/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * int vcpu_info(int vcpu_id): ask the host to record the state of a vCPU of
 * this VM, from the guest's kernel and from its user space.
 *
 * @vcpu_id is KVM's vcpu_id, on x86 the APIC id and not Linux's CPU number.
 * The result is 0 if the host accepted the request, else a negative errno
 * number: vcpu_info(4) lists them.
 */
#ifndef VCPU_INFO_H
#define VCPU_INFO_H

#ifdef __KERNEL__

#include <linux/types.h>

/* Exported by the module vcpu_info_guest; callable from any context. */
int vcpu_info(int vcpu_id);

/*
 * Have the host record the calling vCPU, with a number to find the record by. The
 * result is as above; -ENOSYS also from a host whose vcpu_info knows of no marks.
 */
int vcpu_info_mark(u64 cookie);

#else /* !__KERNEL__ */

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vcpu_info_abi.h"

/*
 * Opens and closes the device for each call; a program that asks often keeps a
 * descriptor and uses VCPU_INFO_IOC_VCPU itself. On top of what the host may
 * answer, the result can be what open(2) and ioctl(2) failed with: -ENOENT
 * without the module vcpu_info_guest, -EACCES without permission. The variable
 * errno is left as it was.
 */
static inline int vcpu_info(int vcpu_id)
{
	struct vcpu_info_ioc_vcpu vcpu;
	int saved_errno = errno;
	int fd, ret;

	vcpu.vcpu_id = vcpu_id;
	vcpu.result = 0;
	fd = open(VCPU_INFO_DEV_PATH, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
	} else {
		ret = ioctl(fd, VCPU_INFO_IOC_VCPU, &vcpu) ? -errno : vcpu.result;
		close(fd);
	}
	errno = saved_errno;
	return ret;
}

/*
 * Have the host record the caller's CPU, with a number to find the record by: it has
 * reason "mark". The same as vcpu_info(), and -ENOTTY from a module that is too old.
 */
static inline int vcpu_info_mark(__u64 cookie)
{
	struct vcpu_info_ioc_mark mark;
	int saved_errno = errno;
	int fd, ret;

	mark.cookie = cookie;
	mark.cpu = 0;
	mark.vcpu_id = 0;
	mark.result = 0;
	mark.reserved = 0;
	fd = open(VCPU_INFO_DEV_PATH, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
	} else {
		ret = ioctl(fd, VCPU_INFO_IOC_MARK, &mark) ? -errno : mark.result;
		close(fd);
	}
	errno = saved_errno;
	return ret;
}

#endif /* __KERNEL__ */

#endif /* VCPU_INFO_H */
