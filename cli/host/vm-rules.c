// SPDX-License-Identifier: GPL-2.0
#include "vcpu-rules.h"

static const char * const vm_word_names[VM_NR_WORDS] = {
	[VM_NOTHING] = "none",
	[VM_IDLE] = "idle",
	[VM_PAUSED] = "paused",
	[VM_STARVED] = "starved",
	[VM_HUNG] = "hung",
	[VM_LOCK_HOLDER] = "lock-holder-starved",
	[VM_LOCK_LOST] = "lock-never-released",
	[VM_CPU_MISSING] = "cpu-not-started",
	[VM_PANICKED] = "panicked",
};

const char *vm_word_name(enum vm_word word)
{
	return vm_word_names[word];
}

/*
 * A waiter in a guest that knows it is one halts, and each interrupt has it spin again:
 * on a slow host for more of the time than an idle vCPU takes.
 */
static bool waits_by_turns(const struct vcpu_finding *finding)
{
	return finding->word == VCPU_RUNNING && finding->waits_still &&
	       finding->kinds[EXIT_HALT] &&
	       (finding->looks >= RULE_LOOKS / 2 ||
		(finding->have_changed && finding->changed <= RULE_SPIN_REGS));
}

/* One that lacks a CPU has to have had one for a while, or it could not have left. */
static bool waits_starved(const struct vcpu_finding *finding)
{
	return finding->word == VCPU_STARVED && finding->waits_still &&
	       finding->run > RULE_OFF_CPU;
}

/* It waits, on the processor or, in a guest that knows it is one, halted. */
static bool waits_for_cpu(const struct vcpu_finding *finding)
{
	return waits_by_turns(finding) || waits_starved(finding) ||
	       (finding->waits_in && !vcpu_moved_on(finding) &&
		(finding->word == VCPU_SPINNING ||
		 finding->word == VCPU_HALTED_OFF ||
		 finding->word == VCPU_IDLE));
}

/* The same, or found waiting twice, whatever it did meanwhile: a timer interrupts it. */
static bool is_in_wait(const struct vcpu_finding *finding)
{
	return waits_for_cpu(finding) ||
	       (finding->waits_still && finding->word == VCPU_RUNNING);
}

static int first_with(const struct vcpu_finding *findings, size_t nr,
		      enum vcpu_word word)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (findings[i].word == word)
			return (int)i;

	return -1;
}

static int first_panicked(const struct vcpu_finding *findings, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (findings[i].panicked)
			return (int)i;

	return -1;
}

static size_t nr_waiting(const struct vcpu_finding *findings, size_t nr)
{
	size_t i, waiting = 0;

	for (i = 0; i < nr; i++)
		waiting += waits_for_cpu(&findings[i]);

	return waiting;
}

static bool any_in_wait(const struct vcpu_finding *findings, size_t nr, int except)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if ((int)i != except && is_in_wait(&findings[i]))
			return true;

	return false;
}

static bool all_wait_for_locks(const struct vcpu_finding *findings, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (waits_for_cpu(&findings[i]) &&
		    !vcpu_waits_for_lock(findings[i].waits_in))
			return false;

	return true;
}

/*
 * The one that got the least CPU time, better one that waits for no other. Who waits all the
 * time, or holds nothing, does not have the lock.
 */
static int most_starved(const struct vcpu_finding *findings, size_t nr)
{
	const struct vcpu_finding *finding, *most = NULL;
	bool locks = all_wait_for_locks(findings, nr);
	size_t i;

	for (i = 0; i < nr; i++) {
		finding = &findings[i];
		if (finding->word != VCPU_STARVED || waits_starved(finding) ||
		    (locks && finding->held_nothing))
			continue;
		if (!most || (most->waits_in && !finding->waits_in) ||
		    (!most->waits_in == !finding->waits_in &&
		     finding->run < most->run))
			most = finding;
	}

	return most ? (int)(most - findings) : -1;
}

/* Of the vCPUs that were started, all have one of two words. */
static bool all_are(const struct vm_finding *vm, size_t nr, enum vcpu_word a,
		    enum vcpu_word b)
{
	size_t started = nr - vm->nr[VCPU_NOT_STARTED];
	size_t are = vm->nr[a] + (a == b ? 0 : vm->nr[b]);

	return started && are == started;
}

