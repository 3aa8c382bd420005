// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event-parse.h>

#include "trace/decode-binary.h"

#define MAX_BINDINGS	(NR_FIELDS + EVENT_MAX_EXTRA)

/* A field of the record, and what we know it as; -1 if we do not. */
struct binding {
	struct tep_format_field *field;
	int id;
};

struct binary_decoder {
	struct tep_handle *tep;			/* owns events that were added */
	struct tep_event *events[EVENT_NR_KINDS];
	struct binding bindings[EVENT_NR_KINDS][MAX_BINDINGS];
	int nr_bindings[EVENT_NR_KINDS];
	struct tep_format_field *type;
	struct tep_format_field *thread;
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

/* False if a field is missing that an event cannot do without. */
static bool bind_fields(struct binary_decoder *dec, enum event_kind kind)
{
	struct tep_format_field *field = dec->events[kind]->format.fields;
	struct event seen = { 0 };
	int nr = 0;

	for (; field && nr < MAX_BINDINGS; field = field->next) {
		int id = event_find_field(kind, field->name,
					  strlen(field->name));

		if (!is_number(field) || (id >= 0 && event_has(&seen, id)))
			continue;
		if (id >= 0)
			event_set(&seen, id, 0);
		dec->bindings[kind][nr++] = (struct binding){ field, id };
	}
	dec->nr_bindings[kind] = nr;
	return event_has_key(&seen);
}

bool binary_decoder_bind(struct binary_decoder *dec, struct tep_event *event)
{
	struct tep_format_field *type;
	int kind;

	kind = event_find_kind(event->name, strlen(event->name));
	type = tep_find_common_field(event, "common_type");
	if (kind < 0 || dec->events[kind] || !type || !is_number(type))
		return false;
	dec->type = type;
	dec->thread = tep_find_common_field(event, "common_pid");
	dec->events[kind] = event;
	if (bind_fields(dec, kind))
		return true;
	dec->events[kind] = NULL;
	return false;
}

bool binary_decoder_add(struct binary_decoder *dec, const char *format,
			size_t len)
{
	struct tep_event *event = NULL;

	/* an error in "print fmt" alone still leaves an event: good enough */
	tep_parse_format(dec->tep, &event, format, len, VCPU_INFO_SYSTEM);
	return event && event->name && binary_decoder_bind(dec, event);
}

/* libtraceevent checks neither the record's end nor the sign. */
static bool read_number(struct tep_format_field *field, const void *data,
			size_t size, uint64_t *val)
{
	unsigned long long raw;

	if ((size_t)field->offset + (size_t)field->size > size ||
	    tep_read_number_field(field, data, &raw))
		return false;
	if (field->flags & TEP_FIELD_IS_SIGNED) {
		int shift = 64 - 8 * field->size;

		raw = (unsigned long long)((long long)(raw << shift) >> shift);
	}
	*val = raw;
	return true;
}

static void add_unknown(struct event *ev, const struct tep_format_field *field,
			uint64_t val)
{
	char text[32];

	if (field->flags & TEP_FIELD_IS_SIGNED)
		snprintf(text, sizeof(text), "%" PRId64, (int64_t)val);
	else
		snprintf(text, sizeof(text), "%" PRIu64, val);
	event_add_extra(ev, field->name, strlen(field->name), text,
			strlen(text));
}

static bool decode_field(const struct binding *bound, const void *data,
			 size_t size, struct event *ev)
{
	uint64_t val;

	if (!read_number(bound->field, data, size, &val))
		return false;
	if (bound->id < 0) {
		add_unknown(ev, bound->field, val);
		return true;
	}
	if (fields[bound->id].type == FIELD_INT &&
	    (int64_t)val != (int32_t)val)
		return false;
	event_set(ev, bound->id, val);
	return true;
}

static int find_kind(const struct binary_decoder *dec, uint64_t type)
{
	for (int kind = 0; kind < EVENT_NR_KINDS; kind++) {
		const struct tep_event *event = dec->events[kind];

		if (event && (uint64_t)event->id == type)
			return kind;
	}
	return -1;
}

enum binary_outcome binary_decode(const struct binary_decoder *dec,
				  const void *data, size_t size,
				  struct event *ev)
{
	uint64_t val;
	int kind;

	memset(ev, 0, sizeof(*ev));
	if (!dec->type)
		return BINARY_OTHER;
	if (!read_number(dec->type, data, size, &val))
		return BINARY_BAD;
	kind = find_kind(dec, val);
	if (kind < 0)
		return BINARY_OTHER;
	ev->kind = kind;
	if (dec->thread && read_number(dec->thread, data, size, &val))
		ev->thread = (int)val;
	for (int i = 0; i < dec->nr_bindings[kind]; i++) {
		if (!decode_field(&dec->bindings[kind][i], data, size, ev))
			return BINARY_BAD;
	}
	return BINARY_EVENT;
}
