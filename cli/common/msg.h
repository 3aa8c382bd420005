/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages on standard error: what is wrong, and what to do about it.
 */
#ifndef COMMON_MSG_H
#define COMMON_MSG_H

#include "compiler.h"

/* The program's name, which comes before every message. */
void msg_set_program(const char *name);

/* "PROGRAM: TEXT" */
__printf(1, 2)
void msg_error(const char *fmt, ...);

/* The same for what is no error, such as a summary. */
__printf(1, 2)
void msg_note(const char *fmt, ...);

/* A line below an error that says what to do: "  TEXT" */
__printf(1, 2)
void msg_hint(const char *fmt, ...);

/*
 * Why writing to standard output failed: stdio remembers only that it did.
 * To be called right after a write that may have failed; the first counts.
 */
void outerr_note(void);

/* The errno number of the first failure that was noted; 0 for none. */
int outerr_get(void);

#endif /* COMMON_MSG_H */
