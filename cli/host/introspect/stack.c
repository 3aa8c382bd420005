// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "compiler.h"
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
	/* 0 - 1 is in no symbol */
	if (!guest_kernel_find(kernel, frame->ip - 1, place))
		return false;
	place->name.offset++;
	return true;
}

void guest_stack_prepare(struct guest_kernel *kernel)
{
	enum guest_stack_end why;

	unwind_tables(kernel, 0, &why);
}

/* Stacks of tasks are aligned to their size, and that of interrupts has as much. */
#define STACK_ALIGN	16384

#define COPY_BYTES	(256U << 10)
#define COPY_READS	32

void guest_stack_copy(struct guest_kernel *kernel,
		      const struct guest_registers *registers,
		      struct guest_stack_copy *copy)
{
	uint64_t sp = registers->r[PT_REG_SP];
	uint64_t at = sp & ~(GUEST_PAGE_SIZE - 1ULL);
	uint32_t from = sp % GUEST_PAGE_SIZE & ~(GUEST_STACK_STEP - 1);
	struct guest_page page;

	copy->nr = 0;
	if (copy->moment)
		return;
	if (guest_is_user(registers) || !(at >> 63))
		return;
	guest_memory_allow(kernel->memory, COPY_BYTES, COPY_READS);
	do {
		if (!guest_paging_walk(&kernel->paging, at, &page) ||
		    !guest_memory_read(kernel->memory, page.address + from,
				       copy->pages[copy->nr].data + from,
				       GUEST_PAGE_SIZE - from))
			return;
		copy->pages[copy->nr].va = at;
		copy->pages[copy->nr].pa = page.address;
		copy->pages[copy->nr].from = from;
		copy->nr++;
		at += GUEST_PAGE_SIZE;
		from = 0;
	} while (at % STACK_ALIGN && copy->nr < GUEST_COPY_PAGES);
}

void guest_stack_of_cpu(struct guest_kernel *kernel, const struct guest_cpu *cpu,
			const struct guest_task *task,
			const struct guest_registers *registers,
			const struct guest_stack_copy *copy,
			struct guest_stack *stack)
{
	struct unwind unwind;

	stack->nr = 0;
	stack->of_moment = false;
	stack->has_aside = false;
	if (guest_is_user(registers)) {
		stack->frames[stack->nr++] = (struct guest_frame){
			.ip = registers->r[PT_REG_IP], .exact = true,
		};
		stack->end = END_LEAF_USER;
		return;
	}
	unwind_start(&unwind, kernel, cpu, task);
	for (size_t i = 0; copy && i < copy->nr; i++)
		unwind_use_page(&unwind, copy->pages[i].va, copy->pages[i].pa,
				copy->pages[i].from, copy->pages[i].data);
	unwind.moment = copy ? copy->moment : NULL;
	memcpy(unwind.regs, registers->r, sizeof(unwind.regs));
	unwind.has_regs = true;
	unwind.full_regs = true;
	unwind.ip = registers->r[PT_REG_IP];
	unwind.sp = registers->r[PT_REG_SP];
	unwind.bp = registers->r[PT_REG_BP];
	unwind.exact = true;
	unwind_run(&unwind, stack);
	/* whose stack it was is known if it was that of the task of now */
	stack->of_moment = unwind.moment && !unwind.younger && stack->nr &&
			   stack->frames[0].stack == STACK_TASK;
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
	stack->of_moment = false;
	stack->has_aside = false;
	stack->end = END_UNREADABLE;
	unwind_start(&unwind, kernel, NULL, task);
	if (!unwind_word(&unwind, task->sp + INACTIVE_BP, &unwind.bp) ||
	    !unwind_word(&unwind, task->sp + INACTIVE_IP, &unwind.ip))
		return;
	unwind.sp = task->sp + INACTIVE_FRAME;
	unwind.exact = unwind_is_fork(kernel, unwind.ip);
	unwind_run(&unwind, stack);
}

/* Which stacks there are, as arch/x86/kernel/dumpstack_64.c knows them. */

/* Without debugging options, if there is no BTF that says so. */
#define STACK_SIZE	16384

static bool use(struct unwind *unwind, enum guest_stack_type type,
		uint64_t start, uint64_t size, uint64_t at)
{
	if (at < start || at - start >= size || start + size < start)
		return false;
	unwind->type = type;
	unwind->start = start;
	unwind->end = start + size;
	return true;
}

static uint64_t size_or(const struct guest_field *field, uint64_t otherwise)
{
	return field->known && field->size >= 4096 && field->size <= 65536 ?
	       field->size : otherwise;
}

static uint64_t task_stack_size(const struct guest_kernel *kernel)
{
	return size_or(&kernel->layout.fields[THREAD_STACK], STACK_SIZE);
}

static bool on_task_stack(struct unwind *unwind, uint64_t at)
{
	return unwind->task && unwind->task->stack &&
	       use(unwind, STACK_TASK, unwind->task->stack,
		   task_stack_size(unwind->kernel), at);
}

