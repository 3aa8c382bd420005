/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes that run VMs, as long as they are there.
 */
#ifndef HOST_VM_PROCESS_H
#define HOST_VM_PROCESS_H

#include <stdint.h>

#include "vm/command-line.h"

/**
 * struct process - a process
 * @pid: its PID
 * @alive: whether there is such a process; nothing else is known if not
 * @comm: its name
 * @vm: what its command line says of its VM
 */
struct process {
	int pid;
	bool alive;
	char comm[64];
	struct command_line vm;
};

/* The VM's name, or else its process's. */
static inline const char *process_vm_name(const struct process *vmm)
{
	return vmm->vm.name[0] ? vmm->vm.name : vmm->comm;
}

/* Look a process up. */
void process_look_up(struct process *vmm, int pid);

/* Processes looked up lately. All zeroes is empty; nothing has to be freed. */
#define PROCESS_SLOTS 64

struct process_cache {
	struct {
		struct process vmm;
		uint64_t age_ns;	/* how long it had been running */
		uint64_t looked_up_ns;
	} slots[PROCESS_SLOTS];
};

/*
 * The process that had the PID age_ns ago. NULL if it is gone: a process that
 * started later only has its PID.
 */
const struct process *process_cache_get(struct process_cache *cache, int pid,
					bool age_known, uint64_t age_ns);

/* The clock of these caches, in nanoseconds. */
uint64_t process_cache_now(void);

/*
 * Names of the threads that write events: few, and asked for often. All zeroes
 * is empty. A PID may come to another thread and a thread to another name, so
 * a name is believed for as long as a process is.
 */
#define COMM_SLOTS	256

struct comm_cache {
	struct comm {
		int thread;
		uint64_t looked_up_ns;
		char name[17];
	} slots[COMM_SLOTS];
};

/* The thread's last known name, "" for none; good until the next call. */
const char *comm_cache_get(struct comm_cache *cache, int thread,
			   uint64_t now_ns);

#endif /* HOST_VM_PROCESS_H */
