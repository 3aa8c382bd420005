/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM whose process is this one and whose guest is a fake one: what guest-names.h asks of
 * the device.
 */
#ifndef UNIT_FAKE_VM_H
#define UNIT_FAKE_VM_H

#include "fake-linux.h"
#include "vm/guest-names.h"

/**
 * struct fake_vm - what a test may change of it
 * @guest: whose memory it has
 * @now: the time, in nanoseconds
 * @still: whether its vCPUs are found where they were
 * @memory_asked: how often its slots were asked for
 */
struct fake_vm {
	struct fake_linux guest;
	uint64_t now;
	bool still;
	int memory_asked;
};

extern struct fake_vm fake_vm;
extern const struct guest_source fake_vm_source;

/* The parts of fake_vm_source */
bool fake_vm_memory(int vm_pid, int vm_fd, struct guest_memory *memory);
bool fake_vm_no_root(int vm_pid, int vm_fd, struct vcpu_info_host_vcpu *vcpu);
void fake_vm_stand_still(int vm_pid, int vm_fd,
			 const struct vcpu_info_host_vcpu *const *before, size_t nr,
			 bool *still);
uint64_t fake_vm_clock(void);

/* A halted vCPU with the registers of one of the guest's CPUs */
struct vcpu_info_host_vcpu fake_vm_vcpu(int cpu);

#endif /* UNIT_FAKE_VM_H */
