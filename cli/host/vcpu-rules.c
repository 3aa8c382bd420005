// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "compiler.h"
#include "vcpu-places.h"

#define CR0_PE		1ULL
#define CR0_PG		(1ULL << 31)
#define RESET_RIP	0xfff0
#define NSEC_PER_SEC	1000000000ULL

static const char * const word_names[VCPU_NR_WORDS] = {
	[VCPU_UNKNOWN] = "unknown",
	[VCPU_RUNNING] = "running",
	[VCPU_SPINNING] = "spinning",
	[VCPU_EXIT_LOOP] = "exit-loop",
	[VCPU_IDLE] = "idle",
	[VCPU_HALTED_OFF] = "halted-off",
	[VCPU_STARVED] = "starved",
	[VCPU_IN_VMM] = "in-vmm",
	[VCPU_PAUSED] = "paused",
	[VCPU_NOT_STARTED] = "not-started",
	[VCPU_NESTED] = "nested",
	[VCPU_PROTECTED] = "protected",
};

static const char * const kind_names[EXIT_NR_KINDS] = {
	[EXIT_IO] = "io",
	[EXIT_MMIO] = "mmio",
	[EXIT_HALT] = "halt",
	[EXIT_HOST_IRQ] = "irq",
	[EXIT_IRQ_WINDOW] = "irq-window",
	[EXIT_NMI_WINDOW] = "nmi-window",
	[EXIT_PAGE_FAULT] = "page-fault",
	[EXIT_EMULATION] = "emulation",
	[EXIT_HYPERCALL] = "hypercall",
	[EXIT_SIGNAL] = "signal",
	[EXIT_OTHER] = "other",
};

const char *vcpu_word_name(enum vcpu_word word)
{
	return word_names[word];
}

const char *exit_kind_name(enum exit_kind kind)
{
	return kind_names[kind];
}

/* The count that stands for a kind. Those that overlap come in this order. */
static const struct {
	enum exit_kind kind;
	unsigned int count;
} kind_counts[] = {
	{ EXIT_IO, VCPU_INFO_COUNT_IO_EXITS },
	{ EXIT_MMIO, VCPU_INFO_COUNT_MMIO_EXITS },
	{ EXIT_HALT, VCPU_INFO_COUNT_HALT_EXITS },
	{ EXIT_HOST_IRQ, VCPU_INFO_COUNT_IRQ_EXITS },
	{ EXIT_IRQ_WINDOW, VCPU_INFO_COUNT_IRQ_WINDOW_EXITS },
	{ EXIT_NMI_WINDOW, VCPU_INFO_COUNT_NMI_WINDOW_EXITS },
	{ EXIT_HYPERCALL, VCPU_INFO_COUNT_HYPERCALLS },
	{ EXIT_SIGNAL, VCPU_INFO_COUNT_SIGNAL_EXITS },
	{ EXIT_PAGE_FAULT, VCPU_INFO_COUNT_PF_TAKEN },
	{ EXIT_EMULATION, VCPU_INFO_COUNT_INSN_EMULATION },
};

int exit_kind_count(enum exit_kind kind)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kind_counts); i++)
		if (kind_counts[i].kind == kind)
			return (int)kind_counts[i].count;

	return -1;
}

/* Counts of a vCPU that was made anew start again: then nothing is known. */
static uint64_t grown(uint64_t first, uint64_t second)
{
	return second > first ? second - first : 0;
}

static uint64_t count_grown(const struct vcpu_observation *first,
			    const struct vcpu_observation *second,
			    unsigned int count)
{
	return grown(first->vcpu.counts[count], second->vcpu.counts[count]);
}

static unsigned int percent(uint64_t part, uint64_t whole)
{
	if (part >= whole)
		return 100;

	return (unsigned int)((double)part * 100 / (double)whole);
}

/* MMIO and page faults are emulated as well: no exit is counted twice. */
static void count_kinds(const struct vcpu_observation *first,
			const struct vcpu_observation *second,
			struct vcpu_finding *finding)
{
	uint64_t left = finding->exits, n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kind_counts); i++) {
		n = count_grown(first, second, kind_counts[i].count);
		if (n > left)
			n = left;
		finding->kinds[kind_counts[i].kind] = n;
		left -= n;
	}
	finding->kinds[EXIT_OTHER] = left;
	finding->own_exits = finding->exits - finding->kinds[EXIT_HOST_IRQ];

	for (i = 0; i < EXIT_NR_KINDS; i++)
		if (i != EXIT_HOST_IRQ &&
		    finding->kinds[i] > finding->kinds[finding->main_kind])
			finding->main_kind = i;
}

