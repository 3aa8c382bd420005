/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text from elsewhere, fit for a terminal. Anyone who starts a VM or a thread
 * chooses its name: escape sequences, newlines and characters that reverse or
 * hide text must not get through. Each of them becomes one '?', and so does
 * each byte that is not UTF-8; other characters stay.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Room for any name and the NUL after it; longer ones are cut. */
#define TEXT_SIZE	1024

/*
 * Copy src to dst, cut between characters to fit into size bytes, for programs
 * to read: UTF-8, whatever the locale is. The two may be the same.
 */
void text_utf8(char *dst, size_t size, const char *src);

/*
 * The same for people. In a locale that is not UTF-8, each character that is not
 * ASCII becomes '?'.
 */
void text_printable(char *dst, size_t size, const char *src);

/* Copy src to dst as it is, cut between characters to fit into size bytes. */
void text_copy(char *dst, size_t size, const char *src);

/* Whether the user's word is that name, as it is or as it is printed. */
bool text_names(const char *word, const char *name);

/* Columns that a text of text_printable() takes on a terminal. */
size_t text_width(const char *text);

/*
 * Copy what fits into so many columns of a text of text_printable(), and fill
 * them with blanks: on the left if right is set. size is at least 4 * columns
 * + 1. Returns the number of bytes.
 */
size_t text_pad(char *dst, size_t size, const char *text, size_t columns,
		bool right);

#endif /* COMMON_TEXT_H */
