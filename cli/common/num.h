/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strict numbers: the whole string has to be one, in range, without blanks.
 */
#ifndef COMMON_NUM_H
#define COMMON_NUM_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal, with or without a minus sign, from min to max. */
bool num_parse_int(const char *s, long long min, long long max,
		   long long *val);

/* Decimal, or hexadecimal after "0x"; no sign. */
bool num_parse_u64(const char *s, uint64_t *val);

#endif /* COMMON_NUM_H */
