// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "cmd/top-cells.h"
#include "compiler.h"
#include "print/outbuf.h"
#include "print/value.h"
#include "text.h"

const char *const top_column_names[] = {
	[TOP_NAME] = "name",	    [TOP_PID] = "pid",	   [TOP_VCPU] = "vcpu",
	[TOP_THREAD] = "thread",    [TOP_STATE] = "state", [TOP_CPU] = "cpu",
	[TOP_AGE] = "age",	    [TOP_EXITS] = "exits", [TOP_IO] = "io",
	[TOP_MMIO] = "mmio",	    [TOP_HALT] = "halt",   [TOP_IRQ] = "irq",
	[TOP_HYPERCALLS] = "hyper", [TOP_RUN] = "run",	   [TOP_STEAL] = "steal",
	[TOP_RIP] = "rip",	    [NR_TOP_COLUMNS] = NULL
};

#define KIND(field) ((field) - FIELD_EXITS)

const struct top_column_spec top_columns[NR_TOP_COLUMNS] = {
	[TOP_NAME] = { "NAME", -10, 0, -1 },
	[TOP_PID] = { "PID", 7, 76, -1 },
	[TOP_VCPU] = { "VCPU", 4, 0, -1 },
	[TOP_THREAD] = { "THREAD", 7, 0, -1 },
	[TOP_STATE] = { "STATE", -9, 0, -1 },
	[TOP_CPU] = { "CPU", 3, 0, -1 },
	[TOP_AGE] = { "AGE", 6, 100, -1 },
	[TOP_EXITS] = { "EXIT/s", 7, 0, KIND(FIELD_EXITS) },
	[TOP_IO] = { "IO/s", 6, 94, KIND(FIELD_IO_EXITS) },
	[TOP_MMIO] = { "MMIO/s", 6, 108, KIND(FIELD_MMIO_EXITS) },
	[TOP_HALT] = { "HALT/s", 6, 0, KIND(FIELD_HALT_EXITS) },
	[TOP_IRQ] = { "IRQ/s", 6, 94, KIND(FIELD_IRQ_EXITS) },
	[TOP_HYPERCALLS] = { "HYP/s", 6, 115, KIND(FIELD_HYPERCALLS) },
	[TOP_RUN] = { "%CPU", 5, 130, KIND_RUN },
	[TOP_STEAL] = { "%STEAL", 6, 130, KIND_WAIT },
	[TOP_RIP] = { "RIP", -1, 0, -1 },
};

bool top_cell_is_text(enum top_column col)
{
	return col == TOP_NAME || col == TOP_STATE || col == TOP_RIP;
}

static uint64_t age_of(const struct top_rows *top, const struct event *last)
{
	return last && top->now > last->ts ? top->now - last->ts : 0;
}

uint64_t top_cell_age(const struct top_rows *top, const struct vcpu *vcpu)
{
	return age_of(top, vcpu_last(vcpu));
}

/* Rounded to a whole number */
static uint64_t whole(double number)
{
	return number + 0.5;
}

/*
 * These return how long the text is, and put no NUL behind it: most of a table is
 * numbers, and printf() takes twenty times as long for one.
 */
static size_t number_text(char *text, uint64_t number, char after)
{
	size_t len = digits_uint(text, number);

	text[len] = after;
	return len + 1;
}

/* In at most six characters. */
static size_t rate_text(char *text, double rate)
{
	if (rate < 99999.5)
		return digits_uint(text, whole(rate));
	if (rate < 99999.5e3)
		return number_text(text, whole(rate / 1e3), 'k');
	return number_text(text, whole(rate / 1e6), 'M');
}

static size_t tenths_text(char *text, double number)
{
	uint64_t tenths = whole(number * 10);
	size_t len = number_text(text, tenths / 10, '.');

	text[len] = '0' + tenths % 10;
	return len + 1;
}

static size_t copy_text(char *text, const char *from)
{
	size_t len = strlen(from);

	memcpy(text, from, len);
	return len;
}

static size_t kind_text(const struct vcpu *vcpu, int kind, char *text)
{
	double rate;

	if (!exit_rate(&vcpu->delta, kind, &rate))
		return 0;
	if (kind >= NR_EXIT_KINDS)
		return tenths_text(text, rate * 100 / NS_PER_SEC);
	return rate_text(text, rate);
}

