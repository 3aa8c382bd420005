// SPDX-License-Identifier: GPL-2.0
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "turn.h"

void turn_give(uint32_t *turn, uint32_t value)
{
	turn_set(turn, value);
	syscall(SYS_futex, turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

bool turn_wait(const uint32_t *turn, uint32_t value, unsigned int ms)
{
	const struct timespec most = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L,
	};

	if (turn_now(turn) == value)
		syscall(SYS_futex, turn, FUTEX_WAIT, value, &most, NULL, 0);
	return turn_now(turn) != value;
}
