// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/top-rows.h"
#include "compiler.h"
#include "print/value.h"
#include "text.h"
#include "trace-time.h"

const char * const top_column_names[] = {
	[TOP_NAME] = "name", [TOP_VCPU] = "vcpu", [TOP_THREAD] = "thread",
	[TOP_STATE] = "state", [TOP_CPU] = "cpu", [TOP_AGE] = "age",
	[TOP_EXITS] = "exits", [TOP_IO] = "io", [TOP_MMIO] = "mmio",
	[TOP_HALT] = "halt", [TOP_IRQ] = "irq", [TOP_HYPERCALLS] = "hyper",
	[TOP_RIP] = "rip", NULL
};

/*
 * How wide a column is, to the left if negative, and from which width of the
 * screen on there is room for it. The last takes what is left.
 */
static const struct {
	const char *heading;
	int width;
	size_t from;
	int field;		/* whose rate it is, -1: none */
} columns[NR_TOP_COLUMNS] = {
	[TOP_NAME] = { "NAME", -10, 0, -1 },
	[TOP_VCPU] = { "VCPU", 4, 0, -1 },
	[TOP_THREAD] = { "THREAD", 7, 0, -1 },
	[TOP_STATE] = { "STATE", -9, 0, -1 },
	[TOP_CPU] = { "CPU", 3, 0, -1 },
	[TOP_AGE] = { "AGE", 6, 100, -1 },
	[TOP_EXITS] = { "EXIT/s", 7, 0, FIELD_EXITS },
	[TOP_IO] = { "IO/s", 6, 94, FIELD_IO_EXITS },
	[TOP_MMIO] = { "MMIO/s", 6, 108, FIELD_MMIO_EXITS },
	[TOP_HALT] = { "HALT/s", 6, 0, FIELD_HALT_EXITS },
	[TOP_IRQ] = { "IRQ/s", 6, 94, FIELD_IRQ_EXITS },
	[TOP_HYPERCALLS] = { "HYP/s", 6, 115, FIELD_HYPERCALLS },
	[TOP_RIP] = { "RIP", -1, 0, -1 },
};

static void take_record(struct printer *printer, const struct event *ev,
			const struct event_about *about)
{
	struct top_rows *top = (struct top_rows *)printer;
	struct vcpu *vcpu = about->vcpu;
	char symbol[SYMBOL_LEN];

	if (ev->kind != EVENT_RECORD)
		return;
	if (!vcpu || !vcpu_keep(vcpu, ev, 1)) {
		top->no_memory = true;
		return;
	}
	text_printable(vcpu->name, sizeof(vcpu->name),
		       about->vm	  ?:
			       about->vmm ?:
					    "(gone)");
	value_symbol(symbol, sizeof(symbol), about);
	text_printable(vcpu->symbol, sizeof(vcpu->symbol), symbol);
	top->records++;
}

static void free_rows(struct printer *printer)
{
	vcpu_table_free(&((struct top_rows *)printer)->kept);
}

const struct printer_ops top_rows_printer = {
	.size = sizeof(struct top_rows),
	.event = take_record,
	.exit = free_rows,
};

static uint64_t age(const struct top_rows *top, const struct vcpu *vcpu)
{
	const struct event *last = vcpu_last(vcpu);

	return last && top->now > last->ts ? top->now - last->ts : 0;
}

struct expiry {
	const struct top_rows *top;
	uint64_t age_ns;
};

static bool is_old(const struct vcpu *vcpu, void *arg)
{
	const struct expiry *expiry = arg;

	return age(expiry->top, vcpu) > expiry->age_ns;
}

void top_rows_expire(struct top_rows *top, uint64_t age_ns)
{
	struct expiry expiry = { top, age_ns };

	vcpu_table_remove_if(top->vcpus, is_old, &expiry);
}

/* In at most six characters. */
static void rate_text(char *text, size_t size, double rate)
{
	if (rate < 99999.5)
		snprintf(text, size, "%.0f", rate);
	else if (rate < 99999.5e3)
		snprintf(text, size, "%.0fk", rate / 1e3);
	else
		snprintf(text, size, "%.0fM", rate / 1e6);
}

static void cell(const struct top_rows *top, const struct vcpu *vcpu,
		 enum top_column col, char *text, size_t size)
{
	static const int field_of[] = {
		[TOP_VCPU] = FIELD_VCPU_ID, [TOP_THREAD] = FIELD_PID,
		[TOP_STATE] = FIELD_STATE_NR, [TOP_CPU] = FIELD_CPU,
		[TOP_RIP] = FIELD_REGS + VCPU_INFO_REG_RIP,
	};
	char value[VALUE_LEN];
	double rate;

