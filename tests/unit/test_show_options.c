// SPDX-License-Identifier: GPL-2.0
/*
 * Options of 'show' and 'status', and what the filters match.
 */
#include <limits.h>

#include "unit.h"

#include "cmd/commands.h"

#define MAX_WORDS	8

/* Parse "show" and the words up to a NULL. */
static enum opt_outcome parse(const char *const *words,
			      struct event_options *params,
			      struct opt_parser *op)
{
	char *argv[MAX_WORDS + 2] = { "show" };
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	return show_parse(op, argc, argv, params);
}

static struct event event_of(int vm_pid, int vm_fd, int vcpu_id)
{
	struct event ev = { .kind = EVENT_RECORD };

	event_set(&ev, FIELD_VM_PID, vm_pid);
	event_set(&ev, FIELD_VM_FD, vm_fd);
	event_set(&ev, FIELD_VCPU_ID, vcpu_id);
	return ev;
}

static bool matches(const struct select *filter, int vm_pid, int vm_fd,
		    int vcpu_id)
{
	struct event ev = event_of(vm_pid, vm_fd, vcpu_id);

	return select_has_vcpu(filter, &ev) &&
	       select_has_vm(filter, vm_pid, vm_fd, "web", "qemu");
}

static void show_defaults(void **state)
{
	static const char * const words[] = { NULL };
	struct event_options params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_false(params.all);
	assert_false(params.errors);
	assert_int_equal(params.format, FORMAT_TEXT);
	assert_int_equal(params.since.kind, SINCE_ALWAYS);
	assert_true(matches(&params.select, 1, 2, INT_MAX));
	event_options_free(&params);
}

static void show_filters_add_up(void **state)
{
	static const char * const words[] = {
		"--all", "-j", "--vm", "100", "--vm=200:7", "-v0-1",
		"--vcpu=5", NULL
	};
	struct event_options params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_true(params.all);
	assert_int_equal(params.format, FORMAT_JSON);
	assert_true(matches(&params.select, 100, 1, 0));
	assert_true(matches(&params.select, 100, 2, 5));
	assert_true(matches(&params.select, 200, 7, 1));
	assert_false(matches(&params.select, 200, 8, 1));
	assert_false(matches(&params.select, 300, 7, 1));
	assert_false(matches(&params.select, 100, 1, 2));
	event_options_free(&params);
}

static void show_takes_ids_that_cannot_exist(void **state)
{
	static const char * const words[] = {
		"--errors", "--vcpu", "-1,2147483647", NULL
	};
	struct event_options params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_true(params.errors);
	assert_true(matches(&params.select, 1, 1, -1));
	assert_true(matches(&params.select, 1, 1, INT_MAX));
	assert_false(matches(&params.select, 1, 1, 0));
	event_options_free(&params);
}

