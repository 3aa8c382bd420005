// SPDX-License-Identifier: GPL-2.0
/*
 * Options of 'follow', and which trace instances are left over.
 */
#include <signal.h>
#include <unistd.h>

#include "unit.h"

#include "host/follow.h"
#include "host/live.h"
#include "host/stop.h"
#include "support.h"

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
	assert_false(params.rates);
	view_free(&params.view);
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_int_equal(params.count, 5);
	assert_true(params.timeout_ns == 1500000000);
	assert_int_equal(params.buffer_kb, 64);
	assert_true(params.rates);
	assert_int_equal(params.view.format, FORMAT_JSON);
	assert_true(params.view.filter.wants_names);
	view_free(&params.view);
}

static void bad_options(void **state)
{
	static const struct {
		const char *words[3];
		const char *says;
	} bad[] = {
		{ { "--count=0" }, "from 1" },
		{ { "--count", "x" }, "from 1" },
		{ { "--timeout=5" }, "number and a unit" },
		{ { "--timeout=0s" }, "number and a unit" },
		{ { "--timeout=now" }, "number and a unit" },
		{ { "--buffer-kb=1" }, "from 64" },
		{ { "--buffer-kb=99999999" }, "from 64" },
		{ { "--all" }, "unknown" },
		{ { "--format=xml" }, "none of" },
		{ { "now" }, "unexpected argument 'now'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct follow_params params;
		struct opt_parser op;

		assert_int_equal(parse(bad[i].words, &params, &op), OPT_BAD);
		assert_non_null(strstr(op.err, bad[i].says));
		view_free(&params.view);
	}
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
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (live_is_stale(names[i].name, root) != names[i].stale)
			fail_msg("%s", names[i].name);
	}
	tree_remove(root);
}

static void stop_by_signals(void **state)
{
	(void)state;
	stop_catch_signals();
	assert_false(stop_wanted());
	kill(getpid(), SIGTERM);
	assert_true(stop_wanted());
	assert_false(stop_at_once());
	kill(getpid(), SIGINT);
	assert_true(stop_at_once());
	stop_catch_signals();
	assert_false(stop_wanted());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(instances_left_over),
		cmocka_unit_test(stop_by_signals),
	};

	return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
