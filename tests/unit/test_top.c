// SPDX-License-Identifier: GPL-2.0
/*
 * What 'top' shows, without a terminal.
 */
#include <locale.h>

#include "unit.h"

#include "cmd/commands.h"
#include "support.h"
#include "text.h"
#include "trace-time.h"

static void add(struct top_rows *top, const char *vm, int vm_pid, int vcpu_id,
		uint64_t state, uint64_t exits, bool known)
{
	struct event_about about = { .vm = vm };
	struct event ev = {
		.kind = EVENT_RECORD, .ts = (100 + vcpu_id) * NS_PER_SEC,
		.ts_is_ns = true,
	};

	event_set(&ev, FIELD_VM_PID, vm_pid);
	event_set(&ev, FIELD_VM_FD, 10);
	event_set(&ev, FIELD_VCPU_ID, vcpu_id);
	event_set(&ev, FIELD_PID, vm_pid + 1 + vcpu_id);
	event_set(&ev, FIELD_STATE_NR, state);
	event_set(&ev, FIELD_CPU, vcpu_id);
	event_set(&ev, FIELD_VALID, 1U << VCPU_INFO_REG_RIP);
	event_set(&ev, FIELD_REGS + VCPU_INFO_REG_RIP, 0xffffffff81000000ULL);
	if (vcpu_id == 1) {
		about.symbol = "native_safe_halt";
		about.symbol_offset = 0xb;
	}
	if (top->paused)
		return;
	about.vcpu = vcpu_table_get(top->vcpus, &ev);
	assert_non_null(about.vcpu);
	about.vcpu->delta = (struct exit_delta){
		.state = known ? DELTA_OK : DELTA_FIRST,
		.ns = NS_PER_SEC,
		.known = 0xff,
	};
	for (int i = 0; i < NR_EXIT_KINDS; i++)
		about.vcpu->delta.count[i] = exits / (i + 1);
	printer_event(&top->printer, &ev, &about);
	assert_false(top->no_memory);
}

/* Two VMs with six vCPUs. */
static int setup(void **state)
{
	static struct vcpu_table vcpus;
	const struct print_style style = { .out = stdout };
	struct top_rows *top;

	top = (struct top_rows *)printer_new_of(&top_rows_printer, &style);
	assert_non_null(top);
	top->vcpus = &vcpus;
	top->sort = TOP_EXITS;
	top->now = 105 * NS_PER_SEC;
	for (int i = 0; i < 4; i++)
		add(top, "web", 1234, i, 1 + i, 1000 * i + 7, i != 2);
	add(top, "a-long-name-of-a-vm", 2345, 0, VCPU_INFO_STATE_NEVER_RUN,
	    1234567, true);
	add(top, NULL, 2345, 1, VCPU_INFO_STATE_USER, 50, true);
	*state = top;
	return 0;
}

static int teardown(void **state)
{
	struct top_rows *top = *state;

	vcpu_table_free(top->vcpus);
	printer_free(&top->printer);
	return 0;
}

static void check(struct top_rows *top, size_t width, const char *golden)
{
	const struct vcpu **rows;
	char line[TOP_LINE_SIZE(200)];
	char *text;
	size_t len, nr;
	FILE *out = open_memstream(&text, &len);

	rows = top_rows_sorted(top, width, &nr);
	top_rows_summary(top, nr, line, width);
	fprintf(out, "%s\n", line);
	top_rows_heading(top, line, width);
	fprintf(out, "%s\n", line);
	for (size_t i = 0; i < nr; i++) {
		top_rows_line(top, rows[i], line, width);
		assert_true(strlen(line) <= width);
		fprintf(out, "%s\n", line);
	}
	free(rows);
	fclose(out);
	if (golden)
		golden_check(golden, text);
	free(text);
}

static void widths(void **state)
{
	check(*state, 80, "top-80.txt");
	check(*state, 120, "top-120.txt");
	for (size_t width = 0; width < 200; width++)
		check(*state, width, NULL);
}

