// SPDX-License-Identifier: GPL-2.0
/*
 * A row an event. Rows of a long output are printed a batch at a time, so that
 * memory stays bounded; columns have least widths that most values fit into,
 * and never get narrower, so that batches line up.
 *
 * Cells are padded here: which least widths libsmartcols heeds differs between
 * its versions.
 */
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

#include "compiler.h"
#include "print/value.h"
#include "text.h"

#define BATCH	500

enum column {
	COL_NAME, COL_VM, COL_VCPU, COL_THREAD, COL_STATE, COL_TIME,
	COL_EXITS, COL_CPU, COL_RIP, COL_SYMBOL, NR_COLUMNS,
};

static const struct {
	const char *name;
	size_t width;
	int flags;
} columns[] = {
	[COL_NAME] = { "NAME", 12, SCOLS_FL_TRUNC },
	[COL_VM] = { "VM", 10, 0 },
	[COL_VCPU] = { "VCPU", 4, SCOLS_FL_RIGHT },
	[COL_THREAD] = { "THREAD", 7, SCOLS_FL_RIGHT },
	[COL_STATE] = { "STATE", 9, 0 },
	[COL_TIME] = { NULL, 10, SCOLS_FL_RIGHT },
	[COL_EXITS] = { "EXITS", 9, SCOLS_FL_RIGHT },
	[COL_CPU] = { "CPU", 3, SCOLS_FL_RIGHT },
	[COL_RIP] = { "RIP", 18, SCOLS_FL_RIGHT },
	[COL_SYMBOL] = { "SYMBOL", 0, SCOLS_FL_TRUNC },
};

static const char * const time_names[] = {
	[TIME_TRACE] = "TIME", [TIME_WALL] = "DATE", [TIME_AGE] = "AGE",
};

struct table {
	struct printer printer;
	struct libscols_table *table;
	size_t width[NR_COLUMNS];
	size_t rows;
};

static size_t nr_columns(const struct table *table)
{
	return table->printer.style.symbols ? COL_SYMBOL + 1 : COL_RIP + 1;
}

/* The last column is as wide as it is. */
static void set(struct table *table, struct libscols_line *line,
		enum column col, const char *text)
{
	/* a short text below a long one: its bytes and the other's columns */
	char safe[TEXT_SIZE], padded[4 * TEXT_SIZE];
	bool right = columns[col].flags & SCOLS_FL_RIGHT;
	size_t *width = &table->width[col];
	size_t columns_used;

	text_printable(safe, sizeof(safe), text);
	columns_used = text_width(safe);
	if (columns_used > *width && col != COL_SYMBOL)
		*width = columns_used;
	text_pad(padded, sizeof(padded), safe,
		 col == COL_SYMBOL ? columns_used : *width, right);
	scols_line_set_data(line, col, padded);
}

/* A row like all others, so that it is as wide. */
static bool add_heading(struct table *table)
{
	struct libscols_line *line = scols_table_new_line(table->table, NULL);

	for (size_t i = 0; line && i < nr_columns(table); i++)
		set(table, line, i,
		    columns[i].name ?: time_names[table->printer.style.time]);
	return line;
}

static bool init(struct printer *printer)
{
	struct table *table = (struct table *)printer;

	table->table = scols_new_table();
	if (!table->table)
		return false;
	scols_table_set_stream(table->table, printer->style.out);
	scols_table_enable_colors(table->table, printer->style.color);
	scols_table_enable_noheadings(table->table, true);
	for (size_t i = 0; i < nr_columns(table); i++) {
		scols_table_new_column(table->table, NULL, 0,
				       columns[i].flags);
		table->width[i] = columns[i].width;
	}
	if (add_heading(table))
		return true;
	scols_unref_table(table->table);
	return false;
}

static void flush(struct printer *printer)
{
	struct table *table = (struct table *)printer;

	if (!table->rows)
		return;
	scols_print_table(table->table);
	scols_table_remove_lines(table->table);
	table->rows = 0;
}

static void set_field(struct table *table, struct libscols_line *line,
		      enum column col, const struct event *ev, enum field_id id)
{
	char value[VALUE_LEN];

	set(table, line, col, value_field(value, ev, id) ? value : UNKNOWN);
}

static const char *state_color(const struct event *ev)
{
	if (ev->kind == EVENT_ERROR)
		return "red";
	switch (ev->val[FIELD_STATE_NR]) {
	case VCPU_INFO_STATE_SELF:
	case VCPU_INFO_STATE_GUEST:
		return "green";
	case VCPU_INFO_STATE_HALTED:
		return "blue";
	default:
		return "yellow";
	}
}

static void print_event(struct printer *printer, const struct event *ev,
			const struct event_about *about)
{
	struct table *table = (struct table *)printer;
	bool is_record = ev->kind == EVENT_RECORD;
	struct libscols_line *line;
	char text[SYMBOL_LEN];

	line = scols_table_new_line(table->table, NULL);
	if (!line)
		return;
	set(table, line, COL_NAME, about->vm ?: about->vmm ?:
	    about->vmm_gone ? "(gone)" : UNKNOWN);
	snprintf(text, sizeof(text), "%d:%d", event_int(ev, FIELD_VM_PID),
		 event_int(ev, FIELD_VM_FD));
	set(table, line, COL_VM, text);
	set_field(table, line, COL_VCPU, ev, FIELD_VCPU_ID);
	set_field(table, line, COL_THREAD, ev, FIELD_PID);
	set_field(table, line, COL_STATE, ev,
		  is_record ? FIELD_STATE_NR : FIELD_REASON_NR);
	scols_cell_set_color(scols_line_get_cell(line, COL_STATE),
			     state_color(ev));
	value_time(text, ev, about, table->printer.style.time);
	set(table, line, COL_TIME, text);
	set_field(table, line, COL_EXITS, ev, FIELD_EXITS);
	set_field(table, line, COL_CPU, ev, FIELD_CPU);
	set_field(table, line, COL_RIP, ev, FIELD_REGS + VCPU_INFO_REG_RIP);
	if (table->printer.style.symbols) {
		value_symbol(text, sizeof(text), about);
		set(table, line, COL_SYMBOL, text);
	}
	if (++table->rows >= BATCH)
		flush(printer);
}

static void free_table(struct printer *printer)
{
	scols_unref_table(((struct table *)printer)->table);
}

const struct printer_ops table_printer = {
	.size = sizeof(struct table),
	.init = init,
	.event = print_event,
	.flush = flush,
	.exit = free_table,
};
