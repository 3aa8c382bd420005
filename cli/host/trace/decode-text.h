/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decoder for the text of a trace file, which unlike the binary buffer can be
 * read any number of times.
 */
#ifndef HOST_TRACE_DECODE_TEXT_H
#define HOST_TRACE_DECODE_TEXT_H

#include "trace/event.h"

enum text_outcome {
	TEXT_EVENT,		/* one of ours */
	TEXT_OTHER,		/* a comment, or an event of somebody else */
	TEXT_BAD,		/* cannot be understood */
};

/**
 * text_entry_len - length of the first entry of a text, with its newline
 * @buf: text that starts at an entry
 * @len: bytes of text
 *
 * An entry is a line, but a thread's name may contain newlines too.
 *
 * Return: 0 if the entry goes on after @buf.
 */
size_t text_entry_len(const char *buf, size_t len);

/* Decode one entry; an entry without a newline is cut off, and bad. */
enum text_outcome text_decode(const char *entry, size_t len,
			      struct event *ev);

#endif /* HOST_TRACE_DECODE_TEXT_H */
