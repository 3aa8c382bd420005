// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <string.h>

#include "compiler.h"
#include "vcpu-places.h"

bool vcpu_reg_known(const struct vcpu_observation *at, unsigned int reg)
{
	return at->vcpu.valid & (1U << reg);
}

static const struct vcpu_place *place_of(const struct vcpu_observation *at,
					 struct vcpu_place *place)
{
	place->valid = at->vcpu.valid;
	memcpy(place->regs, at->vcpu.regs, sizeof(place->regs));
	place->function = at->function;
	return place;
}

/* Every look met it in an exit, or it lost its CPU in one whose emulation is not done. */
bool vcpu_in_torn_exit(const struct vcpu_observation *at)
{
	return (at->vcpu.state == VCPU_INFO_STATE_IN_EXIT ||
		at->vcpu.state == VCPU_INFO_STATE_PREEMPTED) &&
	       at->vcpu.flags & VCPU_INFO_F_TORN;
}

/* Of such a one what memory had, which is of the last exit */
const struct vcpu_place *vcpu_exit_of(const struct vcpu_observation *at,
				      struct vcpu_place *place)
{
	place_of(at, place);
	if (vcpu_in_torn_exit(at))
		place->valid = ALL_GPRS | 1U << VCPU_INFO_REG_RIP;
	return place;
}

static bool place_has(const struct vcpu_place *place, unsigned int reg)
{
	return place->valid & 1U << reg;
}

static bool reg_same(const struct vcpu_place *first,
		     const struct vcpu_place *second, unsigned int reg)
{
	return place_has(first, reg) && place_has(second, reg) &&
	       first->regs[reg] == second->regs[reg];
}

/* What is not known may have changed. */
unsigned int vcpu_regs_changed(const struct vcpu_place *first,
			       const struct vcpu_place *second)
{
	unsigned int reg, changed = 0;

	for (reg = 0; reg <= VCPU_INFO_REG_R15; reg++)
		changed += reg != VCPU_INFO_REG_RSP &&
			   !reg_same(first, second, reg);

	return changed;
}

/* The same few instructions with the same stack */
bool vcpu_same_place(const struct vcpu_place *first,
		     const struct vcpu_place *second)
{
	uint64_t a = first->regs[VCPU_INFO_REG_RIP];
	uint64_t b = second->regs[VCPU_INFO_REG_RIP];

	if (!place_has(first, VCPU_INFO_REG_RIP) ||
	    !place_has(second, VCPU_INFO_REG_RIP) ||
	    !reg_same(first, second, VCPU_INFO_REG_RSP))
		return false;
	if (first->function && second->function)
		return !strcmp(first->function, second->function);

	return (a > b ? a - b : b - a) <= RULE_SPIN_BYTES;
}

/*
 * The vCPU may be in an interrupt at either sample. Of where it is, and where that has
 * interrupted it: what is the same place both times, with the fewest changes; or else
 * where it is. One sample may be of an exit: that memory has what the other one found is
 * no chance. At both, RIP can be of an exit long ago (VMX).
 */
void vcpu_closest_places(const struct vcpu_observation *first,
			 const struct vcpu_observation *second,
			 struct vcpu_place *a, struct vcpu_place *b)
{
	bool both = vcpu_in_torn_exit(first) && vcpu_in_torn_exit(second);
	struct vcpu_place here, there;
	const struct vcpu_place *firsts[] = {
		both ? place_of(first, &here) : vcpu_exit_of(first, &here),
		first->aside,
	};
	const struct vcpu_place *seconds[] = {
		both ? place_of(second, &there) : vcpu_exit_of(second, &there),
		second->aside,
	};
	unsigned int changed, fewest = UINT_MAX;
	size_t i, j;

	place_of(first, a);
	place_of(second, b);
	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		for (j = 0; j < ARRAY_SIZE(seconds); j++) {
			if (!firsts[i] || !seconds[j] ||
			    !vcpu_same_place(firsts[i], seconds[j]))
				continue;
			changed = vcpu_regs_changed(firsts[i], seconds[j]);
			if (changed >= fewest)
				continue;
			fewest = changed;
			*a = *firsts[i];
			*b = *seconds[j];
		}
	}
}

/*
 * By its stack: in an interrupt, too, it is still there. Of one that was met in an exit
 * there is none: it is taken to be still there, until further looks say otherwise.
 */
bool vcpu_waits_still(const struct vcpu_observation *first,
		      const struct vcpu_observation *second)
{
	if (vcpu_in_torn_exit(first) || vcpu_in_torn_exit(second))
		return first->waits_in || second->waits_in;

	return first->waits_in && second->waits_in &&
	       !strcmp(first->waits_in, second->waits_in);
}

/* Neither a process nor a CPU that has nothing to do has a lock of the kernel. */
bool vcpu_holds_nothing(const struct vcpu_observation *at)
{
	return at->user || (at->idle_task && !at->waits_in &&
			    at->vcpu.state == VCPU_INFO_STATE_HALTED);
}

/*
 * What a process does is its own business, however long it runs. Its addresses are
 * in the lower half, and it cannot switch interrupts off.
 */
bool vcpu_place_in_kernel(const struct vcpu_place *place)
{
	return place_has(place, VCPU_INFO_REG_RIP) &&
	       (place->regs[VCPU_INFO_REG_RIP] >> 63 ||
		(place_has(place, VCPU_INFO_REG_RFLAGS) &&
		 !(place->regs[VCPU_INFO_REG_RFLAGS] & RFLAGS_IF)));
}

/*
 * A kernel that works in one function most of the time is found there twice, too, but
 * what it works on is in its registers: those of a loop that waits stay as they are.
 */
bool vcpu_stands_still(const struct vcpu_place *first,
		       const struct vcpu_place *second)
{
	return vcpu_place_in_kernel(first) && vcpu_place_in_kernel(second) &&
	       vcpu_same_place(first, second) &&
	       vcpu_regs_changed(first, second) <= RULE_SPIN_REGS;
}