static bool both_known(const struct vcpu_observation *first,
		       const struct vcpu_observation *second, unsigned int reg)
{
	return vcpu_reg_known(first, reg) && vcpu_reg_known(second, reg);
}

static void take_changes(const struct vcpu_observation *first,
			 const struct vcpu_observation *second,
			 struct vcpu_finding *finding)
{
	struct vcpu_place a, b;

	vcpu_closest_places(first, second, &a, &b);
	finding->have_changed = (a.valid & b.valid & ALL_GPRS) == ALL_GPRS;
	if (finding->have_changed)
		finding->changed = vcpu_regs_changed(&a, &b);
}

/* What has only begun to wait is not stuck: it may be an interrupt of a loop. */
static const char *waits_in(const struct vcpu_observation *first,
			    const struct vcpu_observation *second)
{
	if (first->whole_stack && !vcpu_waits_still(first, second))
		return NULL;
	if (vcpu_in_torn_exit(second))
		return first->waits_in;

	return second->waits_in ?:
	       vcpu_waits_in(second->function) ? second->function : NULL;
}

/* CR0 of a vCPU that lost its CPU is not always known. */
static bool has_paging(const struct vcpu_observation *at)
{
	return (vcpu_reg_known(at, VCPU_INFO_REG_CR0) &&
		at->vcpu.regs[VCPU_INFO_REG_CR0] & CR0_PG) ||
	       (vcpu_reg_known(at, VCPU_INFO_REG_RIP) &&
		at->vcpu.regs[VCPU_INFO_REG_RIP] >> 63);
}

static void take_evidence(const struct vcpu_observation *first,
			  const struct vcpu_observation *second,
			  struct vcpu_finding *finding)
{
	const struct vcpu_info_host_vcpu *vcpu = &second->vcpu;

	finding->interval_ns = grown(first->vcpu.time_ns, vcpu->time_ns);
	finding->exits = count_grown(first, second, VCPU_INFO_COUNT_EXITS);
	count_kinds(first, second, finding);

	finding->have_sched = first->have_sched && second->have_sched &&
			      finding->interval_ns;
	if (finding->have_sched) {
		finding->run = percent(grown(first->run_ns, second->run_ns),
				       finding->interval_ns);
		finding->wait = percent(grown(first->wait_ns, second->wait_ns),
					finding->interval_ns);
	}

	finding->have_if = vcpu_reg_known(second, VCPU_INFO_REG_RFLAGS);
	finding->interrupts_on = vcpu->regs[VCPU_INFO_REG_RFLAGS] & RFLAGS_IF;
	finding->paging = has_paging(second);
	finding->have_paging = finding->paging || vcpu_reg_known(second, VCPU_INFO_REG_CR0);
	finding->have_rip = both_known(first, second, VCPU_INFO_REG_RIP);
	finding->rip[0] = first->vcpu.regs[VCPU_INFO_REG_RIP];
	finding->rip[1] = vcpu->regs[VCPU_INFO_REG_RIP];
	take_changes(first, second, finding);
	finding->function = second->function;
	finding->waits_in = waits_in(first, second);
	finding->waits_still = vcpu_waits_still(first, second);
	finding->wait_seen_once = finding->waits_in &&
				  !(first->waits_in && second->waits_in);
	finding->panicked = first->panicked && second->panicked;
	finding->held_nothing = vcpu_holds_nothing(first) ||
				vcpu_holds_nothing(second);
	finding->have_exit = vcpu->have & VCPU_INFO_HAVE_EXIT;
	finding->exit_reason = vcpu->exit_reason;
}

static bool both_are(const struct vcpu_observation *first,
		     const struct vcpu_observation *second, unsigned int state)
{
	return first->vcpu.state == state && second->vcpu.state == state;
}

static uint64_t per_second(uint64_t n, const struct vcpu_finding *finding)
{
	return (uint64_t)((double)n * NSEC_PER_SEC /
			  (double)finding->interval_ns);
}

