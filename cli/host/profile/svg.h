/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pictures as SVG, in one file: they need nothing from elsewhere. Without a script
 * they can be read, with tooltips; with it they zoom and search.
 */
#ifndef HOST_PROFILE_SVG_H
#define HOST_PROFILE_SVG_H

#include <stdio.h>

#include "profile/tree.h"

#define SVG_WIDTH	1200
#define SVG_PAD		10
#define SVG_LINE	18

/**
 * struct svg_flame - a flame graph
 * @tree: with its totals
 * @title: in one line, UTF-8
 * @notes: more lines; NULL: none
 * @nr_notes: how many
 * @compare: colours are differences of the share from that of base
 */
struct svg_flame {
	const struct tree *tree;
	const char *title;
	char *const *notes;
	size_t nr_notes;
	bool compare;
};

/* False with errno set if memory is exhausted. */
bool svg_write_flame(FILE *out, const struct svg_flame *flame);

/*
 * For every picture: text with what XML does not take escaped, or replaced by '?';
 * the first lines, to be ended by "</svg>"; the colour of a kind of frame, as
 * "#rrggbb", lighter or darker by shade (-8 to 7).
 */
void svg_text(FILE *out, const char *text);
void svg_begin(FILE *out, unsigned int height, const char *title);
void svg_colour(FILE *out, enum frame_kind kind, int shade);

/* A row of the colours of these kinds, ended by FRAME_NR_KINDS. */
void svg_legend(FILE *out, unsigned int y, const enum frame_kind *kinds);

extern const char svg_script[];

#endif /* HOST_PROFILE_SVG_H */