/* Those that are neither idle nor unstarted */
static size_t nr_wanting(const struct vcpu_finding *findings, size_t nr)
{
	size_t i, wanting = 0;

	for (i = 0; i < nr; i++)
		wanting += findings[i].word != VCPU_NOT_STARTED &&
			   (findings[i].word != VCPU_IDLE ||
			    waits_for_cpu(&findings[i]));

	return wanting;
}

/*
 * Of those that are neither idle nor unstarted, those that wait, and those that may have
 * the lock. Who holds nothing may yet have to answer.
 */
static size_t nr_concerned(const struct vcpu_finding *findings, size_t nr)
{
	bool locks = all_wait_for_locks(findings, nr);
	size_t i, concerned = nr_wanting(findings, nr);

	for (i = 0; i < nr; i++)
		concerned -= locks && findings[i].held_nothing &&
			     findings[i].word != VCPU_NOT_STARTED &&
			     findings[i].word != VCPU_IDLE &&
			     !waits_for_cpu(&findings[i]);

	return concerned;
}

/* The first that nothing but an NMI wakes, and which waits for no other one */
static int first_off(const struct vcpu_finding *findings, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (findings[i].word == VCPU_HALTED_OFF &&
		    !waits_for_cpu(&findings[i]))
			return (int)i;

	return -1;
}

static enum vm_word vm_word_of(const struct vcpu_finding *findings, size_t nr,
			       struct vm_finding *vm)
{
	size_t waiting = nr_waiting(findings, nr);
	bool any_waits = any_in_wait(findings, nr, -1);

	if (vm->nr[VCPU_PAUSED])
		return VM_PAUSED;
	vm->culprit = first_panicked(findings, nr);
	if (vm->culprit >= 0)
		return VM_PANICKED;
	vm->culprit = most_starved(findings, nr);
	if (vm->culprit >= 0 && any_in_wait(findings, nr, vm->culprit))
		return VM_LOCK_HOLDER;
	vm->culprit = -1;
	if (vm->nr[VCPU_STARVED] &&
	    vm->nr[VCPU_STARVED] == nr_wanting(findings, nr))
		return VM_STARVED;
	vm->culprit = any_waits ? first_off(findings, nr) : -1;
	if (vm->culprit >= 0 ||
	    (waiting && waiting == nr_concerned(findings, nr)))
		return VM_LOCK_LOST;
	if (all_are(vm, nr, VCPU_HALTED_OFF, VCPU_SPINNING))
		return VM_HUNG;
	if (vm->nr[VCPU_NOT_STARTED] && vm->nr[VCPU_NOT_STARTED] < nr) {
		vm->culprit = first_with(findings, nr, VCPU_NOT_STARTED);
		return VM_CPU_MISSING;
	}
	if (all_are(vm, nr, VCPU_IDLE, VCPU_IDLE))
		return VM_IDLE;

	return VM_NOTHING;
}

/*
 * The firmware starts all CPUs, and parks them until an operating system does so
 * again: one that is still there, when others have paging on, was never started.
 */
static void find_parked(struct vcpu_finding *findings, size_t nr)
{
	bool paging = false;
	size_t i;

	for (i = 0; i < nr; i++)
		paging |= findings[i].have_paging && findings[i].paging;
	for (i = 0; i < nr; i++)
		if (paging && findings[i].word == VCPU_HALTED_OFF &&
		    findings[i].have_paging && !findings[i].paging)
			findings[i].word = VCPU_NOT_STARTED;
}

/**
 * vm_rules() - what follows for a VM
 * @findings: of all its vCPUs; if all of them are in the VMM and do not return,
 *	their words become VCPU_PAUSED, and those that the firmware has parked are
 *	VCPU_NOT_STARTED
 * @nr: how many
 * @vm: filled
 */
void vm_rules(struct vcpu_finding *findings, size_t nr, struct vm_finding *vm)
{
	size_t i, outside = 0;

	find_parked(findings, nr);
	for (i = 0; i < nr; i++)
		outside += findings[i].word == VCPU_IN_VMM ||
			   findings[i].word == VCPU_NOT_STARTED;
	*vm = (struct vm_finding){ .culprit = -1 };
	for (i = 0; i < nr; i++) {
		if (outside == nr && findings[i].word == VCPU_IN_VMM)
			findings[i].word = VCPU_PAUSED;
		vm->nr[findings[i].word]++;
	}
	vm->word = vm_word_of(findings, nr, vm);
}
