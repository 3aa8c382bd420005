// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "export/verdicts.h"

static struct vm_verdict *find(const struct verdicts *verdicts, int pid, int fd)
{
	for (size_t i = 0; i < verdicts->nr; i++)
		if (verdicts->vms[i].pid == pid && verdicts->vms[i].fd == fd)
			return &verdicts->vms[i];
	return NULL;
}

const struct vm_verdict *verdicts_find(const struct verdicts *verdicts, int pid,
				       int fd)
{
	return find(verdicts, pid, fd);
}

static struct vm_verdict *add(struct verdicts *verdicts, const struct vm *vm,
			      uint64_t now)
{
	struct vm_verdict *vms, *new;

	vms = reallocarray(verdicts->vms, verdicts->nr + 1, sizeof(*vms));
	if (!vms)
		return NULL;
	verdicts->vms = vms;
	new = &vms[verdicts->nr++];
	*new = (struct vm_verdict){
		.pid = vm->vmm.pid, .fd = vm->fd, .born = now,
		.vm = { WATCH_WELL, now },
	};
	return new;
}

static void set(struct verdict *verdict, const char *word, uint64_t now)
{
	if (strcmp(verdict->word, word))
		*verdict = (struct verdict){ word, now };
}

static struct vcpu_verdict *find_vcpu(const struct vm_verdict *vm, int vcpu_id)
{
	for (size_t i = 0; i < vm->nr; i++)
		if (vm->vcpus[i].vcpu_id == vcpu_id)
			return &vm->vcpus[i];
	return NULL;
}

static bool set_vcpu(struct vm_verdict *vm, int vcpu_id, const char *word,
		     uint64_t now)
{
	struct vcpu_verdict *vcpu = find_vcpu(vm, vcpu_id), *vcpus;

	if (!vcpu) {
		vcpus = reallocarray(vm->vcpus, vm->nr + 1, sizeof(*vcpus));
		if (!vcpus)
			return false;
		vm->vcpus = vcpus;
		vcpu = &vcpus[vm->nr++];
		*vcpu = (struct vcpu_verdict){ vcpu_id,
					       { WATCH_WELL, vm->born } };
	}
	set(&vcpu->verdict, word, now);
	return true;
}

static bool take_vcpus(struct vm_verdict *vm,
		       const struct vm_diagnosis *diagnosis, uint64_t now)
{
	for (size_t i = 0; i < diagnosis->nr; i++) {
		const struct vcpu_diagnosis *vcpu = &diagnosis->vcpus[i];

		if (!set_vcpu(vm, vcpu->last.vcpu_id,
			      vcpu_word_name(vcpu->finding.word), now))
			return false;
	}
	return true;
}

bool verdicts_take(struct verdicts *verdicts, const struct watch_found *found,
		   uint64_t now)
{
	struct vm_verdict *vm = find(verdicts, found->vm->vmm.pid,
				     found->vm->fd);

	if (!vm)
		vm = add(verdicts, found->vm, now);
	if (!vm)
		return false;
	/* a VM's word is one that was found twice in succession */
	set(&vm->vm, found->known->state.told, now);
	if (found->diagnosis)
		return take_vcpus(vm, found->diagnosis, now);
	for (size_t i = 0; i < vm->nr; i++)
		set(&vm->vcpus[i].verdict, WATCH_WELL, now);
	return true;
}

struct verdict verdicts_vcpu(const struct vm_verdict *vm, int vcpu_id)
{
	const struct vcpu_verdict *vcpu = find_vcpu(vm, vcpu_id);

	return vcpu ? vcpu->verdict :
		      (struct verdict){ WATCH_WELL, vm->born };
}

void verdicts_forget_gone(struct verdicts *verdicts, struct watched *watched)
{
	size_t kept = 0;

	for (size_t i = 0; i < verdicts->nr; i++) {
		if (watched_find(watched, verdicts->vms[i].pid,
				 verdicts->vms[i].fd))
			verdicts->vms[kept++] = verdicts->vms[i];
		else
			free(verdicts->vms[i].vcpus);
	}
	verdicts->nr = kept;
}

void verdicts_free(struct verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->nr; i++)
		free(verdicts->vms[i].vcpus);
	free(verdicts->vms);
	*verdicts = (struct verdicts){ 0 };
}
