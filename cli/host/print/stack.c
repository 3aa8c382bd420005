// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "jsonout.h"
#include "print/stack.h"
#include "text.h"
#include "trace/event.h"

static const char *state_name(const struct stack_record *record)
{
	const char *name = record->state ? event_state_name(record->state) : NULL;

	return name ?: "unknown";
}

static void text_head(FILE *out, const struct stack_record *record)
{
	char name[TEXT_SIZE];

	text_printable(name, sizeof(name), process_vm_name(&record->vm->vmm));
	fprintf(out, "VM %d:%d (%s) vCPU %d %s", record->vm->vmm.pid,
		record->vm->fd, name, record->vcpu_id, state_name(record));
	if (record->task) {
		text_printable(name, sizeof(name), record->task->comm);
		fprintf(out, " task %s/%d/%d", name, record->task->pid,
			record->task->tid);
	}
	if (record->stack)
		fprintf(out, " %s", record->exact ? "exact" : "approximate");
	fputc('\n', out);
}

static void text_place(FILE *out, const struct stack_record *record,
		       const struct guest_frame *frame)
{
	struct guest_place place;

	if (!guest_frame_find(record->kernel, frame, &place)) {
		fprintf(out, "0x%016" PRIx64, frame->ip);
		return;
	}
	fprintf(out, "%s+0x%" PRIx64 "/0x%" PRIx64, place.name.name,
		place.name.offset, place.name.size);
	if (place.module)
		fprintf(out, " [%s]", place.module);
}

/* "<IRQ>" where a stack begins, and "</IRQ>" where it ends */
static void text_mark(FILE *out, enum guest_stack_type type, bool ends)
{
	const char *name = guest_stack_name(type);

	if (name)
		fprintf(out, "   <%s%s>\n", ends ? "/" : "", name);
}

static void text_frames(FILE *out, const struct stack_record *record)
{
	enum guest_stack_type type = STACK_NONE;

	for (size_t i = 0; i < record->stack->nr; i++) {
		const struct guest_frame *frame = &record->stack->frames[i];

		if (frame->stack != type && !(frame->cs & 3)) {
			text_mark(out, type, true);
			text_mark(out, frame->stack, false);
			type = frame->stack;
		}
		fprintf(out, "    %s", frame->guessed ? "? " : "");
		if (frame->interrupted)
			fprintf(out, "RIP: %04x:", frame->cs);
		text_place(out, record, frame);
		fputc('\n', out);
	}
	text_mark(out, type, true);
}

void stack_print_text(FILE *out, const struct stack_record *record)
{
	text_head(out, record);
	if (!record->stack) {
		fprintf(out, "  no stack: %s\n", record->why);
		return;
	}
	text_frames(out, record);
	fprintf(out, "  %s: %s\n",
		guest_stack_complete(record->stack) ? "complete" : "incomplete",
		guest_stack_end_text(record->stack->end));
}

static struct json_object *json_frame(const struct stack_record *record,
				      const struct guest_frame *frame)
{
	struct json_object *obj = json_object_new_object();
	struct guest_place place;

	guest_frame_find(record->kernel, frame, &place);
	json_add_hex(obj, "address", frame->ip);
	json_add_text(obj, "symbol", place.name.name);
	if (place.name.name) {
		json_add_uint(obj, "offset", place.name.offset);
		json_add_uint(obj, "size", place.name.size);
	} else {
		json_add_null(obj, "offset");
		json_add_null(obj, "size");
	}
	json_add_text(obj, "module", place.module);
	json_add_text(obj, "stack", guest_stack_name(frame->stack));
	json_add_bool(obj, "interrupted", frame->interrupted);
	json_add_bool(obj, "guessed", frame->guessed);
	return obj;
}

static struct json_object *json_task(const struct guest_task *task)
{
	struct json_object *obj = json_object_new_object();

	json_add_text(obj, "comm", task->comm);
	json_add_int(obj, "pid", task->pid);
	json_add_int(obj, "tid", task->tid);
	return obj;
}

void stack_print_json(FILE *out, const struct stack_record *record)
{
	struct json_object *obj = json_new("stack"), *frames;
	const struct guest_stack *stack = record->stack;
	const char *name = record->vm->vmm.vm.name;

	json_add_text(obj, "vm_name", name[0] ? name : NULL);
	json_add_text(obj, "vmm_comm", record->vm->vmm.comm);
	json_add_int(obj, "vm_pid", record->vm->vmm.pid);
	json_add_int(obj, "vm_fd", record->vm->fd);
	json_add_int(obj, "vcpu_id", record->vcpu_id);
	json_add_text(obj, "state", state_name(record));
	json_add_text(obj, "kernel", record->kernel ? record->kernel->banner : NULL);
	json_object_object_add(obj, "task",
			       record->task ? json_task(record->task) : NULL);
	json_add_text(obj, "mode", !stack ? NULL : record->user ? "user" : "kernel");
	json_add_bool(obj, "exact", record->exact);
	json_add_bool(obj, "complete", stack && guest_stack_complete(stack));
	json_add_text(obj, "end", stack ? guest_stack_end_word(stack->end) : NULL);
	json_add_text(obj, "reason", record->why);
	frames = json_object_new_array();
	for (size_t i = 0; stack && i < stack->nr; i++)
		json_object_array_add(frames, json_frame(record, &stack->frames[i]));
	json_object_object_add(obj, "frames", frames);
	json_print(out, obj);
}
