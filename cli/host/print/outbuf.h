/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text that is put together piece by piece and then written at once. Millions
 * of records are printed: printf() would take most of the time.
 */
#ifndef HOST_PRINT_OUTBUF_H
#define HOST_PRINT_OUTBUF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "msg.h"

#define OUTBUF_SIZE 4096

/* Room for a number of any kind. */
#define DIGITS_LEN	24

/* A text of at most so many bytes, in an array that is at least as long. */
#define SHORT_LEN 32

struct outbuf {
	FILE *out;
	size_t len;
	char buf[OUTBUF_SIZE];
};

static inline void outbuf_start(struct outbuf *line, FILE *out)
{
	line->out = out;
	line->len = 0;
}

/* Write what there is; the line can be gone on with. */
static inline void outbuf_write(struct outbuf *line)
{
	if (fwrite(line->buf, 1, line->len, line->out) < line->len)
		outerr_note();
	line->len = 0;
}

/* For outbuf_bytes(): where there is no room. */
void outbuf_overflow(struct outbuf *line, const char *text, size_t len);

static inline void outbuf_bytes(struct outbuf *line, const char *text,
				size_t len)
{
	if (len > OUTBUF_SIZE - line->len) {
		outbuf_overflow(line, text, len);
		return;
	}
	memcpy(line->buf + line->len, text, len);
	line->len += len;
}

static inline void outbuf_short(struct outbuf *line, const char *text,
				size_t len)
{
	if (OUTBUF_SIZE - line->len < SHORT_LEN) {
		outbuf_overflow(line, text, len);
		return;
	}
	/* all of it, since that is quicker */
	memcpy(line->buf + line->len, text, SHORT_LEN);
	line->len += len;
}

static inline void outbuf_text(struct outbuf *line, const char *text)
{
	outbuf_bytes(line, text, strlen(text));
}

static inline void outbuf_char(struct outbuf *line, char c)
{
	outbuf_bytes(line, &c, 1);
}

/*
 * Where so many bytes may be written, to be added to len; NULL if there is no room,
 * and they have to be copied.
 */
static inline char *outbuf_room(struct outbuf *line, size_t size)
{
	return OUTBUF_SIZE - line->len >= size ? line->buf + line->len : NULL;
}

/*
 * Numbers as text, without a NUL after them; return how long it is. There has to
 * be room for DIGITS_LEN bytes, all of which may be changed.
 */
size_t digits_uint(char *text, uint64_t val);
size_t digits_int(char *text, int64_t val);
size_t digits_hex(char *text, uint64_t val);	/* 0x1f */
size_t digits_hex16(char *text, uint64_t val);	/* 000000000000001f */

void outbuf_uint(struct outbuf *line, uint64_t val);
void outbuf_int(struct outbuf *line, int64_t val);
void outbuf_hex(struct outbuf *line, uint64_t val);
void outbuf_hex16(struct outbuf *line, uint64_t val);

#endif /* HOST_PRINT_OUTBUF_H */