	snprintf(text, size, UNKNOWN);
	if (col == TOP_NAME) {
		snprintf(text, size, "%s", vcpu->name);
	} else if (col == TOP_AGE) {
		snprintf(text, size, "%.1f",
			 (double)age(top, vcpu) / NS_PER_SEC);
	} else if (col == TOP_RIP && vcpu->symbol[0]) {
		snprintf(text, size, "%s", vcpu->symbol);
	} else if (columns[col].field < 0) {
		if (value_field(value, vcpu_last(vcpu), field_of[col]))
			snprintf(text, size, "%s", value);
	} else if (exit_rate(&vcpu->delta, columns[col].field - FIELD_EXITS,
			     &rate)) {
		rate_text(text, size, rate);
	}
}

/* What is not known is less than anything. */
static double number(const struct top_rows *top, const struct vcpu *vcpu,
		     enum top_column col)
{
	double rate;

	switch (col) {
	case TOP_VCPU:
		return event_int(vcpu_last(vcpu), FIELD_VCPU_ID);
	case TOP_THREAD:
		return event_int(vcpu_last(vcpu), FIELD_PID);
	case TOP_CPU:
		return event_int(vcpu_last(vcpu), FIELD_CPU);
	case TOP_AGE:
		return age(top, vcpu);
	default:
		return exit_rate(&vcpu->delta, columns[col].field - FIELD_EXITS,
				 &rate) ?
			       rate :
			       -1;
	}
}

static bool is_text(enum top_column col)
{
	return col == TOP_NAME || col == TOP_STATE || col == TOP_RIP;
}

/* Rates have the highest first, all else the lowest. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct vcpu *x = *(const struct vcpu *const *)a;
	const struct vcpu *y = *(const struct vcpu *const *)b;
	const struct top_rows *top = arg;
	enum top_column col = top->sort;
	char left[128], right[128];
	int order;

	if (is_text(col)) {
		cell(top, x, col, left, sizeof(left));
		cell(top, y, col, right, sizeof(right));
		order = strcmp(left, right);
	} else {
		double m = number(top, x, col), n = number(top, y, col);

		order = m < n ? -1 : m > n;
		if (columns[col].field >= 0)
			order = -order;
	}
	if (top->reverse)
		order = -order;
	return order ? order : vcpu_compare(x, y);
}

static bool is_wanted(const struct top_rows *top, const struct vcpu *vcpu)
{
	static const enum top_column looked_at[] = {
		TOP_NAME, TOP_THREAD, TOP_STATE, TOP_RIP,
	};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(looked_at); i++) {
		cell(top, vcpu, looked_at[i], text, sizeof(text));
		if (strstr(text, top->filter))
			return true;
	}
	snprintf(text, sizeof(text), "%d:%d", vcpu->vm_pid, vcpu->vm_fd);
	return strstr(text, top->filter);
}

static const struct vcpu_table *shown_vcpus(const struct top_rows *top)
{
	return top->frozen ? &top->kept : top->vcpus;
}

struct listing {
	const struct top_rows *top;
	const struct vcpu **list;
	size_t nr;
};

static void list_vcpu(struct vcpu *vcpu, void *arg)
{
	struct listing *listing = arg;

	if (vcpu_last(vcpu) && is_wanted(listing->top, vcpu))
		listing->list[listing->nr++] = vcpu;
}

const struct vcpu **top_rows_sorted(struct top_rows *top, size_t *nr)
{
	struct listing listing = { top };

	*nr = 0;
	listing.list = calloc(shown_vcpus(top)->nr + 1, sizeof(*listing.list));
	if (!listing.list)
		return NULL;
	vcpu_table_each(shown_vcpus(top), list_vcpu, &listing);
	*nr = listing.nr;
	qsort_r(listing.list, *nr, sizeof(*listing.list), compare, top);
	if (top->scroll >= *nr)
		top->scroll = *nr ? *nr - 1 : 0;
	return listing.list;
}

/* Not at all if there is no memory for a copy of what is shown. */
static void toggle_frozen(struct top_rows *top)
{
	vcpu_table_free(&top->kept);
	if (!top->frozen && !vcpu_table_copy(&top->kept, top->vcpus))
		return;
	top->frozen = !top->frozen;
}

static enum top_action edit_filter(struct top_rows *top, int key)
{
	size_t len = strlen(top->filter);

