/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two rounds of requests for the same vCPUs, some time apart, and what the rules
 * say of them.
 */
#ifndef HOST_DIAGNOSIS_H
#define HOST_DIAGNOSIS_H

#include "trace/host-request.h"
#include "vcpu-rules.h"

/**
 * struct vcpu_diagnosis - a vCPU
 * @last: its second sample
 * @finding: what the rules say
 * @sleeps_in: function of the host's kernel in which its thread sleeps, "" if it
 *	does not or that cannot be read; fit for a terminal
 */
struct vcpu_diagnosis {
	struct vcpu_info_host_vcpu last;
	struct vcpu_finding finding;
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
 * @no_memory: of some VM nothing can be said
 */
struct diagnosis {
	struct host_request req;
	struct vm_first *vms;
	size_t nr;
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