/* It waits for a SIPI where the processor is after a reset. */
static bool at_reset(const struct vcpu_observation *at)
{
	return at->vcpu.state == VCPU_INFO_STATE_HALTED &&
	       vcpu_reg_known(at, VCPU_INFO_REG_RIP) &&
	       at->vcpu.regs[VCPU_INFO_REG_RIP] == RESET_RIP &&
	       vcpu_reg_known(at, VCPU_INFO_REG_CR0) &&
	       !(at->vcpu.regs[VCPU_INFO_REG_CR0] & CR0_PE);
}

static bool is_not_started(const struct vcpu_observation *first,
			   const struct vcpu_observation *second)
{
	return both_are(first, second, VCPU_INFO_STATE_NEVER_RUN) ||
	       (at_reset(first) && at_reset(second)) ||
	       (first->offline && second->offline);
}

static bool is_awake(const struct vcpu_observation *at)
{
	return at->vcpu.state == VCPU_INFO_STATE_GUEST ||
	       at->vcpu.state == VCPU_INFO_STATE_PREEMPTED || vcpu_in_torn_exit(at);
}

/* By KVM's own clock. What waits for a paravirtual lock halts now and then. */
static unsigned int halted_percent(const struct vcpu_observation *first,
				   const struct vcpu_observation *second,
				   const struct vcpu_finding *finding)
{
	static const unsigned int counts[] = {
		VCPU_INFO_COUNT_HALT_WAIT_NS, VCPU_INFO_COUNT_HALT_POLL_SUCCESS_NS,
		VCPU_INFO_COUNT_HALT_POLL_FAIL_NS,
	};
	uint64_t ns = 0;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		ns += count_grown(first, second, counts[i]);

	return percent(ns, finding->interval_ns);
}

/*
 * A thread that had no exit in which it may sleep, or halted for a moment only, was on a
 * CPU or wanted one, whatever the scheduler counts of a host that gets no time itself.
 */
static bool never_slept(const struct vcpu_observation *first,
			const struct vcpu_observation *second,
			const struct vcpu_finding *finding)
{
	const uint64_t *kinds = finding->kinds;

	return is_awake(first) && is_awake(second) &&
	       halted_percent(first, second, finding) <= RULE_HALTED &&
	       !kinds[EXIT_IO] && !kinds[EXIT_MMIO] && !kinds[EXIT_SIGNAL] &&
	       !kinds[EXIT_PAGE_FAULT];
}

static bool is_starved(const struct vcpu_observation *first,
		       const struct vcpu_observation *second,
		       const struct vcpu_finding *finding)
{
	if (!finding->have_sched)
		return false;
	if (finding->wait >= RULE_STARVED_WAIT && finding->wait > finding->run)
		return true;

	/* who waits for a lock may sleep */
	if (finding->run > RULE_OFF_CPU || finding->waits_still)
		return false;

	/*
	 * A thread over its CPU quota does not wait by the scheduler's count, nor does one
	 * whose wait has not ended (sched_info_arrive() in kernel/sched/stats.h). A host
	 * that gets no time itself counts less than there was.
	 */
	return both_are(first, second, VCPU_INFO_STATE_PREEMPTED) ||
	       (never_slept(first, second, finding) &&
		(second->vcpu.state == VCPU_INFO_STATE_PREEMPTED ||
		 finding->wait >= RULE_OFF_CPU_WAIT));
}

/*
 * An idle guest that a sample found at its tick. On a slow host that takes long; but Linux
 * has a task of its own for a CPU that has nothing to do.
 */
static bool is_mostly_halted(const struct vcpu_observation *first,
			     const struct vcpu_observation *second,
			     const struct vcpu_finding *finding)
{
	bool idle_task = first->idle_task && second->idle_task && !finding->waits_in;

	return finding->have_sched && finding->kinds[EXIT_HALT] &&
	       ((idle_task && finding->run <= RULE_IDLE_TASK) ||
		(finding->run <= RULE_IDLE &&
		 (first->vcpu.state == VCPU_INFO_STATE_HALTED ||
		  second->vcpu.state == VCPU_INFO_STATE_HALTED)));
}

static enum vcpu_word halted_word(const struct vcpu_finding *finding)
{
	if (finding->have_if && !finding->interrupts_on)
		return VCPU_HALTED_OFF;

	return VCPU_IDLE;
}

static bool leaves_in_one_place(const struct vcpu_observation *first,
				const struct vcpu_observation *second)
{
	struct vcpu_place a, b;

	return vcpu_same_place(vcpu_exit_of(first, &a), vcpu_exit_of(second, &b));
}

