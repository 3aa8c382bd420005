// SPDX-License-Identifier: GPL-2.0
/*
 * 'show' over a directory that looks like a host.
 */
#include "unit.h"

#include "cmd/commands.h"
#include "exit-codes.h"
#include "host-file.h"
#include "host.h"

#define MAX_WORDS	8

struct run {
	const char *root;
	const char *words[MAX_WORDS];
};

static int run_show(void *arg)
{
	const struct run *run = arg;
	char *argv[MAX_WORDS + 2] = { "show" };
	struct event_options params;
	struct opt_parser op;
	int argc = 1;
	int ret;

	for (; run->words[argc - 1]; argc++)
		argv[argc] = (char *)run->words[argc - 1];
	assert_int_equal(show_parse(&op, argc, argv, &params), OPT_RUN);
	host_file_set_root(run->root);
	ret = show_run(&params);
	host_file_set_root("");
	event_options_free(&params);
	return ret;
}

static size_t count(const char *text, const char *what)
{
	size_t nr = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		nr++;
	return nr;
}

static struct captured show_with(const char *root, const char *word1,
				 const char *word2)
{
	struct run run = { root, { word1, word1 ? word2 : NULL } };

	return capture(run_show, &run);
}

static int setup(void **state)
{
	*state = host_make();
	return 0;
}

static int teardown(void **state)
{
	tree_remove(*state);
	return 0;
}

static void last_record_of_each_vcpu(void **state)
{
	struct captured cap = show_with(*state, NULL, NULL);

	assert_int_equal(cap.ret, EXIT_OK);
	golden_check("show.txt", cap.out);
	assert_string_equal(cap.err, "");
	captured_free(&cap);
}

static void second_call_prints_the_same(void **state)
{
	struct captured first = show_with(*state, "--all", NULL);
	struct captured second = show_with(*state, "--all", NULL);

	assert_int_equal(count(first.out, "VM "), 7);
	assert_string_equal(first.out, second.out);
	captured_free(&first);
	captured_free(&second);
}

/* The time of day is another at every run; that there is one is checked. */
static void hide_times(char *text)
{
	static const char key[] = "\"time\":\"20";

	for (; (text = strstr(text, key)); text++) {
		char *p = text + strlen("\"time\":\"");

		for (; *p != '"'; p++) {
			if (*p >= '0' && *p <= '9')
				*p = '#';
		}
	}
}

static void table(void **state)
{
	struct captured cap = show_with(*state, "--format=table",
					"--time-format=trace");

	assert_int_equal(cap.ret, EXIT_OK);
	golden_check("show-table.txt", cap.out);
	captured_free(&cap);
}

static void csv(void **state)
{
	struct captured cap = show_with(*state, "--format=csv", "--all");

	assert_int_equal(cap.ret, EXIT_OK);
	assert_int_equal(count(cap.out, "\n"), 8);
	assert_int_equal(count(cap.out, "type,ts,"), 1);
	captured_free(&cap);
}

static void wall_time(void **state)
{
	struct captured cap = show_with(*state, "--time-format=wall",
					"--vcpu=1");

	assert_int_equal(count(cap.out, " at 20"), 2);
	assert_int_equal(count(cap.out, " age "), 0);
	captured_free(&cap);
}

static void no_colours_in_a_file(void **state)
{
	struct captured cap = show_with(*state, NULL, NULL);

	assert_int_equal(count(cap.out, "\033"), 0);
	captured_free(&cap);
	cap = show_with(*state, "--color=always", NULL);
	assert_true(count(cap.out, "\033[1mVM 1234:10 (web)\033[0m vCPU") == 2);
	captured_free(&cap);
}

