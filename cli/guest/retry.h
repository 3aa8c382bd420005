/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting for a host that limits the rate of requests.
 */
#ifndef GUEST_RETRY_H
#define GUEST_RETRY_H

#include <stdbool.h>
#include <time.h>

#include "device.h"

/* All zeroes has not waited yet. */
struct retry {
	int waits;
};

/* Whether it has waited as often as it is going to. */
bool retry_is_over(const struct retry *retry);

/* Wait, longer each time; false if it has waited often enough. */
bool retry_wait(struct retry *retry, const struct device *dev);

/* A time so many milliseconds later. */
void time_advance(struct timespec *when, int ms);

#endif /* GUEST_RETRY_H */
