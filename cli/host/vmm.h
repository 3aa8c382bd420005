/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The process that runs a VM, as long as it is there.
 */
#ifndef HOST_VMM_H
#define HOST_VMM_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct vmm - what is remembered of the process asked for last
 * @pid: its PID, 0 before the first
 * @alive: whether there is such a process
 * @comm: its name
 * @age_ns: how long it has been running
 */
struct vmm {
	int pid;
	bool alive;
	char comm[64];
	uint64_t age_ns;
};

/*
 * The name of the process that had the PID age_ns ago. NULL if it is gone: a
 * process that started later only has its PID.
 */
const char *vmm_name(struct vmm *vmm, const char *root, int pid,
		     bool age_known, uint64_t age_ns);

#endif /* HOST_VMM_H */
