/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM's guest, looked into: its memory through the VM's process, its registers
 * through the module's device. What reads the guest's memory runs in a child that
 * has no privileges.
 */
#ifndef HOST_VM_GUEST_H
#define HOST_VM_GUEST_H

#include "introspect/kernel.h"
#include "select.h"
#include "vm/host-device.h"
#include "vm/scan.h"

/**
 * struct guest - a guest as the child sees it
 * @vm: the VM
 * @vcpus: its vCPUs when it was last sampled as a whole
 * @nr_vcpus: their number
 * @kernel: its kernel, NULL if none was found
 * @error: why not
 * @fd: the socket to the parent
 * @memory: its memory
 */
struct guest {
	const struct vm *vm;
	struct vcpu_info_host_vcpu *vcpus;
	size_t nr_vcpus;
	struct guest_kernel *kernel;
	enum guest_kernel_error error;
	int fd;
	struct guest_memory memory;
};

/*
 * For each of the VMs that are wanted: look for its kernel in a child, and call a
 * function there, whose return value is the exit code; what it prints goes to
 * standard output. Prints what went wrong. The exit code is the last one that is
 * not 0.
 */
int guest_each(const struct select *select,
	       int (*call)(struct guest *guest, void *arg), void *arg);

/* In the child: sample one vCPU again, alone. */
bool guest_sample(struct guest *guest, int vcpu_id,
		  struct vcpu_info_host_vcpu *vcpu);

/*
 * The same, with the stack that it was on in that moment if its kernel was found and it
 * runs; its len is 0 if there is none.
 */
bool guest_sample_stack(struct guest *guest, int vcpu_id,
			struct vcpu_info_host_vcpu *vcpu,
			struct vcpu_info_host_stack *stack);

#endif /* HOST_VM_GUEST_H */
