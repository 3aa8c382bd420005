// SPDX-License-Identifier: GPL-2.0
/*
 * 'policy' over a directory that looks like a host with VMs.
 */
#include "unit.h"

#include "cmd/commands.h"
#include "exit-codes.h"
#include "host-file.h"
#include "host.h"

#define NAMES	"/etc/vcpu-info/policy"
#define POLICY	"/sys/module/vcpu_info/parameters/policy"

struct run {
	const char *root;
	const char *words[5];
};

static enum opt_outcome parse(struct opt_parser *op, const char * const *words,
			      struct policy_params *params)
{
	static char *argv[8];
	int argc = 1;

	argv[0] = "policy";
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	argv[argc] = NULL;
	return policy_parse(op, argc, argv, params);
}

static int run_policy(void *arg)
{
	const struct run *run = arg;
	struct policy_params params;
	struct opt_parser op;
	int ret;

	assert_int_equal(parse(&op, run->words, &params), OPT_RUN);
	host_file_set_root(run->root);
	ret = policy_run(&params);
	host_file_set_root("");
	select_free(&params.vms);
	return ret;
}

/* Three processes: web, two VMs in 300, and a second web. */
static int setup(void **state)
{
	char *root = host_make();

	tree_link(root, "/proc/1234/fd/14", "anon_inode:kvm-vm");
	tree_process(root, 300, "my vmm", "my vmm", 7);
	tree_link(root, "/proc/300/fd/5", "anon_inode:kvm-vm");
	tree_link(root, "/proc/300/fd/6", "anon_inode:kvm-vm");
	tree_process(root, 400, "init", "init", 5);
	tree_link(root, "/proc/400/fd/5", "/dev/null");
	tree_process(root, 2000, "qemu", HOST_CMDLINE, sizeof(HOST_CMDLINE));
	tree_link(root, "/proc/2000/fd/9", "anon_inode:kvm-vm");
	tree_write(root, "/etc/hostname", "lab\n");
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	tree_remove(*state);
	return 0;
}

static void check(struct run *run, const char *want)
{
	struct captured cap = capture(run_policy, run);

	assert_int_equal(cap.ret, EXIT_OK);
	assert_string_equal(cap.err, "");
	assert_string_equal(cap.out, want);
	captured_free(&cap);
}

/* What is written to the module's parameter. */
static void check_set(struct run *run, const char *want)
{
	struct captured cap = capture(run_policy, run);
	char path[200], got[100] = "";
	FILE *f;

	if (cap.ret != EXIT_OK)
		fail_msg("%s: %s", run->words[0], cap.err);
	captured_free(&cap);
	snprintf(path, sizeof(path), "%s" POLICY, run->root);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(got, sizeof(got), f));
	fclose(f);
	assert_string_equal(got, want);
}

static void check_fails(struct run *run, int exit_code, const char *why)
{
	struct captured cap = capture(run_policy, run);

	assert_int_equal(cap.ret, exit_code);
	assert_string_equal(cap.out, "");
	if (!strstr(cap.err, why))
		fail_msg("no '%s' in: %s", why, cap.err);
	captured_free(&cap);
}

static void shows(void **state)
{
	check(&(struct run){ *state, { NULL } }, "all: every VM is served\n");
	tree_write(*state, POLICY, "none\n");
	check(&(struct run){ *state, { NULL } }, "none: no VM is served\n");
	tree_write(*state, POLICY, "pid:1234,pid:300,pid:77\n");
	check(&(struct run){ *state, { NULL } },
	      "list: the VMs of these processes are served, and no other\n"
	      "  1234 web\n  300 my vmm\n  77 -\n");
}

static void shows_json(void **state)
{
	static const char * const policies[] = {
		"all", "none", "pid:1234,pid:300,pid:77", "all,-pid:1234",
	};
	char all[1000] = "";

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct run run = { *state, { "--json" } };
		struct captured cap;

		tree_write(*state, POLICY, "%s\n", policies[i]);
		if (i == 3)
			tree_write(*state, NAMES, "deny web\n");
		cap = capture(run_policy, &run);
		assert_int_equal(cap.ret, EXIT_OK);
		strcat(all, cap.out);
		captured_free(&cap);
	}
	golden_check("policy.json", all);
}

