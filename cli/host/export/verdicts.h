/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the last closer look found of each VM and vCPU, and since when.
 */
#ifndef HOST_EXPORT_VERDICTS_H
#define HOST_EXPORT_VERDICTS_H

#include "watch/rounds.h"

/**
 * struct verdict - a word
 * @word: it
 * @since: when it became that, in seconds since 1970
 */
struct verdict {
	const char *word;
	uint64_t since;
};

/**
 * struct vm_verdict - those of a VM
 * @pid: its process
 * @fd: its descriptor there
 * @born: when it was seen first, in seconds since 1970
 * @vm: the VM's
 * @vcpus: of vCPUs that were looked at closer
 * @nr: how many
 */
struct vm_verdict {
	int pid;
	int fd;
	uint64_t born;
	struct verdict vm;
	struct vcpu_verdict {
		int vcpu_id;
		struct verdict verdict;
	} *vcpus;
	size_t nr;
};

/* All of them; all zeroes is none. */
struct verdicts {
	struct vm_verdict *vms;
	size_t nr;
};

/* Take what a round found at that time. False if memory is exhausted. */
bool verdicts_take(struct verdicts *verdicts, const struct watch_found *found,
		   uint64_t now);

/* After a round: forget VMs that are not watched any more. */
void verdicts_forget_gone(struct verdicts *verdicts, struct watched *watched);

/* The one of that process and descriptor; NULL if there is none. */
const struct vm_verdict *verdicts_find(const struct verdicts *verdicts, int pid,
				       int fd);

/* A vCPU that was never looked at closer is well, as long as its VM is known. */
struct verdict verdicts_vcpu(const struct vm_verdict *vm, int vcpu_id);
void verdicts_free(struct verdicts *verdicts);

#endif /* HOST_EXPORT_VERDICTS_H */
