// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "compiler.h"
#include "duration.h"
#include "watch/watch-rules.h"

static uint64_t per_second(uint64_t n, const struct vcpu_finding *finding)
{
	return (uint64_t)((double)n * NS_PER_SEC / (double)finding->interval_ns);
}

/* It asks for something over and over. */
static bool may_loop(const struct vcpu_finding *finding)
{
	return finding->main_kind != EXIT_HALT &&
	       per_second(finding->own_exits, finding) >= RULE_LOOP_EXITS &&
	       finding->kinds[finding->main_kind] * 100 >=
		       finding->own_exits * RULE_LOOP_KIND;
}

/* It runs and runs, and asks for nothing. */
static bool may_spin(const struct vcpu_finding *finding)
{
	return finding->have_sched && finding->run >= RULE_BUSY &&
	       per_second(finding->own_exits, finding) <= RULE_SPIN_EXITS;
}

/* It hardly ran, and did not halt in between: in the VMM, halted, or kept from it. */
static bool may_be_stuck(const struct vcpu_finding *finding)
{
	return finding->have_sched && finding->run <= RULE_OFF_CPU &&
	       !finding->kinds[EXIT_HALT];
}

bool watch_is_suspect(const struct vcpu_finding *finding)
{
	if (finding->interval_ns < RULE_MIN_INTERVAL_NS)
		return false;
	return (finding->have_sched && finding->wait >= RULE_STARVED_WAIT) ||
	       may_loop(finding) || may_spin(finding) || may_be_stuck(finding);
}

/* Of vCPUs, the worst first */
static const enum vcpu_word order[] = {
	VCPU_EXIT_LOOP, VCPU_SPINNING, VCPU_IN_VMM, VCPU_STARVED,
};

/* Of VMs; if all vCPUs are starved, the VM is */
static const enum vm_word vm_words[] = {
	VM_PAUSED, VM_HUNG, VM_LOCK_HOLDER, VM_LOCK_LOST, VM_CPU_MISSING,
	VM_PANICKED,
};

const char *watch_word_nr(size_t nr)
{
	if (!nr--)
		return WATCH_WELL;
	if (nr < ARRAY_SIZE(order))
		return vcpu_word_name(order[nr]);
	nr -= ARRAY_SIZE(order);
	return nr < ARRAY_SIZE(vm_words) ? vm_word_name(vm_words[nr]) : NULL;
}

const char *watch_word(const struct vm_diagnosis *diagnosis)
{
	const struct vm_finding *vm = &diagnosis->finding;

	if (vm->word != VM_NOTHING && vm->word != VM_IDLE)
		return vm_word_name(vm->word);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (vm->nr[order[i]])
			return vcpu_word_name(order[i]);
	return WATCH_WELL;
}

void watch_state_init(struct watch_state *state)
{
	*state = (struct watch_state){ .told = WATCH_WELL, .seen = WATCH_WELL };
}

bool watch_state_step(struct watch_state *state, const char *word)
{
	if (strcmp(state->seen, word)) {
		state->seen = word;
		state->times = 0;
	}
	if (state->times < WATCH_CONFIRM)
		state->times++;
	if (state->times < WATCH_CONFIRM || !strcmp(state->told, word))
		return false;
	state->told = word;
	return true;
}
