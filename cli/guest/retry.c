// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "retry.h"

#define MS_PER_S	1000
#define NS_PER_MS	1000000L
#define NS_PER_S	1000000000L

/*
 * How often to wait for a host that limits the rate, and for how long: each time
 * twice as long up to a limit, about 5 s in all.
 */
#define RETRIES		7
#define FIRST_WAIT_MS	50
#define LONGEST_WAIT_MS	1600

void time_advance(struct timespec *when, int ms)
{
	when->tv_sec += ms / MS_PER_S;
	when->tv_nsec += (ms % MS_PER_S) * NS_PER_MS;
	if (when->tv_nsec >= NS_PER_S) {
		when->tv_sec++;
		when->tv_nsec -= NS_PER_S;
	}
}

bool retry_is_over(const struct retry *retry)
{
	return retry->waits == RETRIES;
}

/*
 * Half to one and a half of the time: guests that were refused together, as all
 * of a host when cron starts something in each, shall not come back together.
 */
bool retry_wait(struct retry *retry, const struct device *dev)
{
	struct timespec when;
	int ms;

	if (retry_is_over(retry))
		return false;
	ms = FIRST_WAIT_MS << retry->waits++;
	if (ms > LONGEST_WAIT_MS)
		ms = LONGEST_WAIT_MS;
	clock_gettime(CLOCK_MONOTONIC, &when);
	time_advance(&when, ms / 2 + arc4random_uniform(ms + 1));
	dev->ops->sleep_until(&when);
	return true;
}