bool guest_task_of_cpu(struct guest_kernel *kernel, const struct guest_cpu *cpu,
		       const struct guest_registers *registers,
		       struct guest_seen_tasks *seen, struct guest_task *task)
{
	const uint64_t size = task_stack_size(kernel), sp = registers->r[PT_REG_SP];
	uint64_t address, stack;
	struct guest_task other;
	size_t i;

	if (!guest_task_current(kernel, cpu, task))
		return false;
	/* stacks are as far apart as they are large, at the least */
	i = task->stack / size % GUEST_SEEN_TASKS;
	seen->tasks[i].address = task->address;
	seen->tasks[i].stack = task->stack;
	if (guest_is_user(registers) || sp - task->stack < size)
		return true;
	i = sp / size % GUEST_SEEN_TASKS;
	address = seen->tasks[i].address;
	stack = seen->tasks[i].stack;
	/* it may have ended, and its memory be another one's */
	if (address && sp - stack < size &&
	    guest_task_read(kernel, address, &other) && other.stack == stack)
		*task = other;
	return true;
}

/* A pointer that each CPU has its own of. */
static bool read_percpu(struct unwind *unwind, uint64_t symbol, uint64_t *value)
{
	return symbol && unwind->cpu &&
	       guest_kernel_read(unwind->kernel, symbol + unwind->cpu->percpu,
				 value, sizeof(*value)) && *value;
}

static bool on_exception_stack(struct unwind *unwind, uint64_t at)
{
	static const struct {
		enum guest_field_id field;
		enum guest_stack_type type;
	} stacks[] = {
		{ STACK_DF, STACK_TYPE_DF }, { STACK_NMI, STACK_TYPE_NMI },
		{ STACK_DB, STACK_TYPE_DB }, { STACK_MCE, STACK_TYPE_MC },
		{ STACK_VC, STACK_TYPE_VC }, { STACK_VC2, STACK_TYPE_VC2 },
	};
	const struct guest_field *fields = unwind->kernel->layout.fields;
	uint64_t base;

	if (!read_percpu(unwind, unwind->kernel->addresses[SYM_EXCEPTION_STACKS],
			 &base))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
		const struct guest_field *field = &fields[stacks[i].field];

		if (field->known && use(unwind, stacks[i].type,
					base + field->offset, field->size, at))
			return true;
	}
	return false;
}

static bool on_irq_stack(struct unwind *unwind, uint64_t at)
{
	const struct guest_field *fields = unwind->kernel->layout.fields;
	const struct guest_field *hot = &fields[HOT_IRQ_STACK];
	uint64_t symbol = unwind->kernel->addresses[SYM_IRQ_STACK], top;
	uint64_t size = size_or(&fields[IRQ_STACK], STACK_SIZE);

	if (unwind->kernel->addresses[SYM_HOT] && hot->known)
		symbol = unwind->kernel->addresses[SYM_HOT] + hot->offset;
	/* it points to the topmost word */
	return read_percpu(unwind, symbol, &top) &&
	       use(unwind, STACK_IRQ, top + 8 - size, size, at);
}

static bool on_entry_stack(struct unwind *unwind, uint64_t at)
{
	const struct guest_field *fields = unwind->kernel->layout.fields;
	uint64_t base;

	return fields[ENTRY_AREA_STACK].known && fields[ENTRY_STACK].known &&
	       read_percpu(unwind, unwind->kernel->addresses[SYM_ENTRY_AREA],
			   &base) &&
	       use(unwind, STACK_ENTRY, base + fields[ENTRY_AREA_STACK].offset,
		   fields[ENTRY_STACK].size, at);
}

/*
 * While the CPU changes from one task to another, and where there is no BTF, it
 * is not known where the stack is; but stacks of tasks are aligned to their size.
 */
static bool on_other_stack(struct unwind *unwind, uint64_t at)
{
	uint64_t size = task_stack_size(unwind->kernel);

	return at >> 63 && use(unwind, STACK_OTHER, at & ~(size - 1), size, at);
}

static bool find_stack(struct unwind *unwind, uint64_t at)
{
	return on_task_stack(unwind, at) || on_exception_stack(unwind, at) ||
	       on_irq_stack(unwind, at) || on_entry_stack(unwind, at) ||
	       on_other_stack(unwind, at);
}

bool unwind_on_stack(struct unwind *unwind, uint64_t at, size_t len)
{
	if (unwind->type == STACK_NONE || at < unwind->start ||
	    at >= unwind->end) {
		/* Each stack is used once, or frames could lead in circles. */
		if (!find_stack(unwind, at) ||
		    unwind->visited & 1U << unwind->type) {
			unwind->type = STACK_NONE;
			return false;
		}
		unwind->visited |= 1U << unwind->type;
	}
	return len <= unwind->end - at;
}