/*
 * Nothing moves: the same few instructions, over and over. KVM has no count of exits for
 * a PAUSE: a loop with one is no device's.
 */
static bool is_exit_loop(const struct vcpu_observation *first,
			 const struct vcpu_observation *second,
			 const struct vcpu_finding *finding)
{
	enum exit_kind kind = finding->main_kind;

	return kind != EXIT_HALT && kind != EXIT_OTHER &&
	       !finding->waits_still &&
	       leaves_in_one_place(first, second) &&
	       per_second(finding->own_exits, finding) >= RULE_LOOP_EXITS &&
	       percent(finding->kinds[kind], finding->own_exits) >=
	       RULE_LOOP_KIND;
}

/* A kernel that polls while it has nothing to do: idle=poll, haltpoll */
static bool is_polling(const char *function)
{
	static const char * const names[] = {
		"poll_idle", "cpu_idle_poll", "default_idle", "mwait_idle",
		"intel_idle", "acpi_idle",
	};
	size_t i;

	for (i = 0; function && i < ARRAY_SIZE(names); i++)
		if (!strncmp(function, names[i], strlen(names[i])))
			return true;

	return false;
}

/* Those that its code has asked for: a window is opened for an interrupt to come. */
static uint64_t named_exits(const struct vcpu_finding *finding)
{
	return finding->own_exits - finding->kinds[EXIT_OTHER] -
	       finding->kinds[EXIT_IRQ_WINDOW] - finding->kinds[EXIT_NMI_WINDOW];
}

/*
 * One that waits for a lock, or has panicked, is where it is by its stack; of other code
 * the same few instructions tell, and few exits.
 */
static bool stays_there(const struct vcpu_observation *first,
			const struct vcpu_observation *second,
			const struct vcpu_finding *finding)
{
	struct vcpu_place a, b;

	vcpu_closest_places(first, second, &a, &b);
	if (finding->waits_still || finding->panicked)
		return vcpu_place_in_kernel(&a) && vcpu_place_in_kernel(&b);

	return per_second(named_exits(finding), finding) <= RULE_SPIN_EXITS &&
	       vcpu_stands_still(&a, &b);
}

static bool is_spinning(const struct vcpu_observation *first,
			const struct vcpu_observation *second,
			const struct vcpu_finding *finding)
{
	bool busy = finding->have_sched && finding->run + finding->wait >= RULE_BUSY;

	return (busy || never_slept(first, second, finding)) &&
	       stays_there(first, second, finding);
}

static enum vcpu_word word_of(const struct vcpu_observation *first,
			      const struct vcpu_observation *second,
			      const struct vcpu_finding *finding)
{
	if (second->vcpu.state == VCPU_INFO_STATE_PROTECTED)
		return VCPU_PROTECTED;
	if (first->vcpu.result || second->vcpu.result ||
	    finding->interval_ns < RULE_MIN_INTERVAL_NS ||
	    !(first->vcpu.have & second->vcpu.have & VCPU_INFO_HAVE_STATE))
		return VCPU_UNKNOWN;
	if (is_not_started(first, second))
		return VCPU_NOT_STARTED;
	if (is_starved(first, second, finding))
		return VCPU_STARVED;
	if (is_exit_loop(first, second, finding))
		return VCPU_EXIT_LOOP;
	if (both_are(first, second, VCPU_INFO_STATE_USER) && !finding->exits)
		return VCPU_IN_VMM;
	if (first->vcpu.flags & second->vcpu.flags & VCPU_INFO_F_NESTED)
		return VCPU_NESTED;
	if (both_are(first, second, VCPU_INFO_STATE_HALTED))
		return halted_word(finding);
	if (is_mostly_halted(first, second, finding))
		return VCPU_IDLE;
	if (is_polling(first->function) && is_polling(second->function))
		return VCPU_IDLE;
	if (is_spinning(first, second, finding))
		return VCPU_SPINNING;

	return VCPU_RUNNING;
}

/**
 * vcpu_rules() - what a vCPU does
 * @first: a sample
 * @second: a later one of the same vCPU
 * @finding: filled; its @function is that of @second
 */
void vcpu_rules(const struct vcpu_observation *first,
		const struct vcpu_observation *second,
		struct vcpu_finding *finding)
{
	memset(finding, 0, sizeof(*finding));
	take_evidence(first, second, finding);
	finding->word = word_of(first, second, finding);
}
