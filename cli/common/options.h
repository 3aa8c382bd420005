/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options from one table, which is also the help text. Parsing has no side
 * effects: what is wrong is left in opt_parser.err for the caller to print.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "compiler.h"

/* Options from here on have a long name only. */
#define OPT_LONG	256
#define OPT_MAX		40

/* Old spellings of a command's options, and tables inside of tables. */
#define OPT_MAX_OLD   8
#define OPT_MAX_DEPTH 8

/**
 * struct opt_spec - an option; the table ends with an entry of zeroes
 *
 * -h, --help and -V, --version are added to every table.
 *
 * @val: the letter of the short option, or a value from OPT_LONG up
 * @name: the long name
 * @arg: what its argument is called, NULL if it takes none
 * @help: what it does, in half a line; words to choose from as "a|b|c"
 * @old_val: a letter that it had before: works, with a note; 0 for none
 * @old_name: a long name that it had before, NULL for none
 * @more: in an entry without a name: a table that belongs here
 */
struct opt_spec {
	int val;
	const char *name;
	const char *arg;
	const char *help;
	int old_val;
	const char *old_name;
	const struct opt_spec *more;
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
	char note[200]; /* what is to be said of an old spelling, or "" */
	int max_rest;		/* arguments that need not be options */
	char shorts[2 * (OPT_MAX + OPT_MAX_OLD) + 3];
	struct option longs[OPT_MAX + OPT_MAX_OLD + 1];
	int nr_longs;
	const struct opt_spec *olds[OPT_MAX_OLD];
	int nr_olds;
};

/* argv[0] is the command's name. One parser at a time: getopt's state is. */
void opt_init(struct opt_parser *op, int argc, char **argv,
	      const struct opt_spec *specs);

/*
 * The next option: true and its value in *val, 'h' and 'V' included. False at
 * the end, and with *val = '?' and op->err set for a bad option. Whatever is
 * no option is an error, but for what an opt_take function allowed.
 */
bool opt_next(struct opt_parser *op, int *val);

/* After opt_init(): one argument that is no option may be given. */
void opt_take_file(struct opt_parser *op);

/* After opt_init(): any number of arguments that are no options may be given. */
void opt_take_words(struct opt_parser *op);

/* After opt_init(): the first argument that is no option starts a command. */
void opt_take_command(struct opt_parser *op);

/* After the last option: the arguments that are none, up to a NULL. */
char **opt_rest(const struct opt_parser *op);

/**
 * opt_choose_a - which of some words an argument is
 * @noun: what they are, for a message: "format"
 * @arg: the argument
 * @words: the words, up to a NULL
 * @choice: index of the word
 * @err: where to put what is wrong with @arg
 * @err_size: size of @err
 */
bool opt_choose_a(const char *noun, const char *arg, const char * const *words,
		  int *choice, char *err, size_t err_size);

/**
 * opt_take_interval - the last option's argument as a time between two of something
 * @op: has the argument
 * @min_ns: the shortest that is allowed, in nanoseconds
 * @max_ns: the longest
 * @allowed: examples and these limits, for a message
 * @ns: the time
 */
enum opt_outcome opt_take_interval(struct opt_parser *op, uint64_t min_ns,
				   uint64_t max_ns, const char *allowed,
				   uint64_t *ns);

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
