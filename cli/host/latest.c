// SPDX-License-Identifier: GPL-2.0
#include <search.h>
#include <stdlib.h>

#include "latest.h"

static int compare(const void *a, const void *b)
{
	return event_compare(a, b);
}

bool latest_add(struct latest *latest, const struct event *ev)
{
	struct event **found = tfind(ev, &latest->tree, compare);
	struct event *copy;

	if (found) {
		**found = *ev;
		return true;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return false;
	*copy = *ev;
	if (tsearch(copy, &latest->tree, compare))
		return true;
	free(copy);
	return false;
}

struct walk {
	void (*show)(const struct event *ev, void *arg);
	void *arg;
};

static void visit(const void *node, VISIT when, void *arg)
{
	const struct walk *walk = arg;

	if (when == postorder || when == leaf)	/* in order, each once */
		walk->show(*(struct event * const *)node, walk->arg);
}

void latest_each(const struct latest *latest,
		 void (*show)(const struct event *ev, void *arg), void *arg)
{
	struct walk walk = { show, arg };

	twalk_r(latest->tree, visit, &walk);
}

void latest_free(struct latest *latest)
{
	tdestroy(latest->tree, free);
	latest->tree = NULL;
}
