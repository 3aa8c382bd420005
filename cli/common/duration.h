/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times that pass, as the user writes them.
 */
#ifndef COMMON_DURATION_H
#define COMMON_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS   1000000ULL
#define NS_PER_SEC  1000000000ULL
#define SEC_PER_DAY 86400

/* 300 years: no time or age is greater, and sums of them fit. */
#define DURATION_MAX_NS (300ULL * 366 * SEC_PER_DAY * NS_PER_SEC)

/* "30s", "1.5h", "500ms"; seconds if there is no unit. False if it is none. */
bool duration_parse(uint64_t *ns, const char *s);

/*
 * "12" or "12.5" at *s in units of so many nanoseconds; *s moves behind it. False
 * if there is no number, or one that is too large.
 */
bool duration_take(const char **s, uint64_t unit, uint64_t *ns);

#endif /* COMMON_DURATION_H */
