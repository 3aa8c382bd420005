// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "printk.h"

/* Bounds of what a kernel may be configured for, and more than any is. */
#define MAX_COUNT_BITS	18
#define MAX_SIZE_BITS	25
#define MIN_SIZE_BITS	8
#define MAX_DESC	256
#define MAX_INFO	512
#define LOG_BYTES	(192UL << 20)
#define LOG_READS	(LOG_BYTES / GUEST_PAGE_SIZE)

/* A descriptor's state is in the two highest bits of its id. */
#define STATE_SHIFT	62
#define STATE_COMMITTED	1	/* there, and may be continued */
#define STATE_FINAL	2
#define ID_MASK		((1ULL << STATE_SHIFT) - 1)

/* A block of text begins with the id of its descriptor. */
#define BLOCK_HEAD	sizeof(uint64_t)

/*
 * The ring as it was copied. Descriptors are copied before and after all else: one
 * that differs was written to meanwhile.
 */
struct ring {
	const struct guest_field *fields;
	uint64_t count;
	uint64_t size;
	uint64_t first;
	uint64_t last;
	uint8_t *descs;
	uint8_t *descs_after;
	uint8_t *infos;
	uint8_t *data;
};

static uint64_t get(const struct ring *ring, const uint8_t *structure,
		    enum guest_field_id id)
{
	const struct guest_field *field = &ring->fields[id];
	uint64_t value = 0;

	memcpy(&value, structure + field->offset, field->size);
	return value;
}

/* Whether a structure has all these members inside, of 1 to 8 bytes. */
static bool is_usable(const struct guest_field *fields, enum guest_field_id whole,
		      size_t max, enum guest_field_id from, enum guest_field_id to)
{
	size_t size = fields[whole].size;

	if (!fields[whole].known || size > max)
		return false;
	for (int i = from; i <= (int)to; i++) {
		if (!fields[i].known || !fields[i].size || fields[i].size > 8 ||
		    fields[i].size > size ||
		    fields[i].offset > size - fields[i].size)
			return false;
	}
	return true;
}

static uint8_t *copy(struct guest_kernel *kernel, uint64_t va, size_t len)
{
	uint8_t *to = malloc(len);

	if (to && guest_kernel_read(kernel, va, to, len))
		return to;
	free(to);
	return NULL;
}

/* Behind the facility is a byte of flags, whose three highest bits are the level. */
static bool has_types(const struct guest_field *fields)
{
	return is_usable(fields, PRINTK_DESC, MAX_DESC, PRINTK_DESC_STATE,
			 PRINTK_DESC_NEXT) &&
	       is_usable(fields, PRINTK_INFO, MAX_INFO, PRINTK_INFO_SEQ,
			 PRINTK_INFO_FACILITY) &&
	       fields[PRINTK_INFO_FACILITY].offset + 1 < fields[PRINTK_INFO].size;
}

static bool copy_ring(struct guest_kernel *kernel, uint64_t at, struct ring *ring)
{
	uint64_t descs, infos, data, count_bits, size_bits;
	size_t desc = ring->fields[PRINTK_DESC].size;

	if (!guest_kernel_field(kernel, at, PRINTK_COUNT_BITS, &count_bits) ||
	    !guest_kernel_field(kernel, at, PRINTK_SIZE_BITS, &size_bits) ||
	    !guest_kernel_field(kernel, at, PRINTK_DESCS, &descs) ||
	    !guest_kernel_field(kernel, at, PRINTK_INFOS, &infos) ||
	    !guest_kernel_field(kernel, at, PRINTK_DATA, &data) ||
	    !guest_kernel_field(kernel, at, PRINTK_TAIL_ID, &ring->first) ||
	    !guest_kernel_field(kernel, at, PRINTK_HEAD_ID, &ring->last) ||
	    !count_bits || count_bits > MAX_COUNT_BITS ||
	    size_bits < MIN_SIZE_BITS || size_bits > MAX_SIZE_BITS)
		return false;
	ring->count = 1ULL << count_bits;
	ring->size = 1ULL << size_bits;
	ring->descs = copy(kernel, descs, ring->count * desc);
	ring->infos = copy(kernel, infos,
			   ring->count * ring->fields[PRINTK_INFO].size);
	ring->data = copy(kernel, data, ring->size);
	ring->descs_after = copy(kernel, descs, ring->count * desc);
	return ring->descs && ring->infos && ring->data && ring->descs_after;
}

static void free_ring(struct ring *ring)
{
	free(ring->descs);
	free(ring->descs_after);
	free(ring->infos);
	free(ring->data);
}

