/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMs that 'watch' knows: what it counted last of each vCPU, and what it found.
 */
#ifndef HOST_WATCH_WATCHED_H
#define HOST_WATCH_WATCHED_H

#include "trace/host-request.h"
#include "watch/watch-rules.h"

/**
 * struct watched_vm - a VM
 * @pid: its process
 * @fd: its descriptor there
 * @state: what was found
 * @seen: its vCPUs in the last round
 * @nr: their number
 * @round: the last round in which it was there
 * @looked: signals_clock() at which it was looked at closer last; 0: never
 * @collected: signals_clock() at which its evidence was collected last; 0: never
 */
struct watched_vm {
	int pid;
	int fd;
	struct watch_state state;
	struct vcpu_observation *seen;
	size_t nr;
	uint64_t round;
	uint64_t looked;
	uint64_t collected;
};

/* All of them; all zeroes is none. */
struct watched {
	struct watched_vm *vms;
	size_t nr;
	uint64_t round;
};

/* The one of that process and descriptor; NULL if it is not known. */
struct watched_vm *watched_find(struct watched *watched, int pid, int fd);

enum watched_look {
	WATCHED_FAILED,		/* out of memory */
	WATCHED_WELL,
	WATCHED_SUSPECT,	/* some vCPU is worth a closer look */
	WATCHED_TOO_SOON,	/* too soon after the last time to tell anything */
};

/*
 * Take what was counted of a VM, of which the rest of the host's kernel's figures are
 * read; what it may mean since the last time. If that was too short a time ago, what was
 * counted then is kept.
 */
enum watched_look watched_take(struct watched *watched, const struct vm *vm,
			       const struct vm_sample *sample);

/* After a round: forget those that were not in it. */
void watched_forget_gone(struct watched *watched);
void watched_free(struct watched *watched);

#endif /* HOST_WATCH_WATCHED_H */
