// SPDX-License-Identifier: GPL-2.0
/*
 * cli/common: the commands of a program.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "cmd.h"
#include "exit.h"
#include "jsonout.h"
#include "support.h"

#define MAX_WORDS	4

static int cmd_echo(const struct cmd *cmd, int argc, char **argv)
{
	struct opt_parser op;
	int exit_code;
	int val;

	opt_init(&op, argc, argv, cmd->opts);
	while (opt_next(&op, &val) && val == 'a')
		printf("all\n");
	if (cmd_go(cmd, &op, opt_default(val), &exit_code))
		printf("%s ran\n", argv[0]);
	return exit_code;
}

/* More than stdio holds back, so that the disk is full in the middle. */
static int cmd_much(const struct cmd *cmd, int argc, char **argv)
{
	(void)cmd;
	(void)argc;
	(void)argv;
	for (int i = 0; i < 10000; i++)
		json_print(stdout, json_new("line"));
	fflush(stdout);		/* the last flush finds nothing to write */
	errno = ENOENT;
	return EXIT_OK;
}

/* Which descriptor the first file that is opened gets. */
static int cmd_open(const struct cmd *cmd, int argc, char **argv)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	(void)cmd;
	(void)argc;
	(void)argv;
	printf("text");
	return fd;
}

static const struct opt_spec echo_opts[] = {
	{ 'a', "all", NULL, "Print more", .old_val = 'e', .old_name = "every" },
	{ OPT_LONG, "a-long-option", "ARGUMENT", "Do more" },
	{ 0 }
};

static const struct cmd cmds[] = { { .name = "echo",
				     .alias = "say",
				     .operands = "[WORD]...",
				     .summary = "Print a line.",
				     .opts = echo_opts,
				     .run = cmd_echo },
				   { .name = "much",
				     .summary = "Print many lines.",
				     .opts = echo_opts,
				     .run = cmd_much },
				   { .name = "open",
				     .summary = "Open a file.",
				     .opts = echo_opts,
				     .run = cmd_open },
				   { 0 } };

static const char *const by_default[] = { "echo", "-a", NULL };

static const struct program program = {
	.name = "prog",
	.version = "1.2",
	.summary = "Does things.",
	.cmds = cmds,
	.by_default = by_default,
};

static int run(void *arg)
{
	char **words = arg;
	char *argv[MAX_WORDS + 1] = { "prog" };
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = words[argc - 1];
	return cmd_main(&program, argc, argv);
}

static void what_each_line_does(void **state)
{
	static const struct {
		char *words[MAX_WORDS];
		int exit_code;
		const char *out;
		const char *err;
	} lines[] = {
		{ { "echo" }, EXIT_OK, "echo ran\n", "" },
		{ { "echo", "-a" }, EXIT_OK, "all\necho ran\n", "" },
		{ { "echo", "--version" }, EXIT_OK, "prog 1.2\n", "" },
		{ { "say" }, EXIT_OK, "say ran\n", "" },
		{ { "echo", "--help" }, EXIT_OK, "-a, --all", "" },
		{ { "help", "echo" },
		  EXIT_OK,
		  "Usage: prog echo [OPTION]... [WORD]...\nPrint a line.\n",
		  "" },
		{ { "help", "say" },
		  EXIT_OK,
		  "  -a, --all                     Print more\n"
		  "      --a-long-option ARGUMENT  Do more\n",
		  "" },
		{ { "help" }, EXIT_OK, "echo       Print a line.", "" },
		{ { "help", "ech" }, EXIT_USAGE, "", "unknown command 'ech'" },
		{ { "help", "--help" }, EXIT_OK, "echo       Print a line.", "" },
		{ { "help", "-h" }, EXIT_OK, "echo       Print a line.", "" },
		{ { "help", "help" }, EXIT_OK, "help       Print the options", "" },
		{ { "help", "version" }, EXIT_OK, "version    Print the version", "" },
		{ { "version" }, EXIT_OK, "prog 1.2\n", "" },
		{ { "echo", "-x" },
		  EXIT_USAGE,
		  "",
		  "prog: echo: unknown option '-x'" },
		{ { "--version" }, EXIT_OK, "prog 1.2\n", "" },
		{ { "-V" }, EXIT_OK, "prog 1.2\n", "" },
		{ { "-h" }, EXIT_OK, "echo       Print a line.", "" },
		{ { NULL }, EXIT_OK, "all\necho ran\n", "" },
		{ { "ech" }, EXIT_USAGE, "", "unknown command 'ech'" },
		{ { "--nope" }, EXIT_USAGE, "", "unknown option '--nope'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct captured cap = capture(run, (void *)lines[i].words);

		assert_int_equal(cap.ret, lines[i].exit_code);
		assert_non_null(strstr(cap.out, lines[i].out));
		assert_non_null(strstr(cap.err, lines[i].err));
		/* the one is empty exactly if the other is not */
		assert_int_equal(!cap.out[0], !!cap.err[0]);
		captured_free(&cap);
	}
}

static void old_spellings(void **state)
{
	static const struct {
		char *words[MAX_WORDS];
		const char *err;
	} lines[] = {
		{ { "echo", "-e" }, "prog: echo: -e is now --all;" },
		{ { "echo", "--every" }, "prog: echo: --every is now --all;" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct captured cap = capture(run, (void *)lines[i].words);

		assert_int_equal(cap.ret, EXIT_OK);
		assert_string_equal(cap.out, "all\necho ran\n");
		assert_non_null(strstr(cap.err, lines[i].err));
		captured_free(&cap);
	}
}

/* capture() gives the program a file; have it write to a full disk instead. */
static int run_on_full_disk(void *arg)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int ret;

	assert_true(fd >= 0);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	close(fd);
	ret = run(arg);
	clearerr(stdout);
	return ret;
}

/* The reason is known also where the failure was long ago. */
static void a_full_disk_is_no_success(void **state)
{
	static const char * const cmd_names[] = { "much", "echo" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cmd_names); i++) {
		char *words[2] = { (char *)cmd_names[i] };
		struct captured cap = capture(run_on_full_disk, words);

		assert_int_equal(cap.ret, EXIT_FAILED);
		assert_non_null(strstr(cap.err, "No space left on device"));
		captured_free(&cap);
	}
}

static int run_without_files(void *arg)
{
	char *words[2] = { "open" };
	int status, err = dup(STDERR_FILENO);
	pid_t pid = fork();

	if (!pid) {
		dup2(err, 100);
		for (int fd = 0; fd < 100; fd++)
			close(fd);
		if (!*(bool *)arg)
			dup2(100, STDERR_FILENO);
		close(100);
		_exit(run(words));
	}
	close(err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ">&-": a file that is opened then must not become standard output. */
static void closed_standard_files(void **state)
{
	bool all = true;
	struct captured cap = capture(run_without_files, &all);

	(void)state;
	assert_int_equal(cap.ret, STDERR_FILENO + 1);
	captured_free(&cap);
	all = false;
	cap = capture(run_without_files, &all);
	assert_int_equal(cap.ret, STDERR_FILENO + 1);
	assert_non_null(strstr(cap.err, "Bad file descriptor"));
	captured_free(&cap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_each_line_does),
		cmocka_unit_test(old_spellings),
		cmocka_unit_test(closed_standard_files),
		cmocka_unit_test(a_full_disk_is_no_success),
	};

	return cmocka_run_group_tests_name("common_cmd", tests, NULL, NULL);
}
