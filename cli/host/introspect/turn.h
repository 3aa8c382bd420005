/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose turn it is of two processes that share memory: a number that both see, and
 * that one may wait to be changed by the other. Each change wakes the other by one
 * system call, and each wait is one; a socket takes twice as long.
 */
#ifndef INTROSPECT_TURN_H
#define INTROSPECT_TURN_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t turn_now(const uint32_t *turn)
{
	return __atomic_load_n(turn, __ATOMIC_ACQUIRE);
}

/* Change it without waking anybody. */
static inline void turn_set(uint32_t *turn, uint32_t value)
{
	__atomic_store_n(turn, value, __ATOMIC_RELEASE);
}

/* Both sides may wait at the same time, for a third process: who it is that is woken */
enum turn_side {
	TURN_ASKS = 1,		/* who asks, and waits for answers */
	TURN_ANSWERS = 2,	/* who answers, and waits for questions */
};

/* Change it and wake that side if it waits; what was written before is seen by then. */
void turn_give(uint32_t *turn, uint32_t value, enum turn_side to);

/* While it has that value, for so long at the most. True if it has another one. */
bool turn_wait(const uint32_t *turn, uint32_t value, unsigned int ms,
	       enum turn_side side);

#endif /* INTROSPECT_TURN_H */
