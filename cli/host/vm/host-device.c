// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compiler.h"
#include "exit-codes.h"
#include "host-file.h"
#include "host-problems.h"
#include "msg.h"
#include "vm/host-device.h"

#define LOCKDOWN	"/sys/kernel/security/lockdown"
#define PTRACE_SCOPE	"/proc/sys/kernel/yama/ptrace_scope"

/* vCPUs may be made between asking how many there are and asking for them. */
#define SPARE		8

const char *const host_device_count_names[VCPU_INFO_NR_COUNTS] = {
	"exits", "io_exits", "mmio_exits", "halt_exits", "irq_exits",
	"irq_window_exits", "signal_exits", "hypercalls", "nmi_window_exits",
	"request_irq_exits", "notify_window_exits", "insn_emulation",
	"insn_emulation_fail", "irq_injections", "nmi_injections", "req_event",
	"nested_run", "guest_mode", "blocking", "halt_successful_poll",
	"halt_attempted_poll", "halt_poll_invalid", "halt_wakeup",
	"halt_poll_success_ns", "halt_poll_fail_ns", "halt_wait_ns",
	"preemption_reported", "preemption_other", "directed_yield_attempted",
	"directed_yield_successful", "pf_taken", "pf_fixed", "pf_emulate",
	"pf_spurious", "pf_fast", "pf_mmio_spte_created", "pf_guest",
	"tlb_flush", "invlpg", "l1d_flush", "host_state_reload", "fpu_reload",
};

const char *host_device_exit_name(unsigned int reason)
{
	static const char *const names[] = {
		[KVM_EXIT_UNKNOWN] = "unknown",
		[KVM_EXIT_EXCEPTION] = "exception",
		[KVM_EXIT_IO] = "io",
		[KVM_EXIT_HYPERCALL] = "hypercall",
		[KVM_EXIT_DEBUG] = "debug",
		[KVM_EXIT_HLT] = "hlt",
		[KVM_EXIT_MMIO] = "mmio",
		[KVM_EXIT_IRQ_WINDOW_OPEN] = "irq-window-open",
		[KVM_EXIT_SHUTDOWN] = "shutdown",
		[KVM_EXIT_FAIL_ENTRY] = "fail-entry",
		[KVM_EXIT_INTR] = "intr",
		[KVM_EXIT_SET_TPR] = "set-tpr",
		[KVM_EXIT_TPR_ACCESS] = "tpr-access",
		[KVM_EXIT_NMI] = "nmi",
		[KVM_EXIT_INTERNAL_ERROR] = "internal-error",
		[KVM_EXIT_SYSTEM_EVENT] = "system-event",
		[KVM_EXIT_IOAPIC_EOI] = "ioapic-eoi",
		[KVM_EXIT_HYPERV] = "hyperv",
		[KVM_EXIT_X86_RDMSR] = "rdmsr",
		[KVM_EXIT_X86_WRMSR] = "wrmsr",
		[KVM_EXIT_DIRTY_RING_FULL] = "dirty-ring-full",
		[KVM_EXIT_X86_BUS_LOCK] = "bus-lock",
		[KVM_EXIT_XEN] = "xen",
		[KVM_EXIT_NOTIFY] = "notify",
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : NULL;
}

/* "none integrity [confidentiality]" */
static bool locked_down(void)
{
	return host_file_contains(LOCKDOWN, "[confidentiality]");
}

static bool nobody_may_trace(void)
{
	char scope[16];

	return host_file_line(scope, sizeof(scope), PTRACE_SCOPE) &&
	       !strcmp(scope, "3");
}

static enum device_status open_failed(void)
{
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return DEVICE_NO_MODULE;
	case EACCES:
		return DEVICE_DENIED;
	case EPERM:
		return locked_down() ? DEVICE_LOCKED_DOWN : DEVICE_DENIED;
	default:
		return DEVICE_FAILED;
	}
}

static enum device_status take_info(struct host_device *dev)
{
	struct vcpu_info_host_info info = { .size = sizeof(info) };

	if (ioctl(dev->fd, VCPU_INFO_HOST_IOC_INFO, &info))
		return errno == ENOTTY ? DEVICE_OLD : DEVICE_FAILED;
	if (info.abi_version != VCPU_INFO_ABI_VERSION)
		return DEVICE_OLD;
	dev->max_attempts = info.max_attempts;
	dev->max_ids = info.max_ids;
	dev->has_stacks = info.flags & VCPU_INFO_HOST_CAN_STACK;
	return info.flags & VCPU_INFO_HOST_CAN_SAMPLE ? DEVICE_OK :
							DEVICE_UNABLE;
}

enum device_status host_device_open(struct host_device *dev)
{
	enum device_status status;
	char path[PATH_MAX];

	dev->fd = -1;
	if (host_file_path(path, sizeof(path), VCPU_INFO_HOST_DEV_PATH))
		dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return open_failed();
	status = take_info(dev);
	if (status != DEVICE_OK)
		host_device_close(dev);
	return status;
}

