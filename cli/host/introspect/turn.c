// SPDX-License-Identifier: GPL-2.0
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "turn.h"

void turn_give(uint32_t *turn, uint32_t value, enum turn_side to)
{
	turn_set(turn, value);
	syscall(SYS_futex, turn, FUTEX_WAKE_BITSET, 1, NULL, NULL, to);
}

bool turn_wait(const uint32_t *turn, uint32_t value, unsigned int ms,
	       enum turn_side side)
{
	struct timespec until;

	if (turn_now(turn) != value)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	syscall(SYS_futex, turn, FUTEX_WAIT_BITSET, value, &until, NULL, side);
	return turn_now(turn) != value;
}
