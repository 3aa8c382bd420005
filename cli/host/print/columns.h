/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rows of cells that line up, for people. Rows are held until there are many, so
 * that memory stays bounded; columns never get narrower, so that what is printed
 * later lines up, too.
 */
#ifndef HOST_PRINT_COLUMNS_H
#define HOST_PRINT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define MAX_COLUMNS 16

/**
 * struct column - a column
 * @name: its heading
 * @width: least width; it grows with what is in it
 * @right: cells are to the right
 * @loose: wide cells leave its width as it is, and nothing is filled up: for the
 *	last column
 */
struct column {
	const char *name;
	size_t width;
	bool right;
	bool loose;
};

/* A cell: its text is at that offset in a buffer. */
struct cell {
	size_t offset;
	size_t columns; /* on the screen */
	const char *color;
};

/* All of it is private. */
struct columns {
	FILE *out;
	bool color;
	size_t nr;
	struct column list[MAX_COLUMNS];
	struct cell *cells;
	size_t nr_cells;
	size_t max_cells;
	char *text;
	size_t len;
	size_t size;
	size_t terminal; /* its width, 0 if there is none */
};

/* With a row of headings. False on OOM; to be freed in any case. */
bool columns_init(struct columns *cols, FILE *out, bool color,
		  const struct column *list, size_t nr);

/*
 * Add the next cell of a row, of any text; color is NULL or an escape sequence.
 * On OOM it is left out.
 */
void columns_add(struct columns *cols, const char *text, const char *color);

/* The same with a number. */
void columns_add_int(struct columns *cols, long long number);

/* Print what was held back. */
void columns_flush(struct columns *cols);
void columns_free(struct columns *cols);

#endif /* HOST_PRINT_COLUMNS_H */
