/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes that run VMs, as long as they are there.
 */
#ifndef HOST_VMM_H
#define HOST_VMM_H

#include <stdint.h>

#include "vmname.h"

/**
 * struct vmm - a process
 * @pid: its PID
 * @alive: whether there is such a process; nothing else is known if not
 * @comm: its name
 * @vm: what its command line says of its VM
 * @age_ns: how long it has been running
 */
struct vmm {
	int pid;
	bool alive;
	char comm[64];
	struct vmname vm;
	uint64_t age_ns;
};

/* The VM's name, or else its process's. */
static inline const char *vmm_name(const struct vmm *vmm)
{
	return vmm->vm.name[0] ? vmm->vm.name : vmm->comm;
}

/* Look a process up; root is "" but in tests. */
void vmm_look_up(struct vmm *vmm, const char *root, int pid);

/* Processes looked up lately. All zeroes is empty; nothing has to be freed. */
#define VMM_SLOTS	64

struct vmm_cache {
	struct {
		struct vmm vmm;
		uint64_t looked_up_ns;
	} slots[VMM_SLOTS];
};

/*
 * The process that had the PID age_ns ago. NULL if it is gone: a process that
 * started later only has its PID.
 */
const struct vmm *vmm_cache_get(struct vmm_cache *cache, const char *root,
				int pid, bool age_known, uint64_t age_ns);

#endif /* HOST_VMM_H */