static void keys(struct top_rows *top, const char *text)
{
	for (; *text; text++)
		assert_int_equal(top_rows_key(top, *text), TOP_REDRAW);
}

/* The vcpu_ids of the rows, in order. */
static void expect(struct top_rows *top, const char *ids)
{
	const struct vcpu **rows;
	char got[50] = "";
	size_t nr;

	rows = top_rows_sorted(top, 80, &nr);
	for (size_t i = 0; i < nr; i++)
		sprintf(got + strlen(got), "%d", rows[i]->vcpu_id);
	free(rows);
	assert_string_equal(got, ids);
}

static void sorting(void **state)
{
	struct top_rows *top = *state;

	expect(top, "031102");		/* what is not known comes last */
	keys(top, "r");
	expect(top, "201130");
	keys(top, "r");
	top->sort = TOP_VCPU;
	expect(top, "001123");
	top->sort = TOP_THREAD;
	expect(top, "012301");
	top->sort = TOP_NAME;
	expect(top, "100123");
	top->sort = TOP_STATE;
	expect(top, "120301");
	top->sort = TOP_NAME;
	keys(top, "<");
	assert_int_equal(top->sort, TOP_RIP);
	keys(top, ">>>");
	assert_int_equal(top->sort, TOP_VCPU);
}

static void filter_by_keys(void **state)
{
	struct top_rows *top = *state;

	keys(top, "/web");
	assert_true(top->editing);
	top_rows_key(top, TOP_KEY_ENTER);
	assert_false(top->editing);
	expect(top, "3102");
	/* a letter is a command again */
	assert_int_equal(top_rows_key(top, 'q'), TOP_QUIT);
	keys(top, "/");
	for (int i = 0; i < 5; i++)
		top_rows_key(top, TOP_KEY_BACKSPACE);
	keys(top, "halted");
	expect(top, "2");
	top_rows_key(top, TOP_KEY_ESCAPE);
	assert_int_equal(strlen(top->filter), 0);
	keys(top, "/safe_halt");
	top_rows_key(top, TOP_KEY_ENTER);
	expect(top, "11");
	keys(top, "/");
	top_rows_key(top, TOP_KEY_ESCAPE);
	keys(top, "/2345:10");
	expect(top, "01");
	for (int i = 0; i < 100; i++)
		top_rows_key(top, 'x');
	expect(top, "");
	assert_int_equal(top->scroll, 0);
}

static void pause_and_scroll(void **state)
{
	struct top_rows *top = *state;

	assert_int_equal(top_rows_key(top, 'x'), TOP_IGNORE);
	keys(top, "p");
	add(top, "web", 1234, 9, 1, 1, true);
	assert_int_equal(top->vcpus->nr, 6);
	keys(top, "p");
	add(top, "web", 1234, 9, 1, 1, true);
	assert_int_equal(top->vcpus->nr, 7);
	keys(top, "f");
	assert_true(top->frozen);
	top_rows_key(top, TOP_KEY_UP);
	assert_int_equal(top->scroll, 0);
	for (int i = 0; i < 50; i++)
		top_rows_key(top, TOP_KEY_DOWN);
	expect(top, "0311092");
	assert_int_equal(top->scroll, 6);
}

/* What is drawn again, on a screen of another size, say, is the same. */
static void freeze(void **state)
{
	struct top_rows *top = *state;
	char line[TOP_LINE_SIZE(100)];

	keys(top, "f");
	add(top, "web", 1234, 0, VCPU_INFO_STATE_HALTED, 9000000, true);
	add(top, "web", 1234, 9, 1, 1, true);
	top_rows_expire(top, 0);
	expect(top, "031102");
	top_rows_summary(top, 6, line, sizeof(line) - 1);
	assert_non_null(strstr(line, "6 of 6 vCPUs, 8 records,"));
	assert_non_null(strstr(line, "FROZEN"));
	keys(top, "r");
	expect(top, "201130");
	keys(top, "f");
	expect(top, "9");
	top_rows_expire(top, 0);
	keys(top, "ff");
	vcpu_table_free(top->vcpus);
	keys(top, "f");
	add(top, "web", 1234, 0, VCPU_INFO_STATE_HALTED, 1, true);
	expect(top, "");
}

