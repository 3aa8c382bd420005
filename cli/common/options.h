/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options from one table, which is also the help text. Parsing has no side
 * effects: what is wrong is left in opt_parser.err for the caller to print.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "compiler.h"

/* Options from here on have a long name only. */
#define OPT_LONG	256
#define OPT_MAX		32

/**
 * struct opt_spec - an option; the table ends with an entry without a name
 *
 * -h, --help and -V, --version are added to every table.
 *
 * @val: the letter of the short option, or a value from OPT_LONG up
 * @name: the long name
 * @arg: what its argument is called, NULL if it takes none
 * @help: what it does, in half a line
 */
struct opt_spec {
	int val;
	const char *name;
	const char *arg;
	const char *help;
};

/* What a command's parser found. */
enum opt_outcome {
	OPT_RUN,
	OPT_HELP,
	OPT_VERSION,
	OPT_BAD,
};

struct opt_parser {
	int argc;
	char **argv;
	const char *arg;	/* argument of the option returned last */
	char err[200];
	char shorts[2 * OPT_MAX + 2];
	struct option longs[OPT_MAX + 1];
	int nr_longs;
};

/* argv[0] is the command's name. One parser at a time: getopt's state is. */
void opt_init(struct opt_parser *op, int argc, char **argv,
	      const struct opt_spec *specs);

/*
 * The next option: true and its value in *val, 'h' and 'V' included. False at
 * the end, and with *val = '?' and op->err set for a bad option. Whatever is
 * no option is an error here: no command takes such arguments.
 */
bool opt_next(struct opt_parser *op, int *val);

/* Put a message into op->err; always OPT_BAD. */
__printf(2, 3)
enum opt_outcome opt_bad(struct opt_parser *op, const char *fmt, ...);

/*
 * For what a command's own switch does not know: 'h', 'V' and '?'.
 */
enum opt_outcome opt_default(int val);

/* One line for each option; specs may be NULL: just the common ones. */
void opt_print_help(FILE *out, const struct opt_spec *specs);

#endif /* COMMON_OPTIONS_H */
