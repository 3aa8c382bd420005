/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux CPU number to APIC id.
 *
 * cpu_physical_id() has kept its name from 6.1 on while what is behind it moved
 * from apic.c to cpu/topology.c and grew from 16 to 32 bits (6.9), and
 * BAD_APICID with it: so it is never stored in a type of our own before it is
 * compared. cpu_data() is no substitute, its field moved in 6.7.
 */
#ifndef VCPU_INFO_COMPAT_GUEST_APICID_H
#define VCPU_INFO_COMPAT_GUEST_APICID_H

#include <linux/cpumask.h>
#include <linux/smp.h>
#include <asm/apicdef.h>
#include <asm/cpu.h>
#include <asm/smp.h>

#include "compat.h"

/* Returns -1 for a CPU that has no APIC id (yet). @cpu must be possible. */
static inline int compat_cpu_apicid(unsigned int cpu)
{
	if (cpu_physical_id(cpu) == BAD_APICID)
		return -1;
	return cpu_physical_id(cpu);
}

#endif /* VCPU_INFO_COMPAT_GUEST_APICID_H */
