// SPDX-License-Identifier: GPL-2.0
/*
 * Which stacks there are, as arch/x86/kernel/dumpstack_64.c knows them.
 */
#include <string.h>

#include "compiler.h"
#include "unwind.h"

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

static bool on_task_stack(struct unwind *unwind, uint64_t at)
{
	const struct guest_field *fields = unwind->kernel->layout.fields;

	return unwind->task && unwind->task->stack &&
	       use(unwind, STACK_TASK, unwind->task->stack,
		   size_or(&fields[THREAD_STACK], STACK_SIZE), at);
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
	const struct guest_field *fields = unwind->kernel->layout.fields;
	uint64_t size = size_or(&fields[THREAD_STACK], STACK_SIZE);

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
