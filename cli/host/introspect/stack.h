/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Call chains of a guest's kernel, by the tables of its own unwinder.
 *
 * What the vCPU does meanwhile decides how good one is. If its registers are
 * the same before and after, it is exact. If it has run on, RIP is exact and the
 * frames may be younger, unless the module has copied the stack together with the
 * registers; the caller knows, and says so.
 */
#ifndef INTROSPECT_STACK_H
#define INTROSPECT_STACK_H

#include "task.h"
#include "vcpu_info_abi.h"

#define GUEST_MAX_FRAMES	256
#define GUEST_MAX_SWITCHES	8

/* The kernel's stacks. */
enum guest_stack_type {
	STACK_NONE,
	STACK_TASK,
	STACK_IRQ,
	STACK_ENTRY,
	STACK_TYPE_DF,
	STACK_TYPE_NMI,
	STACK_TYPE_DB,
	STACK_TYPE_MC,
	STACK_TYPE_VC,
	STACK_TYPE_VC2,
	STACK_OTHER,	/* not known which: no BTF, or a task switch */
};

/* Why there is no frame above the last one. */
enum guest_stack_end {
	END_USER,		/* complete: the kernel was entered from user mode */
	END_ENTRY,		/* complete: the first function of a kernel thread */
	END_LEAF_USER,		/* complete: the vCPU is in user mode */
	END_NO_TABLES,		/* no unwind tables, or of an unknown version */
	END_NO_ENTRY,		/* they have nothing about this code */
	END_UNDEFINED,		/* they say that it cannot be unwound */
	END_UNREADABLE,		/* the next frame is on no stack, or not readable */
	END_NOT_CODE,		/* what should be a return address is none */
	END_LOOP,		/* the next frame is below this one */
	END_TRACED,		/* a tracer keeps the return address elsewhere */
	END_LIMIT,		/* more frames or stacks than any kernel has */
};

/**
 * struct guest_frame - one function of a call chain
 * @ip: address in it: of the instruction if @exact, or else a return address
 * @stack: which stack it runs on
 * @exact: as said
 * @interrupted: it was interrupted, and @ip is from the registers saved then
 * @guessed: found by the frame pointer, because there are no tables for what it
 *	called
 * @cs: its code segment, if @interrupted
 */
struct guest_frame {
	uint64_t ip;
	enum guest_stack_type stack;
	bool exact;
	bool interrupted;
	bool guessed;
	uint16_t cs;
};

/**
 * struct guest_stack - a call chain
 * @frames: from the innermost function outwards
 * @nr: their number
 * @end: how it ended
 * @of_moment: all of it is from the moment of the registers, and so is the task
 * @has_aside: there is @aside
 * @aside_frame: the innermost frame of the kernel that was interrupted, if all its
 *	registers are known
 * @aside: these, by PT_REG_*
 */
struct guest_stack {
	struct guest_frame frames[GUEST_MAX_FRAMES];
	size_t nr;
	enum guest_stack_end end;
	bool of_moment;
	bool has_aside;
	size_t aside_frame;
	uint64_t aside[NR_GUEST_REGISTERS];
};

#define GUEST_COPY_PAGES	4

/*
 * Where copies of a page begin: a stack pointer that moves a little takes the same bytes
 * again, which are read ahead then (remote.h).
 */
#define GUEST_STACK_STEP	512

/**
 * struct guest_stack_copy - the stack that a vCPU was on when it was sampled
 * @pages: from that of its stack pointer on: virtual and physical address, where of it
 *	the copy begins, and what was there
 * @nr: how many
 * @moment: what the module has copied in the moment of the registers, which is right
 *	even if the vCPU runs on; NULL if it has not
 */
struct guest_stack_copy {
	struct {
		uint64_t va;
		uint64_t pa;
		uint32_t from;
		uint8_t data[GUEST_PAGE_SIZE];
	} pages[GUEST_COPY_PAGES];
	size_t nr;
	const struct vcpu_info_host_stack *moment;
};

/*
 * Copy it, before anything else is done, so that a vCPU that runs has as little
 * time as possible to change it. Page tables that were read before are believed;
 * whether they are still right is seen when the copy is used.
 */
void guest_stack_copy(struct guest_kernel *kernel,
		      const struct guest_registers *registers,
		      struct guest_stack_copy *copy);

/* Tasks that are remembered by their stacks */
#define GUEST_SEEN_TASKS	64

/**
 * struct guest_seen_tasks - tasks that ran when a CPU was looked at, by their stacks
 * @tasks: address of the task, and of its stack; 0: none
 */
struct guest_seen_tasks {
	struct {
		uint64_t address;
		uint64_t stack;
	} tasks[GUEST_SEEN_TASKS];
};

/*
 * The task that runs on a CPU, or ran: between its registers and this the CPU may have
 * gone on to another one. Whose stack its stack pointer was on is known if that one was
 * seen before. False if none is known.
 */
bool guest_task_of_cpu(struct guest_kernel *kernel, const struct guest_cpu *cpu,
		       const struct guest_registers *registers,
		       struct guest_seen_tasks *seen, struct guest_task *task);

/* Whether an address is one of user space. */
bool guest_is_user(const struct guest_registers *registers);

/*
 * The call chain of a vCPU. cpu and task say where its stacks are, and copy is what was
 * on one of them; each may be NULL if it is not known.
 */
void guest_stack_of_cpu(struct guest_kernel *kernel, const struct guest_cpu *cpu,
			const struct guest_task *task,
			const struct guest_registers *registers,
			const struct guest_stack_copy *copy,
			struct guest_stack *stack);

/* Read the unwind tables now, which the first stack does otherwise. */
void guest_stack_prepare(struct guest_kernel *kernel);

/* The call chain of a task that does not run; task->sp has to be set. */
void guest_stack_of_task(struct guest_kernel *kernel,
			 const struct guest_task *task,
			 struct guest_stack *stack);

/* "IRQ" and so on, as the kernel prints them; NULL for none. */
const char *guest_stack_name(enum guest_stack_type type);

bool guest_stack_complete(const struct guest_stack *stack);

/* How it ended, for people: "user mode", "no unwind data for this code"... */
const char *guest_stack_end_text(enum guest_stack_end end);

/* One word for programs. */
const char *guest_stack_end_word(enum guest_stack_end end);

/* What a frame's address is, as guest_kernel_find(), with the kernel's rule. */
bool guest_frame_find(const struct guest_kernel *kernel,
		      const struct guest_frame *frame,
		      struct guest_place *place);

#endif /* INTROSPECT_STACK_H */
