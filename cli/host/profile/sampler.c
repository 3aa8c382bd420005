// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "duration.h"
#include "profile/sampler.h"
#include "profile/timeline.h"
#include "signals.h"
#include "trace-time.h"
#include "vm/guest-child.h"

#define PROGRESS_NS	(250 * NS_PER_MS)

/* Statistics do not need a look at a vCPU for as long as a VM exit may take. */
#define ATTEMPTS	4

/*
 * A question about a guest's memory goes back and forth between two processes. If each
 * had to wait for its turn on a busy host, samples would be late and stacks old.
 */
#define NICE		(-20)

/* vCPUs of which no more is done than to sample them before stacks are looked at */
#define MAX_LOOKS	64

/* xorshift: good enough not to be in step with anything; it must not be 0 */
static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

uint64_t sampler_next(uint64_t last, uint64_t interval, uint64_t now,
		      uint64_t *random, uint64_t *missed)
{
	uint64_t next = last;

	for (*missed = 0;; ++*missed) {
		next += interval / 2 + next_random(random) % interval;
		if (next >= now)
			return next;
	}
}

/* A signal ends it, unless it comes right before: then it is over at the deadline. */
static void sleep_until(uint64_t when)
{
	const struct timespec until = {
		.tv_sec = when / NS_PER_SEC, .tv_nsec = when % NS_PER_SEC,
	};

	while (!signals_want_end() &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
		       EINTR)
		;
}

/* vCPUs of a VM whose stacks are to be looked at together */
struct looking {
	struct sampler *sampler;
	struct profile_vm *vm;
	const struct vcpu_info_host_vcpu *vcpus[MAX_LOOKS];
	size_t nr;
};

static bool take_vcpu(struct sampler *sampler, struct profile_vm *vm,
		      const struct vcpu_info_host_vcpu *vcpu,
		      const struct frame_list *list)
{
	struct profile_vcpu *known = profile_vcpu(sampler->profile, vm, vcpu);
	uint64_t since;

	if (!known)
		return false;
	since = known->last;
	profile_take(sampler->profile, known, vcpu, list);
	if (sampler->timeline && known->last > since)
		timeline_add(sampler->timeline, vm, known, since);
	return true;
}

static void take_look(void *arg, size_t index, const char *why,
		      const struct guest_look *look)
{
	struct looking *looking = arg;
	struct sampler *sampler = looking->sampler;
	const struct vcpu_info_host_vcpu *vcpu = looking->vcpus[index];

	frames_make(&sampler->list, looking->vm->frame,
		    sampler->profile->vcpu_frames, vcpu, why ? NULL : look);
	take_vcpu(sampler, looking->vm, vcpu, &sampler->list);
}

static void look_at(struct looking *looking)
{
	guest_names_look_all(looking->sampler->names, looking->vm->pid,
			     looking->vm->fd, looking->vcpus, looking->nr,
			     take_look, looking);
	looking->nr = 0;
}

/* Whose stack is about to change: the others are still there when these are done. */
static bool is_urgent(const struct vcpu_info_host_vcpu *vcpu)
{
	return guest_runs(vcpu) && vcpu->regs[VCPU_INFO_REG_RIP] >> 63;
}

/* Those that have not run since are where they were. */
static bool take_vcpus(struct sampler *sampler, struct profile_vm *vm,
		       const struct vm_sample *sample, bool urgent)
{
	struct looking looking = { .sampler = sampler, .vm = vm };

	for (size_t i = 0; i < sample->nr; i++) {
		const struct vcpu_info_host_vcpu *vcpu = &sample->vcpus[i];
		const struct profile_vcpu *known;

		if (vcpu->result || is_urgent(vcpu) != urgent)
			continue;
		known = profile_vcpu(sampler->profile, vm, vcpu);
		if (!known)
			return false;
		if (known->samples && guest_stood_still(&known->seen, vcpu))
			take_vcpu(sampler, vm, vcpu, NULL);
		else
			looking.vcpus[looking.nr++] = vcpu;
		if (looking.nr == MAX_LOOKS)
			look_at(&looking);
	}
	look_at(&looking);
	return true;
}

