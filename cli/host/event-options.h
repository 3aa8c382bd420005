/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which events, and how to print them: the options that the commands share.
 */
#ifndef HOST_EVENT_OPTIONS_H
#define HOST_EVENT_OPTIONS_H

#include "options.h"
#include "print/printer.h"
#include "select.h"
#include "symbols.h"
#include "trace-time.h"

enum color_when {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER,
};

/**
 * struct event_options - what the shared options say
 * @format: --format
 * @time_given: whether --time-format was
 * @time: --time-format
 * @color: --color
 * @filter: --vm, --vcpu, --state
 * @symbols: --guest-kallsyms, --guest-vmlinux
 */
struct event_options {
	enum format format;
	bool time_given;
	enum time_format time;
	enum color_when color;
	struct select filter;
	struct symbols symbols;
};

/* To go on with from a command's own table. */
extern const struct opt_spec event_opts[];

/*
 * For an option that is none of the command's own: OPT_RUN if it is one of
 * these and taken, else what opt_default() says.
 */
enum opt_outcome event_option(struct event_options *view, struct opt_parser *op,
			      int val);
void event_options_free(struct event_options *view);

/* Read what the options name. The exit code: EXIT_OK, or what failed is said. */
int event_options_load(struct event_options *view);

/*
 * Whether to use colours, as no-color.org has it: no_color and term are what
 * the environment has for NO_COLOR and TERM, NULL for nothing.
 */
bool color_wanted(enum color_when when, bool is_terminal,
		  const char *no_color, const char *term);

/* How to print to a file. */
struct fmt event_options_fmt(const struct event_options *view, FILE *out,
			     enum time_format default_time);

#endif /* HOST_EVENT_OPTIONS_H */
