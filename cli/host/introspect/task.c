// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "compiler.h"
#include "task.h"
#include "text.h"

/* Structures are smaller, but for debugging kernels. */
#define MAX_TASK	16384

/* What finding a CPU's task costs at the most, with its page tables. */
#define CURRENT_BYTES	(256U << 10)
#define CURRENT_READS	64

static uint64_t get(const struct guest_field *field, const uint8_t *copy,
		    size_t len)
{
	uint64_t value = 0;

	if (field->known && field->size <= sizeof(value) &&
	    (uint64_t)field->offset + field->size <= len)
		memcpy(&value, copy + field->offset, field->size);
	return value;
}

/* Bytes of the structure that are read: names and numbers, which are near each other. */
static bool needed(const struct guest_kernel *kernel, size_t *from, size_t *end)
{
	static const enum guest_field_id ids[] = { TASK_COMM, TASK_PID, TASK_TGID };

	*from = MAX_TASK;
	*end = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		const struct guest_field *field = &kernel->layout.fields[ids[i]];

		if (!field->known || !field->size || field->size > MAX_TASK ||
		    field->offset > MAX_TASK - field->size)
			return false;
		if (field->offset < *from)
			*from = field->offset;
		if (field->offset + field->size > *end)
			*end = field->offset + field->size;
	}
	return true;
}

static void take_comm(const struct guest_field *field, const uint8_t *copy,
		      char *comm)
{
	char raw[GUEST_COMM_SIZE] = "";
	size_t len = field->size < sizeof(raw) ? field->size : sizeof(raw);

	memcpy(raw, copy + field->offset, len - 1);
	text_utf8(comm, GUEST_COMM_SIZE, raw);
}

bool guest_task_read(struct guest_kernel *kernel, uint64_t address,
		     struct guest_task *task)
{
	const struct guest_field *fields = kernel->layout.fields;
	uint8_t copy[MAX_TASK];
	size_t from, end;

	memset(task, 0, sizeof(*task));
	if (!needed(kernel, &from, &end) ||
	    !guest_kernel_read(kernel, address + from, copy + from, end - from) ||
	    !guest_kernel_field(kernel, address, TASK_STACK, &task->stack))
		return false;
	task->address = address;
	task->tid = get(&fields[TASK_PID], copy, end);
	task->pid = get(&fields[TASK_TGID], copy, end);
	take_comm(&fields[TASK_COMM], copy, task->comm);
	return true;
}

bool guest_task_current(struct guest_kernel *kernel, const struct guest_cpu *cpu,
			struct guest_task *task)
{
	const struct guest_field *hot = &kernel->layout.fields[HOT_TASK];
	uint64_t at = kernel->addresses[SYM_CURRENT], address;

	guest_memory_allow(kernel->memory, CURRENT_BYTES, CURRENT_READS);
	if (kernel->addresses[SYM_HOT] && hot->known)
		at = kernel->addresses[SYM_HOT] + hot->offset;
	return at && guest_kernel_read(kernel, at + cpu->percpu, &address,
				       sizeof(address)) &&
	       guest_task_read(kernel, address, task);
}

/* One run over all tasks. */
struct each {
	struct guest_kernel *kernel;
	size_t left;
	bool (*call)(void *arg, const struct guest_task *task);
	void *arg;
};

static bool visit(struct each *each, uint64_t address)
{
	struct guest_task task;

	if (!each->left)
		return false;
	each->left--;
	if (!guest_task_read(each->kernel, address, &task))
		return false;
	guest_kernel_field(each->kernel, address, TASK_SP, &task.sp);
	return each->call(each->arg, &task);
}

/* The threads of a process, by the list that starts in its signal_struct. */
static bool visit_threads(struct each *each, uint64_t leader)
{
	const struct guest_field *fields = each->kernel->layout.fields;
	uint64_t signal, head, entry;

	if (!fields[SIGNAL_THREADS].known || !fields[TASK_THREADS].known ||
	    !guest_kernel_field(each->kernel, leader, TASK_SIGNAL, &signal))
		return visit(each, leader);
	head = signal + fields[SIGNAL_THREADS].offset;
	if (!guest_kernel_read(each->kernel, head, &entry, sizeof(entry)))
		return false;
	while (entry != head) {
		if (!visit(each, entry - fields[TASK_THREADS].offset) ||
		    !guest_kernel_read(each->kernel, entry, &entry, sizeof(entry)))
			return false;
	}
	return true;
}

bool guest_task_each(struct guest_kernel *kernel, size_t max,
		     bool (*call)(void *arg, const struct guest_task *task),
		     void *arg)
{
	struct each each = { kernel, max, call, arg };
	uint32_t offset = kernel->layout.fields[TASK_TASKS].offset;
	uint64_t head = kernel->addresses[SYM_INIT_TASK] + offset, entry;

	if (!kernel->addresses[SYM_INIT_TASK] ||
	    !kernel->layout.fields[TASK_TASKS].known ||
	    !guest_kernel_read(kernel, head, &entry, sizeof(entry)))
		return false;
	while (entry != head) {
		if (!each.left || !visit_threads(&each, entry - offset) ||
		    !guest_kernel_read(kernel, entry, &entry, sizeof(entry)))
			return false;
	}
	return true;
}
