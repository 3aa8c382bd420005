// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake-vms.h"
#include "support.h"

#define FIRST_PID	10000
#define PIDS_PER_VM	64

/* More vCPUs than that have neither descriptors nor threads. */
#define MAX_THREADS	8
#define NS_PER_MS	1000000ULL

struct fake_vms fake_vms;

int fake_vms_pid(size_t index)
{
	return FIRST_PID + (int)index * PIDS_PER_VM;
}

static uint64_t now(void)
{
	struct timespec ts;

	if (fake_vms.now)
		return fake_vms.now;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 * NS_PER_MS + ts.tv_nsec;
}

static void write_thread(size_t index, int tid)
{
	bool idle = fake_vms.kinds[index] == FAKE_IDLE;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", tid);
	tree_write(fake_vms.root, path, "%llu 1000000 5\n",
		   (unsigned long long)(idle ? now() / 100 : now()));
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	tree_write(fake_vms.root, path, "%d (CPU (x) 0/KVM) %c 1 1 1 0 -1\n",
		   tid, idle ? 'S' : 'R');
}

static void write_process(size_t index)
{
	const char *root = fake_vms.root;
	int pid = fake_vms_pid(index), len;
	char path[64], line[200];

	len = snprintf(line, sizeof(line),
		       "qemu-system-x86_64%c-name%cguest=vm%zu%c-uuid%c00c0ffee-0000-4000-8000-%012zu",
		       0, 0, index, 0, 0, index);
	tree_process(root, pid, "qemu-system-x86", line, len + 1);
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	tree_write(root, path, "0::/machine.slice/machine-qemu\\x2dvm%zu.scope\n",
		   index);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, FAKE_VM_FD);
	tree_link(root, path, "anon_inode:kvm-vm");
	for (size_t i = 0; i < fake_vms.nr_vcpus && i < MAX_THREADS; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%zu", pid, 20 + i);
		snprintf(line, sizeof(line), "anon_inode:kvm-vcpu:%zu", i);
		tree_link(root, path, line);
		write_thread(index, pid + 1 + (int)i);
	}
}

void fake_vms_make(const char *root, size_t nr, size_t nr_vcpus)
{
	fake_vms = (struct fake_vms){ .root = root, .nr = nr,
				      .nr_vcpus = nr_vcpus };
	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	for (size_t i = 0; i < nr; i++)
		write_process(i);
}

void fake_vms_end(size_t index)
{
	char path[64];

	fake_vms.kinds[index] = FAKE_GONE;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", fake_vms_pid(index),
		 FAKE_VM_FD);
	tree_delete(fake_vms.root, path);
}

enum device_status __wrap_host_device_open(struct host_device *dev)
{
	if (fake_vms.before)
		fake_vms.before();
	*dev = (struct host_device){ .fd = -1, .max_attempts = 16,
				     .max_ids = 4096 };
	errno = fake_vms.status == DEVICE_NO_MODULE ? ENOENT : EPERM;
	return fake_vms.status;
}

static void set_counts(struct vcpu_info_host_vcpu *vcpu, enum fake_kind kind)
{
	uint64_t ms = now() / NS_PER_MS;

	vcpu->counts[VCPU_INFO_COUNT_EXITS] = ms / 10 + 7;
	vcpu->counts[VCPU_INFO_COUNT_IRQ_EXITS] = ms / 10;
	if (kind != FAKE_IDLE)
		return;
	vcpu->counts[VCPU_INFO_COUNT_HALT_EXITS] = ms / 10;
	vcpu->counts[VCPU_INFO_COUNT_HALT_WAIT_NS] = ms * NS_PER_MS;
	vcpu->counts[VCPU_INFO_COUNT_BLOCKING] = 1;
}

static void set_registers(struct vcpu_info_host_vcpu *vcpu, enum fake_kind kind)
{
	bool user = kind == FAKE_BUSY;

	vcpu->have = VCPU_INFO_HAVE_STATE;
	vcpu->state = kind == FAKE_IDLE ? VCPU_INFO_STATE_HALTED :
					  VCPU_INFO_STATE_GUEST;
	vcpu->valid = (1U << VCPU_INFO_NR_REGS) - 1;
	vcpu->regs[VCPU_INFO_REG_RIP] = user ? 0x401000 + now() % 4096 :
					       0xffffffff81000000;
	vcpu->regs[VCPU_INFO_REG_RSP] = 0xffff888000001000;
	vcpu->regs[VCPU_INFO_REG_RFLAGS] = kind == FAKE_SPINNING ? 0x2 : 0x202;
	vcpu->regs[VCPU_INFO_REG_CR0] = 0x80000001;
}

static void fill(size_t index, struct vm_sample *sample)
{
	bool counts = sample->flags & VCPU_INFO_SAMPLE_COUNTS;
	enum fake_kind kind = fake_vms.kinds[index];

	for (size_t i = 0; i < sample->nr; i++) {
		struct vcpu_info_host_vcpu *vcpu = &sample->vcpus[i];

		*vcpu = (struct vcpu_info_host_vcpu){
			.vcpu_id = (int)i, .index = i, .vm_pid = sample->pid,
			.vm_fd = sample->fd, .pid = sample->pid + 1 + (int)i,
			.cpu = (int)i, .time_ns = now(),
		};
		set_counts(vcpu, kind);
		if (counts)
			fake_vms.counts++;
		else
			fake_vms.registers++;
		if (!counts)
			set_registers(vcpu, kind);
		if (kind != FAKE_IDLE && i < MAX_THREADS)
			write_thread(index, vcpu->pid);
	}
}

enum device_status __wrap_host_device_sample(struct host_device *dev,
					     struct vm_sample *sample)
{
	size_t index = (sample->pid - FIRST_PID) / PIDS_PER_VM;

	(void)dev;
	sample->vcpus = NULL;
	sample->nr = 0;
	if (fake_vms.kinds[index] == FAKE_GONE)
		return DEVICE_VM_GONE;
	errno = EPERM;
	if (fake_vms.kinds[index] == FAKE_UNREADABLE)
		return DEVICE_VM_DENIED;
	sample->nr = fake_vms.nr_vcpus;
	sample->vcpus = malloc((sample->nr + 1) * sizeof(*sample->vcpus));
	fill(index, sample);
	return DEVICE_OK;
}
