// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "watch/watched.h"

struct watched_vm *watched_find(struct watched *watched, int pid, int fd)
{
	for (size_t i = 0; i < watched->nr; i++)
		if (watched->vms[i].pid == pid && watched->vms[i].fd == fd)
			return &watched->vms[i];
	return NULL;
}

static struct watched_vm *add(struct watched *watched, const struct vm *vm)
{
	struct watched_vm *vms, *new;

	vms = reallocarray(watched->vms, watched->nr + 1, sizeof(*vms));
	if (!vms)
		return NULL;
	watched->vms = vms;
	new = &vms[watched->nr++];
	*new = (struct watched_vm){ .pid = vm->vmm.pid, .fd = vm->fd };
	watch_state_init(&new->state);
	return new;
}

/* vCPUs come in the same order each time; a new one is not compared. */
static bool has_suspect(const struct watched_vm *vm,
			const struct vcpu_observation *now, size_t nr)
{
	struct vcpu_finding finding;

	for (size_t i = 0; i < nr && i < vm->nr; i++) {
		if (vm->seen[i].vcpu.vcpu_id != now[i].vcpu.vcpu_id)
			continue;
		vcpu_rules(&vm->seen[i], &now[i], &finding);
		if (watch_is_suspect(&finding))
			return true;
	}
	return false;
}

enum watched_look watched_take(struct watched *watched, const struct vm *vm,
			       const struct vm_sample *sample)
{
	struct watched_vm *known = watched_find(watched, vm->vmm.pid, vm->fd);
	struct vcpu_observation *now = calloc(sample->nr + 1, sizeof(*now));
	bool suspect;

	if (!known)
		known = add(watched, vm);
	if (!known || !now) {
		free(now);
		return WATCHED_FAILED;
	}
	for (size_t i = 0; i < sample->nr; i++)
		diagnosis_observe(&now[i], &sample->vcpus[i]);
	suspect = has_suspect(known, now, sample->nr);
	free(known->seen);
	known->seen = now;
	known->nr = sample->nr;
	known->round = watched->round;
	return suspect ? WATCHED_SUSPECT : WATCHED_WELL;
}

void watched_forget_gone(struct watched *watched)
{
	size_t kept = 0;

	for (size_t i = 0; i < watched->nr; i++) {
		if (watched->vms[i].round == watched->round)
			watched->vms[kept++] = watched->vms[i];
		else
			free(watched->vms[i].seen);
	}
	watched->nr = kept;
	watched->round++;
}

void watched_free(struct watched *watched)
{
	for (size_t i = 0; i < watched->nr; i++)
		free(watched->vms[i].seen);
	free(watched->vms);
}