	if (key == TOP_KEY_ESCAPE)
		top->filter[0] = '\0';
	if (key == TOP_KEY_ESCAPE || key == TOP_KEY_ENTER) {
		top->editing = false;
	} else if (key == TOP_KEY_BACKSPACE && len) {
		top->filter[len - 1] = '\0';
	} else if (key < 128 && isprint(key) &&
		   len + 1 < sizeof(top->filter)) {
		top->filter[len] = key;
		top->filter[len + 1] = '\0';
	}
	top->scroll = 0;
	return TOP_REDRAW;
}

enum top_action top_rows_key(struct top_rows *top, int key)
{
	if (top->editing)
		return edit_filter(top, key);
	switch (key) {
	case 'q':
		return TOP_QUIT;
	case '<':
		top->sort = (top->sort + NR_TOP_COLUMNS - 1) % NR_TOP_COLUMNS;
		return TOP_REDRAW;
	case '>':
		top->sort = (top->sort + 1) % NR_TOP_COLUMNS;
		return TOP_REDRAW;
	case 'r':
		top->reverse = !top->reverse;
		return TOP_REDRAW;
	case 'f':
		toggle_frozen(top);
		return TOP_REDRAW;
	case 'p':
		top->paused = !top->paused;
		return TOP_REDRAW;
	case '/':
		top->editing = true;
		return TOP_REDRAW;
	case TOP_KEY_UP:
		top->scroll -= top->scroll > 0;
		return TOP_REDRAW;
	case TOP_KEY_DOWN:
		top->scroll++;
		return TOP_REDRAW;
	default:
		return TOP_IGNORE;
	}
}

/* Append, cut at width. */
__printf(4, 5)
static void append(char *line, size_t width, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + *len, width + 1 - *len, fmt, ap);
	va_end(ap);
	if (n > 0)
		*len += n;
	if (*len > width)
		*len = width;
}

void top_rows_summary(const struct top_rows *top, size_t shown, char *line,
		      size_t width)
{
	size_t len = 0;

	line[0] = '\0';
	append(line, width, &len, "%zu of %zu vCPUs, %llu records, %llu lost",
	       shown, shown_vcpus(top)->nr, (unsigned long long)top->records,
	       (unsigned long long)top->lost);
	append(line, width, &len, "; sorted by %s%s",
	       top_column_names[top->sort], top->reverse ? " reversed" : "");
	if (top->editing || top->filter[0])
		append(line, width, &len, "; filter: %s%s", top->filter,
		       top->editing ? "_" : "");
	if (top->paused)
		append(line, width, &len, "; PAUSED");
	if (top->frozen)
		append(line, width, &len, "; FROZEN");
}

/* A line and how far it is: a character may have many bytes and two columns. */
struct top_line {
	char *text;
	size_t width;
	size_t bytes;
	size_t columns;
};

static void add_padded(struct top_line *line, const char *text, size_t wide,
		       bool right)
{
	if (wide > line->width - line->columns)
		wide = line->width - line->columns;
	line->bytes += text_pad(line->text + line->bytes, 4 * wide + 1, text,
				wide, right);
	line->columns += wide;
}

/* Text is cut, numbers are not; the last column takes what is left. */
static void add_cell(struct top_line *line, enum top_column col,
		     const char *text)
{
	int wide = columns[col].width;
	size_t needs = text_width(text);

	if (columns[col].from > line->width)
		return;
	if (col == TOP_RIP) {
		add_padded(line, text, needs, false);
		return;
	}
	if (wide < 0)
		add_padded(line, text, -wide, false);
	else
		add_padded(line, text, needs > (size_t)wide ? needs :
			   (size_t)wide, true);
	add_padded(line, "", 1, false);
}

void top_rows_heading(const struct top_rows *top, char *line, size_t width)
{
	struct top_line out = { line, width };

	line[0] = '\0';
	for (int col = 0; col < NR_TOP_COLUMNS; col++) {
		char text[16];

		snprintf(text, sizeof(text), "%s%s", columns[col].heading,
			 (int)top->sort == col ? "*" : "");
		add_cell(&out, col, text);
	}
}

void top_rows_line(const struct top_rows *top, const struct vcpu *vcpu,
		   char *line, size_t width)
{
	struct top_line out = { line, width };

	line[0] = '\0';
	for (int col = 0; col < NR_TOP_COLUMNS; col++) {
		char text[128];

		cell(top, vcpu, col, text, sizeof(text));
		add_cell(&out, col, text);
	}
}
