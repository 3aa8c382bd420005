/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decoder for binary records, by the descriptions (format files) that the
 * kernel gives of its events. Fields are found by name, so that a module older
 * or newer than this program is understood.
 */
#ifndef HOST_TRACE_DECODE_BINARY_H
#define HOST_TRACE_DECODE_BINARY_H

#include "trace/event.h"

struct binary_decoder;
struct tep_event;

/* NULL when memory is exhausted. */
struct binary_decoder *binary_decoder_new(void);
void binary_decoder_free(struct binary_decoder *dec);

/*
 * Learn an event from the text of its format file. False if that cannot be
 * parsed, is of no event of ours, or lacks the fields that name a vCPU.
 */
bool binary_decoder_add(struct binary_decoder *dec, const char *format,
			size_t len);

/* The same for an event that was parsed already, and outlives the decoder. */
bool binary_decoder_bind(struct binary_decoder *dec, struct tep_event *event);

/* Whether such an event was added, and has that field. */
bool binary_decoder_has(const struct binary_decoder *dec, enum event_kind kind,
			enum field_id id);

enum binary_outcome {
	BINARY_EVENT, /* one of ours */
	BINARY_OTHER, /* of a type that was not added */
	BINARY_BAD, /* too short */
};

/*
 * Decode a record's data. What is not in there (comm, trace_cpu, ts) is left
 * to the caller.
 */
enum binary_outcome binary_decode(const struct binary_decoder *dec,
				  const void *data, size_t size,
				  struct event *ev);

#endif /* HOST_TRACE_DECODE_BINARY_H */