void host_device_close(struct host_device *dev)
{
	int err = errno;

	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
	errno = err;
}

static enum device_status take_failed(void)
{
	switch (errno) {
	case ESRCH:
	case EBADF:
		return DEVICE_VM_GONE;
	case EPERM:
		return nobody_may_trace() ? DEVICE_PTRACE_OFF :
					    DEVICE_VM_DENIED;
	default:
		return DEVICE_FAILED;
	}
}

/* A copy of a process's descriptor */
static enum device_status take_vm(int pid, int fd, int *vm_fd)
{
	enum device_status status = DEVICE_OK;
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return errno == EINVAL ? DEVICE_VM_GONE : take_failed();
	*vm_fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (*vm_fd < 0)
		status = take_failed();
	close(pidfd);
	return status;
}

static enum device_status sample_failed(void)
{
	switch (errno) {
	case EIO:
	case EINVAL:	/* the descriptor is another file's by now */
		return DEVICE_VM_GONE;
	case E2BIG:
	case ENOTTY:
		return DEVICE_OLD;
	case EOPNOTSUPP:
		return DEVICE_UNABLE;
	default:
		return DEVICE_FAILED;
	}
}

/* One call with room for so many; sets how many there are. */
static enum device_status call(struct host_device *dev,
			       struct vm_sample *sample, int vm_fd, size_t room,
			       size_t *nr_vcpus)
{
	struct vcpu_info_host_sample args = {
		.size = sizeof(args),
		.flags = sample->flags | VCPU_INFO_SAMPLE_COPY,
		.vm_fd = vm_fd,
		.max_attempts = sample->attempts,
		.nr_ids = sample->nr_ids,
		.nr_entries = room,
		.entry_size = sizeof(*sample->vcpus),
		.ids = (uintptr_t)sample->ids,
	};

	/* the device fills what it says is there, and that alone is looked at */
	sample->vcpus = reallocarray(NULL, room, sizeof(*sample->vcpus));
	if (!sample->vcpus)
		return DEVICE_FAILED;
	args.entries = (uintptr_t)sample->vcpus;
	if (sample->stack_levels && dev->has_stacks) {
		/* many pages, most of which stay as they are: not cleared */
		sample->stacks = reallocarray(NULL, room, sizeof(*sample->stacks));
		if (!sample->stacks)
			return DEVICE_FAILED;
		for (size_t i = 0; i < room; i++)
			sample->stacks[i].len = 0;
		args.flags |= VCPU_INFO_SAMPLE_STACK;
		args.stack_root = sample->stack_root;
		args.stack_levels = sample->stack_levels;
		args.stacks = (uintptr_t)sample->stacks;
	}
	if (ioctl(dev->fd, VCPU_INFO_HOST_IOC_SAMPLE, &args))
		return sample_failed();
	sample->nr = args.nr_done;
	*nr_vcpus = args.nr_vcpus;
	return DEVICE_OK;
}

static size_t count_vcpus(struct host_device *dev, int vm_fd)
{
	struct vcpu_info_host_sample args = {
		.size = sizeof(args),
		.flags = VCPU_INFO_SAMPLE_COUNTS | VCPU_INFO_SAMPLE_COPY,
		.vm_fd = vm_fd,
		.entry_size = sizeof(struct vcpu_info_host_vcpu),
	};

	if (ioctl(dev->fd, VCPU_INFO_HOST_IOC_SAMPLE, &args))
		return 0;
	return args.nr_vcpus;
}

/*
 * Room for all is known before they are asked for: nobody is to be interrupted
 * twice. Whose counters are asked for alone is not interrupted.
 */
static enum device_status sample_vm(struct host_device *dev,
				    struct vm_sample *sample, int vm_fd)
{
	bool counts = sample->flags & VCPU_INFO_SAMPLE_COUNTS;
	size_t room = sample->nr_ids, nr_vcpus = 0;
	enum device_status status;

	if (!room)
		room = counts ? 2 * SPARE : count_vcpus(dev, vm_fd) + SPARE;
	status = call(dev, sample, vm_fd, room, &nr_vcpus);
	if (status != DEVICE_OK || sample->nr_ids || !counts ||
	    nr_vcpus <= room)
		return status;
	free(sample->vcpus);
	free(sample->stacks);
	return call(dev, sample, vm_fd, nr_vcpus + SPARE, &nr_vcpus);
}

enum device_status host_device_sample(struct host_device *dev,
				      struct vm_sample *sample)
{
	enum device_status status;
	int vm_fd = -1, err;

	sample->vcpus = NULL;
	sample->stacks = NULL;
	sample->nr = 0;
	status = take_vm(sample->pid, sample->fd, &vm_fd);
	if (status != DEVICE_OK)
		return status;
	status = sample_vm(dev, sample, vm_fd);
	err = errno;
	close(vm_fd);
	if (status != DEVICE_OK) {
		free(sample->vcpus);
		free(sample->stacks);
		sample->vcpus = NULL;
		sample->stacks = NULL;
	}
	errno = err;
	return status;
}

