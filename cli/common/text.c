// SPDX-License-Identifier: GPL-2.0
#include <langinfo.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "compiler.h"
#include "text.h"

/*
 * Controls, characters that are not seen or change the direction of others,
 * surrogates and what is no character (Unicode: Cc, Cf, Zl, Zp, Cs, Cn and
 * Default_Ignorable_Code_Point), in order.
 */
static const struct {
	uint32_t first;
	uint32_t last;
} hidden[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
	{ 0x034f, 0x034f }, { 0x0600, 0x0605 }, { 0x061c, 0x061c },
	{ 0x06dd, 0x06dd }, { 0x070f, 0x070f }, { 0x0890, 0x0891 },
	{ 0x08e2, 0x08e2 }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xd800, 0xdfff },
	{ 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
	{ 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1345f },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0x1fffe, 0x1ffff },
	{ 0x2fffe, 0x2ffff }, { 0x3fffe, 0xeffff }, { 0xffffe, 0xfffff },
	{ 0x10fffe, UINT32_MAX },
};

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (c <= hidden[i].last)
			return c >= hidden[i].first;
	}
	return false;
}

/*
 * The character at s and the number of its bytes. 0 bytes: what is there is not
 * UTF-8 (in its shortest form).
 */
static size_t decode(const char *s, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	size_t len;

	*c = p[0];
	if (p[0] < 0x80)
		return 1;
	len = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 :
	      p[0] < 0xf5 ? 4 : 0;
	if (!len)
		return 0;
	*c = p[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)	/* the NUL, too */
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	return *c >= least[len] ? len : 0;
}

static void make_fit(char *dst, size_t size, const char *src, bool ascii)
{
	size_t used = 0;

	while (*src) {
		size_t len, need;
		uint32_t c;
		bool keep;

		/* nearly all of it, and millions of records have some */
		if (*src >= ' ' && *src <= '~') {
			if (used + 1 >= size)
				break;
			dst[used++] = *src++;
			continue;
		}
		len = decode(src, &c);
		keep = len && !is_hidden(c) && !(ascii && len > 1);
		need = keep ? len : 1;
		if (used + need >= size)
			break;
		if (keep)
			memmove(dst + used, src, len);
		else
			dst[used] = '?';
		used += need;
		src += len ? len : 1;
	}
	dst[used] = '\0';
}

void text_utf8(char *dst, size_t size, const char *src)
{
	make_fit(dst, size, src, false);
}

void text_printable(char *dst, size_t size, const char *src)
{
	make_fit(dst, size, src, strcmp(nl_langinfo(CODESET), "UTF-8"));
}

void text_copy(char *dst, size_t size, const char *src)
{
	size_t used = 0;
	uint32_t c;

	while (src[used]) {
		size_t len = decode(src + used, &c);

		if (used + (len ? len : 1) >= size)
			break;
		used += len ? len : 1;
	}
	memcpy(dst, src, used);
	dst[used] = '\0';
}

bool text_names(const char *word, const char *name)
{
	char given[TEXT_SIZE], shown[TEXT_SIZE];

	if (!strcmp(word, name))
		return true;
	text_copy(given, sizeof(given), word);
	text_copy(shown, sizeof(shown), name);
	if (!strcmp(given, shown))
		return true;
	make_fit(shown, sizeof(shown), name, false);
	if (!strcmp(given, shown))
		return true;
	make_fit(shown, sizeof(shown), name, true);
	return !strcmp(given, shown);
}

/* A character that the locale does not know is taken to be as wide as most. */
static size_t columns_of(uint32_t c)
{
	int width = c < 0x80 ? 1 : wcwidth(c);

	return width < 0 ? 1 : width;
}

/* How many characters, of a column each, it begins with: nearly always all. */
static size_t plain(const char *text)
{
	size_t nr = 0;

	while (text[nr] >= ' ' && text[nr] <= '~')
		nr++;
	return nr;
}

size_t text_width(const char *text)
{
	size_t columns = plain(text), len;
	uint32_t c;

	for (text += columns; *text; text += len ? len : 1) {
		len = decode(text, &c);
		columns += columns_of(c);
	}
	return columns;
}

size_t text_pad(char *dst, size_t size, const char *text, size_t columns,
		bool right)
{
	size_t used = plain(text), taken, blanks;
	uint32_t c;

	if (used > columns)
		used = columns;
	if (used >= size)
		used = size - 1;
	taken = used;
	while (text[used]) {
		size_t len = decode(text + used, &c) ?: 1;

		if (taken + columns_of(c) > columns || used + len >= size)
			break;
		taken += columns_of(c);
		used += len;
	}
	blanks = columns - taken;
	if (used + blanks >= size)
		blanks = size - 1 - used;
	memcpy(dst + (right ? blanks : 0), text, used);
	memset(dst + (right ? 0 : used), ' ', blanks);
	dst[used + blanks] = '\0';
	return used + blanks;
}