/* Ages are unknown there, and so is what --since means. */
static void clock_that_counts_no_time(void **state)
{
	struct captured cap;

	for (int cpu = 0; cpu < 2; cpu++) {
		char path[100];

		snprintf(path, sizeof(path),
			 HOST_INSTANCE "/per_cpu/cpu%d/stats", cpu);
		tree_write(*state, path, "entries: 1\nnow ts: 12345\n");
	}
	cap = show_with(*state, "--since=5s", NULL);
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_string_equal(cap.out, "");
	assert_non_null(strstr(cap.err, "trace_clock"));
	captured_free(&cap);
	cap = show_with(*state, "--vcpu=1", NULL);
	assert_int_equal(cap.ret, EXIT_OK);
	assert_int_equal(count(cap.out, " age - "), 2);
	captured_free(&cap);
}

static void all_is_every_event_in_order(void **state)
{
	struct captured cap = show_with(*state, "--all", "--json");

	assert_int_equal(cap.ret, EXIT_OK);
	hide_times(cap.out);
	golden_check("show-all.json", cap.out);
	assert_string_equal(cap.err, "");
	captured_free(&cap);
}

static void errors_only(void **state)
{
	struct captured cap = show_with(*state, "--errors", NULL);

	assert_int_equal(cap.ret, EXIT_OK);
	golden_check("show-errors.txt", cap.out);
	assert_int_equal(count(cap.out, "VM "), 2);
	assert_int_equal(count(cap.out, " error "), 2);
	captured_free(&cap);
}

static void filters(void **state)
{
	static const struct {
		const char *words[2];
		size_t blocks;
	} runs[] = {
		{ { "--vm=1234" }, 2 },
		{ { "--vm=1234:10" }, 2 },
		{ { "pid:1234" }, 2 },
		{ { "name:web", "1234" }, 2 },
		{ { "--vm=1999" }, 1 },
		{ { "--vcpu=1" }, 2 },
		{ { "--vcpu=0", "--vm=1999" }, 0 },
		{ { "--vcpu=999", "--errors" }, 1 },
		{ { "--vcpu=-1", "--all" }, 1 },
		{ { "--vm=web" }, 2 },
		{ { "--vm=web", "--vm=1999" }, 3 },
		{ { "--state=halted" }, 1 },
		{ { "--state=self,halted", "--all" }, 4 },
		{ { "--reason=panic" }, 1 },
		{ { "--reason=panic", "--all" }, 2 },
		{ { "--reason=mark,none", "--all" }, 2 },
		{ { "--reason=panic", "--errors" }, 1 },
		{ { "--last=2" }, 5 },
		{ { "--last=2", "--errors" }, 2 },
		{ { "--last=1", "--vcpu=0" }, 1 },
		{ { "--since=120.2", "--all" }, 2 },
		{ { "--since=120.123456", "--all" }, 4 },
		{ { "--since=2s" }, 1 },
		{ { "--since=500ms" }, 0 },
		{ { "--since=2020-01-01", "--all" }, 7 },
		{ { "--since=2100-01-01", "--all" }, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct captured cap = show_with(*state, runs[i].words[0],
						runs[i].words[1]);

		assert_int_equal(cap.ret, EXIT_OK);
		assert_int_equal(count(cap.out, "VM "), runs[i].blocks);
		assert_int_equal(count(cap.err, "that the options ask for"),
				 !runs[i].blocks);
		captured_free(&cap);
	}
}

/* A VM that neither runs nor has a record; the others are shown. */
static void vms_that_are_missing(void **state)
{
	static const struct {
		const char *words[3];
		size_t blocks;
		const char *err;
	} runs[] = {
		{ { "db" }, 0, "no such VM 'db'\n" },
		{ { "1234:11" }, 0, "no such VM '1234:11'\n" },
		{ { "77", "web" }, 2, "no such VM '77'\n" },
		{ { "1999", "name:1999" }, 1, "no such VM 'name:1999'\n" },
		{ { "db", "1999", "--vcpu=999" }, 0, "no such VM 'db'\n" },
		{ { "db", "--errors" }, 0, "no such VM 'db'\n" },
	};
	static const char hint[] =
		"  'vcpu-info vms' lists the VMs; one that is gone is known by its PID.\n";

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct run run = { .root = *state };
		char err[200];
		struct captured cap;

		memcpy(run.words, runs[i].words, sizeof(runs[i].words));
		cap = capture(run_show, &run);
		assert_int_equal(cap.ret, EXIT_NO_VM);
		assert_int_equal(count(cap.out, "VM "), runs[i].blocks);
		snprintf(err, sizeof(err), "vcpu-info: %s%s", runs[i].err, hint);
		assert_string_equal(cap.err, err);
		captured_free(&cap);
	}
}