/* A plain file keeps what is written to it. */
static void sets(void **state)
{
	check(&(struct run){ *state, { "none" } }, "none: no VM is served\n");
	check(&(struct run){ *state, { "all" } }, "all: every VM is served\n");
	check(&(struct run){ *state, { "300" } },
	      "list: the VMs of these processes are served, and no other\n"
	      "  300 my vmm\n");
	check(&(struct run){ *state, { "web", "300", "2000" } },
	      "list: the VMs of these processes are served, and no other\n"
	      "  300 my vmm\n  1234 web\n  2000 web\n");
	check(&(struct run){ *state, { NULL } },
	      "list: the VMs of these processes are served, and no other\n"
	      "  300 my vmm\n  1234 web\n  2000 web\n");
}

/* Whatever 'vms' prints as a name can be given, also in the form it prints. */
static void names_of_all_kinds(void **state)
{
	static const char * const names[] = {
		"7a11f00d-0000-4000-8000-00000000beef", "3tier-db", ".hidden",
		"b\303\274ro-m\303\266we", "web box", "web@home", "0", "12:x",
		"two?lines",
	};
	char line[100] = "qemu\0-name";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = i == 8 ? "two\nlines" : names[i];

		strcpy(line + 11, name);
		tree_process(*state, 2000, "qemu", line,
			     11 + strlen(name) + 1);
		check(&(struct run){ *state, { "none" } },
		      "none: no VM is served\n");
		check_set(&(struct run){ *state, { names[i] } }, "pid:2000");
	}
	/* one that getopt would take for an option */
	strcpy(line + 11, "-x");
	tree_process(*state, 2000, "qemu", line, 14);
	check_set(&(struct run){ *state, { "--", "-x" } }, "pid:2000");
	/* a number is a PID, whatever a VM calls itself */
	strcpy(line + 11, "300");
	tree_process(*state, 2000, "qemu", line, 15);
	check_set(&(struct run){ *state, { "300" } }, "pid:300");
	check_set(&(struct run){ *state, { "pid:300" } }, "pid:300");
	check_set(&(struct run){ *state, { "name:300" } }, "pid:2000");
	strcpy(line + 11, "all");
	tree_process(*state, 2000, "qemu", line, 15);
	check_set(&(struct run){ *state, { "name:all" } }, "pid:2000");
}

static void check_file(const char *root, const char *name, const char *want)
{
	char path[200], got[4200];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(got, 1, sizeof(got) - 1, f);
	got[len] = '\0';
	fclose(f);
	assert_string_equal(got, want);
}

/* Names are kept, and nobody has to run. */
static void names_outlive_vms(void **state)
{
	check(&(struct run){ *state, { "deny", "web", "a b" } },
	      "deny: every VM is served, except those of these processes\n"
	      "  1234 web\n  2000 web\n"
	      "deny, by name (" NAMES "):\n  web\n  a b\n");
	check_file(*state, POLICY, "all,-pid:1234,-pid:2000");
	check_file(*state, NAMES,
		   "# Written by 'vcpu-info policy'; see vcpu-info-policy(1).\n"
		   "deny web\ndeny a b\n");
	check(&(struct run){ *state, { "allow", "db" } },
	      "none: no VM is served\n"
	      "allow, by name (" NAMES "):\n  db\n");
	check(&(struct run){ *state, { "allow", "my vmm" } },
	      "list: the VMs of these processes are served, and no other\n"
	      "  300 my vmm\n"
	      "allow, by name (" NAMES "):\n  my vmm\n");
}

