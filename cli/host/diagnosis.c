// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "diagnosis.h"
#include "host-file.h"
#include "text.h"
#include "vm/guest-child.h"

/*
 * A vCPU that goes on while it is looked at is looked at so often, one of which nothing is
 * to be seen less often: each of these looks has to wait.
 */
#define MAX_LOOKS	8
#define MAX_BLIND_LOOKS	4

/* The privilege level in CS is that of user mode. */
#define CS_USER		3

/* Between further looks at one that may be stuck: at the least, and by how much more */
#define MIN_NAP_US	200
#define NAP_STEP_US	60
#define NAP_STEPS	16

struct vm_first {
	int pid;
	int fd;
	struct vcpu_observation *seen;
	struct vcpu_guest *guests;
	size_t nr;
};

/* Where the second round puts what it finds, and whom it tells */
struct second_round {
	struct diagnosis *diagnosis;
	vm_diagnosis_fn *found;
	void *arg;
};

void diagnosis_init(struct diagnosis *diagnosis, const struct select *select)
{
	*diagnosis = (struct diagnosis){ 0 };
	host_request_init(&diagnosis->req, select);
}

/* Documentation/scheduler/sched-stats.rst: time running, time waiting to run */
static void read_sched(struct vcpu_observation *seen)
{
	char line[128];

	seen->have_sched =
		seen->vcpu.pid > 0 &&
		host_file_line(line, sizeof(line), "/proc/%d/schedstat",
			       seen->vcpu.pid) &&
		sscanf(line, "%" SCNu64 " %" SCNu64, &seen->run_ns,
		       &seen->wait_ns) == 2;
}

void diagnosis_observe(struct vcpu_observation *seen,
		       const struct vcpu_info_host_vcpu *vcpu)
{
	*seen = (struct vcpu_observation){ .vcpu = *vcpu };
	read_sched(seen);
}

/* Where an interrupt found the kernel. A fault is a part of what it does. */
static void take_aside(const struct named_stack *stack, struct vcpu_guest *guest)
{
	size_t at = stack->aside_frame;

	if (!stack->has_aside || !at ||
	    !vcpu_interrupted_by(stack->frames[at - 1].place.name))
		return;
	guest->has_aside = true;
	strcpy(guest->interrupted, stack->frames[at].place.name);
	if (guest->interrupted[0])
		guest->aside.function = guest->interrupted;
	for (size_t reg = 0; reg < GUEST_REG_ORDER; reg++) {
		guest->aside.valid |= 1U << reg;
		guest->aside.regs[reg] = stack->aside[guest_reg_order[reg]];
	}
}

/* All of the stack: an interrupt puts many frames on top of what it has interrupted. */
static void take_functions(const struct named_stack *stack, struct vcpu_guest *guest)
{
	for (size_t i = 0; i < stack->nr; i++) {
		const char *name = stack->frames[i].place.name;

		guest->panicked |= vcpu_panics_in(name);
		guest->offline |= vcpu_offline_in(name);
		guest->in_interrupt |= stack->frames[i].frame.interrupted &&
				       !(stack->frames[i].frame.cs & CS_USER);
		if (vcpu_waits_in(name))
			strcpy(guest->waits_in, name);
	}
}

/* False if there is nothing to be seen of it. */
static bool look_once(struct diagnosis *diagnosis, const struct vm *vm,
		      const struct vcpu_info_host_vcpu *vcpu)
{
	const struct guest_vcpu which = {
		.vm_pid = vm->vmm.pid, .vm_fd = vm->fd, .vcpu = vcpu,
	};

	return !vcpu->result && !guest_names_look(diagnosis->names, &which, true,
						  &diagnosis->look);
}

typedef void take_fn(struct diagnosis *diagnosis, const struct vm_sample *sample, void *arg);

/* Sample some vCPUs of a VM anew. False if they cannot be had. */
static bool sample_again(struct diagnosis *diagnosis, const struct vm *vm,
			 const int *ids, size_t nr, take_fn *take, void *arg)
{
	struct vm_sample sample = { .pid = vm->vmm.pid, .fd = vm->fd };
	struct guest_names *names = diagnosis->names;
	const struct vm_sample *before = NULL;
	struct host_device dev;
	bool done = false;

	if (host_device_open(&dev) != DEVICE_OK)
		return false;
	if (nr <= dev.max_ids) {
		sample.ids = ids;
		sample.nr_ids = nr;
	}
	sample.attempts = dev.max_attempts;
	if (names)
		guest_names_want_stacks(names, &sample);
	if (host_device_sample(&dev, &sample) == DEVICE_OK && sample.nr) {
		if (names)
			before = guest_names_use_stacks(names, &sample);
		take(diagnosis, &sample, arg);
		/* the round's own are still to be looked at */
		if (names)
			guest_names_use_stacks(names, before);
		done = true;
	}
	free(sample.vcpus);
	free(sample.stacks);
	host_device_close(&dev);
	return done;
}

