/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Printers of events, one for each format and a file each.
 */
#ifndef HOST_PRINT_PRINTER_H
#define HOST_PRINT_PRINTER_H

#include <stdio.h>

#include "print/stack.h"
#include "trace/source.h"
#include "vcpu-table.h"

enum format {
	FORMAT_TEXT, /* blocks to be read by people */
	FORMAT_LINE, /* a line an event, to be read by people */
	FORMAT_TABLE, /* a row an event */
	FORMAT_JSON, /* an object a line */
	FORMAT_CSV, /* a line of names, then one an event */
};

enum time_format {
	TIME_TRACE, /* in the trace clock */
	TIME_WALL, /* date and time of day */
	TIME_AGE, /* how long ago */
};

/**
 * struct print_style - how to print
 * @out: where to
 * @color: with colours
 * @symbols: symbols may be known: leave room for them
 * @stacks: and stacks
 * @time: which time, where there is room for one only
 */
struct print_style {
	FILE *out;
	bool color;
	bool symbols;
	bool stacks;
	enum time_format time;
};

/**
 * struct event_about - what is not in the event but printed with it
 * @vm: name of the VM, NULL if it is not known
 * @vmm: name of the VM's process, NULL if it is not known
 * @vmm_gone: there is no such process any more
 * @age_known: whether @age_ns is
 * @age_ns: how long ago the event was
 * @wall_known: whether @wall_ns is
 * @wall_ns: when it was, in nanoseconds since 1970
 * @symbol: what RIP is in, NULL if it is not known
 * @symbol_offset: how far in
 * @module: the guest's module that it is in, NULL if it is in none or not known
 * @task: the guest's task on the vCPU, NULL if it is not known
 * @stack: its stack, NULL if nobody asked for it
 * @vcpu: what is remembered of the vCPU, NULL if nothing is
 * @delta: exits since the record before, NULL if nobody asked for them
 */
struct event_about {
	const char *vm;
	const char *vmm;
	bool vmm_gone;
	bool age_known;
	uint64_t age_ns;
	bool wall_known;
	uint64_t wall_ns;
	const char *symbol;
	uint64_t symbol_offset;
	const char *module;
	const struct guest_task *task;
	const struct stack_view *stack;
	struct vcpu *vcpu;
	const struct exit_delta *delta;
};

struct printer;

/**
 * struct printer_ops - a format
 * @size: bytes of its printer
 * @init: prepare one that is all zeroes but for its style. False on OOM. May be
 *	NULL, as all below
 * @event: print an event; always there
 * @losses: print what is missing, in formats that have a place for it
 * @flush: print what was held back
 * @exit: free what @init made
 */
struct printer_ops {
	size_t size;
	bool (*init)(struct printer *printer);
	void (*event)(struct printer *printer, const struct event *ev,
		      const struct event_about *about);
	void (*losses)(struct printer *printer, const struct losses *losses);
	void (*flush)(struct printer *printer);
	void (*exit)(struct printer *printer);
};

/* Comes first in the struct of each format's printer. */
struct printer {
	const struct printer_ops *ops;
	struct print_style style;
};

extern const struct printer_ops text_printer;
extern const struct printer_ops line_printer;
extern const struct printer_ops table_printer;
extern const struct printer_ops json_printer;
extern const struct printer_ops csv_printer;

/* NULL on OOM. */
struct printer *printer_new(enum format format,
			    const struct print_style *style);
struct printer *printer_new_of(const struct printer_ops *ops,
			       const struct print_style *style);

static inline void printer_event(struct printer *printer,
				 const struct event *ev,
				 const struct event_about *about)
{
	printer->ops->event(printer, ev, about);
}

void printer_losses(struct printer *printer, const struct losses *losses);

/* Whatever was held back is printed and written out. */
void printer_flush(struct printer *printer);
void printer_free(struct printer *printer);

#endif /* HOST_PRINT_PRINTER_H */
