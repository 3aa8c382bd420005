// SPDX-License-Identifier: GPL-2.0
#include "print/outbuf.h"

/* "00" to "99", without NULs */
static const char pairs[100][2] = {
	"00", "01", "02", "03", "04", "05", "06", "07", "08", "09",
	"10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
	"20", "21", "22", "23", "24", "25", "26", "27", "28", "29",
	"30", "31", "32", "33", "34", "35", "36", "37", "38", "39",
	"40", "41", "42", "43", "44", "45", "46", "47", "48", "49",
	"50", "51", "52", "53", "54", "55", "56", "57", "58", "59",
	"60", "61", "62", "63", "64", "65", "66", "67", "68", "69",
	"70", "71", "72", "73", "74", "75", "76", "77", "78", "79",
	"80", "81", "82", "83", "84", "85", "86", "87", "88", "89",
	"90", "91", "92", "93", "94", "95", "96", "97", "98", "99",
};

/* How many digits a number has: from its bits, about, and then exactly. */
static unsigned int count_digits(uint64_t val)
{
	static const uint64_t least[] = {
		0ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL,
		10000000ULL, 100000000ULL, 1000000000ULL, 10000000000ULL,
		100000000000ULL, 1000000000000ULL, 10000000000000ULL,
		100000000000000ULL, 1000000000000000ULL, 10000000000000000ULL,
		100000000000000000ULL, 1000000000000000000ULL,
		10000000000000000000ULL,
	};
	unsigned int bits = 64 - __builtin_clzll(val | 1);
	unsigned int nr = bits * 1233 / 4096; /* log10(2), rounded down */

	return nr + (val >= least[nr]);
}

/* In place: what was written in pieces is slow to read as a whole. */
size_t digits_uint(char *text, uint64_t val)
{
	size_t len = count_digits(val);
	char *p = text + len;

	for (; val >= 100; val /= 100) {
		p -= 2;
		memcpy(p, pairs[val % 100], 2);
	}
	if (val >= 10)
		memcpy(text, pairs[val % 100], 2);
	else
		text[0] = '0' + val;
	return len;
}

size_t digits_int(char *text, int64_t val)
{
	if (val >= 0)
		return digits_uint(text, val);
	text[0] = '-';
	return 1 + digits_uint(text + 1, -(uint64_t)val);
}

/*
 * Eight digits of a number at once: each in a byte of its own, and a letter where
 * it is above 9.
 */
static void hex8(char *text, uint32_t val)
{
	const uint64_t ones = 0x0101010101010101ULL;
	uint64_t x = val, letters;

	x = (x << 16 | x) & 0x0000ffff0000ffffULL;
	x = (x << 8 | x) & 0x00ff00ff00ff00ffULL;
	x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0fULL;
	letters = (x + 6 * ones) >> 4 & ones;
	x += '0' * ones + letters * ('a' - '0' - 10);
	x = __builtin_bswap64(x);
	memcpy(text, &x, sizeof(x));
}

static void hex16(char *text, uint64_t val)
{
	hex8(text, val >> 32);
	hex8(text + 8, val);
}

size_t digits_hex(char *text, uint64_t val)
{
	unsigned int nr = (67 - __builtin_clzll(val | 1)) / 4;

	text[0] = '0';
	text[1] = 'x';
	/* all 16, of which the first ones count */
	hex16(text + 2, val << (64 - 4 * nr));
	return 2 + nr;
}

size_t digits_hex16(char *text, uint64_t val)
{
	hex16(text, val);
	return 16;
}

void outbuf_overflow(struct outbuf *line, const char *text, size_t len)
{
	outbuf_write(line);
	if (len <= OUTBUF_SIZE) {
		memcpy(line->buf, text, len);
		line->len = len;
	} else if (fwrite(text, 1, len, line->out) < len) {
		outerr_note();
	}
}

static void put(struct outbuf *line, uint64_t val,
		size_t (*digits)(char *text, uint64_t val))
{
	char *to = outbuf_room(line, DIGITS_LEN);

	if (to) {
		line->len += digits(to, val);
	} else {
		char text[DIGITS_LEN] = "";
		size_t len = digits(text, val);

		outbuf_bytes(line, text, len);
	}
}

static size_t digits_of_int(char *text, uint64_t val)
{
	return digits_int(text, (int64_t)val);
}

void outbuf_uint(struct outbuf *line, uint64_t val)
{
	put(line, val, digits_uint);
}

void outbuf_int(struct outbuf *line, int64_t val)
{
	put(line, (uint64_t)val, digits_of_int);
}

void outbuf_hex(struct outbuf *line, uint64_t val)
{
	put(line, val, digits_hex);
}

void outbuf_hex16(struct outbuf *line, uint64_t val)
{
	put(line, val, digits_hex16);
}
