/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A token bucket as one number: when it will next be full. And what is kept back
 * for the case that it is empty.
 *
 * tests/unit/test_bucket.c compiles it, too.
 */
#ifndef VCPU_INFO_BUCKET_H
#define VCPU_INFO_BUCKET_H

/*
 * A guest may ask for all its vCPUs at once, and for as many as come back in a
 * tick.
 */
static inline unsigned int bucket_burst(unsigned int burst, unsigned int rate,
					unsigned int hz, unsigned int nr_vcpus)
{
	return max3(burst, rate / hz, nr_vcpus);
}

/*
 * A request takes the time that a token needs to come back. A bucket is never
 * emptier than empty: it was perhaps left so by other parameters.
 *
 * Return: the new number, or 0 if there is no token.
 */
static inline u64 bucket_take(u64 next_ns, u64 now_ns, unsigned int rate,
			      unsigned int burst)
{
	u64 period_ns = div_u64(NSEC_PER_SEC, rate);

	next_ns = clamp(next_ns, now_ns, now_ns + burst * period_ns);
	if (next_ns - now_ns > (burst - 1) * period_ns)
		return 0;

	return next_ns + period_ns;
}

/**
 * struct reserve - what is kept back
 * @end_ns: it is full again then
 * @left: and has so many tokens until then
 */
struct reserve {
	u64 end_ns;
	u32 left;
};

/* All of @size come back at once, @interval_ns after the first was taken. */
static inline bool reserve_take(struct reserve *reserve, u64 now_ns,
				u64 interval_ns, u32 size)
{
	if (reserve->end_ns <= now_ns) {
		reserve->end_ns = now_ns + interval_ns;
		reserve->left = size;
	}
	if (!reserve->left)
		return false;

	reserve->left--;
	return true;
}

#endif /* VCPU_INFO_BUCKET_H */