static void one_row_for_a_vcpu(void **state)
{
	struct top_rows *top = *state;

	add(top, "web", 1234, 0, VCPU_INFO_STATE_HALTED, 9000000, true);
	assert_int_equal(top->vcpus->nr, 6);
	expect(top, "003112");
	top->now = 1000 * NS_PER_SEC;
	top_rows_expire(top, 898 * NS_PER_SEC);
	expect(top, "32");
}

/* %CPU and %STEAL have room in 130 columns. */
static void needs_times(void **state)
{
	struct top_rows *top = *state;

	assert_false(top_rows_needs_times(top, 129));
	assert_true(top_rows_needs_times(top, 130));
	top->sort = TOP_STEAL;
	assert_true(top_rows_needs_times(top, 80));
	top->sort = TOP_RUN;
	assert_true(top_rows_needs_times(top, 80));
}

static enum opt_outcome parse(char *word, struct top_params *params)
{
	char *argv[3] = { "top", word };
	struct opt_parser op;

	return top_parse(&op, word ? 2 : 1, argv, params);
}

static void options(void **state)
{
	static const char *const bad[] = {
		"--interval=x",
		"--interval=10ms",
		"--count=0",
		"--sort=x",
		"--format=json",
		"-j",
		"",
	};
	struct top_params params;

	(void)state;
	assert_int_equal(parse(NULL, &params), OPT_RUN);
	assert_false(params.batch);
	assert_int_equal(params.sort, TOP_EXITS);
	assert_true(params.interval_ns == NS_PER_SEC);
	event_options_free(&params.events);
	assert_int_equal(parse("-d2", &params), OPT_RUN);
	assert_true(params.interval_ns == 2 * NS_PER_SEC);
	event_options_free(&params.events);
	assert_int_equal(parse("--sort=hyper", &params), OPT_RUN);
	assert_int_equal(params.sort, TOP_HYPERCALLS);
	event_options_free(&params.events);
	for (int col = 0; col < NR_TOP_COLUMNS; col++) {
		char word[32];

		assert_non_null(top_column_names[col]);
		snprintf(word, sizeof(word), "--sort=%s", top_column_names[col]);
		assert_int_equal(parse(word, &params), OPT_RUN);
		assert_int_equal(params.sort, col);
		event_options_free(&params.events);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse((char *)bad[i], &params), OPT_BAD);
		event_options_free(&params.events);
	}
}

static void bad_column_is_named(void **state)
{
	char *argv[4] = { "top", "--sort=foo", NULL };
	struct top_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(top_parse(&op, 2, argv, &params), OPT_BAD);
	assert_non_null(strstr(op.err, "invalid column 'foo' (name, "));
	event_options_free(&params.events);
}

static void recorded_excludes_counters(void **state)
{
	char *argv[4] = { "top", "--recorded", "--counters", NULL };
	struct top_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(top_parse(&op, 2, argv, &params), OPT_RUN);
	event_options_free(&params.events);
	assert_int_equal(top_parse(&op, 3, argv, &params), OPT_BAD);
	assert_non_null(strstr(op.err, "--recorded and --counters"));
	event_options_free(&params.events);
}

/* A row for each VM, whose rates are the sums of its vCPUs'. */
static void totals_per_vm(void **state)
{
	struct top_rows *top = *state;
	const struct vcpu **rows;
	size_t nr;

	keys(top, "v");
	rows = top_rows_sorted(top, 120, &nr);
	assert_int_equal(nr, 2);
	/* the one vCPU of web whose rate is not known does not count */
	assert_int_equal(rows[0]->vm_pid, 2345);
	assert_int_equal(rows[1]->delta.count[0], 7 + 1007 + 3007);
	assert_int_equal(rows[1]->nr_vcpus, 4);
	free(rows);
	check(top, 120, "top-totals.txt");
	keys(top, "v");
	expect(top, "031102");
}

