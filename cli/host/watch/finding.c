// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "jsonout.h"
#include "print/message.h"
#include "text.h"
#include "watch/finding.h"

/* Of syslog(3) */
#define MAX_LEVEL	7
#define MAX_FACILITY	255

void finding_set_stack(struct finding *finding,
		       const struct stack_record *record)
{
	const struct stack_view *view = &record->view;

	finding->has_vcpu = true;
	finding->has_kernel = !!view->kernel;
	finding->has_task = !!view->task;
	finding->has_stack = !!view->stack;
	finding->user = view->user;
	finding->exact = view->exact;
	finding->state = record->state;
	text_copy(finding->kernel, sizeof(finding->kernel), view->kernel ?: "");
	text_copy(finding->why, sizeof(finding->why), view->why ?: "");
	if (view->task)
		finding->task = *view->task;
	if (view->stack)
		memcpy(&finding->stack, view->stack,
		       named_stack_len(view->stack));
}

void finding_set_messages(struct finding *finding,
			  const struct guest_messages *messages, const char *why)
{
	size_t first = 0;

	finding->nr = 0;
	text_copy(finding->no_log, sizeof(finding->no_log), why ?: "");
	if (!messages)
		return;
	if (messages->nr > FINDING_MESSAGES)
		first = messages->nr - FINDING_MESSAGES;
	for (size_t i = first; i < messages->nr; i++) {
		const struct guest_message *from = &messages->list[i];

		finding->messages[finding->nr].seq = from->seq;
		finding->messages[finding->nr].ts_ns = from->ts_ns;
		finding->messages[finding->nr].level = from->level;
		finding->messages[finding->nr].facility = from->facility;
		text_copy(finding->messages[finding->nr].text,
			  GUEST_MESSAGE_SIZE, from->text);
		finding->nr++;
	}
}

/* Text is whatever it likes, but text. */
static void end_text(char *text, size_t size)
{
	text[size - 1] = '\0';
	text_printable(text, size, text);
}

static bool check_messages(struct finding *finding)
{
	if (finding->nr > FINDING_MESSAGES)
		return false;
	for (size_t i = 0; i < finding->nr; i++) {
		/* it is made fit for where it goes when it is printed */
		finding->messages[i].text[GUEST_MESSAGE_SIZE - 1] = '\0';
		if (finding->messages[i].level > MAX_LEVEL ||
		    finding->messages[i].facility > MAX_FACILITY)
			return false;
	}
	end_text(finding->no_log, sizeof(finding->no_log));
	return true;
}

bool finding_check(struct finding *finding, size_t len)
{
	struct named_stack *stack = &finding->stack;

	if (len != sizeof(*finding) || !check_messages(finding))
		return false;
	if (!finding->has_stack)
		stack->nr = 0;
	if (stack->nr > GUEST_MAX_FRAMES ||
	    !named_stack_check(stack, named_stack_len(stack)))
		return false;
	end_text(finding->kernel, sizeof(finding->kernel));
	end_text(finding->why, sizeof(finding->why));
	end_text(finding->task.comm, sizeof(finding->task.comm));
	return true;
}

static struct stack_record record_of(const struct finding *finding,
				     const struct vm *vm, int vcpu_id)
{
	return (struct stack_record){
		.vm = vm, .vcpu_id = vcpu_id, .state = finding->state,
		.view = {
			.kernel = finding->has_kernel ? finding->kernel : NULL,
			.task = finding->has_task ? &finding->task : NULL,
			.user = finding->user,
			.exact = finding->exact,
			.stack = finding->has_stack ? &finding->stack : NULL,
			.why = finding->has_stack ? NULL : finding->why,
		},
	};
}

static struct guest_message message_of(const struct finding *finding, size_t i)
{
	return (struct guest_message){
		.seq = finding->messages[i].seq,
		.ts_ns = finding->messages[i].ts_ns,
		.level = finding->messages[i].level,
		.facility = finding->messages[i].facility,
		.text = (char *)finding->messages[i].text,
	};
}

void finding_print_text(FILE *out, const struct finding *finding,
			const struct vm *vm, int vcpu_id)
{
	struct stack_record record = record_of(finding, vm, vcpu_id);

	if (finding->has_vcpu)
		stack_print_text(out, &record);
	if (finding->no_log[0])
		fprintf(out, "  no log: %s\n", finding->no_log);
	for (size_t i = 0; i < finding->nr; i++) {
		struct guest_message message = message_of(finding, i);

		message_print_text(out, &message);
	}
}

void finding_add_json(struct json_object *obj, const struct finding *finding,
		      const struct vm *vm, int vcpu_id)
{
	struct json_object *messages = json_object_new_array();
	struct json_object *stack = NULL;

	if (finding && finding->has_vcpu) {
		struct stack_record record = record_of(finding, vm, vcpu_id);

		stack = stack_json(&record);
	}
	json_object_object_add(obj, "stack", stack);
	for (size_t i = 0; finding && i < finding->nr; i++) {
		struct guest_message message = message_of(finding, i);

		json_object_array_add(messages, message_json(&message));
	}
	json_object_object_add(obj, "messages", messages);
}
