/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device, behind a table that the unit tests replace.
 */
#ifndef GUEST_DEVICE_H
#define GUEST_DEVICE_H

#include <stdbool.h>
#include <time.h>

/* What helps if the module and the program do not understand each other. */
#define HINT_VERSIONS \
	"Install the same version of vcpu-info-guest and vcpu-info-guest-dkms."

struct device;

/**
 * struct device_ops - what the commands need of the world outside
 * @ioctl: 0 or a negative errno number
 * @sleep_until: wait for a time of CLOCK_MONOTONIC
 */
struct device_ops {
	int (*ioctl)(const struct device *dev, unsigned long cmd, void *arg);
	void (*sleep_until)(const struct timespec *when);
};

struct device {
	const struct device_ops *ops;
	int fd;
};

/* 0 or a negative errno number. */
int device_open(struct device *dev, const char *path);
void device_close(struct device *dev);

/* Say why the device could not be opened and what to do; the exit code. */
int device_open_failed(int error, const char *path, bool kvm_guest);

/* The same for an ioctl that failed. */
int device_ioctl_failed(int error);

/* Whether the CPUs have KVM's signature, as the kernel looks for it. */
bool device_kvm_guest(void);

#endif /* GUEST_DEVICE_H */
