// SPDX-License-Identifier: GPL-2.0
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "rates.h"
#include "trace-time.h"

/* What is kept of a vCPU's last record. */
struct last {
	int vm_pid;
	int vm_fd;
	int vcpu_id;
	int thread;
	uint64_t ts;
	bool ts_is_ns;
	unsigned int known;
	uint64_t count[NR_EXIT_KINDS];
};

static int order(int a, int b)
{
	return a < b ? -1 : a > b;
}

static int compare(const void *a, const void *b)
{
	const struct last *x = a, *y = b;
	int by_vm = order(x->vm_pid, y->vm_pid);

	if (!by_vm)
		by_vm = order(x->vm_fd, y->vm_fd);
	return by_vm ? by_vm : order(x->vcpu_id, y->vcpu_id);
}

static struct last last_of(const struct event *ev)
{
	struct last last = {
		.vm_pid = event_int(ev, FIELD_VM_PID),
		.vm_fd = event_int(ev, FIELD_VM_FD),
		.vcpu_id = event_int(ev, FIELD_VCPU_ID),
		.thread = event_int(ev, FIELD_PID),
		.ts = ev->ts,
		.ts_is_ns = ev->ts_is_ns,
	};

	for (int i = 0; i < NR_EXIT_KINDS; i++) {
		if (event_has(ev, FIELD_EXITS + i))
			last.known |= 1U << i;
		last.count[i] = ev->val[FIELD_EXITS + i];
	}
	return last;
}

/*
 * Another VM may have come to the same PID and file descriptor, with counts
 * from 0: then its thread is another, or some count has shrunk.
 */
static bool is_reset(const struct last *old, const struct last *new)
{
	if (old->thread != new->thread)
		return true;
	for (int i = 0; i < NR_EXIT_KINDS; i++) {
		if (old->known & new->known & (1U << i) &&
		    new->count[i] < old->count[i])
			return true;
	}
	return false;
}

static void compute(struct exit_delta *delta, const struct last *old,
		    const struct last *new)
{
	*delta = (struct exit_delta){ .state = DELTA_RESET };
	if (is_reset(old, new))
		return;
	delta->state = DELTA_OK;
	delta->known = old->known & new->known;
	for (int i = 0; i < NR_EXIT_KINDS; i++)
		delta->count[i] = new->count[i] - old->count[i];
	if (old->ts_is_ns && new->ts_is_ns && new->ts > old->ts)
		delta->ns = new->ts - old->ts;
}

bool rates_add(struct rates *rates, const struct event *ev,
	       struct exit_delta *delta)
{
	struct last new = last_of(ev);
	struct last **found = tfind(&new, &rates->tree, compare);
	struct last *copy;

	if (found) {
		compute(delta, *found, &new);
		**found = new;
		return true;
	}
	*delta = (struct exit_delta){ .state = DELTA_FIRST };
	copy = malloc(sizeof(*copy));
	if (!copy)
		return false;
	*copy = new;
	if (tsearch(copy, &rates->tree, compare))
		return true;
	free(copy);
	return false;
}

bool exit_rate(const struct exit_delta *delta, unsigned int kind,
	       double *per_second)
{
	if (delta->state != DELTA_OK || !delta->ns ||
	    !(delta->known & (1U << kind)))
		return false;
	*per_second = (double)delta->count[kind] * NS_PER_SEC / delta->ns;
	return true;
}

void rates_free(struct rates *rates)
{
	tdestroy(rates->tree, free);
	rates->tree = NULL;
}
