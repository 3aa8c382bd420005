// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/top-rows.h"
#include "compiler.h"
#include "print/outbuf.h"
#include "print/value.h"
#include "text.h"
#include "trace-time.h"

const char *const top_column_names[] = {
	[TOP_NAME] = "name",	    [TOP_PID] = "pid",	   [TOP_VCPU] = "vcpu",
	[TOP_THREAD] = "thread",    [TOP_STATE] = "state", [TOP_CPU] = "cpu",
	[TOP_AGE] = "age",	    [TOP_EXITS] = "exits", [TOP_IO] = "io",
	[TOP_MMIO] = "mmio",	    [TOP_HALT] = "halt",   [TOP_IRQ] = "irq",
	[TOP_HYPERCALLS] = "hyper", [TOP_RUN] = "run",	   [TOP_STEAL] = "steal",
	[TOP_RIP] = "rip",	    [NR_TOP_COLUMNS] = NULL
};

/*
 * How wide a column is, to the left if negative, and from which width of the
 * screen on there is room for it. The last takes what is left.
 */
#define KIND(field) ((field) - FIELD_EXITS)

static const struct {
	const char *heading;
	int width;
	size_t from;
	int kind;		/* whose rate it is, -1: none */
} columns[NR_TOP_COLUMNS] = {
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

bool top_rows_needs_times(const struct top_rows *top, size_t width)
{
	return top->sort == TOP_RUN || top->sort == TOP_STEAL ||
	       columns[TOP_RUN].from <= width;
}

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
	value_place(symbol, sizeof(symbol), about);
	text_printable(vcpu->symbol, sizeof(vcpu->symbol), symbol);
	top->records++;
}

void top_rows_add(struct top_rows *top, int vm_pid, int vm_fd, int vcpu_id,
		  int thread, const char *name)
{
	struct vcpu *vcpu;

	vcpu = vcpu_table_get_id(top->vcpus, vm_pid, vm_fd, vcpu_id);
	if (!vcpu) {
		top->no_memory = true;
		return;
	}
	vcpu->thread = thread;
	vcpu->marked = true;
	text_printable(vcpu->name, sizeof(vcpu->name), name);
}

static bool was_not_added(const struct vcpu *vcpu, void *arg)
{
	(void)arg;
	return !vcpu->marked && !vcpu->nr_records;
}

static void unmark(struct vcpu *vcpu, void *arg)
{
	(void)arg;
	vcpu->marked = false;
}

void top_rows_forget(struct top_rows *top)
{
	vcpu_table_remove_if(top->vcpus, was_not_added, NULL);
	vcpu_table_each(top->vcpus, unmark, NULL);
}

