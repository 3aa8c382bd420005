// SPDX-License-Identifier: GPL-2.0
/*
 * cli/guest: options of trigger, status and mark.
 */
#include <limits.h>

#include "unit.h"

#include "guest/args.h"

#define MAX_ARGS 8

struct parsed {
	enum opt_outcome outcome;
	struct opt_parser op;
	struct trigger_opts opts;
};

/* The command and its words, up to a NULL, as main() would have them. */
static int make_argv(char **argv, const char *cmd, const char * const *words)
{
	int argc = 0;

	argv[argc++] = (char *)cmd;
	while (*words)
		argv[argc++] = (char *)*words++;
	argv[argc] = NULL;
	return argc;
}

static void parse(struct parsed *p, const char * const *words)
{
	char *argv[MAX_ARGS];
	int argc = make_argv(argv, "trigger", words);

	p->outcome = trigger_parse(&p->op, argc, argv, &p->opts);
}

#define PARSE(p, ...) parse(p, (const char * const[]){ __VA_ARGS__, NULL })

static void parsed_free(struct parsed *p)
{
	id_list_free(&p->opts.ids);
}

static void assert_ids(const struct parsed *p, const int *want, size_t nr)
{
	struct id_iter it = { 0 };
	size_t i = 0;
	int id;

	while (id_list_next(&p->opts.ids, &it, &id)) {
		assert_true(i < nr);
		assert_int_equal(id, want[i++]);
	}
	assert_int_equal(i, nr);
}

static void default_is_every_cpu_once(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, &(const char *){ NULL });
	assert_int_equal(p.outcome, OPT_RUN);
	assert_int_equal(p.opts.target, TRIGGER_ALL);
	assert_int_equal(p.opts.repeat, 1);
	assert_int_equal(p.opts.interval_ms, INTERVAL_DEFAULT_MS);
	assert_false(p.opts.json);
	parsed_free(&p);
}

static void cpu_lists_add_up(void **state)
{
	static const int want[] = { 3, 0, 1, 8191 };
	struct parsed p;

	(void)state;
	PARSE(&p, "--cpu", "3,0-1", "-c8191");
	assert_int_equal(p.outcome, OPT_RUN);
	assert_int_equal(p.opts.target, TRIGGER_CPUS);
	assert_ids(&p, want, ARRAY_SIZE(want));
	parsed_free(&p);
}

static void vcpu_ids_may_be_any_but_the_probe(void **state)
{
	static const int want[] = { -1, 999, INT_MAX, INT_MIN + 1 };
	struct parsed p;

	(void)state;
	PARSE(&p, "--vcpu-id", "-1,999,2147483647", "--vcpu-id=-2147483647");
	assert_int_equal(p.outcome, OPT_RUN);
	assert_int_equal(p.opts.target, TRIGGER_VCPU_IDS);
	assert_ids(&p, want, ARRAY_SIZE(want));
	parsed_free(&p);

	PARSE(&p, "--vcpu-id", "-2147483648");
	assert_int_equal(p.outcome, OPT_BAD);
	assert_non_null(strstr(p.op.err, "--vcpu-id: '-2147483648'"));
	parsed_free(&p);
}

static void self_repeat_interval_json(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "--self", "--repeat", "3", "--interval", "0", "--json");
	assert_int_equal(p.outcome, OPT_RUN);
	assert_int_equal(p.opts.target, TRIGGER_SELF);
	assert_int_equal(p.opts.repeat, 3);
	assert_int_equal(p.opts.interval_ms, 0);
	assert_true(p.opts.json);
	parsed_free(&p);

	PARSE(&p, "-r1", "-i", "250", "-j");
	assert_int_equal(p.outcome, OPT_RUN);
	assert_int_equal(p.opts.repeat, 1);
	assert_int_equal(p.opts.interval_ms, 250);
	parsed_free(&p);
}

static void bad_options_say_why(void **state)
{
	static const struct {
		const char *words[5];
		const char *err;
	} bad[] = {
		{ { "--cpu", "-1" }, "--cpu: '-1'" },
		{ { "--cpu", "8192" }, "(allowed: 0 to 8191)" },
		{ { "--cpu", "1,x" }, "--cpu: '1,x'" },
		{ { "--cpu", "" }, "--cpu: ''" },
		{ { "--cpu" }, "needs an argument" },
		{ { "--vcpu-id", "2147483648" }, "out of range" },
		{ { "--vcpu-id", "3-1" }, "ends before it starts" },
		{ { "--cpu", "0", "--vcpu-id", "0" }, "only one of" },
		{ { "--vcpu-id", "0", "--self" }, "only one of" },
		{ { "--self", "-c", "0" }, "only one of" },
		{ { "--count", "0" }, "from 1 to 2147483647" },
		{ { "--repeat", "2147483648" }, "--count" },
		{ { "--repeat", "1x" }, "--count: '1x'" },
		{ { "-r", "2", "--interval", "-1" }, "invalid interval '-1'" },
		{ { "-r", "2", "--interval", "86401s" }, "at most a day" },
		{ { "--interval", "10" }, "--interval needs --count" },
		{ { "--all" }, "'--all'" },
		{ { "0" }, "unexpected argument '0'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct parsed p;

		parse(&p, bad[i].words);
		assert_int_equal(p.outcome, OPT_BAD);
		if (!strstr(p.op.err, bad[i].err))
			fail_msg("'%s' does not say '%s'", p.op.err,
				 bad[i].err);
		parsed_free(&p);
	}
}

static void help_and_version(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "--cpu", "1", "-h");
	assert_int_equal(p.outcome, OPT_HELP);
	parsed_free(&p);
	PARSE(&p, "--version");
	assert_int_equal(p.outcome, OPT_VERSION);
	parsed_free(&p);
}

