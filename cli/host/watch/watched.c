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
static enum watched_look compare(const struct watched_vm *vm,
				 const struct vcpu_observation *now, size_t nr)
{
	enum watched_look look = WATCHED_WELL;
	struct vcpu_finding finding;

	for (size_t i = 0; i < nr && i < vm->nr; i++) {
		if (vm->seen[i].vcpu.vcpu_id != now[i].vcpu.vcpu_id)
			continue;
		vcpu_rules(&vm->seen[i], &now[i], &finding);
		if (watch_is_suspect(&finding))
			return WATCHED_SUSPECT;
		/* of a vCPU that is gone there is no time */
		if (!vm->seen[i].vcpu.result && !now[i].vcpu.result &&
		    finding.interval_ns < RULE_MIN_INTERVAL_NS)
			look = WATCHED_TOO_SOON;
	}
	return look;
}

enum watched_look watched_take(struct watched *watched, const struct vm *vm,
			       const struct vm_sample *sample)
{
	struct watched_vm *known = watched_find(watched, vm->vmm.pid, vm->fd);
	struct vcpu_observation *now = calloc(sample->nr + 1, sizeof(*now));
	enum watched_look look;

	if (!known)
		known = add(watched, vm);
	if (!known || !now) {
		free(now);
		return WATCHED_FAILED;
	}
	for (size_t i = 0; i < sample->nr; i++)
		diagnosis_observe(&now[i], &sample->vcpus[i]);
	known->round = watched->round;
	look = compare(known, now, sample->nr);
	if (look == WATCHED_TOO_SOON) {
		free(now);
		return look;
	}
	free(known->seen);
	known->seen = now;
	known->nr = sample->nr;
	return look;
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
