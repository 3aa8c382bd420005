/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decoder for binary records, by the descriptions (format files) that the
 * kernel gives of its events. Fields are found by name, so that a module older
 * or newer than this program is understood.
 */
#ifndef HOST_DECODE_RAW_H
#define HOST_DECODE_RAW_H

#include "event.h"

struct raw_decoder;
struct tep_event;

/* NULL when memory is exhausted. */
struct raw_decoder *raw_decoder_new(void);
void raw_decoder_free(struct raw_decoder *dec);

/*
 * Learn an event from the text of its format file. False if that cannot be
 * parsed, is of no event of ours, or lacks the fields that name a vCPU.
 */
bool raw_decoder_add(struct raw_decoder *dec, const char *format, size_t len);

/* The same for an event that was parsed already, and outlives the decoder. */
bool raw_decoder_bind(struct raw_decoder *dec, struct tep_event *event);

enum raw_outcome {
	RAW_EVENT,		/* one of ours */
	RAW_OTHER,		/* of a type that was not added */
	RAW_BAD,		/* too short */
};

/*
 * Decode a record's data. What is not in there (comm, trace_cpu, ts) is left
 * to the caller.
 */
enum raw_outcome raw_decode(const struct raw_decoder *dec, const void *data,
			    size_t size, struct event *ev);

#endif /* HOST_DECODE_RAW_H */