/* One that runs is no mistake, even if there is no record of it. */
static void vms_without_a_record(void **state)
{
	static const char * const words[] = { "quiet", "555", "555:4" };
	struct captured cap;

	tree_process(*state, 555, "qemu", "qemu\0-name\0quiet", 17);
	tree_link(*state, "/proc/555/fd/4", "anon_inode:kvm-vm");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		cap = show_with(*state, words[i], NULL);
		assert_int_equal(cap.ret, EXIT_OK);
		assert_int_equal(count(cap.err, "that the options ask for"), 1);
		captured_free(&cap);
	}
	/* a name that is a number is not taken for one */
	tree_process(*state, 555, "qemu", "qemu\0-name\00077", 14);
	cap = show_with(*state, "77", NULL);
	assert_int_equal(cap.ret, EXIT_NO_VM);
	assert_string_equal(cap.err,
			    "vcpu-info: no such VM '77'\n"
			    "  77 is taken for a PID; the VM of that name is 'name:77'.\n");
	captured_free(&cap);
	cap = show_with(*state, "name:77", NULL);
	assert_int_equal(cap.ret, EXIT_OK);
	assert_int_equal(count(cap.err, "that the options ask for"), 1);
	captured_free(&cap);
}

static void name_of_a_vm_that_is_gone(void **state)
{
	struct captured cap;

	/* the PID is there again, but only since second 129 of 130 */
	tree_write(*state, "/proc/1234/stat",
		   "1234 (other) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 5 0 12900 99 98 97\n");
	cap = show_with(*state, "--vm=1234", NULL);
	assert_int_equal(count(cap.out, "VM 1234:10 (gone)"), 2);
	captured_free(&cap);
}

static void lost_events_are_reported(void **state)
{
	struct captured cap;

	host_write_stats(*state, 0, 5, 10, 2, 0);
	host_write_stats(*state, 1, 2, 20, 0, 3);
	cap = show_with(*state, NULL, NULL);
	assert_int_equal(cap.ret, EXIT_OK);
	assert_int_equal(count(cap.out, "VM "), 3);
	assert_non_null(strstr(cap.err, "35 events are lost: 30 overwritten by newer ones, 3 without room, 2 while interrupted"));
	captured_free(&cap);

	cap = show_with(*state, "--json", NULL);
	assert_int_equal(count(cap.out, "\n"), 4);
	assert_non_null(strstr(cap.out, "{\"schema\":1,\"type\":\"lost\",\"overrun\":30,\"commit_overrun\":2,\"dropped\":3,\"undecodable\":0}\n"));
	assert_non_null(strstr(cap.err, "35 events are lost"));
	captured_free(&cap);
}

static void undecodable_lines_are_reported(void **state)
{
	struct captured cap;
	size_t len;
	char *text = data_read("trace-text.dat", &len);

	/* the last line loses its newline, and a value its digits */
	text[len - 1] = '\0';
	*(strstr(text, "rcx=0x") + 6) = '?';
	tree_write(*state, HOST_INSTANCE "/trace", "%s", text);
	free(text);
	cap = show_with(*state, "--all", NULL);
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_int_equal(count(cap.out, "VM "), 5);
	assert_non_null(strstr(cap.err, "2 lines of "));
	assert_non_null(strstr(cap.err, "could not be decoded"));
	captured_free(&cap);
}

static void nothing_recorded_yet(void **state)
{
	struct captured cap;

	tree_write(*state, HOST_INSTANCE "/trace", "# tracer: nop\n#\n");
	cap = show_with(*state, NULL, NULL);
	assert_int_equal(cap.ret, EXIT_OK);
	assert_string_equal(cap.out, "");
	assert_non_null(strstr(cap.err, "vcpu-info-guest trigger"));
	captured_free(&cap);
}

