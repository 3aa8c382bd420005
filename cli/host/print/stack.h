/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks of guests' vCPUs as text, laid out as their kernel prints them, and JSON.
 */
#ifndef HOST_PRINT_STACK_H
#define HOST_PRINT_STACK_H

#include <stdio.h>

#include "introspect/stack.h"
#include "vm/scan.h"

/**
 * struct stack_record - a vCPU and its stack
 * @vm: its VM
 * @vcpu_id: its number
 * @state: VCPU_INFO_STATE_*, 0 if not known
 * @kernel: the guest's kernel, NULL if none was found
 * @task: what runs on it, NULL if that is not known
 * @user: the vCPU is in user mode
 * @exact: it did not run while the stack was read
 * @stack: the stack, NULL if there is none
 * @why: why not
 */
struct stack_record {
	const struct vm *vm;
	int vcpu_id;
	uint64_t state;
	const struct guest_kernel *kernel;
	const struct guest_task *task;
	bool user;
	bool exact;
	const struct guest_stack *stack;
	const char *why;
};

void stack_print_text(FILE *out, const struct stack_record *record);
void stack_print_json(FILE *out, const struct stack_record *record);

#endif /* HOST_PRINT_STACK_H */
