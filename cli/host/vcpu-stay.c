// SPDX-License-Identifier: GPL-2.0
#include "vcpu-places.h"

bool vcpu_moved_on(const struct vcpu_finding *finding)
{
	return finding->left >= RULE_LEFT;
}

bool vcpu_may_hold_lock(const struct vcpu_finding *finding)
{
	return !finding->held_nothing &&
	       (finding->word == VCPU_RUNNING || finding->word == VCPU_STARVED);
}

bool vcpu_may_be_stuck(const struct vcpu_finding *finding)
{
	if (vcpu_moved_on(finding))
		return false;

	return finding->word == VCPU_SPINNING || finding->waits_still ||
	       (finding->waits_in && (finding->word == VCPU_IDLE ||
				      finding->word == VCPU_HALTED_OFF));
}

static bool is_place_hidden(const struct vcpu_observation *at)
{
	return at->interrupted && !at->aside;
}

/*
 * What waits for an answer to its call stays in one place: if it is met sending, that is
 * another call. What waits for a lock may halt and spin by turns.
 */
static enum vcpu_stay stay_in_call(const struct vcpu_observation *second,
				   const struct vcpu_observation *further)
{
	struct vcpu_place a, b;

	vcpu_closest_places(second, further, &a, &b);
	if (vcpu_same_place(&a, &b))
		return VCPU_STAYS;

	if (vcpu_in_torn_exit(second) || is_place_hidden(second) || is_place_hidden(further))
		return VCPU_STAY_UNKNOWN;

	return VCPU_HAS_LEFT;
}

/* By its stack */
static enum vcpu_stay stay_in_wait(const struct vcpu_finding *finding,
				   const struct vcpu_observation *second,
				   const struct vcpu_observation *further)
{
	bool stays = finding->panicked ? further->panicked : vcpu_waits_still(second, further);

	if (!stays)
		return further->whole_stack ? VCPU_HAS_LEFT : VCPU_STAY_UNKNOWN;
	if (finding->panicked || vcpu_waits_for_lock(finding->waits_in))
		return VCPU_STAYS;

	return stay_in_call(second, further);
}

/* By its registers, if it is known that it is not in an interrupt */
static enum vcpu_stay stay_in_place(const struct vcpu_observation *second,
				    const struct vcpu_observation *further)
{
	struct vcpu_place a, b;

	vcpu_closest_places(second, further, &a, &b);
	if (vcpu_stands_still(&a, &b))
		return VCPU_STAYS;
	/* of a kernel whose stacks are not known its RIP has to do */
	if (further->function && (!further->whole_stack || is_place_hidden(further)))
		return VCPU_STAY_UNKNOWN;

	return VCPU_HAS_LEFT;
}

/* A loop that an interrupt of it found waiting for a lock does not wait. */
static bool is_found_waiting(const struct vcpu_finding *finding)
{
	return finding->panicked || finding->waits_still ||
	       (finding->waits_in && finding->word != VCPU_SPINNING);
}

enum vcpu_stay vcpu_stay_of(const struct vcpu_finding *finding,
			    const struct vcpu_observation *second,
			    const struct vcpu_observation *further)
{
	if (further->user)
		return VCPU_HAS_LEFT;
	if (vcpu_in_torn_exit(further) || !vcpu_reg_known(further, VCPU_INFO_REG_RIP))
		return VCPU_STAY_UNKNOWN;
	if (is_found_waiting(finding))
		return stay_in_wait(finding, second, further);

	return stay_in_place(second, further);
}

/* An interrupt of a loop may have waited then. */
void vcpu_take_wait(struct vcpu_finding *finding, const struct vcpu_observation *further)
{
	if (!finding->wait_seen_once || !further->whole_stack || further->waits_in)
		return;

	finding->waits_in = NULL;
	finding->waits_still = false;
}

static void take_back(struct vcpu_finding *finding)
{
	finding->waits_still = false;
	finding->panicked = false;
	if (finding->word == VCPU_SPINNING)
		finding->word = VCPU_RUNNING;
}

void vcpu_take_stay(struct vcpu_finding *finding, enum vcpu_stay stay)
{
	finding->looks += stay == VCPU_STAYS;
	finding->left += stay == VCPU_HAS_LEFT;
	if (vcpu_moved_on(finding))
		take_back(finding);
}

void vcpu_end_stay(struct vcpu_finding *finding, const struct vcpu_observation *second)
{
	if (finding->looks || !finding->waits_in || !vcpu_in_torn_exit(second))
		return;

	finding->waits_in = NULL;
	take_back(finding);
}
