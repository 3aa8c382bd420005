// SPDX-License-Identifier: GPL-2.0
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "msg.h"
#include "result.h"

#define HYPERVISOR_BIT		0x80000000U	/* CPUID 1, ECX */
#define HYPERVISOR_FIRST	0x40000000U
#define HYPERVISOR_LAST		0x4000ff00U
#define HYPERVISOR_STEP		0x100U
#define KVM_SIGNATURE		"KVMKVMKVM\0\0"

static int real_ioctl(const struct device *dev, unsigned long cmd, void *arg)
{
	return ioctl(dev->fd, cmd, arg) ? -errno : 0;
}

static void real_sleep_until(const struct timespec *when)
{
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, when, NULL) ==
	       EINTR)
		;
}

static const struct device_ops real_ops = {
	.ioctl = real_ioctl,
	.sleep_until = real_sleep_until,
};

int device_open(struct device *dev, const char *path)
{
	dev->ops = &real_ops;
	dev->fd = open(path, O_RDONLY | O_CLOEXEC);
	return dev->fd < 0 ? -errno : 0;
}

void device_close(struct device *dev)
{
	close(dev->fd);
}

static int no_device(const char *path, int error, bool kvm_guest)
{
	if (!kvm_guest) {
		msg_error("no %s: this is not a KVM guest", path);
		msg_hint("Run vcpu-info-guest inside a KVM virtual machine.");
		return EXIT_NO_DEVICE;
	}
	msg_error("no %s: %s", path, strerror(-error));
	msg_hint("Install and load the guest module: %s.",
		 "apt install vcpu-info-guest-dkms, modprobe vcpu_info_guest");
	return EXIT_NO_DEVICE;
}

int device_open_failed(int error, const char *path, bool kvm_guest)
{
	switch (error) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return no_device(path, error, kvm_guest);
	case -EACCES:
	case -EPERM:
		msg_error("no permission for %s", path);
		msg_hint("Run it as root.");
		return EXIT_NO_PERMISSION;
	default:
		msg_error("cannot open %s: %s", path, strerror(-error));
		return EXIT_FAILED;
	}
}

int device_ioctl_failed(int error)
{
	msg_error("request to the module failed: %s", strerror(-error));
	if (error == -ENOTTY)
		msg_hint("The module does not know the request. %s",
			 HINT_VERSIONS);
	return EXIT_FAILED;
}

bool device_kvm_guest(void)
{
	unsigned int leaf, eax, ebx, ecx, edx, sig[3];

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) ||
	    !(ecx & HYPERVISOR_BIT))
		return false;
	for (leaf = HYPERVISOR_FIRST; leaf <= HYPERVISOR_LAST;
	     leaf += HYPERVISOR_STEP) {
		__cpuid(leaf, eax, sig[0], sig[1], sig[2]);
		if (!memcmp(sig, KVM_SIGNATURE, sizeof(sig)))
			return true;
	}
	return false;
}
