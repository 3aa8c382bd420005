/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's device for requests of the host: vCPUs of any VM, now. Works while
 * guest, VMM and libvirt hang: nothing here waits for any of them.
 */
#ifndef HOST_VM_HOST_DEVICE_H
#define HOST_VM_HOST_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcpu_info_abi.h"

enum device_status {
	DEVICE_OK,
	DEVICE_VM_GONE,		/* the process, its descriptor or the VM ended */
	DEVICE_NO_MODULE,	/* no module, or one that has no such device */
	DEVICE_DENIED,		/* no capability for the device */
	DEVICE_LOCKED_DOWN,	/* the kernel is locked down */
	DEVICE_VM_DENIED,	/* no right to the VM's process */
	DEVICE_PTRACE_OFF,	/* nobody has such a right (Yama) */
	DEVICE_OLD,		/* the module is older than this program, or newer */
	DEVICE_UNABLE,		/* this kernel does not let the module do it */
	DEVICE_FAILED,		/* something else: errno */
};

/**
 * struct host_device - the device
 * @fd: it; -1 if it is closed
 * @max_attempts: most looks at a vCPU's state
 * @max_ids: most vCPUs to be named at once
 * @has_stacks: it copies stacks of vCPUs that run
 */
struct host_device {
	int fd;
	unsigned int max_attempts;
	unsigned int max_ids;
	bool has_stacks;
};

/*
 * As long as it is open the module cannot be unloaded, so whoever goes on for
 * long closes it in between.
 */
enum device_status host_device_open(struct host_device *dev);
void host_device_close(struct host_device *dev);

/**
 * struct vm_sample - what was asked for of a VM, and the answer
 * @pid: the VM's process
 * @fd: its descriptor there
 * @flags: VCPU_INFO_SAMPLE_*
 * @attempts: looks at a vCPU's state, 1 to max_attempts
 * @ids: these vCPUs; NULL: all
 * @nr_ids: how many
 * @stack_levels: levels of the page table by which the guest finds its kernel's
 *	stacks, 4 or 5; 0: no stacks are wanted
 * @stack_root: guest-physical address of that table
 * @vcpus: the answer, for free()
 * @stacks: one for each of them, for free(); NULL if none were asked for, or the
 *	module does not copy any
 * @nr: how many
 */
struct vm_sample {
	int pid;
	int fd;
	unsigned int flags;
	unsigned int attempts;
	const int *ids;
	size_t nr_ids;
	unsigned int stack_levels;
	uint64_t stack_root;
	struct vcpu_info_host_vcpu *vcpus;
	struct vcpu_info_host_stack *stacks;
	size_t nr;
};

/* Ask. The VM's descriptor is open no longer than that. */
enum device_status host_device_sample(struct host_device *dev,
				      struct vm_sample *sample);

/**
 * struct vm_memory - where a VM's memory is in its process
 * @slots: of its first address space, for free()
 * @nr: how many
 */
struct vm_memory {
	struct vcpu_info_host_memslot *slots;
	size_t nr;
};

/* Ask for the memory of the VM that is a descriptor of the process. */
enum device_status host_device_memory(struct host_device *dev, int pid, int fd,
				      struct vm_memory *memory);

/*
 * Print what is wrong and what to do about it, with errno as it was left; the
 * exit code for it.
 */
int host_device_report(enum device_status status);

/* Name of a KVM_EXIT_*, NULL for one that this version does not know. */
const char *host_device_exit_name(unsigned int reason);

/* KVM's name of a VCPU_INFO_COUNT_*, in lower case. */
extern const char *const host_device_count_names[VCPU_INFO_NR_COUNTS];

#endif /* HOST_VM_HOST_DEVICE_H */
