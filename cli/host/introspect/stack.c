// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "stack.h"
#include "unwind.h"

bool guest_is_user(const struct guest_registers *registers)
{
	return !(registers->r[PT_REG_IP] >> 63);
}

const char *guest_stack_name(enum guest_stack_type type)
{
	static const char * const names[] = {
		[STACK_TASK] = "TASK",
		[STACK_IRQ] = "IRQ",
		[STACK_ENTRY] = "ENTRY_TRAMPOLINE",
		[STACK_TYPE_DF] = "#DF",
		[STACK_TYPE_NMI] = "NMI",
		[STACK_TYPE_DB] = "#DB",
		[STACK_TYPE_MC] = "#MC",
		[STACK_TYPE_VC] = "#VC",
		[STACK_TYPE_VC2] = "#VC2",
		[STACK_OTHER] = NULL,
	};

	return names[type];
}

bool guest_stack_complete(const struct guest_stack *stack)
{
	return stack->end <= END_LEAF_USER;
}

static const struct {
	const char *word;
	const char *text;
} ends[] = {
	[END_USER] = { "user", "entered from user mode" },
	[END_ENTRY] = { "entry", "start of a kernel thread" },
	[END_LEAF_USER] = { "in-user", "in user mode" },
	[END_NO_TABLES] = { "no-tables", "no unwind tables of a known version" },
	[END_NO_ENTRY] = { "no-entry", "no unwind data for this code" },
	[END_UNDEFINED] = { "undefined", "this code cannot be unwound" },
	[END_UNREADABLE] = { "unreadable", "the next frame is not on a known stack" },
	[END_NOT_CODE] = { "not-code", "no return address where one should be" },
	[END_LOOP] = { "loop", "the stack goes the wrong way" },
	[END_TRACED] = { "traced", "a tracer of the guest keeps the return address" },
	[END_LIMIT] = { "limit", "too many frames" },
};

const char *guest_stack_end_text(enum guest_stack_end end)
{
	return ends[end].text;
}

const char *guest_stack_end_word(enum guest_stack_end end)
{
	return ends[end].word;
}

/* A call may be a function's last instruction: the name is that of the call. */
bool guest_frame_find(const struct guest_kernel *kernel,
		      const struct guest_frame *frame,
		      struct guest_place *place)
{
	if (frame->exact)
		return guest_kernel_find(kernel, frame->ip, place);
	if (!frame->ip || !guest_kernel_find(kernel, frame->ip - 1, place))
		return false;
	place->name.offset++;
	return true;
}

void guest_stack_prepare(struct guest_kernel *kernel)
{
	enum guest_stack_end why;

	unwind_tables(kernel, 0, &why);
}

void guest_stack_of_cpu(struct guest_kernel *kernel, const struct guest_cpu *cpu,
			const struct guest_task *task,
			const struct guest_registers *registers,
			struct guest_stack *stack)
{
	struct unwind unwind;

	stack->nr = 0;
	if (guest_is_user(registers)) {
		stack->frames[stack->nr++] = (struct guest_frame){
			.ip = registers->r[PT_REG_IP], .exact = true,
		};
		stack->end = END_LEAF_USER;
		return;
	}
	unwind_start(&unwind, kernel, cpu, task);
	memcpy(unwind.regs, registers->r, sizeof(unwind.regs));
	unwind.has_regs = true;
	unwind.full_regs = true;
	unwind.ip = registers->r[PT_REG_IP];
	unwind.sp = registers->r[PT_REG_SP];
	unwind.bp = registers->r[PT_REG_BP];
	unwind.exact = true;
	unwind_run(&unwind, stack);
}

/* Where a task that does not run keeps what it needs to go on: r15, r14, r13, */
/* r12, bx, bp, return address. */
#define INACTIVE_FRAME	56
#define INACTIVE_BP	40
#define INACTIVE_IP	48

void guest_stack_of_task(struct guest_kernel *kernel,
			 const struct guest_task *task,
			 struct guest_stack *stack)
{
	struct unwind unwind;

	stack->nr = 0;
	stack->end = END_UNREADABLE;
	unwind_start(&unwind, kernel, NULL, task);
	if (!unwind_word(&unwind, task->sp + INACTIVE_BP, &unwind.bp) ||
	    !unwind_word(&unwind, task->sp + INACTIVE_IP, &unwind.ip))
		return;
	unwind.sp = task->sp + INACTIVE_FRAME;
	unwind.exact = unwind_is_fork(kernel, unwind.ip);
	unwind_run(&unwind, stack);
}
