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

/* A vCPU that goes on while it is looked at is looked at so often. */
#define MAX_LOOKS	4

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
		if (!guest->waits_in[0] && vcpu_waits_in(name))
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

/* Sample it anew, and look at that. False if it cannot be had. */
static bool look_again(struct diagnosis *diagnosis, const struct vm *vm,
		       struct vcpu_observation *seen)
{
	const int id = seen->vcpu.vcpu_id;
	struct vm_sample one = {
		.pid = vm->vmm.pid, .fd = vm->fd, .ids = &id, .nr_ids = 1,
	};
	struct host_device dev;
	bool done = false;

	if (host_device_open(&dev) != DEVICE_OK)
		return false;
	one.attempts = dev.max_attempts;
	guest_names_want_stacks(diagnosis->names, &one);
	if (host_device_sample(&dev, &one) == DEVICE_OK && one.nr) {
		diagnosis_observe(seen, &one.vcpus[0]);
		guest_names_use_stacks(diagnosis->names, &one);
		done = look_once(diagnosis, vm, &seen->vcpu);
		guest_names_use_stacks(diagnosis->names, NULL);
	}
	free(one.vcpus);
	free(one.stacks);
	host_device_close(&dev);
	return done;
}

/*
 * Who halts and spins by turns, as one that waits for a lock does, may have gone on while
 * it was looked at: its stack, which says what it waits for, is cut off then. Or it was met
 * in an exit each time, and there are no registers to find its stack by.
 */
static bool is_worth_another(bool looked, const struct guest_look *look,
			     const struct vcpu_info_host_vcpu *vcpu)
{
	if (!looked)
		return !vcpu->result && vcpu->flags & VCPU_INFO_F_TORN;
	return look->stack.end > END_LEAF_USER && (guest_runs(vcpu) || !look->exact);
}

static void look_into_guest(struct diagnosis *diagnosis, const struct vm *vm,
			    struct vcpu_observation *seen, struct vcpu_guest *guest)
{
	const struct guest_look *look = &diagnosis->look;
	bool looked;

	if (!diagnosis->names)
		return;
	looked = look_once(diagnosis, vm, &seen->vcpu);
	for (int i = 1; i < MAX_LOOKS && is_worth_another(looked, look, &seen->vcpu); i++) {
		/* it may have lost its CPU there: it has to get one first */
		if (!looked)
			usleep((GUEST_ROOT_WAIT_MS << i) * 1000);
		looked = look_again(diagnosis, vm, seen);
	}
	if (!looked)
		return;
	strcpy(guest->function, look->place.name);
	guest->has_task = look->has_task;
	guest->task = look->task;
	guest->user = look->user;
	guest->nr = look->stack.nr < DIAGNOSIS_FRAMES ? look->stack.nr :
							DIAGNOSIS_FRAMES;
	memcpy(guest->frames, look->stack.frames,
	       guest->nr * sizeof(guest->frames[0]));
	take_functions(&look->stack, guest);
	take_aside(&look->stack, guest);
}

/* guest is all zeroes, and has to stay as long as the observation. */
static void observe(struct diagnosis *diagnosis, const struct vm *vm,
		    const struct vcpu_info_host_vcpu *vcpu,
		    struct vcpu_guest *guest, struct vcpu_observation *seen)
{
	diagnosis_observe(seen, vcpu);
	look_into_guest(diagnosis, vm, seen, guest);
	if (guest->function[0])
		seen->function = guest->function;
	seen->panicked = guest->panicked;
	seen->idle_task = guest->has_task && !guest->task.pid && !guest->task.tid;
	if (guest->has_aside)
		seen->aside = &guest->aside;
	seen->offline = guest->offline;
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
		observe(diagnosis, vm, &sample->vcpus[i], &first->guests[i],
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

static void judge_vm(struct diagnosis *diagnosis, const struct vm_first *first,
		     const struct vm_sample *sample,
		     struct vm_diagnosis *result,
		     struct vcpu_finding *findings)
{
	for (size_t i = 0; i < sample->nr; i++) {
		const struct vcpu_info_host_vcpu *vcpu = &sample->vcpus[i];
		const struct vcpu_observation *before =
			find_vcpu(first, vcpu->vcpu_id, i);
		struct vcpu_observation now;

		if (!before)
			continue;
		observe(diagnosis, result->vm, vcpu,
			&result->vcpus[result->nr].guest, &now);
		result->vcpus[result->nr].last = now.vcpu;
		vcpu_rules(before, &now, &findings[result->nr]);
		read_sleep(&result->vcpus[result->nr++]);
	}
	vm_rules(findings, result->nr, &result->finding);
	for (size_t i = 0; i < result->nr; i++)
		result->vcpus[i].finding = findings[i];
}

static bool judge(const struct vm *vm, const struct vm_sample *sample,
		  void *arg)
{
	struct second_round *second = arg;
	const struct vm_first *first = find_vm(second->diagnosis, vm);
	struct vm_diagnosis result = { .vm = vm };
	struct vcpu_finding *findings;
	bool more = true;

	if (!first)
		return true;
	result.vcpus = calloc(sample->nr + 1, sizeof(*result.vcpus));
	findings = calloc(sample->nr + 1, sizeof(*findings));
	if (result.vcpus && findings) {
		judge_vm(second->diagnosis, first, sample, &result, findings);
		more = second->found(&result, second->arg);
	} else {
		second->diagnosis->no_memory = true;
		more = false;
	}
	free(findings);
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