/* In the file, too, a number has to say that it is a name. */
static void a_number_outlives_its_vm(void **state)
{
	static const char line[] = "qemu\0-name\000300";

	tree_process(*state, 2000, "qemu", line, sizeof(line));
	check(&(struct run){ *state, { "deny", "name:300", "name:web" } },
	      "deny: every VM is served, except those of these processes\n"
	      "  1234 web\n  2000 300\n"
	      "deny, by name (" NAMES "):\n  300\n  web\n");
	check_file(*state, NAMES,
		   "# Written by 'vcpu-info policy'; see vcpu-info-policy(1).\n"
		   "deny name:300\ndeny web\n");
	check(&(struct run){ *state, { "--apply" } }, "");
	check_file(*state, POLICY, "all,-pid:1234,-pid:2000");
	check_fails(&(struct run){ *state, { "3000" } }, EXIT_NO_VM,
		    "process 3000 runs no VM\n  'vcpu-info vms'");
	tree_process(*state, 2000, "qemu", "qemu\0-name\0003000", 16);
	check_fails(&(struct run){ *state, { "3000" } }, EXIT_NO_VM,
		    "the VM of that name is 'name:3000'");
}

/* What udev does when KVM has a new VM: it is named by a thread's ID. */
static void applies_to_a_new_vm(void **state)
{
	tree_write(*state, "/proc/1234/status", "Name:\tq\nTgid:\t1234\n");
	tree_write(*state, "/proc/1240/status", "Name:\tq\nTgid:\t1234\n");
	tree_write(*state, "/proc/300/status", "Name:\tx\nTgid:\t300\n");
	tree_write(*state, POLICY, "before");
	check(&(struct run){ *state, { "--apply", "1240" } }, "");
	check_file(*state, POLICY, "before");

	tree_write(*state, NAMES, "# mine\n\n  allow  web \r\n");
	check(&(struct run){ *state, { "--apply", "1240" } }, "");
	check_file(*state, POLICY, "+pid:1234");
	tree_write(*state, POLICY, "before");
	check(&(struct run){ *state, { "--apply", "300" } }, "");
	check(&(struct run){ *state, { "--apply", "77" } }, "");
	check_file(*state, POLICY, "before");
	check(&(struct run){ *state, { "--apply" } }, "");
	check_file(*state, POLICY, "pid:1234,pid:2000");

	tree_write(*state, NAMES, "deny web\n");
	check(&(struct run){ *state, { "--apply", "1234" } }, "");
	check_file(*state, POLICY, "-pid:1234");
}

static void other_settings_forget_names(void **state)
{
	struct run run = { *state, { "none" } };
	struct captured cap;

	tree_write(*state, NAMES, "allow web\n");
	cap = capture(run_policy, &run);
	assert_int_equal(cap.ret, EXIT_OK);
	assert_string_equal(cap.out, "none: no VM is served\n");
	assert_non_null(strstr(cap.err, "removed " NAMES));
	captured_free(&cap);
	check(&(struct run){ *state, { "none" } }, "none: no VM is served\n");
}

static void bad_lines(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} bad[] = {
		{ "allow web\ndeny db\n", "line 2: a file has either" },
		{ "allow\n", "line 1: expected 'allow NAME' or 'deny NAME'" },
		{ "# x\nallowed web\n", "line 2: expected" },
		{ "web\n", "line 1: expected" },
		{ "deny 1234\n", "line 1: '1234' is a process ID" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		tree_write(*state, POLICY, "before");
		tree_write(*state, NAMES, "%s", bad[i].text);
		check_fails(&(struct run){ *state, { "--apply" } },
			    EXIT_FAILED, bad[i].why);
		check_file(*state, POLICY, "before");
	}
	tree_bytes(*state, NAMES, "allow a\0b\n", 10);
	check_fails(&(struct run){ *state, { "--apply" } }, EXIT_FAILED,
		    "line 1: not a text file of names");
}

