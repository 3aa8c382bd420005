// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "compiler.h"
#include "profile/svg.h"

static const unsigned char colours[FRAME_NR_KINDS][3] = {
	[FRAME_VM] = { 200, 200, 205 },
	[FRAME_STATE] = { 215, 210, 200 },
	[FRAME_TASK] = { 225, 195, 120 },
	[FRAME_KERNEL] = { 235, 140, 70 },
	[FRAME_MODULE] = { 225, 190, 50 },
	[FRAME_USER] = { 120, 190, 90 },
	[FRAME_IDLE] = { 150, 185, 220 },
	[FRAME_VMM] = { 175, 150, 215 },
	[FRAME_PREEMPTED] = { 225, 110, 120 },
	[FRAME_UNKNOWN] = { 175, 175, 175 },
	[FRAME_OTHER] = { 150, 150, 150 },
};

static int clamp(int value)
{
	return value < 0 ? 0 : value > 255 ? 255 : value;
}

void svg_colour(FILE *out, enum frame_kind kind, int shade)
{
	const unsigned char *rgb = colours[kind];

	fprintf(out, "#%02x%02x%02x", clamp(rgb[0] + 2 * shade),
		clamp(rgb[1] + 3 * shade), clamp(rgb[2] + 2 * shade));
}

/* U+FFFE and U+FFFF are no characters for XML */
static bool is_noncharacter(const char *at)
{
	return !strncmp(at, "\xef\xbf\xbe", 3) || !strncmp(at, "\xef\xbf\xbf", 3);
}

void svg_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			if (is_noncharacter(text)) {
				putc('?', out);
				text += 2;
			} else if ((unsigned char)*text < ' ' || *text == 0x7f) {
				putc('?', out);
			} else {
				putc(*text, out);
			}
		}
	}
}

void svg_begin(FILE *out, unsigned int height, const char *title)
{
	static const char *const styles[] = {
		"text{font:12px monospace;fill:#000}", ".t{font-size:16px}",
		".n{fill:#555}", "g.f{cursor:pointer}",
		"g.f:hover rect{stroke:#000}", ".up rect{opacity:.5}",
		".hit rect{fill:#e020d0}", ".b{fill:#00c;cursor:pointer}",
	};

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" role=\"img\">\n<title>", SVG_WIDTH, height, SVG_WIDTH, height);
	svg_text(out, title);
	fputs("</title>\n<style>\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(styles); i++)
		fprintf(out, "%s\n", styles[i]);
	fputs("</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
	      out);
	fprintf(out, "<text class=\"t\" x=\"%d\" y=\"22\">", SVG_PAD);
	svg_text(out, title);
	fputs("</text>\n", out);
}

void svg_legend(FILE *out, unsigned int y, const enum frame_kind *kinds)
{
	unsigned int x = SVG_PAD;

	for (; *kinds != FRAME_NR_KINDS; kinds++) {
		const char *text = frame_kind_text(*kinds);

		fprintf(out, "<rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" fill=\"",
			x, y - 10);
		svg_colour(out, *kinds, 0);
		fprintf(out, "\"/><text x=\"%u\" y=\"%u\">%s</text>\n", x + 16,
			y, text);
		x += 36 + 7 * strlen(text);
	}
}
