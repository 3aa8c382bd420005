/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was found in a guest's memory, without the memory and the tables it was
 * found by: for another process, and for printing.
 */
#ifndef INTROSPECT_NAMED_H
#define INTROSPECT_NAMED_H

#include "stack.h"

/* As long as names in a kernel are, with the NUL. */
#define NAMED_SIZE	512

/**
 * struct named_place - what an address is
 * @name: its symbol, "" if it is in none
 * @module: the module it is in, "" for none
 * @offset: bytes from the symbol's start
 * @size: bytes to the next symbol's start, or the end of what holds it
 */
struct named_place {
	char name[NAMED_SIZE];
	char module[GUEST_MODULE_NAME];
	uint64_t offset;
	uint64_t size;
};

/* A frame and what its address is. */
struct named_frame {
	struct guest_frame frame;
	struct named_place place;
};

/**
 * struct named_stack - a call chain
 * @end: how it ended
 * @nr: number of frames
 * @has_aside: as in struct guest_stack, as are the next two
 * @aside_frame: of @frames
 * @aside: registers, by PT_REG_*
 * @frames: from the innermost function outwards
 */
struct named_stack {
	enum guest_stack_end end;
	size_t nr;
	bool has_aside;
	size_t aside_frame;
	uint64_t aside[NR_GUEST_REGISTERS];
	struct named_frame frames[GUEST_MAX_FRAMES];
};

/* Name an address; false, and all of it empty, if it is in no symbol. */
bool named_place_find(const struct guest_kernel *kernel, uint64_t address,
		      struct named_place *place);

/* Name all frames of a stack. */
void named_stack_make(const struct guest_kernel *kernel,
		      const struct guest_stack *stack,
		      struct named_stack *named);

/*
 * Whether a place and a stack are as the functions above make them, of which the
 * first len bytes came from a process that is not trusted. Text is ended by NULs, and
 * made fit for a terminal.
 */
void named_place_end(struct named_place *place);
bool named_stack_check(struct named_stack *stack, size_t len);

/*
 * The same of a copy of what that process can still change: what is in use of it is read
 * once.
 */
void named_place_take(struct named_place *to, const struct named_place *from);
bool named_stack_take(struct named_stack *to, const struct named_stack *from, size_t len);

/* Bytes of a stack that are in use. */
size_t named_stack_len(const struct named_stack *stack);

#endif /* INTROSPECT_NAMED_H */
