// SPDX-License-Identifier: GPL-2.0
/*
 * Options of 'follow', its trace instances, and how it ends.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tracefs.h>

#include "unit.h"

#include "cmd/commands.h"
#include "host-file.h"
#include "signals.h"
#include "support.h"
#include "trace/own-instance.h"

#define MAX_WORDS	6

static enum opt_outcome parse(const char * const *words,
			      struct follow_params *params,
			      struct opt_parser *op)
{
	char *argv[MAX_WORDS + 2] = { "follow" };
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return follow_parse(op, argc, argv, params);
}

static void options(void **state)
{
	static const char * const none[] = { NULL };
	static const char *const seconds[] = { "77", "-t", "30", "web", NULL };
	static const char * const words[] = {
		"-n5", "--timeout=1.5s", "--rates", "--buffer-kb=64", "-j",
		"--vm=web", NULL
	};
	struct follow_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(none, &params, &op), OPT_RUN);
	assert_int_equal(params.count, 0);
	assert_true(params.timeout_ns == 0);
	assert_true(params.buffer_kb > 0);
	assert_false(params.events.rates);
	event_options_free(&params.events);
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_int_equal(params.count, 5);
	assert_true(params.timeout_ns == 1500000000);
	assert_int_equal(params.buffer_kb, 64);
	assert_true(params.events.rates);
	assert_int_equal(params.events.format, FORMAT_JSON);
	assert_true(params.events.select.wants_names);
	event_options_free(&params.events);
	/* seconds, and a VM */
	assert_int_equal(parse(seconds, &params, &op), OPT_RUN);
	assert_true(params.timeout_ns == 30 * NS_PER_SEC);
	assert_int_equal(params.events.select.vms[0].pid, 77);
	assert_string_equal(params.events.select.vms[1].name, "web");
	event_options_free(&params.events);
}

static void bad_options(void **state)
{
	static const struct {
		const char *words[3];
		const char *says;
	} bad[] = {
		{ { "--count=0" }, "invalid count '0' (from 1)" },
		{ { "--count", "x" }, "from 1" },
		{ { "--duration=0s" }, "invalid duration '0s'" },
		{ { "--timeout=now" }, "invalid duration 'now'" },
		{ { "--buffer-kb=1" }, "from 64" },
		{ { "--buffer-kb=99999999" }, "from 64" },
		{ { "--all" }, "unknown" },
		{ { "--format=xml" }, "invalid format 'xml'" },
		{ { "" }, "'' is not a VM" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct follow_params params;
		struct opt_parser op;

		assert_int_equal(parse(bad[i].words, &params, &op), OPT_BAD);
		assert_non_null(strstr(op.err, bad[i].says));
		event_options_free(&params.events);
	}
}

static void ends_after_count(void **state)
{
	const struct follow_params two = { .count = 2 }, none = { 0 };

	(void)state;
	assert_false(follow_has_all(&two, 0));
	assert_false(follow_has_all(&two, 1));
	assert_true(follow_has_all(&two, 2));
	assert_true(follow_has_all(&two, 3));
	assert_false(follow_has_all(&none, 0));
	assert_false(follow_has_all(&none, UINT64_MAX));
}

static void instances_left_over(void **state)
{
	static const struct {
		const char *name;
		bool stale;
	} names[] = {
		{ "vcpu_info.follow.77", true },
		{ "vcpu_info.top.77", true },
		{ "vcpu_info.follow.12", false },	/* is alive */
		{ "vcpu_info.follow.77.1", true },
		{ "vcpu_info.follow.12.77", false },
		{ "vcpu_info.follow.77.", false },
		{ "vcpu_info.follow.77.x", false },
		{ "vcpu_info.follow.77.1.1", false },
		{ "vcpu_info", false },
		{ "vcpu_info.", false },
		{ "vcpu_info.follow", false },
		{ "vcpu_info.follow.", false },
		{ "vcpu_info.follow.x", false },
		{ "vcpu_info.follow.-1", false },
		{ "other.follow.77", false },
		{ "my.vcpu_info.follow.77", false },
	};
	char *root = tree_make();

	(void)state;
	tree_write(root, "/proc/12/comm", "vcpu-info\n");
	host_file_set_root(root);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (own_is_stale(names[i].name) != names[i].stale)
			fail_msg("%s", names[i].name);
	}
	host_file_set_root("");
	tree_remove(root);
}

/* A plain directory stands for tracefs: it makes directories, too. */
static char *make_tracing(char *tracing, size_t size)
{
	char *root = tree_make();

	tree_write(root, "/tracing/instances/vcpu_info/tracing_on", "1\n");
	snprintf(tracing, size, "%s/tracing", root);
	assert_int_equal(tracefs_set_tracing_dir(tracing), 0);
	return root;
}

static void free_tracing(char *root)
{
	tracefs_set_tracing_dir(NULL);
	tree_remove(root);
}

/* As two processes do that have the same PID, each in its own namespace. */
static void instances_are_not_shared(void **state)
{
	static const char * const names[] = {
		"vcpu_info.follow.7", "vcpu_info.follow.7.1",
		"vcpu_info.follow.7.2",
	};
	char tracing[200];
	char *root = make_tracing(tracing, sizeof(tracing));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct tracefs_instance *instance;

		instance = own_new_instance("follow", 7);
		assert_non_null(instance);
		assert_string_equal(tracefs_instance_get_name(instance),
				    names[i]);
		tracefs_instance_free(instance);
	}
	free_tracing(root);
}

