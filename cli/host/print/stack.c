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

static void text_task(FILE *out, const struct stack_view *view)
{
	char name[TEXT_SIZE];

	if (view->task) {
		text_printable(name, sizeof(name), view->task->comm);
		fprintf(out, " task %s/%d/%d", name, view->task->pid,
			view->task->tid);
	}
	if (view->stack)
		fprintf(out, " %s", view->exact ? "exact" : "approximate");
	fputc('\n', out);
}

static void text_place(FILE *out, const struct named_frame *frame)
{
	const struct named_place *place = &frame->place;

	if (!place->name[0]) {
		fprintf(out, "0x%016" PRIx64, frame->frame.ip);
		return;
	}
	fprintf(out, "%s+0x%" PRIx64 "/0x%" PRIx64, place->name, place->offset,
		place->size);
	if (place->module[0])
		fprintf(out, " [%s]", place->module);
}

/* "<IRQ>" where a stack begins, and "</IRQ>" where it ends */
static void text_mark(FILE *out, enum guest_stack_type type, bool ends)
{
	const char *name = guest_stack_name(type);

	if (name)
		fprintf(out, "   <%s%s>\n", ends ? "/" : "", name);
}

static void text_frames(FILE *out, const struct named_stack *stack)
{
	enum guest_stack_type type = STACK_NONE;

	for (size_t i = 0; i < stack->nr; i++) {
		const struct guest_frame *frame = &stack->frames[i].frame;

		if (frame->stack != type && !(frame->cs & 3)) {
			text_mark(out, type, true);
			text_mark(out, frame->stack, false);
			type = frame->stack;
		}
		fprintf(out, "    %s", frame->guessed ? "? " : "");
		if (frame->interrupted)
			fprintf(out, "RIP: %04x:", frame->cs);
		text_place(out, &stack->frames[i]);
		fputc('\n', out);
	}
	text_mark(out, type, true);
}

static bool is_complete(const struct named_stack *stack)
{
	return stack->end <= END_LEAF_USER;
}

static void text_body(FILE *out, const struct stack_view *view)
{
	if (!view->stack) {
		fprintf(out, "  no stack: %s\n", view->why);
		return;
	}
	text_frames(out, view->stack);
	fprintf(out, "  %s: %s\n",
		is_complete(view->stack) ? "complete" : "incomplete",
		guest_stack_end_text(view->stack->end));
}

void stack_view_text(FILE *out, const struct stack_view *view)
{
	if (view->stack) {
		fputs("  stack", out);
		text_task(out, view);
	}
	text_body(out, view);
}

void stack_print_text(FILE *out, const struct stack_record *record)
{
	char name[TEXT_SIZE];

	text_printable(name, sizeof(name), process_vm_name(&record->vm->vmm));
	fprintf(out, "VM %d:%d (%s) vCPU %d %s", record->vm->vmm.pid,
		record->vm->fd, name, record->vcpu_id, state_name(record));
	text_task(out, &record->view);
	text_body(out, &record->view);
}

void stack_chain(char *buf, size_t size, const struct named_frame *frames,
		 size_t nr)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < nr && len < size; i++) {
		const struct named_place *place = &frames[i].place;
		char address[32];

		snprintf(address, sizeof(address), "0x%" PRIx64,
			 frames[i].frame.ip);
		len += snprintf(buf + len, size - len, "%s%s", i ? " <- " : "",
				place->name[0] ? place->name : address);
	}
}

struct json_object *stack_json_frame(const struct named_frame *frame)
{
	struct json_object *obj = json_object_new_object();
	const struct named_place *place = &frame->place;

	json_add_hex(obj, "address", frame->frame.ip);
	if (place->name[0]) {
		json_add_text(obj, "symbol", place->name);
		json_add_uint(obj, "offset", place->offset);
		json_add_uint(obj, "size", place->size);
	} else {
		json_add_null(obj, "symbol");
		json_add_null(obj, "offset");
		json_add_null(obj, "size");
	}
	json_add_text(obj, "module", place->module[0] ? place->module : NULL);
	json_add_text(obj, "stack", guest_stack_name(frame->frame.stack));
	json_add_bool(obj, "interrupted", frame->frame.interrupted);
	json_add_bool(obj, "guessed", frame->frame.guessed);
	return obj;
}

struct json_object *stack_json_task(const struct guest_task *task)
{
	struct json_object *obj = json_object_new_object();

	json_add_text(obj, "comm", task->comm);
	json_add_int(obj, "pid", task->pid);
	json_add_int(obj, "tid", task->tid);
	return obj;
}

void stack_view_json(struct json_object *obj, const struct stack_view *view)
{
	const struct named_stack *stack = view->stack;
	struct json_object *frames;

	json_add_text(obj, "kernel", view->kernel);
	json_object_object_add(obj, "task",
			       view->task ? stack_json_task(view->task) : NULL);
	json_add_text(obj, "mode", !stack ? NULL : view->user ? "user" : "kernel");
	json_add_bool(obj, "exact", view->exact);
	json_add_bool(obj, "complete", stack && is_complete(stack));
	json_add_text(obj, "end", stack ? guest_stack_end_word(stack->end) : NULL);
	json_add_text(obj, "reason", view->why);
	frames = json_object_new_array();
	for (size_t i = 0; stack && i < stack->nr; i++)
		json_object_array_add(frames, stack_json_frame(&stack->frames[i]));
	json_object_object_add(obj, "frames", frames);
}

struct json_object *stack_json(const struct stack_record *record)
{
	struct json_object *obj = json_new("stack");
	const char *name = record->vm->vmm.vm.name;

	json_add_text(obj, "vm_name", name[0] ? name : NULL);
	json_add_text(obj, "vmm_comm", record->vm->vmm.comm);
	json_add_int(obj, "vm_pid", record->vm->vmm.pid);
	json_add_int(obj, "vm_fd", record->vm->fd);
	json_add_int(obj, "vcpu_id", record->vcpu_id);
	json_add_text(obj, "state", state_name(record));
	stack_view_json(obj, &record->view);
	return obj;
}

void stack_print_json(FILE *out, const struct stack_record *record)
{
	json_print(out, stack_json(record));
}
