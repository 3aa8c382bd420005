/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands of a program, from one table that is also its help text.
 */
#ifndef COMMON_CMD_H
#define COMMON_CMD_H

#include <stdbool.h>

#include "options.h"

/**
 * struct cmd - a command; the table ends with an entry without a name
 * @name: the word on the command line
 * @alias: another word for it, NULL for none
 * @operands: what may be given besides options, as in a synopsis, or NULL
 * @summary: what it does, in half a line
 * @opts: its options
 * @run: parses argv (argv[0] is the command) and does it; gives the exit code
 */
struct cmd {
	const char *name;
	const char *alias;
	const char *operands;
	const char *summary;
	const struct opt_spec *opts;
	int (*run)(const struct cmd *cmd, int argc, char **argv);
};

/**
 * struct program - what cmd_main() needs to know of a program
 * @name: the program's name
 * @version: its version
 * @summary: what it does, in a sentence
 * @cmds: its commands
 * @by_default: the command line without arguments, from the command's name to
 *	a NULL
 * @one_page: one man page has all commands, not each a page of its own
 */
struct program {
	const char *name;
	const char *version;
	const char *summary;
	const struct cmd *cmds;
	const char *const *by_default;
	bool one_page;
};

/* Find the command and run it; the exit code of main(). */
int cmd_main(const struct program *prog, int argc, char **argv);

/*
 * Whatever was printed is written out. Gives the exit code, which is a failure
 * if that was not possible, and this is said.
 */
int cmd_flush(int exit_code);

/*
 * After parsing: true if the command is to run. Otherwise the help, version
 * or error is printed and *exit_code set.
 */
bool cmd_go(const struct cmd *cmd, const struct opt_parser *op,
	    enum opt_outcome outcome, int *exit_code);

#endif /* COMMON_CMD_H */
