/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMs that run on this host, found in procfs and KVM's debugfs.
 */
#ifndef HOST_VM_SCAN_H
#define HOST_VM_SCAN_H

#include "select.h"
#include "vm/process.h"

/**
 * struct vm_vcpu - a vCPU
 * @vcpu_id: KVM's number of it
 * @thread: the thread that runs it; 0 if it is not known
 * @guessed: the thread is a guess
 * @asked: the module was asked, and @index and @ns_pid are known
 * @index: how many the VMM made before it
 * @ns_pid: the thread in its own PID namespace
 * @guest_cpu: the guest's own number of it, -1 if it is not known
 */
struct vm_vcpu {
	int vcpu_id;
	int thread;
	bool guessed;
	bool asked;
	int index;
	int ns_pid;
	int guest_cpu;
};

/**
 * struct vm - a VM
 * @vmm: its process
 * @fd: the file descriptor that KVM gave the process for it
 * @vcpus: its vCPUs, by vcpu_id
 * @nr_vcpus: their number
 */
struct vm {
	struct process vmm;
	int fd;
	struct vm_vcpu *vcpus;
	size_t nr_vcpus;
};

/**
 * struct vm_scan - what was found
 * @vms: VMs, by PID and file descriptor
 * @nr: their number
 * @denied: processes that this user may not look into
 * @no_memory: there may be more
 */
struct vm_scan {
	struct vm *vms;
	size_t nr;
	unsigned int denied;
	bool no_memory;
};

/* False if there is no procfs. */
bool vm_scan_run(struct vm_scan *scan);

/**
 * struct vm_mark - by which it is seen that no VM has come or gone: what KVM's
 *	directory of all VMs is like
 * @known: whether there is such a directory
 * @links: of it: one for each VM
 * @changed: when a VM was last removed
 */
struct vm_mark {
	bool known;
	uint64_t links;
	uint64_t changed;
};

/* To be taken before a scan, and compared after it; false if it is not known. */
void vm_mark_take(struct vm_mark *mark);
bool vm_mark_same(const struct vm_mark *before, const struct vm_mark *now);

/* The same, but with no vCPUs in it, which are most of the work. */
bool vm_scan_without_vcpus(struct vm_scan *scan);
void vm_scan_free(struct vm_scan *scan);

/* Print that so many processes could not be looked into, and what to do. */
void vm_scan_report_denied(unsigned int denied);

/*
 * Print that none of the VMs there are is wanted, or that there is none, and why
 * that may be. Returns the exit code for it.
 */
int vm_scan_report_none(const struct select *select, size_t nr,
			unsigned int denied);

/* Have the VMs that run now noted as found. Without procfs none is. */
void vm_scan_find(const struct select *select);

/*
 * The number in the name that a VMM gave a vCPU's thread, counted by the VMM;
 * -1 if it is no such name.
 */
int vm_scan_thread_index(const char *comm);

#endif /* HOST_VM_SCAN_H */
