/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of several CPUs' buffers, in the order in which they were made.
 *
 * The buffers are read one after the other, so that a record which was read
 * early may be younger than one that is still to come from another CPU. It is
 * held until every buffer has been looked at again: whatever is older than a
 * record that was read in one round is there to be read in the next.
 */
#ifndef HOST_TRACE_REORDER_H
#define HOST_TRACE_REORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reorder;

/**
 * struct reorder_rec - a record as it was read
 * @ts: when it was made, in a clock that all CPUs share
 * @cpu: index of the CPU
 * @data: its bytes, good until the next record is added
 * @size: how many
 */
struct reorder_rec {
	uint64_t ts;
	unsigned int cpu;
	const void *data;
	size_t size;
};

/* For CPUs with indices below nr; NULL when memory is exhausted. */
struct reorder *reorder_new(unsigned int nr);
void reorder_free(struct reorder *ro);

/*
 * A record was read; those of one CPU come in order. False when memory is
 * exhausted: it is not in then.
 */
bool reorder_add(struct reorder *ro, const struct reorder_rec *rec);

/* That CPU's buffer was not read to its end in this round. */
void reorder_cut(struct reorder *ro, unsigned int cpu);

/* Every CPU's buffer was looked at once: the end of a round. */
void reorder_round(struct reorder *ro);

/* No older record can come: hold nothing back of what is in. */
void reorder_all(struct reorder *ro);

/* Whether some are held back. */
bool reorder_holds(const struct reorder *ro);

/* Take the oldest record that can be handed over; false if there is none. */
bool reorder_next(struct reorder *ro, struct reorder_rec *rec);

#endif /* HOST_TRACE_REORDER_H */
