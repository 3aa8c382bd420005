/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Printers, one for each format. printer.h chooses among them.
 */
#ifndef HOST_PRINT_FMT_H
#define HOST_PRINT_FMT_H

#include <stdio.h>

#include "rates.h"
#include "trace/event.h"

enum time_format {
	TIME_TRACE,		/* in the trace clock */
	TIME_WALL,		/* date and time of day */
	TIME_AGE,		/* how long ago */
};

/**
 * struct fmt - how to print
 * @out: where to
 * @color: with colours
 * @symbols: symbols may be known: leave room for them
 * @time: which time, where there is room for one only
 */
struct fmt {
	FILE *out;
	bool color;
	bool symbols;
	enum time_format time;
};

/**
 * struct fmt_about - what is not in the event but printed with it
 * @vm: name of the VM, NULL if it is not known
 * @vmm: name of the VM's process, NULL if it is not known
 * @vmm_gone: there is no such process any more
 * @age_known: whether @age_ns is
 * @age_ns: how long ago the event was
 * @wall_known: whether @wall_ns is
 * @wall_ns: when it was, in nanoseconds since 1970
 * @symbol: what RIP is in, NULL if it is not known
 * @symbol_offset: how far in
 * @delta: exits since the record before, NULL if nobody asked for them
 */
struct fmt_about {
	const char *vm;
	const char *vmm;
	bool vmm_gone;
	bool age_known;
	uint64_t age_ns;
	bool wall_known;
	uint64_t wall_ns;
	const char *symbol;
	uint64_t symbol_offset;
	const struct exit_delta *delta;
};

/**
 * struct fmt_lost - events that are not in the output
 * @overrun: overwritten by newer ones
 * @commit_overrun: lost because a writer was interrupted too often
 * @dropped: found no room
 * @undecodable: there, but not understood
 */
struct fmt_lost {
	uint64_t overrun;
	uint64_t commit_overrun;
	uint64_t dropped;
	uint64_t undecodable;
};

/* "not known", where a number or a register would stand */
#define UNKNOWN	"-"

/* Readable blocks. */
void fmt_text_event(const struct fmt *fmt, const struct event *ev,
		    const struct fmt_about *about);

/* One object a line. */
void fmt_json_event(const struct fmt *fmt, const struct event *ev,
		    const struct fmt_about *about);
void fmt_json_lost(const struct fmt *fmt, const struct fmt_lost *lost);

/* A line of names, then one a record or error. */
void fmt_csv_header(const struct fmt *fmt);
void fmt_csv_event(const struct fmt *fmt, const struct event *ev,
		   const struct fmt_about *about);

/* Rows, which are printed when there are many of them or by the flush. */
struct fmt_table;

struct fmt_table *fmt_table_new(const struct fmt *fmt);
void fmt_table_event(struct fmt_table *table, const struct event *ev,
		     const struct fmt_about *about);
void fmt_table_flush(struct fmt_table *table);
void fmt_table_free(struct fmt_table *table);

#endif /* HOST_PRINT_FMT_H */
