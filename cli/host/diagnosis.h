/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two rounds of requests for the same vCPUs, some time apart, and what the rules
 * say of them.
 */
#ifndef HOST_DIAGNOSIS_H
#define HOST_DIAGNOSIS_H

#include "trace/host-request.h"
#include "vcpu-rules.h"
#include "vm/guest-names.h"

/* The innermost frames are enough to see what it is about. */
#define DIAGNOSIS_FRAMES	8

/**
 * struct vcpu_guest - what a vCPU's guest is doing there
 * @function: what RIP is in, "" if that is not known
 * @has_task: whether @task is known
 * @task: the guest's task on it
 * @user: in user mode
 * @frames: the innermost frames of its stack
 * @nr: how many
 * @panicked: Linux's panic() is on its stack
 * @offline: Linux has taken this CPU offline, by its stack
 * @waits_in: the outermost function on its stack in which Linux waits for another CPU, ""
 *	if there is none
 * @whole_stack: all of its stack was seen
 * @in_interrupt: an interrupt or exception of its kernel is on it
 * @has_aside: whether @aside is known
 * @aside: where an interrupt found its kernel; its function is @interrupted
 * @interrupted: what that is in, "" if that is not known
 */
struct vcpu_guest {
	char function[NAMED_SIZE];
	bool has_task;
	struct guest_task task;
	bool user;
	struct named_frame frames[DIAGNOSIS_FRAMES];
	size_t nr;
	bool panicked;
	bool offline;
	char waits_in[NAMED_SIZE];
	bool whole_stack;
	bool in_interrupt;
	bool has_aside;
	struct vcpu_place aside;
	char interrupted[NAMED_SIZE];
};

/**
 * struct vcpu_diagnosis - a vCPU
 * @last: its second sample
 * @finding: what the rules say
 * @guest: what the guest is doing there
 * @sleeps_in: function of the host's kernel in which its thread sleeps, "" if it
 *	does not or that cannot be read; fit for a terminal
 */
struct vcpu_diagnosis {
	struct vcpu_info_host_vcpu last;
	struct vcpu_finding finding;
	struct vcpu_guest guest;
	char sleeps_in[64];
};

/**
 * struct vm_diagnosis - a VM
 * @vm: it
 * @finding: what follows from its vCPUs
 * @vcpus: vCPUs that were there both times
 * @nr: their number
 */
struct vm_diagnosis {
	const struct vm *vm;
	struct vm_finding finding;
	struct vcpu_diagnosis *vcpus;
	size_t nr;
};

/* Takes what was found of a VM; false if no more are wanted. */
typedef bool vm_diagnosis_fn(const struct vm_diagnosis *diagnosis, void *arg);

struct vm_first;

/**
 * struct diagnosis - between the two rounds
 * @req: what is asked for; its counts are of the last round
 * @vms: what the first round had
 * @nr: how many VMs
 * @names: for what is in guests' memory; NULL: it is not read
 * @look: room for one look
 * @no_memory: of some VM nothing can be said
 */
struct diagnosis {
	struct host_request req;
	struct vm_first *vms;
	size_t nr;
	struct guest_names *names;
	struct guest_look look;
	bool no_memory;
};

/* A sample, and what the host's scheduler says of the vCPU's thread now. */
void diagnosis_observe(struct vcpu_observation *seen,
		       const struct vcpu_info_host_vcpu *vcpu);

void diagnosis_init(struct diagnosis *diagnosis, const struct select *select);

/* The first round. False if it could not be done: see @req. */
bool diagnosis_begin(struct diagnosis *diagnosis);

/* The second one: found is called for each VM that both have. */
bool diagnosis_end(struct diagnosis *diagnosis, vm_diagnosis_fn *found,
		   void *arg);
void diagnosis_free(struct diagnosis *diagnosis);

#endif /* HOST_DIAGNOSIS_H */
