/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a vCPU does between two samples of it, in one word and with the numbers
 * that say so; and what follows for a VM from the words of all its vCPUs.
 *
 * Everything here is a pure function of its arguments. vcpu-info-diagnose(1)
 * documents each rule with its threshold.
 */
#ifndef VCPU_RULES_H
#define VCPU_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcpu-functions.h"
#include "vcpu_info_abi.h"

/* Thresholds. Shares are in percent of the interval, rates per second. */
#define RULE_MIN_INTERVAL_NS	1000000ULL	/* less tells nothing */
#define RULE_STARVED_WAIT	50	/* waited for a host CPU: at least */
#define RULE_OFF_CPU		5	/* ran: at most, if it was preempted both times */
#define RULE_OFF_CPU_WAIT	20	/* waited: at least, if it ran so little and never slept */
#define RULE_IDLE		10	/* ran: at most, if it was halted once */
#define RULE_IDLE_TASK		50	/* ran: at most, in Linux's idle task both times */
#define RULE_BUSY		90	/* ran or waited for a host CPU: at least */
#define RULE_SPIN_EXITS		2000	/* own exits of a known kind: at most */
#define RULE_SPIN_REGS		3	/* GPRs but RSP that have changed: at most */
#define RULE_SPIN_BYTES		64	/* RIPs without a symbol: at most so far apart */
#define RULE_HALTED		10	/* slept in HLT: at most, if it is not to be asleep */
#define RULE_LOOKS		100	/* further ones at who may be stuck */
#define RULE_LEFT		2	/* looks that have to find it elsewhere */
#define RULE_LOOP_EXITS		1000	/* own exits: at least */
#define RULE_LOOP_KIND		80	/* share of one kind among them: at least */

enum vcpu_word {
	VCPU_UNKNOWN,		/* the samples do not tell */
	VCPU_RUNNING,
	VCPU_SPINNING,
	VCPU_EXIT_LOOP,
	VCPU_IDLE,
	VCPU_HALTED_OFF,
	VCPU_STARVED,
	VCPU_IN_VMM,
	VCPU_PAUSED,		/* by the VM's rule alone: see vm_rules() */
	VCPU_NOT_STARTED,
	VCPU_NESTED,
	VCPU_PROTECTED,
	VCPU_NR_WORDS
};

enum exit_kind {
	EXIT_IO,
	EXIT_MMIO,
	EXIT_HALT,
	EXIT_HOST_IRQ,		/* an interrupt of the host */
	EXIT_IRQ_WINDOW,
	EXIT_NMI_WINDOW,
	EXIT_PAGE_FAULT,
	EXIT_EMULATION,
	EXIT_HYPERCALL,
	EXIT_SIGNAL,
	EXIT_OTHER,
	EXIT_NR_KINDS
};

/**
 * struct vcpu_place - where a vCPU is
 * @valid: which of @regs are known
 * @regs: by VCPU_INFO_REG_*
 * @function: the symbol that RIP is in; NULL if that is not known
 */
struct vcpu_place {
	uint32_t valid;
	uint64_t regs[VCPU_INFO_NR_REGS];
	const char *function;
};

/**
 * struct vcpu_observation - a sample, and what the host's kernel says of the
 *	vCPU's thread at that time
 * @vcpu: the sample, as VCPU_INFO_HOST_IOC_SAMPLE gives it
 * @have_sched: @run_ns and @wait_ns are known (/proc/PID/task/TID/schedstat)
 * @run_ns: time on a host CPU so far
 * @wait_ns: time so far in which it could have run and had no host CPU
 * @function: the symbol that RIP is in; NULL if that is not known
 * @waits_in: the outermost of its functions in which Linux waits for another CPU: what
 *	interrupts that may wait, too. NULL if there is none, or that is not known
 * @panicked: Linux's panic() is on its stack
 * @offline: Linux has taken this CPU offline, by its stack
 * @idle_task: the task on it is Linux's idle task, whatever that does
 * @user: a process of Linux was in user mode
 * @whole_stack: all of its stack was seen: what was not, is not there
 * @interrupted: its kernel was interrupted there, or has had an exception
 * @aside: where an interrupt of the guest found its kernel, by the registers that it
 *	has put aside; NULL if the vCPU is in none, or that is not known
 */
struct vcpu_observation {
	struct vcpu_info_host_vcpu vcpu;
	bool have_sched;
	uint64_t run_ns;
	uint64_t wait_ns;
	const char *function;
	const char *waits_in;
	bool panicked;
	bool offline;
	bool idle_task;
	bool user;
	bool whole_stack;
	bool interrupted;
	const struct vcpu_place *aside;
};