static void free_rows(struct printer *printer)
{
	struct top_rows *top = (struct top_rows *)printer;

	vcpu_table_free(&top->kept);
	vcpu_table_free(&top->vms);
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

/* Room for a name, a symbol or any number */
#define CELL_SIZE	128

/* Rounded to a whole number */
static uint64_t whole(double number)
{
	return number + 0.5;
}

/*
 * With what comes after it. Most of a table is numbers, and printf() takes twenty
 * times as long for one.
 */
static void number_text(char *text, uint64_t number, const char *after)
{
	strcpy(text + digits_uint(text, number), after);
}

/* In at most six characters. */
static void rate_text(char *text, double rate)
{
	if (rate < 99999.5)
		number_text(text, whole(rate), "");
	else if (rate < 99999.5e3)
		number_text(text, whole(rate / 1e3), "k");
	else
		number_text(text, whole(rate / 1e6), "M");
}

static void tenths_text(char *text, double number)
{
	uint64_t tenths = whole(number * 10);
	const char after[] = { '.', '0' + tenths % 10, '\0' };

	number_text(text, tenths / 10, after);
}

/* Ids and what the last record says; false if it is not known. */
static bool value_cell(const struct vcpu *vcpu, enum top_column col, char *text)
{
	static const int field_of[] = {
		[TOP_THREAD] = FIELD_PID,
		[TOP_STATE] = FIELD_STATE_NR,
		[TOP_CPU] = FIELD_CPU,
		[TOP_RIP] = FIELD_REGS + VCPU_INFO_REG_RIP,
	};
	const struct event *last = vcpu_last(vcpu);
	int id;

	if (col == TOP_PID)
		id = vcpu->vm_pid;
	else if (col == TOP_VCPU)
		id = vcpu->nr_vcpus ?: vcpu->vcpu_id;
	else if (col == TOP_THREAD && !last && vcpu->thread)
		id = vcpu->thread;
	else
		return last && value_field(text, last, field_of[col]);
	text[digits_int(text, id)] = '\0';
	return true;
}

/* Of CELL_SIZE */
static void cell(const struct top_rows *top, const struct vcpu *vcpu,
		 enum top_column col, char *text)
{
	bool known = true;
	double rate;

	if (col == TOP_NAME) {
		strcpy(text, vcpu->name);
	} else if (col == TOP_AGE) {
		known = vcpu_last(vcpu);
		tenths_text(text, (double)age(top, vcpu) / NS_PER_SEC);
	} else if (col == TOP_RIP && vcpu->symbol[0]) {
		strcpy(text, vcpu->symbol);
	} else if (columns[col].kind < 0) {
		known = value_cell(vcpu, col, text);
	} else {
		known = exit_rate(&vcpu->delta,
				  columns[col].kind, &rate);
		if (known && columns[col].kind >= NR_EXIT_KINDS)
			tenths_text(text, rate * 100 / NS_PER_SEC);
		else if (known)
			rate_text(text, rate);
	}
	if (!known)
		strcpy(text, UNKNOWN);
}

/* What is not known is less than anything. */
static double number(const struct top_rows *top, const struct vcpu *vcpu,
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
		return last ? (double)age(top, vcpu) : -1;
	default:
		return exit_rate(&vcpu->delta, columns[col].kind,
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
	char left[CELL_SIZE], right[CELL_SIZE];
	int order;

	if (is_text(col)) {
		cell(top, x, col, left);
		cell(top, y, col, right);
		order = strcmp(left, right);
	} else {
		order = x->number < y->number ? -1 : x->number > y->number;
		if (columns[col].kind >= 0)
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
	char text[CELL_SIZE];

	if (!top->filter[0])
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(looked_at); i++) {
		cell(top, vcpu, looked_at[i], text);
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

/* Add a vCPU's rates to those of its VM, and let that be as old as its last. */
static void add_to_vm(struct vcpu *vcpu, void *arg)
{
	struct top_rows *top = arg;
	const struct event *last = vcpu_last(vcpu);
	struct exit_delta *sum;
	struct vcpu *vm;

	vm = vcpu_table_get_id(&top->vms, vcpu->vm_pid, vcpu->vm_fd, 0);
	if (!vm)
		return;
	memcpy(vm->name, vcpu->name, sizeof(vm->name));
	vm->nr_vcpus++;
	if (last && (!vcpu_last(vm) || last->ts > vcpu_last(vm)->ts))
		vcpu_keep(vm, last, 1);
	sum = &vm->delta;
	for (int kind = 0; kind < NR_KINDS; kind++) {
		double rate;

		if (!exit_rate(&vcpu->delta, kind, &rate))
			continue;
		sum->state = DELTA_OK;
		sum->ns = NS_PER_SEC;
		sum->known |= 1U << kind;
		sum->count[kind] += rate + 0.5;
	}
}

/* What one vCPU of a VM was doing says nothing of the VM. */
static void hide_fields(struct vcpu *vm, void *arg)
{
	struct event *last = (struct event *)vcpu_last(vm);

	(void)arg;
	if (last)
		last->present = 0;
}

static const struct vcpu_table *rows_of(struct top_rows *top)
{
	if (!top->totals)
		return shown_vcpus(top);
	vcpu_table_free(&top->vms);
	vcpu_table_each(shown_vcpus(top), add_to_vm, top);
	vcpu_table_each(&top->vms, hide_fields, NULL);
	return &top->vms;
}

struct listing {
	const struct top_rows *top;
	const struct vcpu **list;
	size_t nr;
	size_t longest_name;
	size_t longest_rip;
};

static void list_vcpu(struct vcpu *vcpu, void *arg)
{
	struct listing *listing = arg;
	char rip[CELL_SIZE];

	if (!is_wanted(listing->top, vcpu))
		return;
	listing->list[listing->nr++] = vcpu;
	if (!is_text(listing->top->sort))
		vcpu->number = number(listing->top, vcpu, listing->top->sort);
	cell(listing->top, vcpu, TOP_RIP, rip);
	if (text_width(rip) > listing->longest_rip)
		listing->longest_rip = text_width(rip);
	if (text_width(vcpu->name) > listing->longest_name)
		listing->longest_name = text_width(vcpu->name);
}

/* As wide as the longest, if that leaves the other columns their room. */
static size_t name_width(const struct listing *listing, size_t width)
{
	size_t least = -columns[TOP_NAME].width;
	size_t others = 1 + listing->longest_rip;

	for (int col = TOP_NAME + 1; col < TOP_RIP; col++) {
		if (columns[col].from <= width)
			others += abs(columns[col].width) + 1;
	}
	if (others + least >= width || listing->longest_name <= least)
		return least;
	return listing->longest_name < width - others ? listing->longest_name :
							width - others;
}

const struct vcpu **top_rows_sorted(struct top_rows *top, size_t width,
				    size_t *nr)
{
	struct listing listing = { .top = top };
	const struct vcpu_table *rows = rows_of(top);

	*nr = 0;
	listing.list = calloc(rows->nr + 1, sizeof(*listing.list));
	if (!listing.list)
		return NULL;
	vcpu_table_each(rows, list_vcpu, &listing);
	*nr = listing.nr;
	top->name_width = name_width(&listing, width);
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

const char *const top_rows_help[] = {
	"q        quit",
	"< >      sort by the column to the left or right (the one with a star)",
	"r        reverse the order",
	"v        a row for each VM, or for each vCPU",
	"/        filter by name, VM, thread, state or RIP; Escape drops it",
	"f        freeze what is shown; records are still taken",
	"p        pause; no records are taken",
	"arrows   scroll",
	"h        this help; any key leaves it",
	NULL
};

enum top_action top_rows_key(struct top_rows *top, int key)
{
	if (top->help) {
		top->help = false;
		return TOP_REDRAW;
	}
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
	case 'h':
	case '?':
		top->help = true;
		return TOP_REDRAW;
	case 'v':
		top->totals = !top->totals;
		top->scroll = 0;
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

static void summarize_rows(const struct top_rows *top, size_t rows, char *line,
			   size_t width, size_t *len)
{
	size_t total = top->totals ? top->vms.nr : shown_vcpus(top)->nr;

	append(line, width, len, "%zu of %zu %s, %llu records, %llu lost", rows,
	       total, top->totals ? "VMs" : "vCPUs",
	       (unsigned long long)top->records, (unsigned long long)top->lost);
	append(line, width, len, "; sorted by %s%s",
	       top_column_names[top->sort], top->reverse ? " reversed" : "");
}

void top_rows_summary(const struct top_rows *top, size_t rows, char *line,
		      size_t width)
{
	size_t len = 0;

	line[0] = '\0';
	if (!shown_vcpus(top)->nr)
		append(line, width, &len,
		       top->some_vms ? "waiting for a VM that was asked for" :
				       "waiting for a VM to run on this host");
	else if (!top->records)
		append(line, width, &len,
		       "%zu of %zu vCPUs; waiting for 'vcpu-info-guest trigger' in a guest",
		       rows, shown_vcpus(top)->nr);
	else
		summarize_rows(top, rows, line, width, &len);
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

/* What is ASCII is not looked at character by character: nearly all cells are. */
static void add_ascii(struct top_line *line, const char *text, int wide)
{
	size_t len = strlen(text), room = line->width - line->columns;
	size_t all = len > (size_t)abs(wide) ? len : (size_t)abs(wide);
	char *to = line->text + line->bytes;
	size_t blanks = all - len;

	if (all > room || (wide < 0 && all > (size_t)-wide)) {
		add_padded(line, text, wide < 0 ? (size_t)-wide : all, wide > 0);
		return;
	}
	for (size_t i = 0; wide > 0 && i < blanks; i++)
		*to++ = ' ';
	for (size_t i = 0; i < len; i++)
		*to++ = text[i];
	for (size_t i = 0; wide < 0 && i < blanks; i++)
		*to++ = ' ';
	*to = '\0';
	line->bytes += all;
	line->columns += all;
}

/* Text is cut, numbers are not; the last column takes what is left. */
static void add_cell(const struct top_rows *top, struct top_line *line,
		     enum top_column col, const char *text)
{
	if (col == TOP_RIP) {
		add_padded(line, text, text_width(text), false);
		return;
	}
	if (col == TOP_NAME)
		add_padded(line, text, top->name_width, false);
	else
		add_ascii(line, text, columns[col].width);
	if (line->columns < line->width) {
		line->text[line->bytes++] = ' ';
		line->text[line->bytes] = '\0';
		line->columns++;
	}
}

void top_rows_heading(const struct top_rows *top, char *line, size_t width)
{
	struct top_line out = { line, width };

	line[0] = '\0';
	for (int col = 0; col < NR_TOP_COLUMNS; col++) {
		char text[16];

		if (columns[col].from > width)
			continue;
		snprintf(text, sizeof(text), "%s%s", columns[col].heading,
			 (int)top->sort == col ? "*" : "");
		add_cell(top, &out, col, text);
	}
}

void top_rows_line(const struct top_rows *top, const struct vcpu *vcpu,
		   char *line, size_t width)
{
	struct top_line out = { line, width };

	line[0] = '\0';
	for (int col = 0; col < NR_TOP_COLUMNS; col++) {
		char text[CELL_SIZE];

		if (columns[col].from > width)
			continue;
		cell(top, vcpu, col, text);
		add_cell(top, &out, col, text);
	}
}
