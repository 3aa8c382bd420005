// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "compiler.h"
#include "exit-codes.h"
#include "introspect/remote.h"
#include "msg.h"
#include "sandbox.h"
#include "text.h"
#include "vm/guest.h"

#define MAX_ATTEMPTS	16
#define MAX_LOOKS	8

/*
 * Backstops: what is in the guest's memory is bounded where it is read. The time
 * is that of the processor.
 */
#define MAX_SECONDS	60
#define MAX_MEMORY	(2UL << 30)

bool guest_registers(const struct vcpu_info_host_vcpu *vcpu,
		     struct guest_registers *registers)
{
	static const enum guest_register order[] = {
		[VCPU_INFO_REG_RAX] = PT_REG_AX, [VCPU_INFO_REG_RCX] = PT_REG_CX,
		[VCPU_INFO_REG_RDX] = PT_REG_DX, [VCPU_INFO_REG_RBX] = PT_REG_BX,
		[VCPU_INFO_REG_RSP] = PT_REG_SP, [VCPU_INFO_REG_RBP] = PT_REG_BP,
		[VCPU_INFO_REG_RSI] = PT_REG_SI, [VCPU_INFO_REG_RDI] = PT_REG_DI,
		[VCPU_INFO_REG_R8] = PT_REG_R8, [VCPU_INFO_REG_R9] = PT_REG_R9,
		[VCPU_INFO_REG_R10] = PT_REG_R10, [VCPU_INFO_REG_R11] = PT_REG_R11,
		[VCPU_INFO_REG_R12] = PT_REG_R12, [VCPU_INFO_REG_R13] = PT_REG_R13,
		[VCPU_INFO_REG_R14] = PT_REG_R14, [VCPU_INFO_REG_R15] = PT_REG_R15,
		[VCPU_INFO_REG_RIP] = PT_REG_IP,
	};
	const uint32_t needed = (1U << ARRAY_SIZE(order)) - 1;

	memset(registers, 0, sizeof(*registers));
	if (!(vcpu->have & VCPU_INFO_HAVE_STATE) ||
	    (vcpu->valid & needed) != needed)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		registers->r[order[i]] = vcpu->regs[i];
	registers->cr0 = vcpu->regs[VCPU_INFO_REG_CR0];
	registers->cr3 = vcpu->regs[VCPU_INFO_REG_CR3];
	registers->cr4 = vcpu->regs[VCPU_INFO_REG_CR4];
	return true;
}

/* Registers that lead to the kernel: of the guest itself, with page tables. */
static bool leads_to_kernel(const struct vcpu_info_host_vcpu *vcpu)
{
	const uint32_t needed = 1U << VCPU_INFO_REG_CR0 |
				1U << VCPU_INFO_REG_CR3 | 1U << VCPU_INFO_REG_CR4;

	return (vcpu->valid & needed) == needed &&
	       !(vcpu->flags & VCPU_INFO_F_NESTED);
}

/* One of the first vCPUs will do, and each look may take a tenth of a second. */
static void find_kernel(struct guest *guest)
{
	int looks = 0;

	guest->error = KERNEL_NO_PAGING;
	for (size_t i = 0; i < guest->nr_vcpus && !guest->kernel &&
	     looks < MAX_LOOKS; i++) {
		struct guest_registers registers;

		if (!guest_registers(&guest->vcpus[i], &registers) ||
		    !leads_to_kernel(&guest->vcpus[i]))
			continue;
		looks += !!(registers.cr0 & PAGING_CR0_PG);
		guest->error = guest_kernel_open(&guest->kernel, &guest->memory,
						 &registers);
	}
}

bool guest_sample(struct guest *guest, int vcpu_id,
		  struct vcpu_info_host_vcpu *vcpu)
{
	struct vcpu_info_host_vcpu *vcpus;
	size_t nr;

	if (!remote_sample(guest->fd, vcpu_id, &vcpus, &nr))
		return false;
	*vcpu = vcpus[0];
	free(vcpus);
	return !vcpu->result;
}

/* One look: the parent's side. */
struct look {
	struct host_device *dev;
	const struct vm *vm;
	struct guest_memory memory;
};

static bool sample(void *arg, int vcpu_id, struct vcpu_info_host_vcpu **vcpus,
		   size_t *nr)
{
	struct look *look = arg;
	struct vm_sample all = {
		.pid = look->vm->vmm.pid,
		.fd = look->vm->fd,
		.attempts = look->dev->max_attempts < MAX_ATTEMPTS ?
			    look->dev->max_attempts : MAX_ATTEMPTS,
		.ids = vcpu_id < 0 ? NULL : &vcpu_id,
		.nr_ids = vcpu_id >= 0,
	};

	if (host_device_sample(look->dev, &all) != DEVICE_OK)
		return false;
	*vcpus = all.vcpus;
	*nr = all.nr;
	return true;
}

