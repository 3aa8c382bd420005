/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a vCPU is, by its registers and by those that an interrupt has put aside.
 */
#ifndef VCPU_PLACES_H
#define VCPU_PLACES_H

#include "vcpu-rules.h"

#define RFLAGS_IF	(1ULL << 9)
#define ALL_GPRS	((1U << (VCPU_INFO_REG_R15 + 1)) - 1)

bool vcpu_reg_known(const struct vcpu_observation *at, unsigned int reg);

/* Every look met it in an exit, or it lost its CPU in one whose emulation is not done. */
bool vcpu_in_torn_exit(const struct vcpu_observation *at);

/* Where that exit was: what memory has of it. Of others as they are. Returns place. */
const struct vcpu_place *vcpu_exit_of(const struct vcpu_observation *at,
				      struct vcpu_place *place);

/* GPRs but RSP, 0 to 15. What is not known may have changed. */
unsigned int vcpu_regs_changed(const struct vcpu_place *first,
			       const struct vcpu_place *second);

/* The same few instructions with the same stack */
bool vcpu_same_place(const struct vcpu_place *first, const struct vcpu_place *second);

/* Of where it is, and where that has interrupted it, the places that are most alike */
void vcpu_closest_places(const struct vcpu_observation *first,
			 const struct vcpu_observation *second,
			 struct vcpu_place *a, struct vcpu_place *b);

/* Whether it waits for another CPU both times, as far as is known */
bool vcpu_waits_still(const struct vcpu_observation *first,
		      const struct vcpu_observation *second);

bool vcpu_place_in_kernel(const struct vcpu_place *place);

/* In its kernel, in the same place, with at most RULE_SPIN_REGS registers changed */
bool vcpu_stands_still(const struct vcpu_place *first, const struct vcpu_place *second);

#endif /* VCPU_PLACES_H */