/* One vCPU that is looked at again */
struct again {
	const struct vm *vm;
	struct vcpu_observation *seen;
	bool looked;
};

static void take_again(struct diagnosis *diagnosis, const struct vm_sample *sample, void *arg)
{
	struct again *again = arg;

	diagnosis_observe(again->seen, &sample->vcpus[0]);
	again->looked = look_once(diagnosis, again->vm, &again->seen->vcpu);
}

/* Sample it anew, and look at that. False if it cannot be had. */
static bool look_again(struct diagnosis *diagnosis, const struct vm *vm,
		       struct vcpu_observation *seen)
{
	struct again again = { .vm = vm, .seen = seen };

	return sample_again(diagnosis, vm, &seen->vcpu.vcpu_id, 1, take_again, &again) &&
	       again.looked;
}

/* In an interrupt that has not put aside all registers of what it has interrupted */
static bool hides_place(const struct named_stack *stack)
{
	size_t at = 1;

	while (at < stack->nr && !stack->frames[at].frame.interrupted)
		at++;
	return at < stack->nr && !stack->has_aside &&
	       !(stack->frames[at].frame.cs & CS_USER) &&
	       vcpu_interrupted_by(stack->frames[at - 1].place.name);
}

/*
 * Who halts and spins by turns, as one that waits for a lock does, may have gone on while
 * it was looked at: its stack, which says what it waits for, is cut off then. Or it was met
 * in an exit each time, and there are no registers to find its stack by. Or an interrupt has
 * only begun, with the host's own, in which it lost its CPU.
 */
static bool is_worth_another(int looks, bool looked, const struct guest_look *look,
			     const struct vcpu_info_host_vcpu *vcpu)
{
	if (!looked)
		return looks < MAX_BLIND_LOOKS && !vcpu->result &&
		       vcpu->flags & VCPU_INFO_F_TORN;
	if (hides_place(&look->stack))
		return true;
	return look->stack.end > END_LEAF_USER && (guest_runs(vcpu) || !look->exact);
}

static void look_into_guest(struct diagnosis *diagnosis, const struct vm *vm, int max_looks,
			    struct vcpu_observation *seen, struct vcpu_guest *guest)
{
	const struct guest_look *look = &diagnosis->look;
	bool looked;

	if (!diagnosis->names)
		return;
	looked = look_once(diagnosis, vm, &seen->vcpu);
	for (int i = 1; i < max_looks && is_worth_another(i, looked, look, &seen->vcpu); i++) {
		/* it may have lost its CPU there: it has to get one first */
		if (!looked || !guest_runs(&seen->vcpu))
			usleep((GUEST_ROOT_WAIT_MS << (looked ? 0 : i)) * 1000);
		looked = look_again(diagnosis, vm, seen);
	}
	if (!looked)
		return;
	strcpy(guest->function, look->place.name);
	guest->has_task = look->has_task;
	guest->task = look->task;
	guest->user = look->user;
	guest->whole_stack = look->stack.end <= END_LEAF_USER &&
			     (look->exact || look->of_moment);
	guest->nr = look->stack.nr < DIAGNOSIS_FRAMES ? look->stack.nr :
							DIAGNOSIS_FRAMES;
	memcpy(guest->frames, look->stack.frames,
	       guest->nr * sizeof(guest->frames[0]));
	take_functions(&look->stack, guest);
	take_aside(&look->stack, guest);
}

/* guest is all zeroes, and has to stay as long as the observation. */
static void observe(struct diagnosis *diagnosis, const struct vm *vm, int max_looks,
		    const struct vcpu_info_host_vcpu *vcpu,
		    struct vcpu_guest *guest, struct vcpu_observation *seen)
{
	diagnosis_observe(seen, vcpu);
	look_into_guest(diagnosis, vm, max_looks, seen, guest);
	if (guest->function[0])
		seen->function = guest->function;
	seen->panicked = guest->panicked;
	seen->idle_task = guest->has_task && !guest->task.pid && !guest->task.tid;
	if (guest->has_aside)
		seen->aside = &guest->aside;
	seen->offline = guest->offline;
	seen->user = guest->user;
	seen->whole_stack = guest->whole_stack;
	seen->interrupted = guest->in_interrupt;
	if (guest->waits_in[0])
		seen->waits_in = guest->waits_in;
}

