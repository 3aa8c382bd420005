// SPDX-License-Identifier: GPL-2.0
#include "print/outbuf.h"

static const char hex_digits[] = "0123456789abcdef";

size_t digits_uint(char *text, uint64_t val)
{
	char reversed[DIGITS_LEN];
	size_t len = 0;

	do {
		reversed[len++] = '0' + val % 10;
		val /= 10;
	} while (val);
	for (size_t i = 0; i < len; i++)
		text[i] = reversed[len - 1 - i];
	return len;
}

size_t digits_int(char *text, int64_t val)
{
	if (val >= 0)
		return digits_uint(text, val);
	text[0] = '-';
	return 1 + digits_uint(text + 1, -(uint64_t)val);
}

static size_t hex(char *text, uint64_t val, int nr)
{
	for (int i = nr - 1; i >= 0; i--) {
		text[i] = hex_digits[val & 0xf];
		val >>= 4;
	}
	return nr;
}

size_t digits_hex(char *text, uint64_t val)
{
	int bits = val ? 64 - __builtin_clzll(val) : 1;

	text[0] = '0';
	text[1] = 'x';
	return 2 + hex(text + 2, val, (bits + 3) / 4);
}

size_t digits_hex16(char *text, uint64_t val)
{
	return hex(text, val, 16);
}

void outbuf_uint(struct outbuf *line, uint64_t val)
{
	char text[DIGITS_LEN];
	size_t len = digits_uint(text, val);

	outbuf_bytes(line, text, len);
}

void outbuf_int(struct outbuf *line, int64_t val)
{
	char text[DIGITS_LEN];
	size_t len = digits_int(text, val);

	outbuf_bytes(line, text, len);
}

void outbuf_hex(struct outbuf *line, uint64_t val)
{
	char text[DIGITS_LEN];
	size_t len = digits_hex(text, val);

	outbuf_bytes(line, text, len);
}

void outbuf_hex16(struct outbuf *line, uint64_t val)
{
	char text[DIGITS_LEN];
	size_t len = digits_hex16(text, val);

	outbuf_bytes(line, text, len);
}
