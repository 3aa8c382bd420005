/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMs that run on this host, found in procfs and KVM's debugfs.
 */
#ifndef HOST_VMSCAN_H
#define HOST_VMSCAN_H

#include "vmm.h"

/* A vCPU; thread is 0 if it is not known, and may be a guess. */
struct vm_vcpu {
	int vcpu_id;
	int thread;
	bool guessed;
};

/**
 * struct vm - a VM
 * @vmm: its process
 * @fd: the file descriptor that KVM gave the process for it
 * @vcpus: its vCPUs, by vcpu_id
 * @nr_vcpus: their number
 */
struct vm {
	struct vmm vmm;
	int fd;
	struct vm_vcpu *vcpus;
	size_t nr_vcpus;
};

/**
 * struct vmscan - what was found
 * @vms: VMs, by PID and file descriptor
 * @nr: their number
 * @denied: processes that this user may not look into
 * @no_memory: there may be more
 */
struct vmscan {
	struct vm *vms;
	size_t nr;
	unsigned int denied;
	bool no_memory;
};

/* False if there is no procfs. */
bool vmscan_run(struct vmscan *scan);
void vmscan_free(struct vmscan *scan);

/*
 * The number in the name that a VMM gave a vCPU's thread, counted by the VMM;
 * -1 if it is no such name.
 */
int vmscan_thread_index(const char *comm);

#endif /* HOST_VMSCAN_H */
