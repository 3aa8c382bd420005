/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a vCPU's exit counts grew by from one of its records to the next.
 */
#ifndef HOST_RATES_H
#define HOST_RATES_H

#include "trace/event.h"

/* exits, io_exits, ..., hypercalls: consecutive fields of the event */
#define NR_EXIT_KINDS	(FIELD_HYPERCALLS - FIELD_EXITS + 1)

enum delta_state {
	DELTA_FIRST,		/* there is no record before */
	DELTA_OK,
	DELTA_RESET,		/* the counts started afresh in between */
};

/**
 * struct exit_delta - from one record of a vCPU to the next
 * @state: whether the rest is known
 * @ns: time between the two, 0 if the clock does not tell it
 * @known: a bit for each kind that both records have
 * @count: exits of each kind between the two, by field_id - FIELD_EXITS
 */
struct exit_delta {
	enum delta_state state;
	uint64_t ns;
	unsigned int known;
	uint64_t count[NR_EXIT_KINDS];
};

/* Exits of that kind a second; false if it is not known. */
bool exit_rate(const struct exit_delta *delta, unsigned int kind,
	       double *per_second);

/* The last counts of each vCPU. All zeroes is empty. */
struct rates {
	void *tree;
};

/* Take a record in, and say how far it is from the one before. */
bool rates_add(struct rates *rates, const struct event *ev,
	       struct exit_delta *delta);
void rates_free(struct rates *rates);

#endif /* HOST_RATES_H */
