/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks of guests' vCPUs as text, laid out as their kernel prints them, and JSON.
 */
#ifndef HOST_PRINT_STACK_H
#define HOST_PRINT_STACK_H

#include <stdio.h>

#include <json-c/json.h>

#include "introspect/named.h"
#include "vm/scan.h"

/**
 * struct stack_view - what was found of a vCPU
 * @kernel: banner of the guest's kernel, NULL if none was found
 * @task: what runs on it, NULL if that is not known
 * @user: the vCPU is in user mode
 * @exact: it did not run while the stack was read
 * @stack: the stack, NULL if there is none
 * @why: why not
 */
struct stack_view {
	const char *kernel;
	const struct guest_task *task;
	bool user;
	bool exact;
	const struct named_stack *stack;
	const char *why;
};

/**
 * struct stack_record - a vCPU and its stack
 * @vm: its VM
 * @vcpu_id: its number
 * @state: VCPU_INFO_STATE_*, 0 if not known
 * @view: what was found
 */
struct stack_record {
	const struct vm *vm;
	int vcpu_id;
	uint64_t state;
	struct stack_view view;
};

void stack_print_text(FILE *out, const struct stack_record *record);
void stack_print_json(FILE *out, const struct stack_record *record);
struct json_object *stack_json(const struct stack_record *record);

/* The same without what says which vCPU it is, to go with a record. */
void stack_view_text(FILE *out, const struct stack_view *view);
void stack_view_json(struct json_object *obj, const struct stack_view *view);

/*
 * The names of the innermost frames in one line, "leaf <- caller", fit for a
 * terminal and cut to size.
 */
void stack_chain(char *buf, size_t size, const struct named_frame *frames,
		 size_t nr);

/* One frame, as in the array of a stack. */
struct json_object *stack_json_frame(const struct named_frame *frame);
struct json_object *stack_json_task(const struct guest_task *task);

#endif /* HOST_PRINT_STACK_H */