/* What a process that reads hostile memory does not need. */
static bool confine(int fd)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGABRT };
	const struct rlimit no_core = { 0 }, time = { MAX_SECONDS, MAX_SECONDS };
	const struct rlimit memory = { MAX_MEMORY, MAX_MEMORY };

	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		signal(crashes[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_CPU, &time);
	setrlimit(RLIMIT_AS, &memory);
	if (fd > STDERR_FILENO + 1)
		syscall(SYS_close_range, STDERR_FILENO + 1, fd - 1, 0);
	syscall(SYS_close_range, fd + 1, ~0U, 0);
	if (!sandbox_enter())
		return false;
	/* a change of the user clears it */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return true;
}

static int child(struct look *look, int fd,
		 int (*call)(struct guest *guest, void *arg), void *arg)
{
	struct guest guest = { .vm = look->vm, .fd = fd, .memory = look->memory };
	int exit_code = EXIT_FAILED;

	if (!confine(fd)) {
		msg_error("cannot give up privileges: %s", strerror(errno));
		return EXIT_FAILED;
	}
	guest.memory.read = remote_read;
	guest.memory.context = &guest.fd;
	if (remote_sample(fd, -1, &guest.vcpus, &guest.nr_vcpus)) {
		find_kernel(&guest);
		exit_code = call(&guest, arg);
	} else {
		msg_error("the vCPUs of the VM cannot be sampled");
	}
	guest_kernel_close(guest.kernel);
	free(guest.vcpus);
	return cmd_flush(exit_code);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILED;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	msg_error("the guest's memory could not be read to the end (%s)",
		  strsignal(WTERMSIG(status)));
	return EXIT_FAILED;
}

static int run_child(struct look *look,
		     int (*call)(struct guest *guest, void *arg), void *arg)
{
	struct remote_server server = {
		.pid = look->vm->vmm.pid, .slots = look->memory.slots,
		.nr_slots = look->memory.nr_slots, .sample = sample, .arg = look,
	};
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		msg_error("cannot make a socket: %s", strerror(errno));
		return EXIT_FAILED;
	}
	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (!pid) {
		close(fds[0]);
		_exit(child(look, fds[1], call, arg));
	}
	close(fds[1]);
	if (pid > 0) {
		server.fd = fds[0];
		remote_serve(&server);
	} else {
		msg_error("cannot fork: %s", strerror(errno));
	}
	close(fds[0]);
	return pid > 0 ? wait_for(pid) : EXIT_FAILED;
}

static bool take_slots(const struct vm_memory *memory, struct guest_memory *out)
{
	out->slots = calloc(memory->nr + 1, sizeof(*out->slots));
	if (!out->slots)
		return false;
	for (size_t i = 0; i < memory->nr; i++) {
		const struct vcpu_info_host_memslot *slot = &memory->slots[i];

		if (slot->base_gfn > UINT64_MAX / GUEST_PAGE_SIZE ||
		    slot->npages > UINT64_MAX / GUEST_PAGE_SIZE)
			continue;
		out->slots[out->nr_slots++] = (struct guest_slot){
			.base = slot->base_gfn * GUEST_PAGE_SIZE,
			.size = slot->npages * GUEST_PAGE_SIZE,
			.where = slot->userspace_addr,
		};
	}
	return guest_memory_sort(out);
}

static int look_at(struct host_device *dev, const struct vm *vm,
		   int (*call)(struct guest *guest, void *arg), void *arg)
{
	struct look look = { .dev = dev, .vm = vm };
	struct vm_memory memory;
	enum device_status status;
	int exit_code = EXIT_FAILED;

	status = host_device_memory(dev, vm->vmm.pid, vm->fd, &memory);
	if (status != DEVICE_OK)
		return host_device_report(status);
	if (take_slots(&memory, &look.memory))
		exit_code = run_child(&look, call, arg);
	else
		msg_error("the VM's memory slots are invalid, or memory is exhausted");
	free(memory.slots);
	free(look.memory.slots);
	return exit_code;
}

static int look_at_each(struct host_device *dev, const struct select *select,
			const struct vm_scan *scan,
			int (*call)(struct guest *guest, void *arg), void *arg)
{
	int exit_code = EXIT_OK;
	bool any = false;

	for (size_t i = 0; i < scan->nr; i++) {
		const struct vm *vm = &scan->vms[i];
		int code;

		if (!select_has_vm(select, vm->vmm.pid, vm->fd, vm->vmm.vm.name,
				   vm->vmm.comm))
			continue;
		any = true;
		code = look_at(dev, vm, call, arg);
		if (code)
			exit_code = code;
	}
	return any ? exit_code : vm_scan_report_none(scan->nr, scan->denied);
}

int guest_each(const struct select *select,
	       int (*call)(struct guest *guest, void *arg), void *arg)
{
	enum device_status status;
	struct host_device dev;
	struct vm_scan scan;
	int exit_code;

	status = host_device_open(&dev);
	if (status != DEVICE_OK)
		return host_device_report(status);
	if (vm_scan_run(&scan)) {
		exit_code = look_at_each(&dev, select, &scan, call, arg);
		vm_scan_free(&scan);
	} else {
		msg_error("cannot read /proc");
		msg_hint("fix: mount -t proc none /proc");
		exit_code = EXIT_FAILED;
	}
	host_device_close(&dev);
	return exit_code;
}