static bool take_vm(const struct vm *found, const struct vm_sample *sample,
		    void *arg)
{
	struct sampler *sampler = arg;
	struct profile *profile = sampler->profile;
	struct profile_vm *vm = profile_find_vm(profile, found->vmm.pid,
						found->fd);

	/* those that start later would have no time before */
	if (!vm && profile->rounds)
		return true;
	if (!vm)
		vm = profile_add_vm(profile, found->vmm.pid, found->fd,
				    process_vm_name(&found->vmm));
	if (!vm || !take_vcpus(sampler, vm, sample, true) ||
	    !take_vcpus(sampler, vm, sample, false)) {
		sampler->no_memory = true;
		return false;
	}
	vm->round = profile->rounds + 1;
	return true;
}

/* Only the tables matter: they are read. */
static void ignore_look(void *arg, size_t index, const char *why,
			const struct guest_look *look)
{
	(void)arg;
	(void)index;
	(void)why;
	(void)look;
}

/* Read the tables of the guests' kernels, which takes long, before the clock starts. */
static bool look_ahead(const struct vm *found, const struct vm_sample *sample,
		       void *arg)
{
	struct sampler *sampler = arg;

	for (size_t i = 0; i < sample->nr && !signals_want_end(); i++) {
		const struct vcpu_info_host_vcpu *vcpu = &sample->vcpus[i];

		if (!vcpu->result)
			guest_names_look_all(sampler->names, found->vmm.pid,
					     found->fd, &vcpu, 1, ignore_look,
					     NULL);
	}
	return !signals_want_end();
}

/* VMs that were not in the last round */
static size_t note_gone(struct profile *profile)
{
	size_t alive = 0;

	for (size_t i = 0; i < profile->nr; i++) {
		profile->vms[i].gone |= profile->vms[i].round != profile->rounds;
		alive += !profile->vms[i].gone;
	}
	return alive;
}

static enum sampler_end do_round(struct sampler *sampler)
{
	struct profile *profile = sampler->profile;
	bool done = host_request_round(&sampler->req, take_vm, sampler);

	if (sampler->no_memory)
		return SAMPLER_NO_MEMORY;
	if (!done)
		return SAMPLER_FAILED;
	if (!profile->samples)
		return SAMPLER_NO_VM;
	profile->rounds++;
	return note_gone(profile) ? SAMPLER_DONE : SAMPLER_ALL_GONE;
}

static enum sampler_end do_rounds(struct sampler *sampler)
{
	struct profile *profile = sampler->profile;
	const uint64_t until = profile->started + sampler->duration_ns;
	uint64_t next = profile->started, shown = 0, now, missed;
	enum sampler_end end;

	for (;;) {
		end = do_round(sampler);
		now = signals_clock();
		profile->ended = now;
		if (sampler->timeline)
			marks_take(&sampler->marks, now);
		if (end != SAMPLER_DONE || signals_want_end())
			return end;
		if (sampler->progress && now - shown >= PROGRESS_NS) {
			sampler->progress(sampler, now);
			shown = now;
		}
		if (now >= until)
			return end;
		next = sampler_next(next, sampler->interval_ns, now,
				    &sampler->random, &missed);
		profile->missed += missed;
		/* the last one is at the end, so that all of the time is there */
		if (next > until)
			next = until;
		sleep_until(next);
		if (signals_want_end())
			return end;
	}
}

static enum sampler_end finish_timeline(struct sampler *sampler,
					enum sampler_end end)
{
	const struct profile *profile = sampler->profile;
	bool removed = marks_end(&sampler->marks);

	timeline_finish(sampler->timeline, profile->started, profile->ended);
	if (removed || (end != SAMPLER_DONE && end != SAMPLER_ALL_GONE))
		return end;
	return SAMPLER_LEFT_INSTANCE;
}

enum sampler_end sampler_run(struct sampler *sampler)
{
	struct profile *profile = sampler->profile;
	enum sampler_end end;

	/* children have it, too; without the right to it, it works worse */
	setpriority(PRIO_PROCESS, 0, NICE);
	sampler->interval_ns = NS_PER_SEC / profile->frequency;
	sampler->random = timebase_wall_now() | 1;
	sampler->req.attempts = ATTEMPTS;
	sampler->req.rescan_ns = DURATION_MAX_NS;
	sampler->req.names = sampler->names;
	if (sampler->names &&
	    !host_request_round(&sampler->req, look_ahead, sampler))
		return SAMPLER_FAILED;
	if (sampler->timeline)
		marks_begin(&sampler->marks, sampler->timeline);
	profile->started = signals_clock();
	profile->started_wall = timebase_wall_now();
	profile->ended = profile->started;
	end = do_rounds(sampler);
	if (sampler->timeline)
		end = finish_timeline(sampler, end);
	return end;
}