/* One call with room for so many; sets how many there are. */
static enum device_status call_memslots(struct host_device *dev, int vm_fd,
					struct vm_memory *memory, size_t *nr)
{
	struct vcpu_info_host_memslots args = {
		.size = sizeof(args),
		.vm_fd = vm_fd,
		.entry_size = sizeof(*memory->slots),
		.nr_entries = *nr,
	};

	free(memory->slots);
	memory->slots = calloc(*nr, sizeof(*memory->slots));
	if (!memory->slots)
		return DEVICE_FAILED;
	args.entries = (uintptr_t)memory->slots;
	if (ioctl(dev->fd, VCPU_INFO_HOST_IOC_MEMSLOTS, &args))
		return sample_failed();
	memory->nr = args.nr_entries < *nr ? args.nr_entries : *nr;
	*nr = args.nr_entries;
	return DEVICE_OK;
}

/* Slots may come between asking how many there are and asking for them. */
static enum device_status get_memslots(struct host_device *dev, int vm_fd,
				       struct vm_memory *memory)
{
	size_t nr = 64;

	for (int i = 0; i < 3; i++) {
		enum device_status status = call_memslots(dev, vm_fd, memory, &nr);

		if (status != DEVICE_OK || memory->nr == nr)
			return status;
		nr += SPARE;
	}
	errno = EAGAIN;
	return DEVICE_FAILED;
}

/* The second address space is that of system management mode. */
static void keep_first_space(struct vm_memory *memory)
{
	size_t kept = 0;

	for (size_t i = 0; i < memory->nr; i++) {
		if (!memory->slots[i].as_id)
			memory->slots[kept++] = memory->slots[i];
	}
	memory->nr = kept;
}

enum device_status host_device_memory(struct host_device *dev, int pid, int fd,
				      struct vm_memory *memory)
{
	enum device_status status;
	int vm_fd = -1, err;

	*memory = (struct vm_memory){ 0 };
	status = take_vm(pid, fd, &vm_fd);
	if (status != DEVICE_OK)
		return status;
	status = get_memslots(dev, vm_fd, memory);
	err = errno;
	close(vm_fd);
	if (status != DEVICE_OK) {
		free(memory->slots);
		*memory = (struct vm_memory){ 0 };
	}
	keep_first_space(memory);
	errno = err;
	return status;
}

/* It may be missing because of something else, which has to be solved first. */
static int report_no_module(void)
{
	int exit_code;

	if (host_file_exists("/sys/module/vcpu_info")) {
		msg_error("the loaded module vcpu_info is older than vcpu-info: there is no %s",
			  VCPU_INFO_HOST_DEV_PATH);
		msg_hint("fix: rmmod vcpu_info && modprobe vcpu_info");
		return EXIT_NO_MODULE;
	}
	exit_code = diagnose_report();
	if (exit_code)
		return exit_code;
	/* loaded meanwhile */
	msg_error("the module vcpu_info is not loaded");
	msg_hint("fix: modprobe vcpu_info");
	return EXIT_NO_MODULE;
}

static int report_denied(enum device_status status)
{
	switch (status) {
	case DEVICE_LOCKED_DOWN:
		msg_error("the kernel is locked down for confidentiality: nobody may read guests' registers");
		msg_hint("cat " LOCKDOWN "; only a reboot without lockdown=confidentiality changes that");
		break;
	case DEVICE_PTRACE_OFF:
		msg_error("kernel.yama.ptrace_scope is 3: not even root may take a VM's descriptor out of its process");
		msg_hint("Only a reboot changes that; records that guests ask for need none: 'vcpu-info show'.");
		break;
	case DEVICE_VM_DENIED:
		msg_error("this user may not take the VM's descriptor out of its process");
		msg_hint("fix: run vcpu-info as root, or with CAP_SYS_PTRACE");
		break;
	default:
		msg_error("cannot open " VCPU_INFO_HOST_DEV_PATH ": %s",
			  strerror(errno));
		msg_hint("fix: run vcpu-info as root, or with CAP_PERFMON");
	}
	return EXIT_DENIED;
}

int host_device_report(enum device_status status)
{
	switch (status) {
	case DEVICE_OK:
		return EXIT_OK;
	case DEVICE_VM_GONE:
		msg_error("the VM is gone");
		return EXIT_NO_VM;
	case DEVICE_NO_MODULE:
		return report_no_module();
	case DEVICE_OLD:
		msg_error("the loaded module vcpu_info does not match this version of vcpu-info");
		msg_hint("fix: rmmod vcpu_info && modprobe vcpu_info");
		return EXIT_NO_MODULE;
	case DEVICE_UNABLE:
		msg_error("this kernel's KVM does not let the module tell VMs from other files");
		msg_hint("/sys/kernel/vcpu_info/missing lists what is missing; see vcpu_info(4).");
		return EXIT_NO_KVM;
	case DEVICE_FAILED:
		msg_error("cannot ask for vCPUs: %s", strerror(errno));
		return EXIT_FAILED;
	default:
		return report_denied(status);
	}
}
