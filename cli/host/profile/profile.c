// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile.h"

struct profile_vm *profile_find_vm(const struct profile *profile, int pid,
				   int fd)
{
	for (size_t i = 0; i < profile->nr; i++) {
		if (profile->vms[i].pid == pid && profile->vms[i].fd == fd)
			return &profile->vms[i];
	}
	return NULL;
}

static bool has_name(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->nr; i++) {
		if (!strcmp(profile->vms[i].name, name))
			return true;
	}
	return false;
}

struct profile_vm *profile_add_vm(struct profile *profile, int pid, int fd,
				  const char *name)
{
	struct profile_vm *vms, *vm;

	vms = reallocarray(profile->vms, profile->nr + 1, sizeof(*vms));
	if (!vms)
		return NULL;
	profile->vms = vms;
	vm = &vms[profile->nr];
	*vm = (struct profile_vm){ .pid = pid, .fd = fd };
	text_utf8(vm->name, sizeof(vm->name), name);
	if (has_name(profile, vm->name))
		snprintf(vm->frame, sizeof(vm->frame), "%s %d:%d", vm->name,
			 pid, fd);
	else
		strcpy(vm->frame, vm->name);
	profile->nr++;
	return vm;
}

struct profile_vcpu *profile_vcpu(const struct profile *profile,
				  struct profile_vm *vm,
				  const struct vcpu_info_host_vcpu *vcpu)
{
	struct profile_vcpu *vcpus;
	size_t at = vm->nr;
	uint64_t from;

	/* a vCPU's index in the VM is most likely the one here */
	if (vcpu->index < vm->nr && vm->vcpus[vcpu->index].id == vcpu->vcpu_id)
		return &vm->vcpus[vcpu->index];
	for (size_t i = 0; i < vm->nr; i++) {
		if (vm->vcpus[i].id == vcpu->vcpu_id)
			return &vm->vcpus[i];
	}
	vcpus = reallocarray(vm->vcpus, vm->nr + 1, sizeof(*vcpus));
	if (!vcpus)
		return NULL;
	vm->vcpus = vcpus;
	from = profile->rounds ? vcpu->time_ns : profile->started;
	/* by number, in whatever order they are first looked at */
	for (; at && vcpus[at - 1].id > vcpu->vcpu_id; at--)
		vcpus[at] = vcpus[at - 1];
	vcpus[at] = (struct profile_vcpu){
		.id = vcpu->vcpu_id, .first = from, .last = from,
	};
	vm->nr++;
	return &vcpus[at];
}

static void remember(struct profile *profile, struct profile_vcpu *known,
		     const struct vcpu_info_host_vcpu *vcpu,
		     const struct frame_list *list)
{
	known->seen = *vcpu;
	known->node = tree_find(&profile->tree, list->frames, list->nr);
	known->list.user = list->user;
	known->list.approximate = list->approximate;
	known->list.incomplete = list->incomplete;
	known->list.guessed = list->guessed;
	known->list.torn = list->torn;
	known->list.unnamed = list->unnamed;
}

void profile_take(struct profile *profile, struct profile_vcpu *known,
		  const struct vcpu_info_host_vcpu *vcpu,
		  const struct frame_list *list)
{
	uint64_t ns = 0;

	if (list)
		remember(profile, known, vcpu, list);
	else
		profile->reused++;
	if (vcpu->time_ns > known->last) {
		ns = vcpu->time_ns - known->last;
		known->last = vcpu->time_ns;
	}
	known->states[profile_state_of(vcpu)] += ns;
	if (known->list.user)
		known->user += ns;
	known->samples++;
	tree_add(&profile->tree, known->node, ns);
	profile->samples++;
	profile->approximate += known->list.approximate;
	profile->incomplete += known->list.incomplete;
	profile->guessed += known->list.guessed;
	profile->torn += known->list.torn;
	profile->unnamed += known->list.unnamed;
}

uint64_t profile_total(const struct profile *profile)
{
	uint64_t total = 0;

	for (size_t i = 0; i < profile->nr; i++) {
		for (size_t j = 0; j < profile->vms[i].nr; j++)
			total += profile->vms[i].vcpus[j].last -
				 profile->vms[i].vcpus[j].first;
	}
	return total;
}

void profile_free(struct profile *profile)
{
	for (size_t i = 0; i < profile->nr; i++)
		free(profile->vms[i].vcpus);
	free(profile->vms);
	tree_free(&profile->tree);
	*profile = (struct profile){ 0 };
}