static void nothing_because_the_event_is_off(void **state)
{
	struct captured cap;

	tree_write(*state, HOST_INSTANCE "/trace", "# tracer: nop\n#\n");
	tree_write(*state, HOST_INSTANCE "/events/vcpu_info/vcpu_info/enable",
		   "0\n");
	cap = show_with(*state, NULL, NULL);
	assert_int_equal(cap.ret, EXIT_NO_INSTANCE);
	assert_non_null(strstr(cap.err, "echo 1 > "));
	captured_free(&cap);
}

/* More text than fits into one read, every entry of another vCPU. */
static void long_trace(void **state)
{
	const int nr = 5000;
	struct captured cap;
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (int i = 0; i < nr; i++)
		fprintf(f, "%16s-%-7d [000] ..... %5d.%06d: vcpu_info: vm_pid=1 vm_fd=2 vcpu_id=%d exits=%d\n",
			i % 3 ? "CPU 0/KVM" : "a\nb", i, 100, i, nr - i, i);
	fclose(f);
	tree_write(*state, HOST_INSTANCE "/trace", "%s", text);
	free(text);
	cap = show_with(*state, NULL, NULL);
	assert_int_equal(cap.ret, EXIT_OK);
	assert_string_equal(cap.err, "");
	assert_int_equal(count(cap.out, "VM 1:2 "), nr);
	/* sorted by vCPU, not by time */
	assert_non_null(strstr(cap.out, "VM 1:2 (gone) vCPU 1 thread - - age 22.495s exits 4999\n"));
	assert_true(strstr(cap.out, "vCPU 9 ") < strstr(cap.out, "vCPU 10 "));
	captured_free(&cap);
}

/* Each file that goes is wanted before those that went earlier. */
static void what_is_missing(void **state)
{
	static const struct {
		const char *path;
		const char *says;
		int exit_code;
	} steps[] = {
		{ HOST_INSTANCE "/trace", "cannot read", EXIT_FAILED },
		{ "/proc/self/mounts", "mount -t tracefs nodev",
		  EXIT_NO_TRACEFS },
		{ "/sys/module/kvm_amd/initstate", NULL, EXIT_NO_TRACEFS },
		{ "/sys/module/kvm_amd", "modprobe kvm_amd", EXIT_NO_KVM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct captured cap;

		tree_delete(*state, steps[i].path);
		cap = show_with(*state, NULL, NULL);
		assert_int_equal(cap.ret, steps[i].exit_code);
		assert_string_equal(cap.out, "");
		if (steps[i].says)
			assert_non_null(strstr(cap.err, steps[i].says));
		captured_free(&cap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_record_of_each_vcpu),
		cmocka_unit_test(second_call_prints_the_same),
		cmocka_unit_test(all_is_every_event_in_order),
		cmocka_unit_test(errors_only),
		cmocka_unit_test(table),
		cmocka_unit_test(csv),
		cmocka_unit_test(wall_time),
		cmocka_unit_test(no_colours_in_a_file),
		cmocka_unit_test(clock_that_counts_no_time),
		cmocka_unit_test(filters),
		cmocka_unit_test(vms_that_are_missing),
		cmocka_unit_test(vms_without_a_record),
		cmocka_unit_test(name_of_a_vm_that_is_gone),
		cmocka_unit_test(lost_events_are_reported),
		cmocka_unit_test(undecodable_lines_are_reported),
		cmocka_unit_test(nothing_recorded_yet),
		cmocka_unit_test(nothing_because_the_event_is_off),
		cmocka_unit_test(long_trace),
		cmocka_unit_test(what_is_missing),
	};
	struct CMUnitTest with_host[ARRAY_SIZE(tests)];

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		with_host[i] = tests[i];
		with_host[i].setup_func = setup;
		with_host[i].teardown_func = teardown;
	}
	return cmocka_run_group_tests_name("show", with_host, NULL, NULL);
}
