/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two samples of a vCPU, and what cli/host/vcpu-rules.c makes of them.
 */
#ifndef VCPU_INFO_TESTS_VCPU_PAIR_H
#define VCPU_INFO_TESTS_VCPU_PAIR_H

#include <stdint.h>

#include "unit.h"

#include "host/vcpu-rules.h"

#define SECOND		1000000000ULL
#define KERNEL_RIP	0xffffffff81000100ULL
#define USER_RIP	0x401000ULL
#define STACK		0xffffc90000003e00ULL
#define IF_ON		0x202ULL
#define IF_OFF		0x2ULL

/* Two samples of a vCPU, a second apart */
struct pair {
	struct vcpu_observation first, second;
};

static inline void set_reg(struct vcpu_observation *at, unsigned int reg,
			   uint64_t value)
{
	at->vcpu.valid |= 1U << reg;
	at->vcpu.regs[reg] = value;
}

static inline void set_both(struct pair *pair, unsigned int reg, uint64_t value)
{
	set_reg(&pair->first, reg, value);
	set_reg(&pair->second, reg, value);
}

/* A vCPU in that state, with interrupts on, that ran so much of the second */
static inline struct pair make_pair(unsigned int state, uint64_t rip, unsigned int run)
{
	struct pair pair = { 0 };

	pair.first.vcpu.time_ns = 5 * SECOND;
	pair.second.vcpu.time_ns = 6 * SECOND;
	pair.first.vcpu.have = VCPU_INFO_HAVE_STATE;
	pair.second.vcpu.have = VCPU_INFO_HAVE_STATE;
	pair.first.vcpu.state = state;
	pair.second.vcpu.state = state;
	for (unsigned int reg = 0; reg <= VCPU_INFO_REG_R15; reg++)
		set_both(&pair, reg, reg);
	set_both(&pair, VCPU_INFO_REG_RIP, rip);
	set_both(&pair, VCPU_INFO_REG_RSP, STACK);
	set_both(&pair, VCPU_INFO_REG_RFLAGS, IF_ON);
	set_both(&pair, VCPU_INFO_REG_CR0, 0x80050033);
	pair.first.have_sched = true;
	pair.second.have_sched = true;
	pair.first.run_ns = 7 * SECOND;
	pair.second.run_ns = 7 * SECOND + run * SECOND / 100;
	return pair;
}

static inline void exits(struct pair *pair, unsigned int count, uint64_t nr)
{
	pair->second.vcpu.counts[count] += nr;
	pair->second.vcpu.counts[VCPU_INFO_COUNT_EXITS] += nr;
}

static inline void waits(struct pair *pair, unsigned int share)
{
	pair->second.wait_ns = share * SECOND / 100;
}

static inline struct vcpu_finding judge(const struct pair *pair)
{
	struct vcpu_finding finding;

	vcpu_rules(&pair->first, &pair->second, &finding);
	return finding;
}

static inline void assert_word(const struct pair *pair, enum vcpu_word want)
{
	assert_string_equal(vcpu_word_name(judge(pair).word),
			    vcpu_word_name(want));
}

/* What memory held of one that every look met in an exit */
static inline void make_torn(struct vcpu_observation *at)
{
	at->vcpu.valid = 0;
	at->vcpu.state = VCPU_INFO_STATE_IN_EXIT;
	at->vcpu.flags = VCPU_INFO_F_TORN;
}

#endif
