/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What 'top' shows: a row for each vCPU, sorted and filtered, as lines of
 * text. It knows nothing of the screen.
 */
#ifndef HOST_CMD_TOP_ROWS_H
#define HOST_CMD_TOP_ROWS_H

#include "print/printer.h"

enum top_column {
	TOP_NAME,
	TOP_PID,
	TOP_VCPU,
	TOP_THREAD,
	TOP_STATE,
	TOP_CPU,
	TOP_AGE,
	TOP_EXITS,
	TOP_IO,
	TOP_MMIO,
	TOP_HALT,
	TOP_IRQ,
	TOP_HYPERCALLS,
	TOP_RUN,
	TOP_STEAL,
	TOP_RIP,
	NR_TOP_COLUMNS,
};

/* Their names, in lower case, up to a NULL: for --sort. */
extern const char * const top_column_names[];

/**
 * struct top_rows - all that is shown
 * @printer: what takes the records in; they are kept in @vcpus
 * @vcpus: the vCPUs, a row each
 * @kept: copy of them as they were when they were frozen
 * @vms: totals of them, made by top_rows_sorted()
 * @name_width: columns for names, of the rows that were sorted
 * @sort: column to sort by
 * @reverse: the other way round
 * @filter: only rows that have this in their name, VM, thread, state or symbol
 * @editing: the filter is being typed
 * @frozen: what is shown stays, records are still taken
 * @paused: records are not taken
 * @totals: a row for each VM instead of for each vCPU
 * @some_vms: only some VMs were asked for
 * @help: the keys are explained instead
 * @scroll: first row that is shown
 * @records: how many were taken
 * @lost: events that were lost
 * @now: time in the trace clock
 * @no_memory: rows are missing
 */
struct top_rows {
	struct printer printer;
	struct vcpu_table *vcpus;
	struct vcpu_table kept;
	struct vcpu_table vms;
	size_t name_width;
	enum top_column sort;
	bool reverse;
	char filter[32];
	bool editing;
	bool frozen;
	bool paused;
	bool totals;
	bool some_vms;
	bool help;
	size_t scroll;
	uint64_t records;
	uint64_t lost;
	uint64_t now;
	bool no_memory;
};

extern const struct printer_ops top_rows_printer;

/* Whether times of threads are shown or sorted by: each is a file to be read. */
bool top_rows_needs_times(const struct top_rows *top, size_t width);

/* A vCPU that exists, whether or not there is a record of it. */
void top_rows_add(struct top_rows *top, int vm_pid, int vm_fd, int vcpu_id,
		  int thread, const char *name);

/* Forget those without a record that were not added since the last call. */
void top_rows_forget(struct top_rows *top);

/* Forget vCPUs without a record for that long. */
void top_rows_expire(struct top_rows *top, uint64_t age_ns);

enum top_action {
	TOP_IGNORE,
	TOP_REDRAW,
	TOP_QUIT,
};

/* Keys besides characters. */
enum {
	TOP_KEY_UP = 1000,
	TOP_KEY_DOWN,
	TOP_KEY_ENTER,
	TOP_KEY_ESCAPE,
	TOP_KEY_BACKSPACE,
};

enum top_action top_rows_key(struct top_rows *top, int key);

/* The lines of the help for keys, up to a NULL. */
extern const char *const top_rows_help[];

/*
 * Sort, and give the rows that the filter leaves, to be printed in so many
 * columns; nr says how many. To be freed; the rows are good until the next call.
 */
const struct vcpu **top_rows_sorted(struct top_rows *top, size_t width,
				    size_t *nr);

/* Texts of so many bytes are copied whole, and what is behind them, too. */
#define TOP_SHORT_CELL		16

/* Bytes that a line of so many columns may have, with a NUL, and room to write it. */
#define TOP_LINE_SIZE(width)	(4 * (width) + 1 + TOP_SHORT_CELL)

/* Lines of at most width columns: TOP_LINE_SIZE(width) bytes. */
void top_rows_summary(const struct top_rows *top, size_t shown, char *line,
		      size_t width);
void top_rows_heading(const struct top_rows *top, char *line, size_t width);
void top_rows_line(const struct top_rows *top, const struct vcpu *vcpu,
		   char *line, size_t width);
#endif /* HOST_CMD_TOP_ROWS_H */
