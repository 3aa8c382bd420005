/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes samples of all vCPUs of VMs, so many a second on average, and their stacks.
 */
#ifndef HOST_PROFILE_SAMPLER_H
#define HOST_PROFILE_SAMPLER_H

#include "profile/marks.h"
#include "profile/profile.h"
#include "trace/host-request.h"

#define SAMPLER_MIN_HZ	1
#define SAMPLER_MAX_HZ	1000

struct timeline;

enum sampler_end {
	SAMPLER_DONE,		/* the time is over, or a signal ended it */
	SAMPLER_NO_VM,		/* nothing to sample: there is no such VM or vCPU */
	SAMPLER_ALL_GONE,	/* every VM ended */
	SAMPLER_FAILED,		/* see req.status */
	SAMPLER_NO_MEMORY,
	SAMPLER_LEFT_INSTANCE,	/* a trace instance could not be removed, which was said */
};

/**
 * struct sampler - one run
 * @profile: where it all goes
 * @req: what is asked for
 * @names: for what is in guests' memory; NULL: it is not read
 * @duration_ns: how long it lasts
 * @interval_ns: mean time from one sample to the next
 * @timeline: what each vCPU did when; NULL: that is not wanted
 * @progress: called a few times a second; may be NULL
 */
struct sampler {
	struct profile *profile;
	struct host_request req;
	struct guest_names *names;
	uint64_t duration_ns;
	uint64_t interval_ns;
	struct timeline *timeline;
	void (*progress)(const struct sampler *sampler, uint64_t now);
	/* what follows is sampler.c's */
	struct frame_list list;
	struct marks marks;
	uint64_t random;
	bool no_memory;
};

/*
 * Fill in the profile, whose tree is there, with samples of frequency Hz. Signals end
 * it early. Whatever it returns, what was found until then is in the profile.
 */
enum sampler_end sampler_run(struct sampler *sampler);

/*
 * The next moment that is not over, and how many after the last one are. The time from
 * one to the next is uniform from half an interval to one and a half: whatever the guest
 * does once an interval, or n times in it, each sample sees any part of that with the
 * same likelihood, whatever the one before has seen. random is the generator's state.
 */
uint64_t sampler_next(uint64_t last, uint64_t interval, uint64_t now,
		      uint64_t *random, uint64_t *missed);

#endif /* HOST_PROFILE_SAMPLER_H */
