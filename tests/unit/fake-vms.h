/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host with VMs: files below a directory that stands for "/", and answers in the
 * place of the module's device. Only programs linked with --wrap for that have it.
 */
#ifndef UNIT_FAKE_VMS_H
#define UNIT_FAKE_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/host-device.h"

#define FAKE_MAX_VMS	1024
#define FAKE_VM_FD	14

enum fake_kind {
	FAKE_IDLE,
	FAKE_SPINNING,		/* with interrupts off: hung */
	FAKE_BUSY,		/* a process that computes */
	FAKE_GONE,
	FAKE_UNREADABLE,
};

/**
 * struct fake_vms - the host
 * @root: its directory
 * @nr: VMs
 * @nr_vcpus: vCPUs of each
 * @kinds: what each VM does
 * @now: its clock in nanoseconds; 0: CLOCK_MONOTONIC
 * @status: what opening the device ends with
 * @before: called before the device is opened; NULL: nothing is
 * @counts: vCPUs whose counters were asked for so far
 * @registers: vCPUs whose registers were, too: each may be an interrupt
 */
struct fake_vms {
	const char *root;
	size_t nr;
	size_t nr_vcpus;
	enum fake_kind kinds[FAKE_MAX_VMS];
	uint64_t now;
	enum device_status status;
	void (*before)(void);
	uint64_t counts;
	uint64_t registers;
};

extern struct fake_vms fake_vms;

/* Files of so many VMs named vm0, vm1, ... */
void fake_vms_make(const char *root, size_t nr, size_t nr_vcpus);

/* The VM's process is gone, with its files. */
void fake_vms_end(size_t index);

int fake_vms_pid(size_t index);

/* In the place of these functions */
enum device_status __wrap_host_device_open(struct host_device *dev);
enum device_status __wrap_host_device_sample(struct host_device *dev,
					     struct vm_sample *sample);

#endif /* UNIT_FAKE_VMS_H */