/* vCPUs that nobody has asked for. */
static void without_records(void **state)
{
	struct top_rows *top = *state;
	char line[TOP_LINE_SIZE(100)];

	top_rows_add(top, 99, 8, 7, 105, "idle");
	expect(top, "0311072");
	check(top, 100, "top-seeded.txt");
	top_rows_add(top, 99, 8, 7, 105, "idle");
	top_rows_forget(top);
	expect(top, "0311072");
	top_rows_forget(top);
	expect(top, "031102");
	/* nothing is there yet: what is waited for */
	vcpu_table_free(top->vcpus);
	top->records = 0;
	top_rows_summary(top, 0, line, 80);
	assert_string_equal(line, "waiting for a VM to run on this host");
	top->some_vms = true;
	top_rows_summary(top, 0, line, 80);
	assert_string_equal(line, "waiting for a VM that was asked for");
	top_rows_add(top, 99, 8, 7, 105, "idle");
	top_rows_summary(top, 1, line, 80);
	assert_string_equal(line,
			    "1 of 1 vCPUs; waiting for 'vcpu-info-guest trigger' in a guest");
}

static void help_by_key(void **state)
{
	struct top_rows *top = *state;

	keys(top, "h");
	assert_true(top->help);
	/* any key leaves it and does nothing else */
	keys(top, "q");
	assert_false(top->help);
	assert_int_equal(top_rows_key(top, 'q'), TOP_QUIT);
}

/* Lines keep to columns, whatever the names are made of. */
static void names_in_utf8(void **state)
{
	struct top_rows *top = *state;
	char line[TOP_LINE_SIZE(60)];
	const struct vcpu **rows;
	size_t nr;

	setlocale(LC_CTYPE, "C.UTF-8");
	/* in turn of one and two columns, 15 in all */
	add(top, "\303\274\345\220\215\303\274\345\220\215\303\274\345\220\215\303\274\345\220\215\303\274\345\220\215",
	    3456, 5, 1, 99999999, true);
	rows = top_rows_sorted(top, 80, &nr);
	assert_int_equal(rows[0]->vm_pid, 3456);
	top_rows_line(top, rows[0], line, 60);
	/* the fourth wide one would take columns 11 and 12 */
	assert_int_equal(strncmp(line, "\303\274\345\220\215\303\274\345\220\215\303\274\345\220\215\303\274    5 ",
				 4 * 2 + 3 * 3 + 6), 0);
	for (size_t width = 1; width <= 60; width++) {
		top_rows_line(top, rows[0], line, width);
		assert_int_equal(text_width(line), width);
	}
	free(rows);
	setlocale(LC_CTYPE, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(widths, setup, teardown),
		cmocka_unit_test_setup_teardown(sorting, setup, teardown),
		cmocka_unit_test_setup_teardown(filter_by_keys, setup,
						teardown),
		cmocka_unit_test_setup_teardown(pause_and_scroll, setup,
						teardown),
		cmocka_unit_test_setup_teardown(freeze, setup, teardown),
		cmocka_unit_test_setup_teardown(one_row_for_a_vcpu, setup,
						teardown),
		cmocka_unit_test_setup_teardown(totals_per_vm, setup, teardown),
		cmocka_unit_test_setup_teardown(without_records, setup,
						teardown),
		cmocka_unit_test_setup_teardown(help_by_key, setup, teardown),
		cmocka_unit_test_setup_teardown(needs_times, setup, teardown),
		cmocka_unit_test(options),
		cmocka_unit_test(bad_column_is_named),
		cmocka_unit_test(recorded_excludes_counters),
		cmocka_unit_test_setup_teardown(names_in_utf8, setup, teardown),
	};

	return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
