/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which events, and how to print them: the options that the commands share.
 */
#ifndef HOST_VIEW_H
#define HOST_VIEW_H

#include "filter.h"
#include "options.h"
#include "printer.h"
#include "symbols.h"
#include "timebase.h"

enum color_when {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER,
};

/**
 * struct view - what the shared options say
 * @format: --format
 * @time_given: whether --time-format was
 * @time: --time-format
 * @color: --color
 * @filter: --vm, --vcpu, --state
 * @symbols: --guest-kallsyms, --guest-vmlinux
 */
struct view {
	enum format format;
	bool time_given;
	enum time_format time;
	enum color_when color;
	struct filter filter;
	struct symbols symbols;
};

/* To go on with from a command's own table. */
extern const struct opt_spec view_opts[];

/*
 * For an option that is none of the command's own: OPT_RUN if it is one of
 * these and taken, else what opt_default() says.
 */
enum opt_outcome view_option(struct view *view, struct opt_parser *op,
			     int val);
void view_free(struct view *view);

/* Read what the options name. The exit code: EXIT_OK, or what failed is said. */
int view_prepare(struct view *view);

/*
 * Whether to use colours, as no-color.org has it: no_color and term are what
 * the environment has for NO_COLOR and TERM, NULL for nothing.
 */
bool color_wanted(enum color_when when, bool is_terminal,
		  const char *no_color, const char *term);

/* How to print to a file. */
struct fmt view_fmt(const struct view *view, FILE *out,
		    enum time_format default_time);

#endif /* HOST_VIEW_H */