static bool keep_vm(const struct vm *vm, const struct vm_sample *sample,
		    void *arg)
{
	struct diagnosis *diagnosis = arg;
	struct vm_first *vms, *first;

	vms = reallocarray(diagnosis->vms, diagnosis->nr + 1, sizeof(*vms));
	if (vms) {
		diagnosis->vms = vms;
		first = &vms[diagnosis->nr];
		first->seen = calloc(sample->nr + 1, sizeof(*first->seen));
		first->guests = calloc(sample->nr + 1, sizeof(*first->guests));
	}
	if (!vms || !first->seen || !first->guests) {
		if (vms) {
			free(first->seen);
			free(first->guests);
		}
		diagnosis->no_memory = true;
		return false;
	}

	first->pid = vm->vmm.pid;
	first->fd = vm->fd;
	first->nr = sample->nr;
	for (size_t i = 0; i < sample->nr; i++)
		observe(diagnosis, vm, MAX_LOOKS, &sample->vcpus[i], &first->guests[i],
			&first->seen[i]);
	diagnosis->nr++;
	return true;
}

bool diagnosis_begin(struct diagnosis *diagnosis)
{
	diagnosis->req.names = diagnosis->names;
	return host_request_round(&diagnosis->req, keep_vm, diagnosis) &&
	       !diagnosis->no_memory;
}

static const struct vm_first *find_vm(const struct diagnosis *diagnosis,
				      const struct vm *vm)
{
	for (size_t i = 0; i < diagnosis->nr; i++) {
		const struct vm_first *first = &diagnosis->vms[i];

		if (first->pid == vm->vmm.pid && first->fd == vm->fd)
			return first;
	}

	return NULL;
}

/* A VM's vCPUs come in the same order each time, except new ones. */
static const struct vcpu_observation *find_vcpu(const struct vm_first *first,
						int vcpu_id, size_t at)
{
	if (at < first->nr && first->seen[at].vcpu.vcpu_id == vcpu_id)
		return &first->seen[at];
	for (size_t i = 0; i < first->nr; i++)
		if (first->seen[i].vcpu.vcpu_id == vcpu_id)
			return &first->seen[i];

	return NULL;
}

/* "0" is what the kernel has for a thread that runs. */
static void read_sleep(struct vcpu_diagnosis *vcpu)
{
	char line[sizeof(vcpu->sleeps_in)];

	if (vcpu->last.pid <= 0 ||
	    !host_file_line(line, sizeof(line), "/proc/%d/wchan",
			    vcpu->last.pid) ||
	    !strcmp(line, "0"))
		return;
	text_utf8(vcpu->sleeps_in, sizeof(vcpu->sleeps_in), line);
}

/**
 * struct further - further looks at vCPUs of a VM that may be stuck
 * @vm: it
 * @seen: the second samples
 * @findings: theirs
 * @nr: of both
 * @waiting: some of them wait for another CPU
 * @ids: which are left
 * @nr_ids: how many
 */
struct further {
	const struct vm *vm;
	const struct vcpu_observation *seen;
	struct vcpu_finding *findings;
	size_t nr;
	bool waiting;
	int *ids;
	size_t nr_ids;
};

/* Those that may be stuck; if some of them wait for a lock, those that may hold it, too. */
static bool is_left(const struct further *further, size_t i)
{
	return vcpu_may_be_stuck(&further->findings[i]) ||
	       (further->waiting && vcpu_may_hold_lock(&further->findings[i]));
}

/* False if it is known of all whether they are stuck. */
static bool find_left(struct further *further)
{
	bool any = false;

	further->nr_ids = 0;
	further->waiting = false;
	for (size_t i = 0; i < further->nr; i++) {
		any |= vcpu_may_be_stuck(&further->findings[i]);
		further->waiting |= further->findings[i].waits_still;
	}
	for (size_t i = 0; any && i < further->nr; i++)
		if (is_left(further, i))
			further->ids[further->nr_ids++] = further->seen[i].vcpu.vcpu_id;
	return any;
}