/* Of CELL_SIZE, with a NUL only by chance; 0 if it is not known. */
static size_t known_text(const struct top_rows *top, const struct vcpu *vcpu,
			 const struct event *last, enum top_column col, char *text)
{
	switch (col) {
	case TOP_NAME:
		return copy_text(text, vcpu->name);
	case TOP_PID:
		return digits_int(text, vcpu->vm_pid);
	case TOP_VCPU:
		return digits_int(text, vcpu->nr_vcpus ?: vcpu->vcpu_id);
	case TOP_THREAD:
		if (!last && vcpu->thread)
			return digits_int(text, vcpu->thread);
		return last ? value_put(text, last, FIELD_PID) : 0;
	case TOP_STATE:
		return last ? value_put(text, last, FIELD_STATE_NR) : 0;
	case TOP_CPU:
		return last ? value_put(text, last, FIELD_CPU) : 0;
	case TOP_AGE:
		return last ? tenths_text(text, (double)age_of(top, last) /
						NS_PER_SEC) : 0;
	case TOP_RIP:
		if (vcpu->symbol[0])
			return copy_text(text, vcpu->symbol);
		return last ? value_put(text, last,
					FIELD_REGS + VCPU_INFO_REG_RIP) : 0;
	default:
		return kind_text(vcpu, top_columns[col].kind, text);
	}
}

void top_cell(const struct top_rows *top, const struct vcpu *vcpu,
	      enum top_column col, char *text)
{
	size_t len = known_text(top, vcpu, vcpu_last(vcpu), col, text);

	if (!len && col != TOP_NAME)
		text[len++] = UNKNOWN[0];
	text[len] = '\0';
}

double top_cell_number(const struct top_rows *top, const struct vcpu *vcpu,
		       enum top_column col)
{
	const struct event *last = vcpu_last(vcpu);
	double rate;

	switch (col) {
	case TOP_PID:
		return vcpu->vm_pid;
	case TOP_VCPU:
		return vcpu->nr_vcpus ?: vcpu->vcpu_id;
	case TOP_THREAD:
		return last ? event_int(last, FIELD_PID) : vcpu->thread;
	case TOP_CPU:
		return last ? event_int(last, FIELD_CPU) : -1;
	case TOP_AGE:
		return last ? (double)age_of(top, last) : -1;
	default:
		return exit_rate(&vcpu->delta, top_columns[col].kind,
				 &rate) ?
			       rate :
			       -1;
	}
}

/*
 * A line and how far it is: a character may have many bytes and two columns. What
 * comes after it is blank already.
 */
struct top_line {
	char *text;
	size_t width;
	size_t bytes;
	size_t columns;
};

static struct top_line start_line(char *text, size_t width)
{
	_Static_assert(sizeof(UNKNOWN) == 2, "it is copied as a character");
	memset(text, ' ', TOP_LINE_SIZE(width));
	return (struct top_line){ text, width };
}

static void end_line(struct top_line *line)
{
	line->text[line->bytes] = '\0';
}

static void add_padded(struct top_line *line, const char *text, size_t wide,
		       bool right)
{
	if (wide > line->width - line->columns)
		wide = line->width - line->columns;
	line->bytes += text_pad(line->text + line->bytes, 4 * wide + 1, text,
				wide, right);
	line->text[line->bytes] = ' ';
	line->columns += wide;
}

/*
 * ASCII, as nearly all cells are: to the left if wide is negative. Behind the text are
 * as many blanks as a short one has bytes: to copy a fixed number of them takes two
 * instructions.
 */
static void add_ascii(struct top_line *line, char *text, size_t len, int wide)
{
	size_t least = abs(wide), room = line->width - line->columns;
	size_t all = len > least ? len : least;
	char *to = line->text + line->bytes;

	if (all > room || len > TOP_SHORT_CELL || (wide < 0 && len > least)) {
		text[len] = '\0';
		add_padded(line, text, wide < 0 ? least : all, wide > 0);
		return;
	}
	memcpy(to + (wide > 0 ? all - len : 0), text, TOP_SHORT_CELL);
	line->bytes += all;
	line->columns += all;
}

/* Between two cells, if there is room for it */
static void add_gap(struct top_line *line)
{
	bool room = line->columns < line->width;

	line->bytes += room;
	line->columns += room;
}

/* Text is cut, numbers are not; the last column takes what is left. */
static void add_cell(const struct top_rows *top, struct top_line *line,
		     enum top_column col, char *text, size_t len)
{
	if (col == TOP_RIP || col == TOP_NAME) {
		text[len] = '\0';
		add_padded(line, text, col == TOP_NAME ? top->name_width :
							 text_width(text), false);
	} else {
		add_ascii(line, text, len, top_columns[col].width);
	}
	if (col != TOP_RIP)
		add_gap(line);
}