static void why_no_more_come(void **state)
{
#define ENABLE	"/tracing/instances/mine/events/vcpu_info/vcpu_info/enable"
	struct tracefs_instance *instance;
	char tracing[200];
	char *root = make_tracing(tracing, sizeof(tracing));

	(void)state;
	tree_write(root, ENABLE, "1\n");
	instance = tracefs_instance_alloc(tracing, "mine");
	assert_non_null(instance);
	assert_int_equal(own_event_state(instance), OWN_ON);
	tree_write(root, ENABLE, "0\n");
	assert_int_equal(own_event_state(instance), OWN_DISABLED);
	tree_delete(root, ENABLE);
	assert_int_equal(own_event_state(instance), OWN_UNLOADED);
	tracefs_instance_free(instance);
	free_tracing(root);
}

static void stop_by_signals(void **state)
{
	(void)state;
	/* a shell's background job ignores it */
	signal(SIGINT, SIG_DFL);
	signals_catch();
	assert_false(signals_want_end());
	kill(getpid(), SIGTERM);
	assert_true(signals_want_end());
	assert_false(signals_want_abort());
	kill(getpid(), SIGINT);
	assert_true(signals_want_abort());
	signals_catch();
	assert_false(signals_want_end());
}

/* Waits are as long as the test may take: what ends them has to. */
static void waits_for_files_and_signals(void **state)
{
	int fds[2];

	(void)state;
	signal(SIGINT, SIG_DFL);
	signals_catch();
	assert_int_equal(pipe(fds), 0);
	assert_false(signals_wait_readable(fds[0], 0));
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_true(signals_wait_readable(fds[0], INT_MAX));
	kill(getpid(), SIGTERM);
	assert_false(signals_wait_readable(-1, INT_MAX));
	assert_true(signals_want_end());
	signals_catch();
	close(fds[0]);
	close(fds[1]);
}

static void ignored_signals_stay_ignored(void **state)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		signal(signals[i], SIG_IGN);
		signals_catch();
		kill(getpid(), signals[i]);
		assert_false(signals_want_end());
		signal(signals[i], SIG_DFL);
		signals_catch();
		kill(getpid(), signals[i]);
		assert_true(signals_want_end());
	}
}

#define LINES	20000

/* Print until told to stop, then the last line, as 'follow' does. */
static void print_lines(int out)
{
	int nr;

	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	signals_catch();
	for (nr = 0; nr < LINES && !signals_want_end(); nr++) {
		printf("line %d\n", nr);
		fflush(stdout);
	}
	if (!signals_want_abort())
		printf("end %d\n", nr);
	fflush(stdout);
	_exit(ferror(stdout) ? 1 : 0);
}

static bool status_has(pid_t pid, const char *want)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, want, strlen(want));
	fclose(f);
	return found;
}

/*
 * Wait until the child sleeps in a write to a pipe that is full, with all
 * signals delivered.
 */
static void wait_until_blocked(pid_t pid, int pipe_end)
{
	int size = fcntl(pipe_end, F_GETPIPE_SZ);
	int got = 0;

	do {
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		ioctl(pipe_end, FIONREAD, &got);
	} while (got + 4096 < size ||
		 !status_has(pid, "ShdPnd:\t0000000000000000") ||
		 !status_has(pid, "State:\tS"));
}

static void slow_reader(void **state)
{
	char *text = calloc(1, 1 << 20);
	size_t len = 0;
	int fds[2], status, nr = 0, last = -1;
	char *save = NULL, *line;
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid)
		print_lines(fds[1]);
	close(fds[1]);
	wait_until_blocked(pid, fds[0]);
	kill(pid, SIGINT);
	wait_until_blocked(pid, fds[0]);
	while ((n = read(fds[0], text + len, 65536)) > 0)
		len += n;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "line %d", &nr) == 1)
			assert_int_equal(nr, ++last);
		else
			assert_int_equal(sscanf(line, "end %d", &nr), 1);
	}
	assert_int_equal(nr, last + 1);
	free(text);
	close(fds[0]);
}

static void second_signal_ends_a_write(void **state)
{
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid)
		print_lines(fds[1]);
	close(fds[1]);
	wait_until_blocked(pid, fds[0]);
	kill(pid, SIGINT);
	wait_until_blocked(pid, fds[0]);
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	close(fds[0]);
}

/* 'follow | head': the end is noticed without another record. */
static void reader_that_goes(void **state)
{
	int saved = dup(STDOUT_FILENO);
	int fds[2];

	(void)state;
	fflush(stdout);
	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	signals_catch();
	signals_sleep_ms(0);
	assert_false(signals_want_end());
	close(fds[0]);
	signals_sleep_ms(0);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_true(signals_want_abort());
	assert_true(signals_reader_gone());
	signals_catch();
	assert_false(signals_want_end());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(ends_after_count),
		cmocka_unit_test(instances_left_over),
		cmocka_unit_test(instances_are_not_shared),
		cmocka_unit_test(why_no_more_come),
		cmocka_unit_test(stop_by_signals),
		cmocka_unit_test(waits_for_files_and_signals),
		cmocka_unit_test(ignored_signals_stay_ignored),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(second_signal_ends_a_write),
		cmocka_unit_test(reader_that_goes),
	};

	return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
