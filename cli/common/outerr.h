/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why writing to standard output failed: stdio remembers only that it did.
 */
#ifndef COMMON_OUTERR_H
#define COMMON_OUTERR_H

/* To be called right after a write that may have failed; the first counts. */
void outerr_note(void);

/* The errno number of the first failure that was noted; 0 for none. */
int outerr_get(void);

#endif /* COMMON_OUTERR_H */
