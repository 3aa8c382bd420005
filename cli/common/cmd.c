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
#include "outerr.h"

static const struct program *program;

static void print_program_help(FILE *out)
{
	fprintf(out, "Usage: %s COMMAND [OPTION]...\n%s\n\nCommands:\n",
		program->name, program->summary);
	for (const struct cmd *cmd = program->cmds; cmd->name; cmd++)
		fprintf(out, "  %-10s %s\n", cmd->name, cmd->summary);
	fprintf(out, "\nOptions:\n");
	opt_print_help(out, NULL);
	fprintf(out, "\n'%s COMMAND --help' prints a command's options.\n",
		program->name);
}

static void print_cmd_help(const struct cmd *cmd)
{
	printf("Usage: %s %s [OPTION]...\n%s\n\nOptions:\n", program->name,
	       cmd->name, cmd->summary);
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
	msg_hint("'%s %s --help' prints the options.", program->name,
		 cmd->name);
	*exit_code = EXIT_USAGE;
	return false;
}

static int run_program_option(const char *word)
{
	if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
		print_program_help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(word, "-V") || !strcmp(word, "--version")) {
		print_version();
		return EXIT_OK;
	}
	msg_error("unknown option '%s'", word);
	msg_hint("'%s --help' prints the commands.", program->name);
	return EXIT_USAGE;
}

static int run_cmd(int argc, char **argv)
{
	if (argc < 2) {
		print_program_help(stderr);
		return EXIT_USAGE;
	}
	if (argv[1][0] == '-')
		return run_program_option(argv[1]);
	for (const struct cmd *cmd = program->cmds; cmd->name; cmd++) {
		if (!strcmp(cmd->name, argv[1]))
			return cmd->run(cmd, argc - 1, argv + 1);
	}
	msg_error("unknown command '%s'", argv[1]);
	msg_hint("'%s --help' prints the commands.", program->name);
	return EXIT_USAGE;
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

int cmd_main(const struct program *prog, int argc, char **argv)
{
	open_standard_files();
	/* which characters a terminal shows; numbers stay as they are */
	setlocale(LC_CTYPE, "");
	program = prog;
	msg_set_program(prog->name);
	return cmd_flush(run_cmd(argc, argv));
}