/* 2,000 VMs, more than a page each way; a plain file keeps the last piece. */
static void many_vms(void **state)
{
	static const char cmdline[] = "qemu\0-name\0many";
	char path[100], want[4096];
	char *list = calloc(2000 + 1, 12);
	struct captured cap;
	size_t len = 0;

	for (int i = 0; i < 2000; i++) {
		len += sprintf(list + len, "%11d\n", 3000000 + i);
		tree_process(*state, 3000000 + i, "qemu", cmdline,
			     sizeof(cmdline));
		snprintf(path, sizeof(path), "/proc/%d/fd/9", 3000000 + i);
		tree_link(*state, path, "anon_inode:kvm-vm");
	}
	tree_bytes(*state, "/sys/kernel/vcpu_info/policy_pids", list, len);
	cap = capture(run_policy, &(struct run){ *state, { "allow", "many" } });
	assert_int_equal(cap.ret, EXIT_OK);
	captured_free(&cap);
	/* a page has room for 341 first, and for 314 with "+" */
	len = 0;
	for (int i = 341 + 5 * 314; i < 2000; i++)
		len += sprintf(want + len, "%s+pid:%d", len ? "," : "",
			       3000000 + i);
	check_file(*state, POLICY, want);

	tree_write(*state, POLICY, "pid:3000000,...\n");
	cap = capture(run_policy, &(struct run){ *state, { NULL } });
	assert_int_equal(cap.ret, EXIT_OK);
	assert_non_null(strstr(cap.out, "\n  3000000 many\n"));
	assert_non_null(strstr(cap.out, "\n  3001999 many\n"));
	captured_free(&cap);
	free(list);
}

static void refuses(void **state)
{
	check_fails(&(struct run){ *state, { "db" } }, EXIT_NO_VM,
		    "no VM named 'db' runs on this host");
	check_fails(&(struct run){ *state, { "web", "400" } }, EXIT_NO_VM,
		    "process 400 runs no VM");
	check(&(struct run){ *state, { NULL } }, "all: every VM is served\n");
	tree_delete(*state, POLICY);
	check_fails(&(struct run){ *state, { "all" } }, EXIT_FAILED,
		    "cannot read " POLICY);
	tree_remove(*state);
	*state = tree_make();
	host_write_kvm(*state);
	check_fails(&(struct run){ *state, { NULL } }, EXIT_NO_MODULE,
		    "vcpu_info is not installed");
}

static void memory_runs_out(void **state)
{
	check(&(struct run){ *state, { "none" } }, "none: no VM is served\n");
	alloc_fail_next(ALLOC_CALLOC);
	check_fails(&(struct run){ *state, { "web" } }, EXIT_FAILED,
		    "out of memory");
	check(&(struct run){ *state, { NULL } }, "none: no VM is served\n");
}

static void bad_arguments(void **state)
{
	static const struct {
		const char *words[4];
		const char *why;
	} bad[] = {
		{ { "all", "web" }, "'all' excludes" },
		{ { "web", "none" }, "'none' excludes" },
		{ { "all", "none" }, "'all' excludes" },
		{ { "1234:14" }, "one for all VMs of a process" },
		{ { "-1" }, "unknown option" },
		{ { "" }, "is not a VM" },
		{ { "allow" }, "'allow' needs the name of a VM" },
		{ { "deny", "web", "12" }, "process ID 12 ends with its VM" },
		{ { "--apply", "web" }, "--apply takes one process ID" },
		{ { "--apply", "1", "2" }, "--apply takes one process ID" },
		{ { "--json=yes" }, "takes no argument" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct policy_params params;
		struct opt_parser op;

		assert_int_equal(parse(&op, bad[i].words, &params), OPT_BAD);
		if (!strstr(op.err, bad[i].why))
			fail_msg("no '%s' in: %s", bad[i].why, op.err);
		select_free(&params.vms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shows, setup, teardown),
		cmocka_unit_test_setup_teardown(shows_json, setup, teardown),
		cmocka_unit_test_setup_teardown(sets, setup, teardown),
		cmocka_unit_test_setup_teardown(names_of_all_kinds, setup,
						teardown),
		cmocka_unit_test_setup_teardown(names_outlive_vms, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_number_outlives_its_vm, setup,
						teardown),
		cmocka_unit_test_setup_teardown(applies_to_a_new_vm, setup,
						teardown),
		cmocka_unit_test_setup_teardown(other_settings_forget_names,
						setup, teardown),
		cmocka_unit_test_setup_teardown(bad_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(many_vms, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_runs_out, setup,
						teardown),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
