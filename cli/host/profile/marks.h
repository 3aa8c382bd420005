/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What guests say by themselves while a timeline is made: their marks, panics and so on,
 * read from a trace instance of its own.
 */
#ifndef HOST_PROFILE_MARKS_H
#define HOST_PROFILE_MARKS_H

#include <stdbool.h>
#include <stdint.h>

struct own_instance;
struct timeline;

/**
 * struct marks - the reading of them
 * @timeline: where they go
 * @own: the instance; NULL if there is none
 * @next: when to read it again, signals_clock()
 */
struct marks {
	struct timeline *timeline;
	struct own_instance *own;
	uint64_t next;
};

/* Listen from now on. If that is not possible it is said, and there will be none. */
void marks_begin(struct marks *marks, struct timeline *timeline);

/* To be called often: take those that came, if it is time for that. */
void marks_take(struct marks *marks, uint64_t now);

/* Take the last ones, and remove the instance. False, with a message, if that failed. */
bool marks_end(struct marks *marks);

#endif /* HOST_PROFILE_MARKS_H */