/*
 * The block of a descriptor, without its head. One that does not fit behind others
 * is at the start of the ring; where it ends is not part of it. False: it has none.
 */
static bool find_block(const struct ring *ring, const uint8_t *desc, uint64_t id,
		       const uint8_t **text, size_t *len)
{
	uint64_t begin = get(ring, desc, PRINTK_DESC_BEGIN);
	uint64_t next = get(ring, desc, PRINTK_DESC_NEXT), head;
	uint64_t start = begin & (ring->size - 1), size;

	/* odd ones say that there is no text, or that there was no room for it */
	if (begin & 1 || next & 1)
		return false;
	if (begin / ring->size == (next - 1) / ring->size) {
		size = next - begin;
	} else {
		start = 0;
		size = next & (ring->size - 1);
	}
	if (size < BLOCK_HEAD || size > ring->size - start)
		return false;
	memcpy(&head, ring->data + start, sizeof(head));
	*text = ring->data + start + BLOCK_HEAD;
	*len = size - BLOCK_HEAD;
	return head == id;
}

/* What is reserved, or free again, is no message. */
static bool is_message(const struct ring *ring, uint64_t id)
{
	size_t place = id & (ring->count - 1);
	uint64_t state = get(ring,
			     ring->descs + place * ring->fields[PRINTK_DESC].size,
			     PRINTK_DESC_STATE);

	return (state & ID_MASK) == id &&
	       (state >> STATE_SHIFT == STATE_FINAL ||
		state >> STATE_SHIFT == STATE_COMMITTED);
}

/* False if it is torn. A message without text has no block. */
static bool take_message(const struct ring *ring, uint64_t id,
			 struct guest_message *message)
{
	const struct guest_field *fields = ring->fields;
	size_t place = id & (ring->count - 1), len, max = 0;
	size_t at = place * fields[PRINTK_DESC].size;
	const uint8_t *info = ring->infos + place * fields[PRINTK_INFO].size;
	const uint8_t *text = NULL;

	len = get(ring, info, PRINTK_INFO_LEN);
	if (memcmp(ring->descs + at, ring->descs_after + at,
		   fields[PRINTK_DESC].size) ||
	    (len && !find_block(ring, ring->descs + at, id, &text, &max)))
		return false;
	len = len < max ? len : max;
	len = len < GUEST_MESSAGE_SIZE ? len : GUEST_MESSAGE_SIZE - 1;
	message->text = calloc(1, len + 1);
	if (!message->text)
		return false;
	if (len)
		memcpy(message->text, text, len);
	message->seq = get(ring, info, PRINTK_INFO_SEQ);
	message->ts_ns = get(ring, info, PRINTK_INFO_TIME);
	message->facility = get(ring, info, PRINTK_INFO_FACILITY);
	message->level = info[fields[PRINTK_INFO_FACILITY].offset + 1] >> 5;
	return true;
}

static void take_all(const struct ring *ring, struct guest_messages *messages)
{
	uint64_t nr = ((ring->last - ring->first) & ID_MASK) + 1;

	for (uint64_t i = 0; i < nr && i < ring->count; i++) {
		uint64_t id = (ring->first + i) & ID_MASK;

		if (!is_message(ring, id))
			continue;
		if (take_message(ring, id, &messages->list[messages->nr]))
			messages->nr++;
		else
			messages->torn++;
	}
}

const char *guest_messages_read(struct guest_kernel *kernel,
				struct guest_messages *messages)
{
	struct ring ring = { .fields = kernel->layout.fields };
	const char *why = NULL;
	uint64_t at;

	*messages = (struct guest_messages){ 0 };
	if (!kernel->has_layout || !has_types(kernel->layout.fields))
		return "its kernel has no BTF, or keeps its messages otherwise";
	guest_memory_allow(kernel->memory, LOG_BYTES, LOG_READS);
	if (!kernel->addresses[SYM_PRINTK] ||
	    !guest_kernel_read(kernel, kernel->addresses[SYM_PRINTK], &at,
			       sizeof(at)) ||
	    !copy_ring(kernel, at, &ring))
		why = "its messages could not be read";
	else
		messages->list = calloc(ring.count, sizeof(*messages->list));
	if (messages->list)
		take_all(&ring, messages);
	else if (!why)
		why = "out of memory";
	free_ring(&ring);
	return why;
}

void guest_messages_free(struct guest_messages *messages)
{
	for (size_t i = 0; i < messages->nr; i++)
		free(messages->list[i].text);
	free(messages->list);
}
