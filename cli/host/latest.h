/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last record of each vCPU.
 */
#ifndef HOST_LATEST_H
#define HOST_LATEST_H

#include "event.h"

/* All zeroes is empty. */
struct latest {
	void *tree;
};

/* Add a record, in place of an earlier one of the same vCPU. */
bool latest_add(struct latest *latest, const struct event *ev);

/* Call show() for each, by VM and vCPU. */
void latest_each(const struct latest *latest,
		 void (*show)(const struct event *ev, void *arg), void *arg);
void latest_free(struct latest *latest);

#endif /* HOST_LATEST_H */