static void take_further(struct diagnosis *diagnosis, const struct vm_sample *sample, void *arg)
{
	const struct further *further = arg;

	for (size_t i = 0, at = 0; i < sample->nr; i++) {
		struct vcpu_guest guest = { 0 };
		struct vcpu_observation now;
		struct vcpu_finding *finding;

		/* they come in the same order each time */
		while (at < further->nr &&
		       further->seen[at].vcpu.vcpu_id != sample->vcpus[i].vcpu_id)
			at++;
		if (at == further->nr)
			return;
		finding = &further->findings[at];
		if (!is_left(further, at))
			continue;
		observe(diagnosis, further->vm, 1, &sample->vcpus[i], &guest, &now);
		finding->held_nothing |= vcpu_holds_nothing(&now);
		vcpu_take_wait(finding, &now);
		if (vcpu_may_be_stuck(finding))
			vcpu_take_stay(finding, vcpu_stay_of(finding, &further->seen[at],
							     &now));
	}
}

/* The naps differ, so that nothing that is done at regular times is met each time. */
static void look_further(struct diagnosis *diagnosis, struct further *further)
{
	for (unsigned int i = 0; i < RULE_LOOKS; i++) {
		if (!find_left(further))
			return;
		usleep(MIN_NAP_US + i * 7 % NAP_STEPS * NAP_STEP_US);
		if (!sample_again(diagnosis, further->vm, further->ids, further->nr_ids,
				  take_further, further))
			return;
	}
}

static bool judge_vm(struct diagnosis *diagnosis, const struct vm_first *first,
		     const struct vm_sample *sample, struct vm_diagnosis *result)
{
	struct vcpu_observation *seen = calloc(sample->nr + 1, sizeof(*seen));
	struct vcpu_finding *findings = calloc(sample->nr + 1, sizeof(*findings));
	struct further further = {
		.vm = result->vm, .seen = seen, .findings = findings,
		.ids = calloc(sample->nr + 1, sizeof(*further.ids)),
	};
	bool done = seen && findings && further.ids;

	for (size_t i = 0; done && i < sample->nr; i++) {
		const struct vcpu_info_host_vcpu *vcpu = &sample->vcpus[i];
		const struct vcpu_observation *before =
			find_vcpu(first, vcpu->vcpu_id, i);
		struct vcpu_diagnosis *found = &result->vcpus[result->nr];

		if (!before)
			continue;
		observe(diagnosis, result->vm, MAX_LOOKS, vcpu, &found->guest,
			&seen[result->nr]);
		found->last = seen[result->nr].vcpu;
		vcpu_rules(before, &seen[result->nr], &findings[result->nr]);
		read_sleep(found);
		result->nr++;
	}
	if (done) {
		further.nr = result->nr;
		look_further(diagnosis, &further);
		for (size_t i = 0; i < result->nr; i++)
			vcpu_end_stay(&findings[i], &seen[i]);
		vm_rules(findings, result->nr, &result->finding);
		for (size_t i = 0; i < result->nr; i++)
			result->vcpus[i].finding = findings[i];
	}
	free(seen);
	free(findings);
	free(further.ids);
	return done;
}

static bool judge(const struct vm *vm, const struct vm_sample *sample,
		  void *arg)
{
	struct second_round *second = arg;
	const struct vm_first *first = find_vm(second->diagnosis, vm);
	struct vm_diagnosis result = { .vm = vm };
	bool more = false;

	if (!first)
		return true;
	result.vcpus = calloc(sample->nr + 1, sizeof(*result.vcpus));
	if (result.vcpus && judge_vm(second->diagnosis, first, sample, &result))
		more = second->found(&result, second->arg);
	else
		second->diagnosis->no_memory = true;
	free(result.vcpus);
	return more;
}

bool diagnosis_end(struct diagnosis *diagnosis, vm_diagnosis_fn *found,
		   void *arg)
{
	struct second_round second = { diagnosis, found, arg };

	return host_request_round(&diagnosis->req, judge, &second) &&
	       !diagnosis->no_memory;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->nr; i++)
		free(diagnosis->vms[i].seen);
	for (size_t i = 0; i < diagnosis->nr; i++)
		free(diagnosis->vms[i].guests);
	guest_names_free(diagnosis->names);
	free(diagnosis->vms);
	source_close(&diagnosis->req.source);
}