/* What "name:" and "pid:" make of it, whatever VMs are called. */
static void vms_by_what_they_say(void **state)
{
	static const struct {
		const char *word;
		const char *name;	/* that it stands for; NULL: PID 12 */
		int fd;			/* -1: any */
	} words[] = {
		{ "12", NULL, -1 }, { "pid:12", NULL, -1 },
		{ "12:3", NULL, 3 }, { "pid:12:3", NULL, 3 },
		{ "name:12", "12", -1 }, { "name:12:3", "12:3", -1 },
		{ "name:web", "web", -1 }, { "name:name:x", "name:x", -1 },
		{ "name:pid:12", "pid:12", -1 }, { "name", "name", -1 },
		{ "names:x", "names:x", -1 }, { "PID:12", "PID:12", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *argv[2] = { words[i].word };
		const char *name = words[i].name;
		struct event_options params;
		struct opt_parser op;

		assert_int_equal(parse(argv, &params, &op), OPT_RUN);
		assert_int_equal(params.select.wants_names, !!name);
		assert_int_equal(select_has_vm(&params.select, 12, 3, words[i].word, "qemu"),
				 !name || !strcmp(name, words[i].word));
		assert_int_equal(select_has_vm(&params.select, 77, 3, name ?: "12", "qemu"),
				 !!name);
		assert_int_equal(select_has_vm(&params.select, 12, 4, NULL, "qemu"),
				 !name && words[i].fd < 0);
		event_options_free(&params);
	}
}

/* What is put before a name has it taken for that name, and nothing else. */
static void prefixes_of_names(void **state)
{
	static const char * const names[] = {
		"web", "12", "12:3", "name:web", "pid:12", "name:", "0", "12:",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct select select = { 0 };
		char word[40], err[200];

		snprintf(word, sizeof(word), "%s%s",
			 select_name_prefix(names[i]), names[i]);
		assert_true(select_add_vm(&select, word, err, sizeof(err)));
		assert_string_equal(select.vms[0].name, names[i]);
		select_free(&select);
	}
	assert_string_equal(select_name_prefix("web"), "");
	assert_string_equal(select_name_prefix("12"), "name:");
}

/* Anything but PID and PID:FD is a name: a VM may have any. */
static void vms_by_pid_and_name(void **state)
{
	static const char * const names[] = {
		"7up", "0", "-5", "12:", ":3", "1:2:3", "1:-1", "99999999999",
		"4dea22b3-1d52-d8f3-2516-782e98ab3fa0", ".x", "\303\251", " ",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *words[3] = { "--vm", names[i] };
		struct event_options params;
		struct opt_parser op;

		assert_int_equal(parse(words, &params, &op), OPT_RUN);
		assert_true(select_has_vm(&params.select, 12, 3, names[i], "qemu"));
		assert_true(select_has_vm(&params.select, 12, 3, NULL, names[i]));
		assert_false(select_has_vm(&params.select, 12, 3, "12", "qemu"));
		event_options_free(&params);
	}
}

static void show_rejects(void **state)
{
	static const struct {
		const char *words[3];
		const char *says;
	} bad[] = {
		{ { "--vm", "" }, "'' is not a VM" },
		{ { "--vcpu", "3-1" }, "ends before it starts" },
		{ { "--vcpu", "a" }, "not a number" },
		{ { "--vcpu" }, "needs an argument" },
		{ { "--all", "--errors" }, "exclude each other" },
		{ { "--all=yes" }, "takes no argument" },
		{ { "" }, "'' is not a VM" },
		{ { "name:" }, "'name:' is not a VM: give PID, PID:FD or a name" },
		{ { "pid:web" }, "'pid:web' is not a VM: 'pid:' takes PID or PID:FD" },
		{ { "pid:" }, "'pid:' is not a VM" },
		{ { "--vm=pid:1:2:3" }, "'pid:1:2:3' is not a VM" },
		{ { "--all", "--last=2" }, "exclude each other" },
		{ { "--last", "0" }, "from 1 to" },
		{ { "--last=-1" }, "from 1 to" },
		{ { "--last=2x" }, "from 1 to" },
		{ { "--since", "30" }, "neither an age" },
		{ { "--since", "" }, "neither an age" },
		{ { "--since", "5 m" }, "neither an age" },
		{ { "--since", "25:00" }, "neither an age" },
		{ { "--state", "asleep" },
		  "'asleep' is not a state; there are: self guest halted" },
		{ { "--state", "halted," }, "'' is not a state" },
		{ { "--state", "" }, "'' is not a state" },
		{ { "--reason", "fright" },
		  "'fright' is not a reason; there are: none mark panic oops soft-lockup hard-lockup hung-task sysrq reboot halt" },
		{ { "--reason=panic,,oops" }, "'' is not a reason" },
		{ { "--format", "xml" },
		  "invalid format 'xml' (text, line, table, json or csv)" },
		{ { "--time-format=utc" }, "invalid time format 'utc' (trace, wall or age)" },
		{ { "--color", "yes" }, "(auto, always or never)" },
		{ { "--table" }, "unknown option '--table'" },
		{ { "--sx=x" }, "unknown option '--sx=x'" },
		{ { "--s=x" }, "ambiguous option '--s=x'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct event_options params;
		struct opt_parser op;

		assert_int_equal(parse(bad[i].words, &params, &op), OPT_BAD);
		assert_non_null(strstr(op.err, bad[i].says));
		event_options_free(&params);
	}
}

static void show_view_options(void **state)
{
	static const char * const words[] = {
		"--format=table", "--time-format", "wall", "--color=never",
		"--state=halted,user", "--vm=web", NULL
	};
	struct event ev = event_of(1, 2, 3);
	struct event_options params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_int_equal(params.format, FORMAT_TABLE);
	assert_true(params.time_given);
	assert_int_equal(params.time, TIME_WALL);
	assert_int_equal(params.color, COLOR_NEVER);
	assert_true(params.select.wants_names);
	/* an error has no state */
	assert_false(select_has_vcpu(&params.select, &ev));
	event_set(&ev, FIELD_STATE_NR, VCPU_INFO_STATE_USER);
	assert_true(select_has_vcpu(&params.select, &ev));
	event_set(&ev, FIELD_STATE_NR, VCPU_INFO_STATE_SELF);
	assert_false(select_has_vcpu(&params.select, &ev));
	/* unknown to this version */
	event_set(&ev, FIELD_STATE_NR, 1000);
	assert_false(select_has_vcpu(&params.select, &ev));
	assert_true(select_has_vm(&params.select, 1, 1, "web", "x"));
	assert_true(select_has_vm(&params.select, 1, 1, NULL, "web"));
	assert_false(select_has_vm(&params.select, 1, 1, "we", NULL));
	assert_false(select_has_vm(&params.select, 1, 1, NULL, NULL));
	event_options_free(&params);
}

static void when_to_use_colours(void **state)
{
	(void)state;
	assert_true(color_wanted(COLOR_AUTO, true, NULL, "xterm"));
	assert_true(color_wanted(COLOR_AUTO, true, "", "xterm"));
	assert_false(color_wanted(COLOR_AUTO, true, "1", "xterm"));
	assert_false(color_wanted(COLOR_AUTO, true, NULL, "dumb"));
	assert_false(color_wanted(COLOR_AUTO, true, NULL, NULL));
	assert_false(color_wanted(COLOR_AUTO, false, NULL, "xterm"));
	assert_true(color_wanted(COLOR_ALWAYS, false, "1", NULL));
	assert_false(color_wanted(COLOR_NEVER, true, NULL, "xterm"));
}

static void show_help_and_version(void **state)
{
	static const char * const help[] = { "-a", "--help", NULL };
	static const char * const version[] = { "-V", NULL };
	struct event_options params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(help, &params, &op), OPT_HELP);
	event_options_free(&params);
	assert_int_equal(parse(version, &params, &op), OPT_VERSION);
	event_options_free(&params);
}

static enum opt_outcome parse_status(char *word, struct status_params *params)
{
	char *argv[3] = { "status", word };
	struct opt_parser op;

	return status_parse(&op, word ? 2 : 1, argv, params);
}

static void status_options(void **state)
{
	struct status_params params;

	(void)state;
	assert_int_equal(parse_status(NULL, &params), OPT_RUN);
	assert_false(params.json);
	assert_int_equal(parse_status("--json", &params), OPT_RUN);
	assert_true(params.json);
	assert_int_equal(parse_status("-h", &params), OPT_HELP);
	assert_int_equal(parse_status("--all", &params), OPT_BAD);
	assert_int_equal(parse_status("now", &params), OPT_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(show_defaults),
		cmocka_unit_test(show_filters_add_up),
		cmocka_unit_test(show_takes_ids_that_cannot_exist),
		cmocka_unit_test(vms_by_pid_and_name),
		cmocka_unit_test(vms_by_what_they_say),
		cmocka_unit_test(prefixes_of_names),
		cmocka_unit_test(show_rejects),
		cmocka_unit_test(show_view_options),
		cmocka_unit_test(when_to_use_colours),
		cmocka_unit_test(show_help_and_version),
		cmocka_unit_test(status_options),
	};

	return cmocka_run_group_tests_name("show_options", tests, NULL, NULL);
}