static void status_options(void **state)
{
	static const struct {
		const char *words[2];
		enum opt_outcome outcome;
		bool json;
	} runs[] = {
		{ { NULL }, OPT_RUN, false },
		{ { "--json" }, OPT_RUN, true },
		{ { "-j" }, OPT_RUN, true },
		{ { "--cpu" }, OPT_BAD, false },
		{ { "-h" }, OPT_HELP, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		char *argv[MAX_ARGS];
		int argc = make_argv(argv, "status", runs[i].words);
		struct status_opts opts;
		struct opt_parser op;

		assert_int_equal(status_parse(&op, argc, argv, &opts),
				 runs[i].outcome);
		assert_int_equal(opts.json, runs[i].json);
	}
}

/* As the authors of the hash list them */
static void hash_of_texts(void **state)
{
	(void)state;
	assert_true(mark_hash("") == 0xcbf29ce484222325ULL);
	assert_true(mark_hash("a") == 0xaf63dc4c8601ec8cULL);
	assert_true(mark_hash("foobar") == 0x85944171f73967e8ULL);
	/* bytes are not signed */
	assert_true(mark_hash("\377") == 0xaf64724c8602eb6eULL);
}

static void marks(void **state)
{
	static const struct {
		const char *words[4];
		uint64_t cookie;
		bool json;
	} runs[] = {
		{ { "0" }, 0 },
		{ { "42", "--json" }, 42, true },
		{ { "0x2A" }, 42 },
		{ { "18446744073709551615" }, UINT64_MAX },
		{ { "0xffffffffffffffff", "-j" }, UINT64_MAX, true },
		{ { "foobar" }, 0x85944171f73967e8ULL },
		{ { "--text", "a" }, 0xaf63dc4c8601ec8cULL },
		{ { "-t", "42" } /* its old letter */, 0x07ee7e07b4b19223ULL },
		{ { "--", "-5" }, 0x07d00f07b497d7f7ULL },
		/* no numbers */
		{ { "0x" }, 0x07fc5007b4bd8155ULL },
		{ { "42s" }, 0x2bd2771809bb9df0ULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		char *argv[MAX_ARGS];
		int argc = make_argv(argv, "mark", runs[i].words);
		struct mark_opts opts;
		struct opt_parser op;

		assert_int_equal(mark_parse(&op, argc, argv, &opts), OPT_RUN);
		if (opts.cookie != runs[i].cookie)
			fail_msg("run %zu: 0x%llx", i,
				 (unsigned long long)opts.cookie);
		assert_int_equal(opts.json, runs[i].json);
	}
}

static void bad_marks_say_why(void **state)
{
	static const struct {
		const char *words[3];
		const char *err;
	} bad[] = {
		{ { NULL }, "give one mark" },
		{ { "" }, "give one mark" },
		{ { "two", "words" }, "give one mark" },
		{ { "18446744073709551616" }, "more than 64 bits" },
		{ { "0x10000000000000000" }, "more than 64 bits" },
		{ { "--cpu", "1" }, "'--cpu'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *argv[MAX_ARGS];
		int argc = make_argv(argv, "mark", bad[i].words);
		struct mark_opts opts;
		struct opt_parser op;

		assert_int_equal(mark_parse(&op, argc, argv, &opts), OPT_BAD);
		if (!strstr(op.err, bad[i].err))
			fail_msg("'%s' does not say '%s'", op.err, bad[i].err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_is_every_cpu_once),
		cmocka_unit_test(cpu_lists_add_up),
		cmocka_unit_test(vcpu_ids_may_be_any_but_the_probe),
		cmocka_unit_test(self_repeat_interval_json),
		cmocka_unit_test(bad_options_say_why),
		cmocka_unit_test(help_and_version),
		cmocka_unit_test(status_options),
		cmocka_unit_test(hash_of_texts),
		cmocka_unit_test(marks),
		cmocka_unit_test(bad_marks_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
