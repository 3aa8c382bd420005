/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's physical memory, read from outside.
 *
 * All of introspect/ reads through this interface and nothing else, so the same
 * code works on a running VM, on a file of its RAM and on a test's arrays. The
 * guest owns what is read: callers copy it once and check the copy.
 */
#ifndef INTROSPECT_MEMORY_H
#define INTROSPECT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GUEST_PAGE_SIZE	4096

/**
 * struct guest_slot - a range of guest-physical memory
 * @base: guest-physical address of its first byte
 * @size: bytes
 * @where: what read() gets for @base: an address in the VMM, or an offset
 */
struct guest_slot {
	uint64_t base;
	uint64_t size;
	uint64_t where;
};

/**
 * struct guest_memory - how to read a guest's memory, and how much of it
 * @slots: ranges, sorted by base and not overlapping (guest_memory_sort())
 * @nr_slots: their number
 * @read: copies len bytes from @where, all of them or false
 * @context: its first argument
 * @bytes_left: bytes that may still be read
 * @reads_left: calls of @read that may still be made
 *
 * The two limits bound the time that hostile page tables can cost. Once one
 * is used up all reads fail, until guest_memory_allow() sets new ones.
 */
struct guest_memory {
	struct guest_slot *slots;
	size_t nr_slots;
	bool (*read)(void *context, uint64_t where, void *to, size_t len);
	void *context;
	uint64_t bytes_left;
	uint64_t reads_left;
};

/* Sort the slots. False if two overlap or one wraps around. */
bool guest_memory_sort(struct guest_memory *memory);

/* What may be read from now on. */
void guest_memory_allow(struct guest_memory *memory, uint64_t bytes,
			uint64_t reads);

/*
 * Copy guest-physical memory. False if any of it is in no slot, cannot be read
 * or exceeds the limits; the buffer's contents are undefined then.
 */
bool guest_memory_read(struct guest_memory *memory, uint64_t address, void *to,
		       size_t len);

/* read() for slots that are addresses in a process; context: its pid_t. */
bool guest_memory_read_process(void *context, uint64_t where, void *to,
			       size_t len);

/**
 * struct guest_bytes - context of guest_memory_read_bytes()
 * @data: the bytes
 * @size: their number
 */
struct guest_bytes {
	const uint8_t *data;
	uint64_t size;
};

/* read() for slots that are offsets into an array or a mapped file. */
bool guest_memory_read_bytes(void *context, uint64_t where, void *to,
			     size_t len);

#endif /* INTROSPECT_MEMORY_H */
