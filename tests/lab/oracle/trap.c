// SPDX-License-Identifier: GPL-2.0
/*
 * The guest reads a page that has no memory yet. KVM has to wait, inside the
 * VM exit, until user space provides it: that is what userfaultfd is for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oracle.h"
#include "trap.h"

#define FAULT_MS	30000

static int trap_fd = -1;

void trap_open(struct vm *vm)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)vm->trap, VM_TRAP_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	trap_fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (trap_fd < 0)
		die("userfaultfd: %s", strerror(errno));
	if (ioctl(trap_fd, UFFDIO_API, &api) ||
	    ioctl(trap_fd, UFFDIO_REGISTER, &reg))
		die("cannot set up userfaultfd: %s", strerror(errno));
}

void trap_close(void)
{
	close(trap_fd);
	trap_fd = -1;
}

static bool sleeps(struct vcpu *vcpu)
{
	return vcpu_thread_state(vcpu) != 'R';
}

/* Starts the vCPU, and returns when its thread waits for the page. */
bool trap_enter(struct vcpu *vcpu)
{
	struct pollfd pfd = { .fd = trap_fd, .events = POLLIN };
	struct uffd_msg msg;

	vcpu->init.r[REG(RDI)] = VM_TRAP_GPA;
	vcpu_set_regs(vcpu);
	if (madvise(vcpu->vm->trap, VM_TRAP_SIZE, MADV_DONTNEED))
		die("madvise: %s", strerror(errno));
	vcpu_start(vcpu);

	return poll(&pfd, 1, FAULT_MS) == 1 &&
	       read(trap_fd, &msg, sizeof(msg)) == sizeof(msg) &&
	       msg.event == UFFD_EVENT_PAGEFAULT && poll_for(sleeps, vcpu);
}

void trap_leave(struct vcpu *vcpu)
{
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)vcpu->vm->trap, VM_TRAP_SIZE },
	};

	if (ioctl(trap_fd, UFFDIO_ZEROPAGE, &zero) && errno != EEXIST)
		die("UFFDIO_ZEROPAGE: %s", strerror(errno));
}
