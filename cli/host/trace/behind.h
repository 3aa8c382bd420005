/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeps a file that somebody maps as a whole from filling memory: what was
 * read is dropped, and would be read from the file again.
 */
#ifndef HOST_TRACE_BEHIND_H
#define HOST_TRACE_BEHIND_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct behind - one reader, which goes forward; all zeroes is none yet
 * @start: start of the mapping it is in
 * @end: its end
 * @done: up to there it is dropped; 0 if the mapping is none to be dropped
 */
struct behind {
	uintptr_t start;
	uintptr_t end;
	uintptr_t done;
};

/* The reader has come to that address. */
void behind_at(struct behind *behind, const void *address);

#endif /* HOST_TRACE_BEHIND_H */
