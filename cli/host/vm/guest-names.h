/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names for what guests' kernels are doing, out of the guests' memory: functions,
 * tasks and stacks of vCPUs whose registers are known. Each VM has a process of
 * its own without privileges, which reads the tables once a boot of the guest.
 */
#ifndef HOST_VM_GUEST_NAMES_H
#define HOST_VM_GUEST_NAMES_H

#include "introspect/named.h"
#include "vm/host-device.h"

/* VMs that have names at the same time: each costs some 10 MB. */
#define GUEST_NAMES_MAX	64

struct guest_names;

/*
 * NULL if guests' memory is not to be had on this host. allow_ns: time that may be
 * spent at once with looking for kernels; after that it is a quarter of the time
 * that goes by. The first one is looked for in any case.
 */
struct guest_names *guest_names_new(uint64_t allow_ns);
void guest_names_free(struct guest_names *names);

/**
 * struct guest_source - where a VM's memory is, and its vCPUs: the device, or a test
 * @memory: the VM's slots, for free(); false if they cannot be had
 * @root: registers of any vCPU that lead to the kernel
 * @stand_still: whether each of some vCPUs of a VM is still where it was
 * @clock: in nanoseconds, only forward
 */
struct guest_source {
	bool (*memory)(int vm_pid, int vm_fd, struct guest_memory *memory);
	bool (*root)(int vm_pid, int vm_fd, struct vcpu_info_host_vcpu *vcpu);
	void (*stand_still)(int vm_pid, int vm_fd,
			    const struct vcpu_info_host_vcpu *const *before,
			    size_t nr, bool *still);
	uint64_t (*clock)(void);
};

struct guest_names *guest_names_new_of(const struct guest_source *source,
				       uint64_t allow_ns);

/**
 * struct guest_vcpu - a vCPU to be named
 * @vm_pid: its VM's process
 * @vm_fd: and descriptor
 * @age_ns: how old the registers are
 * @vcpu: them, as the device gives them
 */
struct guest_vcpu {
	int vm_pid;
	int vm_fd;
	uint64_t age_ns;
	const struct vcpu_info_host_vcpu *vcpu;
};

/*
 * The function that RIP is in, good until the next call. NULL if it is in none, or
 * not known; that of user mode is not.
 */
const struct named_place *guest_names_find(struct guest_names *names,
					   const struct guest_vcpu *vcpu);

/**
 * struct guest_look - what is found of a vCPU now
 * @error: whether a kernel was found
 * @cpu: the guest's own number of the vCPU, -1 if it is not known
 * @has_uptime: whether @uptime_ns is known
 * @uptime_ns: how long the guest has been up at the least
 * @has_task: whether @task is known
 * @user: the vCPU is in user mode
 * @exact: it stood still while the stack was read, or the stack was copied together
 *	with the registers
 * @of_moment: the latter
 * @stack_levels: levels of the page table by which stacks are found, 0 if not known
 * @stack_root: guest-physical address of that table
 * @task: the guest's task on it
 * @banner: of its kernel
 * @place: the function that RIP is in, all empty if it is in none
 * @stack: its stack; the last, since most of it is not in use
 */
struct guest_look {
	enum guest_kernel_error error;
	int cpu;
	bool has_uptime;
	bool has_task;
	bool user;
	bool exact;
	bool of_moment;
	uint32_t stack_levels;
	uint64_t stack_root;
	uint64_t uptime_ns;
	struct guest_task task;
	char banner[GUEST_BANNER_SIZE];
	struct named_place place;
	struct named_stack stack;
};

/*
 * Look at a vCPU that was sampled a moment ago. NULL, or why there is nothing in
 * *look. Without a stack it is cheaper, and @stack is empty.
 */
const char *guest_names_look(struct guest_names *names,
			     const struct guest_vcpu *vcpu, bool with_stack,
			     struct guest_look *look);

/* Have the module copy stacks for a sample that is to be taken, if they can be found. */
void guest_names_want_stacks(const struct guest_names *names,
			     struct vm_sample *sample);

/*
 * Stacks that came with a sample are those of its vCPUs, until the next call. The sample
 * before, or NULL.
 */
const struct vm_sample *guest_names_use_stacks(struct guest_names *names,
					       const struct vm_sample *sample);

/* What was found of the vCPU at that index; as the function above. */
typedef void guest_look_fn(void *arg, size_t index, const char *why,
			   const struct guest_look *look);

/*
 * The same, with stacks, of several vCPUs of a VM, which is cheaper than one by one:
 * their memory is read at once. found() is called for each, in any order.
 */
void guest_names_look_all(struct guest_names *names, int vm_pid, int vm_fd,
			  const struct vcpu_info_host_vcpu *const *vcpus, size_t nr,
			  guest_look_fn *found, void *arg);

/*
 * The guest's own number of a vCPU (that of its /proc/cpuinfo), -1 if it is not
 * known. No registers are needed in *vcpu: its kernel is looked for by those of any
 * vCPU of the VM.
 */
int guest_names_cpu(struct guest_names *names, const struct guest_vcpu *vcpu);

#endif /* HOST_VM_GUEST_NAMES_H */
