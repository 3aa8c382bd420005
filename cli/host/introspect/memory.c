// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "memory.h"

static int compare(const void *a, const void *b)
{
	const struct guest_slot *x = a, *y = b;

	return (x->base > y->base) - (x->base < y->base);
}

bool guest_memory_sort(struct guest_memory *memory)
{
	uint64_t end = 0;

	if (memory->nr_slots)
		qsort(memory->slots, memory->nr_slots, sizeof(*memory->slots),
		      compare);
	for (size_t i = 0; i < memory->nr_slots; i++) {
		const struct guest_slot *slot = &memory->slots[i];

		if (slot->base < end || slot->size > UINT64_MAX - slot->base)
			return false;
		end = slot->base + slot->size;
	}
	return true;
}

void guest_memory_allow(struct guest_memory *memory, uint64_t bytes,
			uint64_t reads)
{
	memory->bytes_left = bytes;
	memory->reads_left = reads;
}

static const struct guest_slot *find(const struct guest_memory *memory,
				     uint64_t address)
{
	size_t low = 0, high = memory->nr_slots;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct guest_slot *slot = &memory->slots[middle];

		if (address < slot->base)
			high = middle;
		else if (address - slot->base >= slot->size)
			low = middle + 1;
		else
			return slot;
	}
	return NULL;
}

bool guest_memory_read(struct guest_memory *memory, uint64_t address, void *to,
		       size_t len)
{
	uint8_t *at = to;

	if (len > memory->bytes_left)
		return false;
	while (len) {
		const struct guest_slot *slot = find(memory, address);
		uint64_t offset, part;

		if (!slot || !memory->reads_left)
			return false;
		offset = address - slot->base;
		part = slot->size - offset < len ? slot->size - offset : len;
		memory->reads_left--;
		memory->bytes_left -= part;
		if (!memory->read(memory->context, slot->where + offset, at, part))
			return false;
		address += part;
		at += part;
		len -= part;
	}
	return true;
}

bool guest_memory_read_process(void *context, uint64_t where, void *to,
			       size_t len)
{
	const pid_t *pid = context;
	struct iovec local = { .iov_base = to, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)where,
				.iov_len = len };

	return process_vm_readv(*pid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

bool guest_memory_read_bytes(void *context, uint64_t where, void *to,
			     size_t len)
{
	const struct guest_bytes *bytes = context;

	if (where > bytes->size || len > bytes->size - where)
		return false;
	memcpy(to, bytes->data + where, len);
	return true;
}
