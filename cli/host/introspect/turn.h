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

/* Change it and wake who waits; what was written before is seen by then. */
void turn_give(uint32_t *turn, uint32_t value);

/* While it has that value, for so long at the most. True if it has another one. */
bool turn_wait(const uint32_t *turn, uint32_t value, unsigned int ms);

#endif /* INTROSPECT_TURN_H */
