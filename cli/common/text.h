/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text from elsewhere, fit for a terminal.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stddef.h>

/*
 * Copy src to dst, cut to size, with '?' for all that is not printable ASCII:
 * a thread may call itself anything, escape sequences included.
 */
void text_printable(char *dst, size_t size, const char *src);

#endif /* COMMON_TEXT_H */
