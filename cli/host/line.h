/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text that is put together piece by piece and then written at once. Millions
 * of records are printed: printf() would take most of the time.
 */
#ifndef HOST_LINE_H
#define HOST_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "outerr.h"

#define LINE_SIZE	4096

/* Room for a number of any kind. */
#define DIGITS_LEN	24

struct line {
	FILE *out;
	size_t len;
	char buf[LINE_SIZE];
};

static inline void line_start(struct line *line, FILE *out)
{
	line->out = out;
	line->len = 0;
}

/* Write what there is; the line can be gone on with. */
static inline void line_write(struct line *line)
{
	if (fwrite(line->buf, 1, line->len, line->out) < line->len)
		outerr_note();
	line->len = 0;
}

static inline void line_bytes(struct line *line, const char *text, size_t len)
{
	if (len > LINE_SIZE - line->len) {
		line_write(line);
		if (len > LINE_SIZE) {
			if (fwrite(text, 1, len, line->out) < len)
				outerr_note();
			return;
		}
	}
	memcpy(line->buf + line->len, text, len);
	line->len += len;
}

static inline void line_text(struct line *line, const char *text)
{
	line_bytes(line, text, strlen(text));
}

static inline void line_char(struct line *line, char c)
{
	line_bytes(line, &c, 1);
}

/* Numbers as text, without a NUL after them; return how long it is. */
size_t digits_uint(char *text, uint64_t val);
size_t digits_int(char *text, int64_t val);
size_t digits_hex(char *text, uint64_t val);	/* 0x1f */
size_t digits_hex16(char *text, uint64_t val);	/* 000000000000001f */

void line_uint(struct line *line, uint64_t val);
void line_int(struct line *line, int64_t val);
void line_hex(struct line *line, uint64_t val);
void line_hex16(struct line *line, uint64_t val);

#endif /* HOST_LINE_H */
