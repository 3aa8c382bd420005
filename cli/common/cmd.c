// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "exit.h"
#include "msg.h"

static const struct program *program;

static void print_program_help(FILE *out)
{
	fprintf(out, "Usage: %s COMMAND [OPTION]...\n%s\n\nCommands:\n",
		program->name, program->summary);
	for (const struct cmd *cmd = program->cmds; cmd->name; cmd++)
		fprintf(out, "  %-10s %s\n", cmd->name, cmd->summary);
	fprintf(out, "  %-10s %s\n", "help", "Print the options of a command.");
	fprintf(out, "  %-10s %s\n", "version", "Print the version.");
	fprintf(out, "\nOptions:\n");
	opt_print_help(out, NULL);
	fprintf(out, "\nWithout a command: %s", program->name);
	for (const char *const *word = program->by_default; *word; word++)
		fprintf(out, " %s", *word);
	fprintf(out, "\n'%s help COMMAND' prints a command's options.\n",
		program->name);
}

static void print_cmd_help(const struct cmd *cmd)
{
	printf("Usage: %s %s [OPTION]...%s%s\n%s\n\nOptions:\n", program->name,
	       cmd->name, cmd->operands ? " " : "", cmd->operands ?: "",
	       cmd->summary);
	opt_print_help(stdout, cmd->opts);
	if (program->one_page)
		printf("\nSee %s(1).\n", program->name);
	else
		printf("\nSee %s-%s(1).\n", program->name, cmd->name);
}

static void print_version(void)
{
	printf("%s %s\n", program->name, program->version);
}

bool cmd_go(const struct cmd *cmd, const struct opt_parser *op,
	    enum opt_outcome outcome, int *exit_code)
{
	*exit_code = EXIT_OK;
	switch (outcome) {
	case OPT_RUN:
		if (op->note[0])
			msg_note("%s: %s", cmd->name, op->note);
		return true;
	case OPT_HELP:
		print_cmd_help(cmd);
		return false;
	case OPT_VERSION:
		print_version();
		return false;
	case OPT_BAD:
		break;
	}
	msg_error("%s: %s", cmd->name, op->err);
	msg_hint("'%s help %s' prints the options.", program->name, cmd->name);
	*exit_code = EXIT_USAGE;
	return false;
}

static const struct cmd *find_cmd(const char *word)
{
	for (const struct cmd *cmd = program->cmds; cmd->name; cmd++) {
		if (!strcmp(cmd->name, word) ||
		    (cmd->alias && !strcmp(cmd->alias, word)))
			return cmd;
	}
	return NULL;
}

static int unknown(const char *what, const char *word)
{
	msg_error("unknown %s '%s'", what, word);
	msg_hint("'%s help' lists the commands.", program->name);
	return EXIT_USAGE;
}

static bool is_word(const char *word, const char *name, const char *option,
		    const char *letter)
{
	return !strcmp(word, name) || !strcmp(word, option) ||
	       !strcmp(word, letter);
}

static bool is_help(const char *word)
{
	return is_word(word, "help", "--help", "-h");
}

static bool is_version(const char *word)
{
	return is_word(word, "version", "--version", "-V");
}

/* Commands without options of their own, and options, are on the first page. */
static int run_help(const char *word)
{
	const struct cmd *cmd = word ? find_cmd(word) : NULL;

	if (cmd)
		print_cmd_help(cmd);
	else if (!word || is_help(word) || is_version(word))
		print_program_help(stdout);
	else
		return unknown("command", word);
	return EXIT_OK;
}

static int run_by_default(void)
{
	char *argv[8] = { NULL };
	int argc = 0;

	for (; program->by_default[argc]; argc++)
		argv[argc] = (char *)program->by_default[argc];
	return find_cmd(argv[0])->run(find_cmd(argv[0]), argc, argv);
}

static int run_cmd(int argc, char **argv)
{
	const struct cmd *cmd;

	if (argc < 2)
		return run_by_default();
	if (is_help(argv[1]))
		return run_help(argc > 2 ? argv[2] : NULL);
	if (is_version(argv[1])) {
		print_version();
		return EXIT_OK;
	}
	if (argv[1][0] == '-')
		return unknown("option", argv[1]);
	cmd = find_cmd(argv[1]);
	return cmd ? cmd->run(cmd, argc - 1, argv + 1) :
		     unknown("command", argv[1]);
}

int cmd_flush(int exit_code)
{
	/* a full disk must not pass for success */
	if (fflush(stdout))
		outerr_note();
	if (!ferror(stdout))
		return exit_code;
	msg_error("cannot write to standard output: %s",
		  outerr_get() ? strerror(outerr_get()) : "write error");
	return exit_code ? exit_code : EXIT_FAILED;
}

/*
 * What is opened next gets the lowest free number: a file of the kernel must
 * not become standard output because the caller closed that. The mode makes the
 * use of such a descriptor fail, as it does when it is closed.
 */
static void open_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY :
							       O_RDONLY);
	}
}

/* Millions of records may be written to a file or a pipe. */
static void set_buffer(void)
{
	static char buffer[1 << 16];

	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

int cmd_main(const struct program *prog, int argc, char **argv)
{
	open_standard_files();
	set_buffer();
	/* which characters a terminal shows; numbers stay as they are */
	setlocale(LC_CTYPE, "");
	program = prog;
	msg_set_program(prog->name);
	return cmd_flush(run_cmd(argc, argv));
}
