// SPDX-License-Identifier: GPL-2.0
/*
 * A row an event, in columns of widths that most values fit into.
 */
#include <string.h>

#include "print/columns.h"
#include "print/value.h"
#include "text.h"

enum {
	COL_NAME,
	COL_VM,
	COL_VCPU,
	COL_THREAD,
	COL_STATE,
	COL_TIME,
	COL_EXITS,
	COL_CPU,
	COL_RIP,
	COL_SYMBOL,
	NR_COLUMNS,
};

_Static_assert(NR_COLUMNS <= MAX_COLUMNS, "too many columns");

static const struct column list[NR_COLUMNS] = {
	[COL_NAME] = { "NAME", 12 },
	[COL_VM] = { "VM", 10 },
	[COL_VCPU] = { "VCPU", 4, .right = true },
	[COL_THREAD] = { "THREAD", 7, .right = true },
	[COL_STATE] = { "STATE", 9 },
	[COL_TIME] = { NULL, 10, .right = true },
	[COL_EXITS] = { "EXITS", 9, .right = true },
	[COL_CPU] = { "CPU", 3, .right = true },
	[COL_RIP] = { "RIP", 18, .right = true },
	[COL_SYMBOL] = { "SYMBOL", 0, .loose = true },
};

static const char * const time_names[] = {
	[TIME_TRACE] = "TIME", [TIME_WALL] = "DATE", [TIME_AGE] = "AGE",
};

/* A table without rows has no headings either. */
struct table {
	struct printer printer;
	struct columns columns;
	bool any;
};

static bool init(struct printer *printer)
{
	const struct print_style *style = &printer->style;
	struct table *table = (struct table *)printer;
	struct column columns[NR_COLUMNS];

	memcpy(columns, list, sizeof(list));
	columns[COL_TIME].name = time_names[style->time];
	if (columns_init(&table->columns, style->out, style->color, columns,
			 style->symbols ? NR_COLUMNS : COL_SYMBOL))
		return true;
	columns_free(&table->columns);
	return false;
}

static void flush(struct printer *printer)
{
	struct table *table = (struct table *)printer;

	if (table->any)
		columns_flush(&table->columns);
}

static void add_field(struct table *table, const struct event *ev,
		      enum field_id id)
{
	char value[VALUE_LEN];

	columns_add(&table->columns,
		    value_field(value, ev, id) ? value : UNKNOWN, NULL);
}

/* Escape sequences (ECMA-48), as in the blocks of text. */
static const char *state_color(const struct event *ev)
{
	if (ev->kind == EVENT_ERROR)
		return "\033[31m";
	switch (ev->val[FIELD_STATE_NR]) {
	case VCPU_INFO_STATE_SELF:
	case VCPU_INFO_STATE_GUEST:
		return "\033[32m";
	case VCPU_INFO_STATE_HALTED:
		return "\033[34m";
	default:
		return "\033[33m";
	}
}

static void add_state(struct table *table, const struct event *ev)
{
	enum field_id id =
		ev->kind == EVENT_RECORD ? FIELD_STATE_NR : FIELD_REASON_NR;
	char value[VALUE_LEN], why[VALUE_LEN], both[2 * VALUE_LEN];

	if (!value_field(value, ev, id))
		strcpy(value, UNKNOWN);
	snprintf(both, sizeof(both), "%s", value);
	/* rare, so that it has no column */
	if (event_says_why(ev) && value_field(why, ev, FIELD_WHY_NR))
		snprintf(both, sizeof(both), "%s/%s", value, why);
	columns_add(&table->columns, both, state_color(ev));
}

static void print_event(struct printer *printer, const struct event *ev,
			const struct event_about *about)
{
	struct table *table = (struct table *)printer;
	struct columns *columns = &table->columns;
	char text[SYMBOL_LEN], chain[TEXT_SIZE] = "";

	table->any = true;
	columns_add(columns,
		    about->vm		    ?:
			    about->vmm	    ?:
			    about->vmm_gone ? "(gone)" :
					      UNKNOWN,
		    NULL);
	snprintf(text, sizeof(text), "%d:%d", event_int(ev, FIELD_VM_PID),
		 event_int(ev, FIELD_VM_FD));
	columns_add(columns, text, NULL);
	add_field(table, ev, FIELD_VCPU_ID);
	add_field(table, ev, FIELD_PID);
	add_state(table, ev);
	value_time(text, ev, about, printer->style.time);
	columns_add(columns, text, NULL);
	add_field(table, ev, FIELD_EXITS);
	add_field(table, ev, FIELD_CPU);
	add_field(table, ev, FIELD_REGS + VCPU_INFO_REG_RIP);
	if (printer->style.symbols) {
		value_place(text, sizeof(text), about);
		if (about->stack && about->stack->stack)
			stack_chain(chain, sizeof(chain), about->stack->stack->frames,
				    about->stack->stack->nr);
		columns_add(columns, chain[0] ? chain : text, NULL);
	}
}

static void free_table(struct printer *printer)
{
	columns_free(&((struct table *)printer)->columns);
}

const struct printer_ops table_printer = {
	.size = sizeof(struct table),
	.init = init,
	.event = print_event,
	.flush = flush,
	.exit = free_table,
};
