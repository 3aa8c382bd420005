// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "print/columns.h"
#include "print/outbuf.h"
#include "text.h"

/* Rows that are held at the most, without the headings. */
#define BATCH 500

#define PLAIN "\033[0m"

static size_t terminal_width(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

/* All that a batch needs, so that adding a cell rarely asks for more. */
static bool make_room(struct columns *cols, size_t len)
{
	if (cols->nr_cells == cols->max_cells) {
		size_t more = (BATCH + 1) * cols->nr;
		struct cell *bigger;

		bigger = reallocarray(cols->cells, cols->max_cells + more,
				      sizeof(*bigger));
		if (!bigger)
			return false;
		cols->cells = bigger;
		cols->max_cells += more;
	}
	if (cols->len + len > cols->size) {
		size_t size = 2 * (cols->len + len);
		char *bigger = realloc(cols->text, size);

		if (!bigger)
			return false;
		cols->text = bigger;
		cols->size = size;
	}
	return true;
}

/* How many columns a text takes; nearly all of them are plain. */
static size_t width_of(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] & 0x80)
			return text_width(text);
	}
	return len;
}

void columns_add(struct columns *cols, const char *text, const char *color)
{
	struct column *column = &cols->list[cols->nr_cells % cols->nr];
	char safe[TEXT_SIZE];
	struct cell cell;
	size_t len;

	if (cols->nr_cells >= BATCH * cols->nr &&
	    cols->nr_cells % cols->nr == 0)
		columns_flush(cols);
	text_printable(safe, sizeof(safe), text);
	len = strlen(safe);
	if (!make_room(cols, len + 1))
		return;
	cell = (struct cell){
		.offset = cols->len,
		.columns = width_of(safe, len),
		.color = cols->color ? color : NULL,
	};
	memcpy(cols->text + cols->len, safe, len + 1);
	cols->len += len + 1;
	cols->cells[cols->nr_cells++] = cell;
	if (!column->loose && cell.columns > column->width)
		column->width = cell.columns;
}

void columns_add_int(struct columns *cols, long long number)
{
	char text[DIGITS_LEN];

	text[digits_int(text, number)] = '\0';
	columns_add(cols, text, NULL);
}

bool columns_init(struct columns *cols, FILE *out, bool color,
		  const struct column *list, size_t nr)
{
	*cols = (struct columns){
		.out = out,
		.color = color,
		.nr = nr,
		.terminal = terminal_width(out),
	};
	memcpy(cols->list, list, nr * sizeof(*list));
	if (!make_room(cols, 4096))
		return false;
	for (size_t i = 0; i < nr; i++)
		columns_add(cols, list[i].name, NULL);
	return cols->nr_cells == nr;
}

static void put_blanks(struct outbuf *line, size_t nr)
{
	static const char blanks[] = "                                ";

	for (; nr > SHORT_LEN; nr -= SHORT_LEN)
		outbuf_short(line, blanks, SHORT_LEN);
	outbuf_short(line, blanks, nr);
}

/* What fits into the line of a terminal: only a loose column is cut. */
static void put_loose(struct columns *cols, struct outbuf *line,
		      const char *text, size_t used)
{
	char cut[TEXT_SIZE];
	size_t width = text_width(text);

	if (!cols->terminal || used + width <= cols->terminal) {
		outbuf_text(line, text);
		return;
	}
	text_pad(cut, sizeof(cut), text,
		 used < cols->terminal ? cols->terminal - used : 0, false);
	outbuf_text(line, cut);
}

static void put_cell(struct columns *cols, struct outbuf *line,
		     const struct cell *cell, const struct column *column,
		     size_t used)
{
	const char *text = cols->text + cell->offset;
	size_t blanks = column->width > cell->columns ?
				column->width - cell->columns :
				0;

	if (column->loose) {
		put_loose(cols, line, text, used);
		return;
	}
	if (cell->color)
		outbuf_text(line, cell->color);
	if (column->right)
		put_blanks(line, blanks);
	outbuf_text(line, text);
	if (!column->right)
		put_blanks(line, blanks);
	if (cell->color)
		outbuf_text(line, PLAIN);
}

static void put_row(struct columns *cols, struct outbuf *line,
		    const struct cell *cells)
{
	size_t used = 0;

	for (size_t i = 0; i < cols->nr; i++) {
		if (i)
			outbuf_char(line, ' ');
		put_cell(cols, line, &cells[i], &cols->list[i], used);
		used += cols->list[i].width + 1;
	}
	outbuf_char(line, '\n');
}

void columns_flush(struct columns *cols)
{
	struct outbuf line;

	outbuf_start(&line, cols->out);
	for (size_t i = 0; i + cols->nr <= cols->nr_cells; i += cols->nr)
		put_row(cols, &line, cols->cells + i);
	outbuf_write(&line);
	cols->nr_cells = 0;
	cols->len = 0;
}

void columns_free(struct columns *cols)
{
	free(cols->cells);
	free(cols->text);
	*cols = (struct columns){ 0 };
}