/**
 * struct vcpu_finding - the word and its evidence
 * @word: what the vCPU does
 * @interval_ns: time between the samples
 * @exits: VM exits in between
 * @kinds: the same by kind; EXIT_OTHER is what no kind counts
 * @own_exits: those that are the guest's doing: all but EXIT_HOST_IRQ
 * @main_kind: the most frequent one of these; of no meaning if there are none
 * @have_sched: @run and @wait are known
 * @run: percent of the interval on a host CPU, 0 to 100
 * @wait: percent of the interval waiting for one, 0 to 100
 * @have_if: @interrupts_on is known
 * @interrupts_on: RFLAGS.IF in the second sample
 * @have_paging: @paging is known
 * @paging: CR0.PG in the second sample; also if RIP is in the upper half there, where no
 *	code is without paging
 * @have_rip: both RIPs are known
 * @rip: of both samples
 * @have_changed: @changed is known
 * @changed: general-purpose registers but RSP that are not the same in both, 0 to 15;
 *	those put aside by an interrupt, if the vCPU is in the same place by them
 * @function: of the second sample, as in the observation, or NULL
 * @waits_in: the same; NULL if it was seen not to wait in the first sample
 * @waits_still: both samples found it there, whatever it did meanwhile
 * @wait_seen_once: one sample did, and of the other one it is not known
 * @panicked: the guest's kernel has, on this vCPU: in both samples
 * @held_nothing: in one of them, or in a further look, it was in user mode or halted in
 *	Linux's idle task, where no CPU has a lock of the kernel
 * @looks: further looks that found it where it was, up to RULE_LOOKS; 0 if none was taken
 * @left: those that found it elsewhere
 * @have_exit: @exit_reason is known
 * @exit_reason: what KVM_RUN returned for (KVM_EXIT_*, linux/kvm.h)
 */
struct vcpu_finding {
	enum vcpu_word word;
	uint64_t interval_ns;
	uint64_t exits;
	uint64_t own_exits;
	uint64_t kinds[EXIT_NR_KINDS];
	enum exit_kind main_kind;
	bool have_sched;
	unsigned int run;
	unsigned int wait;
	bool have_if;
	bool interrupts_on;
	bool have_paging;
	bool paging;
	bool have_rip;
	uint64_t rip[2];
	bool have_changed;
	unsigned int changed;
	const char *function;
	const char *waits_in;
	bool waits_still;
	bool wait_seen_once;
	bool panicked;
	bool held_nothing;
	unsigned int looks;
	unsigned int left;
	bool have_exit;
	uint32_t exit_reason;
};

enum vm_word {
	VM_NOTHING,		/* nothing follows from the vCPUs together */
	VM_IDLE,		/* every started vCPU is idle */
	VM_PAUSED,		/* every vCPU is outside KVM_RUN, and none returns */
	VM_STARVED,		/* every vCPU that wants to run is starved */
	VM_HUNG,		/* no vCPU can go on: halted-off or spinning, all of them */
	VM_LOCK_HOLDER,		/* some spin on a lock while another is starved */
	VM_LOCK_LOST,		/* some spin on a lock while no other one can release it */
	VM_CPU_MISSING,		/* some vCPUs were never started, others were */
	VM_PANICKED,		/* its kernel has, and does nothing any more */
	VM_NR_WORDS
};

/**
 * struct vm_finding - what follows for a VM
 * @word: it
 * @nr: vCPUs by word
 * @culprit: index of the vCPU that it is about, or -1
 */
struct vm_finding {
	enum vm_word word;
	unsigned int nr[VCPU_NR_WORDS];
	int culprit;
};

void vcpu_rules(const struct vcpu_observation *first,
		const struct vcpu_observation *second,
		struct vcpu_finding *finding);

/* Whether further looks have found it elsewhere often enough. */
bool vcpu_moved_on(const struct vcpu_finding *finding);

/*
 * Whether a vCPU may be stuck. A healthy one that often waits for another CPU, or whose
 * kernel works in a short loop, is found there twice, too: it takes RULE_LOOKS further
 * looks to tell.
 */
bool vcpu_may_be_stuck(const struct vcpu_finding *finding);

/* Whether further looks at a vCPU may tell that it has not the lock that others wait for. */
bool vcpu_may_hold_lock(const struct vcpu_finding *finding);

/* Whether a vCPU has no lock of its kernel at that moment. */
bool vcpu_holds_nothing(const struct vcpu_observation *at);

enum vcpu_stay {
	VCPU_STAYS,
	VCPU_HAS_LEFT,
	VCPU_STAY_UNKNOWN,	/* the look does not tell */
};

/* A further look may tell that one which was seen to wait once does not. */
void vcpu_take_wait(struct vcpu_finding *finding, const struct vcpu_observation *further);

/* Where a further look has found a vCPU, of which that was found by the second sample. */
enum vcpu_stay vcpu_stay_of(const struct vcpu_finding *finding,
			    const struct vcpu_observation *second,
			    const struct vcpu_observation *further);

/* Take that into account. Of one that has left it is taken back that it may be stuck. */
void vcpu_take_stay(struct vcpu_finding *finding, enum vcpu_stay stay);

/*
 * After the last look: that a vCPU still waits, which the second sample did not see for it
 * was in an exit, is taken back if no look has seen it.
 */
void vcpu_end_stay(struct vcpu_finding *finding, const struct vcpu_observation *second);

void vm_rules(struct vcpu_finding *findings, size_t nr,
	      struct vm_finding *finding);

const char *vcpu_word_name(enum vcpu_word word);
const char *vm_word_name(enum vm_word word);
const char *exit_kind_name(enum exit_kind kind);

/* The VCPU_INFO_COUNT_* that counts a kind; -1: none does. */
int exit_kind_count(enum exit_kind kind);

#endif /* VCPU_RULES_H */