/* To the left, if it is ASCII and fits */
static bool add_plain(struct top_line *line, const char *text, size_t wide)
{
	size_t len = 0;

	if (wide > line->width - line->columns)
		return false;
	while (text[len] >= ' ' && text[len] <= '~' && len < wide)
		len++;
	if (text[len])
		return false;
	memcpy(line->text + line->bytes, text, len);
	line->bytes += wide;
	line->columns += wide;
	return true;
}

/* The numbers that have more digits than that */
static const uint64_t too_long[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
};

/* In its column, if it fits there and is not cut: nearly all do, and are short. */
static bool add_number(struct top_line *line, uint64_t number, size_t wide)
{
	char *digit = line->text + line->bytes + wide;

	if (wide > line->width - line->columns || wide >= ARRAY_SIZE(too_long) ||
	    number >= too_long[wide])
		return false;
	do {
		*--digit = '0' + number % 10;
		number /= 10;
	} while (number);
	line->bytes += wide;
	line->columns += wide;
	return true;
}

static bool add_tenths(struct top_line *line, double number, size_t wide)
{
	uint64_t tenths = whole(number * 10);

	if (wide > line->width - line->columns ||
	    !add_number(line, tenths / 10, wide - 2))
		return false;
	line->text[line->bytes++] = '.';
	line->text[line->bytes++] = '0' + tenths % 10;
	line->columns += 2;
	return true;
}

static bool add_rate(struct top_line *line, const struct vcpu *vcpu, int kind,
		     size_t wide)
{
	double rate;

	if (!exit_rate(&vcpu->delta, kind, &rate))
		return false;
	if (kind >= NR_EXIT_KINDS)
		return add_tenths(line, rate * 100 / NS_PER_SEC, wide);
	return rate < 99999.5 && add_number(line, whole(rate), wide);
}

/* What is a number, and no longer than its column; all else is for add_cell(). */
static bool add_short(const struct top_rows *top, struct top_line *line,
		      const struct vcpu *vcpu, const struct event *last,
		      enum top_column col)
{
	size_t wide = abs(top_columns[col].width);
	int field = FIELD_PID;

	if (top_columns[col].kind >= 0)
		return add_rate(line, vcpu, top_columns[col].kind, wide);
	switch (col) {
	case TOP_PID:
		return vcpu->vm_pid >= 0 && add_number(line, vcpu->vm_pid, wide);
	case TOP_VCPU:
		return vcpu->vcpu_id >= 0 && !vcpu->nr_vcpus &&
		       add_number(line, vcpu->vcpu_id, wide);
	case TOP_CPU:
	case TOP_THREAD:
		if (col == TOP_CPU)
			field = FIELD_CPU;
		return last && event_has(last, field) && event_int(last, field) >= 0 &&
		       add_number(line, event_int(last, field), wide);
	case TOP_AGE:
		return last && add_tenths(line, (double)age_of(top, last) / NS_PER_SEC,
					  wide);
	case TOP_NAME:
		return add_plain(line, vcpu->name, top->name_width);
	default:
		return false;
	}
}

void top_rows_heading(const struct top_rows *top, char *line, size_t width)
{
	struct top_line out = start_line(line, width);

	for (int col = 0; col < NR_TOP_COLUMNS; col++) {
		char text[2 * TOP_SHORT_CELL];
		size_t len;

		if (top_columns[col].from > width)
			continue;
		memset(text, ' ', sizeof(text));
		len = copy_text(text, top_columns[col].heading);
		if ((int)top->sort == col)
			text[len++] = '*';
		add_cell(top, &out, col, text, len);
	}
	end_line(&out);
}

void top_rows_line(const struct top_rows *top, const struct vcpu *vcpu,
		   char *line, size_t width)
{
	const struct event *last = vcpu_last(vcpu);
	struct top_line out = start_line(line, width);
	char text[CELL_SIZE];

	for (int col = 0; col < NR_TOP_COLUMNS; col++) {
		size_t len;

		if (top_columns[col].from > width)
			continue;
		if (add_short(top, &out, vcpu, last, col)) {
			add_gap(&out);
			continue;
		}
		memset(text, ' ', 2 * TOP_SHORT_CELL);
		len = known_text(top, vcpu, last, col, text);
		if (!len && col != TOP_NAME)
			text[len++] = UNKNOWN[0];
		add_cell(top, &out, col, text, len);
	}
	end_line(&out);
}
