/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The side of guest-names.c that reads a guest's memory: a process without privileges.
 */
#ifndef HOST_VM_GUEST_READER_H
#define HOST_VM_GUEST_READER_H

#include "introspect/remote.h"
#include "vm/guest-names.h"

enum {
	WANT_OPEN = 1,		/* look for the kernel if it is not known */
	WANT_CHECK = 2,		/* see whether it is still that kernel */
	WANT_TASK = 4,
	WANT_STACK = 8,
};

/*
 * What the child is asked; root leads to the kernel, if that has to be looked for, and
 * stack_root is the page table by which the stack was found that comes along.
 */
struct question {
	uint32_t wants;
	uint64_t stack_root;
	struct vcpu_info_host_vcpu root;
	struct vcpu_info_host_vcpu vcpu;
};

/*
 * Give up privileges and answer questions, each with the part of a struct guest_look
 * that is in use, until the other end of the socket is closed.
 */
void guest_reader_run(int fd, struct remote_slot *shared,
		      const struct guest_memory *memory);

/* The other side: a copy of an answer of so many bytes; false if it makes no sense. */
bool guest_look_take(struct guest_look *look, const struct guest_look *answer,
		     size_t len);

#endif /* HOST_VM_GUEST_READER_H */
