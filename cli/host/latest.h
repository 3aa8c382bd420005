/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last records of each vCPU.
 */
#ifndef HOST_LATEST_H
#define HOST_LATEST_H

#include "trace/event.h"

/**
 * struct latest - the last records of each vCPU
 * @tree: a node for each vCPU; NULL is empty
 * @keep: how many records of each, at least 1
 */
struct latest {
	void *tree;
	size_t keep;
};

/* Add a record, in place of the vCPU's oldest if there are enough. */
bool latest_add(struct latest *latest, const struct event *ev);

/* Call show() for each, by VM and vCPU, the oldest of a vCPU first. */
void latest_each(const struct latest *latest,
		 void (*show)(const struct event *ev, void *arg), void *arg);
void latest_free(struct latest *latest);

#endif /* HOST_LATEST_H */
