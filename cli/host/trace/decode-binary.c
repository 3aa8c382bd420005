// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event-parse.h>

#include "trace/decode-binary.h"

#define MAX_BINDINGS	(NR_FIELDS + EVENT_MAX_EXTRA)

/**
 * struct binding - a field of the record, asked for once and not for each record
 * @offset: where it is
 * @size: 1, 2, 4 or 8 bytes
 * @is_signed: whether its highest bit is the sign
 * @narrow: whether it has to fit into 32 bits, with the sign
 * @id: what we know it as; -1 if we do not
 * @name: its name, which the event owns
 */
struct binding {
	size_t offset;
	unsigned int size;
	bool is_signed;
	bool narrow;
	int id;
	const char *name;
};

struct binary_decoder {
	struct tep_handle *tep; /* owns events that were added */
	uint64_t ids[EVENT_NR_KINDS];
	bool bound[EVENT_NR_KINDS];
	struct binding bindings[EVENT_NR_KINDS][MAX_BINDINGS];
	int nr_bindings[EVENT_NR_KINDS];
	size_t end[EVENT_NR_KINDS]; /* no field is behind that */
	struct binding type;
	struct binding thread;
	bool has_thread;
};

struct binary_decoder *binary_decoder_new(void)
{
	struct binary_decoder *dec = calloc(1, sizeof(*dec));

	if (!dec)
		return NULL;
	dec->tep = tep_alloc();
	if (!dec->tep) {
		free(dec);
		return NULL;
	}
	return dec;
}

void binary_decoder_free(struct binary_decoder *dec)
{
	if (!dec)
		return;
	tep_free(dec->tep);
	free(dec);
}

/* A number of a size that can be read; strings and arrays are not. */
static bool is_number(const struct tep_format_field *field)
{
	if (field->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_STRING |
			    TEP_FIELD_IS_DYNAMIC))
		return false;
	return field->offset >= 0 && (field->size == 1 || field->size == 2 ||
				      field->size == 4 || field->size == 8);
}

static struct binding bind_field(const struct tep_format_field *field, int id)
{
	return (struct binding){
		.offset = field->offset,
		.size = field->size,
		.is_signed = field->flags & TEP_FIELD_IS_SIGNED,
		.narrow = id >= 0 && fields[id].type == FIELD_INT,
		.id = id,
		.name = field->name,
	};
}

/* False if a field is missing that an event cannot do without. */
static bool bind_fields(struct binary_decoder *dec, enum event_kind kind,
			const struct tep_format_field *field)
{
	struct event seen = { 0 };
	size_t end = 0;
	int nr = 0;

	for (; field && nr < MAX_BINDINGS; field = field->next) {
		int id = event_find_field(kind, field->name,
					  strlen(field->name));

		if (!is_number(field) || (id >= 0 && event_has(&seen, id)))
			continue;
		if (id >= 0)
			event_set(&seen, id, 0);
		dec->bindings[kind][nr] = bind_field(field, id);
		if (dec->bindings[kind][nr].offset + field->size > end)
			end = dec->bindings[kind][nr].offset + field->size;
		nr++;
	}
	dec->nr_bindings[kind] = nr;
	dec->end[kind] = end;
	return event_has_key(&seen);
}

bool binary_decoder_bind(struct binary_decoder *dec, struct tep_event *event)
{
	struct tep_format_field *type, *thread;
	int kind;

	kind = event_find_kind(event->name, strlen(event->name));
	type = tep_find_common_field(event, "common_type");
	if (kind < 0 || dec->bound[kind] || !type || !is_number(type))
		return false;
	if (!bind_fields(dec, kind, event->format.fields))
		return false;
	dec->type = bind_field(type, -1);
	thread = tep_find_common_field(event, "common_pid");
	dec->has_thread = thread && is_number(thread);
	if (dec->has_thread)
		dec->thread = bind_field(thread, -1);
	dec->ids[kind] = event->id;
	dec->bound[kind] = true;
	return true;
}

bool binary_decoder_add(struct binary_decoder *dec, const char *format,
			size_t len)
{
	struct tep_event *event = NULL;

	/* an error in "print fmt" alone still leaves an event: good enough */
	tep_parse_format(dec->tep, &event, format, len, VCPU_INFO_SYSTEM);
	return event && event->name && binary_decoder_bind(dec, event);
}

bool binary_decoder_has(const struct binary_decoder *dec, enum event_kind kind,
			enum field_id id)
{
	for (int i = 0; i < dec->nr_bindings[kind]; i++) {
		if (dec->bindings[kind][i].id == (int)id)
			return true;
	}
	return false;
}

/* The record has to be long enough. */
static inline uint64_t read_number(const struct binding *field,
				   const char *data)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} n;

	data += field->offset;
	switch (field->size) {
	case 1:
		memcpy(&n, data, 1);
		return field->is_signed ? (uint64_t)(int8_t)n.u8 : n.u8;
	case 2:
		memcpy(&n, data, 2);
		return field->is_signed ? (uint64_t)(int16_t)n.u16 : n.u16;
	case 4:
		memcpy(&n, data, 4);
		return field->is_signed ? (uint64_t)(int32_t)n.u32 : n.u32;
	default:
		memcpy(&n, data, 8);
		return n.u64;
	}
}

static bool is_in(const struct binding *field, size_t size)
{
	return field->offset + field->size <= size;
}

static void add_unknown(struct event *ev, const struct binding *field,
			uint64_t val)
{
	char text[32];

	if (field->is_signed)
		snprintf(text, sizeof(text), "%" PRId64, (int64_t)val);
	else
		snprintf(text, sizeof(text), "%" PRIu64, val);
	event_add_extra(ev, field->name, strlen(field->name), text,
			strlen(text));
}

static bool decode_fields(const struct binding *field, int nr, const char *data,
			  struct event *ev)
{
	for (; nr > 0; nr--, field++) {
		uint64_t val = read_number(field, data);

		if (field->id < 0) {
			add_unknown(ev, field, val);
			continue;
		}
		if (field->narrow && (int64_t)val != (int32_t)val)
			return false;
		event_set(ev, field->id, val);
	}
	return true;
}

static int find_kind(const struct binary_decoder *dec, uint64_t type)
{
	for (int kind = 0; kind < EVENT_NR_KINDS; kind++) {
		if (dec->bound[kind] && dec->ids[kind] == type)
			return kind;
	}
	return -1;
}

enum binary_outcome binary_decode(const struct binary_decoder *dec,
				  const void *data, size_t size,
				  struct event *ev)
{
	int kind;

	/* the room for fields that nearly no event has stays as it is */
	memset(ev, 0, offsetof(struct event, extra));
	if (!dec->type.size)
		return BINARY_OTHER;
	if (!is_in(&dec->type, size))
		return BINARY_BAD;
	kind = find_kind(dec, read_number(&dec->type, data));
	if (kind < 0)
		return BINARY_OTHER;
	ev->kind = kind;
	if (dec->has_thread && is_in(&dec->thread, size))
		ev->thread = (int)read_number(&dec->thread, data);
	if (size < dec->end[kind] ||
	    !decode_fields(dec->bindings[kind], dec->nr_bindings[kind], data,
			   ev))
		return BINARY_BAD;
	return BINARY_EVENT;
}
