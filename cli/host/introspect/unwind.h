/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unwinder behind stack.h.
 */
#ifndef INTROSPECT_UNWIND_H
#define INTROSPECT_UNWIND_H

#include "stack.h"

#define UNWIND_PAGES	8

/**
 * struct unwind - a walk up a stack
 * @kernel: whose stack it is
 * @cpu: for its interrupt stacks, or NULL
 * @task: for its stack, or NULL
 * @ip: instruction of the frame, or its return address
 * @exact: which of the two
 * @sp: its stack pointer
 * @bp: its frame pointer, or whatever is in that register
 * @regs: the registers that were last saved whole
 * @has_regs: the frame below has saved some
 * @full_regs: all of them
 * @prev_regs: the one below that has, and what is not saved is unchanged
 * @type: stack that it is on
 * @start: of that stack
 * @end: of that stack
 * @visited: stacks that were left, or are in use, as bits
 * @guessed: the frame was found by a frame pointer
 * @moment: what was on the stack in the moment of the registers, or NULL
 * @younger: something was read that is of a later one
 * @pages: what is known of the stacks: pages from a byte on
 * @next_page: which of them is read over next
 * @room: for the data of those that are read
 */
struct unwind {
	struct guest_kernel *kernel;
	const struct guest_cpu *cpu;
	const struct guest_task *task;
	uint64_t ip;
	bool exact;
	uint64_t sp;
	uint64_t bp;
	uint64_t regs[NR_GUEST_REGISTERS];
	bool has_regs;
	bool full_regs;
	bool prev_regs;
	enum guest_stack_type type;
	uint64_t start;
	uint64_t end;
	unsigned int visited;
	bool guessed;
	const struct vcpu_info_host_stack *moment;
	bool younger;
	struct unwind_page {
		bool valid;
		uint32_t from;
		uint64_t address;
		const uint8_t *data;
	} pages[UNWIND_PAGES];
	unsigned int next_page;
	uint8_t room[UNWIND_PAGES][GUEST_PAGE_SIZE];
};

/*
 * Use a page that was copied from a byte on, and is not freed before the walk is over, if
 * it is still mapped there; after unwind_start().
 */
void unwind_use_page(struct unwind *unwind, uint64_t va, uint64_t pa, uint32_t from,
		     const uint8_t *data);

/* Set limits, drop page tables that may have changed, load the tables. */
void unwind_start(struct unwind *unwind, struct guest_kernel *kernel,
		  const struct guest_cpu *cpu, const struct guest_task *task);

/* A word that is on a stack. */
bool unwind_word(struct unwind *unwind, uint64_t at, uint64_t *value);

/* Where a new task starts: that is no return address. */
bool unwind_is_fork(const struct guest_kernel *kernel, uint64_t ip);

/* Walk from the frame that is set to the end. */
void unwind_run(struct unwind *unwind, struct guest_stack *stack);

/* stacks.c: the stack that an address is on becomes the walk's. */
bool unwind_on_stack(struct unwind *unwind, uint64_t at, size_t len);

/* orc-load.c: unwind tables for an address, NULL if there are none. */
const struct guest_orc *unwind_tables(struct guest_kernel *kernel, uint64_t ip,
				      enum guest_stack_end *why);

#endif /* INTROSPECT_UNWIND_H */
