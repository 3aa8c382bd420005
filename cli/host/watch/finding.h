/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the process that reads a guest's memory hands over to 'watch': a stack and the
 * end of the kernel's log. It may have fallen to the guest, so it hands over no text to
 * be printed but values, which are checked; who prints them is the one who believes
 * nothing of it.
 */
#ifndef HOST_WATCH_FINDING_H
#define HOST_WATCH_FINDING_H

#include <stdio.h>

#include <json-c/json.h>

#include "introspect/printk.h"
#include "print/stack.h"

/* Of the guest's log, with its last words */
#define FINDING_MESSAGES	20

/* Why there is no stack, or no log */
#define FINDING_WHY		128

/**
 * struct finding - what was found, of a fixed size
 * @has_vcpu: the vCPU was looked at; else nothing up to @stack means anything
 * @has_kernel: @kernel is its banner
 * @has_task: @task is known
 * @has_stack: @stack is known; else @why says why not
 * @user: as in struct stack_view
 * @exact: the same
 * @state: VCPU_INFO_STATE_*
 * @nr: number of messages
 * @no_log: why there are none; "" if there are
 * @messages: from the oldest to the newest
 */
struct finding {
	uint8_t has_vcpu;
	uint8_t has_kernel;
	uint8_t has_task;
	uint8_t has_stack;
	uint8_t user;
	uint8_t exact;
	uint64_t state;
	char kernel[GUEST_BANNER_SIZE];
	char why[FINDING_WHY];
	struct guest_task task;
	struct named_stack stack;
	uint64_t nr;
	char no_log[FINDING_WHY];
	struct {
		uint64_t seq;
		uint64_t ts_ns;
		uint64_t level;
		uint64_t facility;
		char text[GUEST_MESSAGE_SIZE];
	} messages[FINDING_MESSAGES];
};

/* The reader's side */

void finding_set_stack(struct finding *finding,
		       const struct stack_record *record);

/* The last ones; NULL and why there are none. */
void finding_set_messages(struct finding *finding,
			  const struct guest_messages *messages, const char *why);

/* The other side */

/*
 * Whether what was read, so many bytes, is a finding at all. Then all text in it ends,
 * and has nothing in it that moves a terminal's cursor.
 */
bool finding_check(struct finding *finding, size_t len);

/* One that was checked, of that vCPU of a VM: as 'stack' and 'dmesg' print it. */
void finding_print_text(FILE *out, const struct finding *finding,
			const struct vm *vm, int vcpu_id);

/* Add "stack" (null: there is none) and "messages", an array; NULL: nothing was found. */
void finding_add_json(struct json_object *obj, const struct finding *finding,
		      const struct vm *vm, int vcpu_id);

#endif /* HOST_WATCH_FINDING_H */
