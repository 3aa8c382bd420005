// SPDX-License-Identifier: GPL-2.0
/* What guest-names.c needs of a VM, by the module's device */
#include <stdlib.h>
#include <unistd.h>

#include "introspect/remote.h"
#include "signals.h"
#include "vm/guest-child.h"
#include "vm/guest-names.h"

/* Looks at the state of a vCPU after its stack was read. */
#define ATTEMPTS	2

static bool device_memory(int pid, int fd, struct guest_memory *out)
{
	struct vm_memory memory = { 0 };
	struct host_device dev;
	bool ok;

	if (host_device_open(&dev) != DEVICE_OK)
		return false;
	ok = host_device_memory(&dev, pid, fd, &memory) == DEVICE_OK &&
	     guest_child_slots(&memory, out);
	host_device_close(&dev);
	free(memory.slots);
	return ok;
}

/* Each time the vCPUs that run are interrupted. */
static bool device_root(int pid, int fd, struct vcpu_info_host_vcpu *vcpu)
{
	struct vm_sample all = { .pid = pid, .fd = fd, .attempts = ATTEMPTS };
	struct host_device dev;
	bool found = false;

	if (host_device_open(&dev) != DEVICE_OK)
		return false;
	for (int i = 0; i < GUEST_ROOT_TRIES && !found; i++) {
		if (i)
			usleep(GUEST_ROOT_WAIT_MS * 1000);
		if (host_device_sample(&dev, &all) != DEVICE_OK)
			break;
		for (size_t j = 0; j < all.nr && !found; j++) {
			*vcpu = all.vcpus[j];
			found = !vcpu->result && guest_leads_to_kernel(vcpu);
		}
		free(all.vcpus);
	}
	host_device_close(&dev);
	return found;
}

static void device_stand_still(int pid, int fd,
			       const struct vcpu_info_host_vcpu *const *before,
			       size_t nr, bool *still)
{
	int ids[REMOTE_QUESTIONS];
	struct vm_sample sample = {
		.pid = pid, .fd = fd, .attempts = ATTEMPTS, .nr_ids = nr,
	};
	struct host_device dev;

	for (size_t i = 0; i < nr; i++) {
		ids[i] = before[i]->vcpu_id;
		still[i] = false;
	}
	sample.ids = ids;
	if (host_device_open(&dev) != DEVICE_OK)
		return;
	if (host_device_sample(&dev, &sample) == DEVICE_OK) {
		for (size_t i = 0; i < nr && i < sample.nr; i++)
			still[i] = !sample.vcpus[i].result &&
				   guest_stood_still(before[i], &sample.vcpus[i]);
		free(sample.vcpus);
	}
	host_device_close(&dev);
}

static const struct guest_source device_source = {
	.memory = device_memory,
	.root = device_root,
	.stand_still = device_stand_still,
	.clock = signals_clock,
};

struct guest_names *guest_names_new(uint64_t allow_ns)
{
	struct host_device dev;

	if (host_device_open(&dev) != DEVICE_OK)
		return NULL;
	host_device_close(&dev);
	return guest_names_new_of(&device_source, allow_ns);
}
