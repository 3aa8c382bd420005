// SPDX-License-Identifier: GPL-2.0
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "latest.h"

/* A vCPU's records: a ring, once it is full. */
struct vcpu {
	const struct event *key;	/* some event of it */
	struct event **events;
	size_t nr;
	size_t oldest;
};

static int compare(const void *a, const void *b)
{
	const struct vcpu *x = a, *y = b;

	return event_compare(x->key, y->key);
}

/* Most of an event is room for fields that nearly none has. */
static struct event *copy_of(const struct event *ev)
{
	size_t size = offsetof(struct event, extra) +
		      ev->nr_extra * sizeof(ev->extra[0]);
	struct event *copy = malloc(size);

	if (copy)
		memcpy(copy, ev, size);
	return copy;
}

static bool add(struct vcpu *vcpu, const struct event *ev, size_t keep)
{
	struct event *copy = copy_of(ev);
	struct event **bigger;

	if (!copy)
		return false;
	if (vcpu->nr == keep) {
		free(vcpu->events[vcpu->oldest]);
		vcpu->events[vcpu->oldest] = copy;
		vcpu->key = copy;
		vcpu->oldest = (vcpu->oldest + 1) % keep;
		return true;
	}
	bigger = reallocarray(vcpu->events, vcpu->nr + 1, sizeof(copy));
	if (!bigger) {
		free(copy);
		return false;
	}
	vcpu->events = bigger;
	vcpu->events[vcpu->nr++] = copy;
	vcpu->key = copy;
	return true;
}

static void free_vcpu(void *arg)
{
	struct vcpu *vcpu = arg;

	for (size_t i = 0; i < vcpu->nr; i++)
		free(vcpu->events[i]);
	free(vcpu->events);
	free(vcpu);
}

bool latest_add(struct latest *latest, const struct event *ev)
{
	struct vcpu key = { .key = ev };
	struct vcpu **found = tfind(&key, &latest->tree, compare);
	struct vcpu *vcpu;

	if (found)
		return add(*found, ev, latest->keep);
	vcpu = calloc(1, sizeof(*vcpu));
	if (!vcpu)
		return false;
	if (add(vcpu, ev, latest->keep) &&
	    tsearch(vcpu, &latest->tree, compare))
		return true;
	free_vcpu(vcpu);
	return false;
}

struct walk {
	void (*show)(const struct event *ev, void *arg);
	void *arg;
};

static void visit(const void *node, VISIT when, void *arg)
{
	const struct vcpu *vcpu = *(struct vcpu * const *)node;
	const struct walk *walk = arg;

	if (when != postorder && when != leaf)	/* in order, each once */
		return;
	for (size_t i = 0; i < vcpu->nr; i++)
		walk->show(vcpu->events[(vcpu->oldest + i) % vcpu->nr],
			   walk->arg);
}

void latest_each(const struct latest *latest,
		 void (*show)(const struct event *ev, void *arg), void *arg)
{
	struct walk walk = { show, arg };

	twalk_r(latest->tree, visit, &walk);
}

void latest_free(struct latest *latest)
{
	tdestroy(latest->tree, free_vcpu);
	latest->tree = NULL;
}
