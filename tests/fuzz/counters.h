/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a child has executed counts, too, if it ends by _exit(). The linker has
 * to put __wrap__exit() in its place.
 */
#ifndef FUZZ_COUNTERS_H
#define FUZZ_COUNTERS_H

#include <stdint.h>

/* The linker's names for where libFuzzer's counters begin and end. */
extern uint8_t __start___sancov_cntrs[]
	__attribute__((visibility("hidden")));
extern uint8_t __stop___sancov_cntrs[]
	__attribute__((visibility("hidden")));

void counters_init(void);

/* Add what the children have executed since the last time. */
void counters_carry(void);

#endif /* FUZZ_COUNTERS_H */
