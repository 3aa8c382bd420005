// SPDX-License-Identifier: GPL-2.0
/*
 * 'watch': when it looks closer, what it tells and when, and what it has done then.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "cmd/commands.h"
#include "duration.h"
#include "host-file.h"
#include "signals.h"
#include "support.h"
#include "watch/helpers.h"
#include "watch/log.h"
#include "watch/watched.h"

static void options(void **state)
{
	char *argv[14] = { "watch", "-d", "30", "-n", "3", "--exec", "/bin/true",
			   "--collect", "/tmp", "--keep", "2", "--journal",
			   "web" };
	struct watch_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(watch_parse(&op, ARRAY_SIZE(argv) - 1, argv, &params),
			 OPT_RUN);
	assert_int_equal(params.interval_ns, 30 * NS_PER_SEC);
	assert_int_equal(params.rounds, 3);
	assert_string_equal(params.exec, "/bin/true");
	assert_string_equal(params.collect, "/tmp");
	assert_int_equal(params.keep, 2 << 20);
	assert_true(params.journal);
	assert_string_equal(params.select.vms[0].name, "web");
	select_free(&params.select);
	assert_int_equal(watch_parse(&op, 1, argv, &params), OPT_RUN);
	assert_int_equal(params.interval_ns, 10 * NS_PER_SEC);
	assert_int_equal(params.keep, 1024 << 20);
	select_free(&params.select);
}

static void bad_options(void **state)
{
	static char *const lines[][4] = {
		{ "watch", "-d", "999ms" }, { "watch", "-d", "2h" },
		{ "watch", "-n", "0" }, { "watch", "--keep", "3" },
		{ "watch", "--keep", "0" }, { "watch", "--json", "--journal" },
		{ "watch", "" },
	};
	struct watch_params params;
	struct opt_parser op;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *argv[5] = { NULL };
		int argc = 0;

		for (; argc < 4 && lines[i][argc]; argc++)
			argv[argc] = lines[i][argc];
		assert_int_equal(watch_parse(&op, argc, argv, &params), OPT_BAD);
		assert_true(op.err[0]);
		select_free(&params.select);
	}
}

/* In one second */
static struct vcpu_finding finding(unsigned int run, unsigned int wait,
				   enum exit_kind kind, uint64_t exits)
{
	struct vcpu_finding finding = {
		.interval_ns = NS_PER_SEC, .have_sched = true, .run = run,
		.wait = wait, .exits = exits, .main_kind = kind,
	};

	finding.kinds[kind] = exits;
	finding.own_exits = kind == EXIT_HOST_IRQ ? 0 : exits;
	return finding;
}

static void suspects(void **state)
{
	static const struct {
		unsigned int run, wait;
		enum exit_kind kind;
		uint64_t exits;
		bool suspect;
	} cases[] = {
		{ 0, 0, EXIT_HALT, 1, false },		/* idle, a tick */
		{ 50, 0, EXIT_HALT, 4000, false },	/* busy at times */
		{ 90, 10, EXIT_IO, 5000, true },	/* one port, or a disk */
		{ 60, 0, EXIT_IO, 999, false },
		{ 100, 0, EXIT_OTHER, 0, true },	/* spins, or computes */
		{ 89, 0, EXIT_OTHER, 0, false },
		{ 100, 0, EXIT_OTHER, 2001, true },
		{ 100, 0, EXIT_HOST_IRQ, 900, true },
		{ 40, 50, EXIT_HALT, 10, true },	/* starved */
		{ 40, 49, EXIT_HALT, 10, false },
		{ 0, 0, EXIT_OTHER, 0, true },		/* nothing moves */
		{ 5, 0, EXIT_IO, 3, true },		/* nor does it halt */
		{ 6, 0, EXIT_IO, 3, false },
	};
	struct vcpu_finding unknown = finding(100, 0, EXIT_OTHER, 0);
	struct vcpu_finding mixed = finding(60, 0, EXIT_IO, 5000);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vcpu_finding f = finding(cases[i].run, cases[i].wait,
						cases[i].kind, cases[i].exits);

		if (watch_is_suspect(&f) != cases[i].suspect)
			fail_msg("case %zu", i);
	}
	mixed.kinds[EXIT_IO] = 5000 * RULE_LOOP_KIND / 100;
	assert_true(watch_is_suspect(&mixed));
	mixed.kinds[EXIT_IO]--;
	assert_false(watch_is_suspect(&mixed));
	unknown.have_sched = false;
	assert_false(watch_is_suspect(&unknown));
	unknown.have_sched = true;
	unknown.interval_ns = 0;
	assert_false(watch_is_suspect(&unknown));
}

static const char *word_of(enum vm_word vm, enum vcpu_word vcpu)
{
	struct vm_diagnosis diagnosis = { .finding.word = vm };

	diagnosis.finding.nr[vcpu] = 1;
	diagnosis.finding.nr[VCPU_RUNNING]++;
	return watch_word(&diagnosis);
}

static void words(void **state)
{
	struct vm_diagnosis worst = { .finding.word = VM_NOTHING };

	(void)state;
	/* each is worse than those before */
	worst.finding.nr[VCPU_STARVED] = 1;
	assert_string_equal(watch_word(&worst), "starved");
	worst.finding.nr[VCPU_IN_VMM] = 1;
	assert_string_equal(watch_word(&worst), "in-vmm");
	worst.finding.nr[VCPU_SPINNING] = 1;
	assert_string_equal(watch_word(&worst), "spinning");
	worst.finding.nr[VCPU_EXIT_LOOP] = 1;
	assert_string_equal(watch_word(&worst), "exit-loop");
	worst.finding.word = VM_CPU_MISSING;
	assert_string_equal(watch_word(&worst), "cpu-not-started");
	assert_string_equal(word_of(VM_HUNG, VCPU_SPINNING), "hung");
	assert_string_equal(word_of(VM_NOTHING, VCPU_SPINNING), "spinning");
	assert_string_equal(word_of(VM_NOTHING, VCPU_EXIT_LOOP), "exit-loop");
	assert_string_equal(word_of(VM_NOTHING, VCPU_IN_VMM), "in-vmm");
	assert_string_equal(word_of(VM_NOTHING, VCPU_STARVED), "starved");
	/* a CPU that Linux has taken out of use */
	assert_string_equal(word_of(VM_NOTHING, VCPU_HALTED_OFF), "well");
	assert_string_equal(word_of(VM_NOTHING, VCPU_UNKNOWN), "well");
	assert_string_equal(word_of(VM_IDLE, VCPU_IDLE), "well");
}

/* A word that comes and goes is not told of. */
static void confirmed(void **state)
{
	static const struct {
		const char *word;
		bool told;
	} rounds[] = {
		{ "well", false },  { "well", false }, { "hung", false },
		{ "well", false },  { "hung", false }, { "hung", true },
		{ "hung", false },  { "well", false }, { "hung", false },
		{ "paused", false }, { "paused", true }, { "well", false },
		{ "well", true },   { "well", false },
	};
	struct watch_state vm;

	(void)state;
	watch_state_init(&vm);
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++)
		if (watch_state_step(&vm, rounds[i].word) != rounds[i].told)
			fail_msg("round %zu", i);
}

static const struct vm web = {
	.vmm = { .pid = 1234, .vm.name = "web", .comm = "qemu" }, .fd = 14,
};

/* What is counted of a VM with one vCPU at a time, and how long it ran until then */
static enum watched_look take_at(struct watched *watched, const char *root,
				 uint64_t ns, uint64_t run_ms)
{
	struct vcpu_info_host_vcpu vcpu = { .pid = 1240, .time_ns = ns };
	struct vm_sample sample = { .vcpus = &vcpu, .nr = 1 };
	enum watched_look look;

	tree_write(root, "/proc/1240/schedstat", "%llu 0 1\n",
		   (unsigned long long)(run_ms * NS_PER_MS));
	look = watched_take(watched, &web, &sample);
	watched_forget_gone(watched);
	return look;
}

static enum watched_look take(struct watched *watched, const char *root,
			      uint64_t ms, uint64_t run_ms)
{
	return take_at(watched, root, ms * NS_PER_MS, run_ms);
}

static void counted(void **state)
{
	struct watched watched = { 0 };
	char *root = tree_make();

	(void)state;
	host_file_set_root(root);
	assert_int_equal(take(&watched, root, 1000, 0), WATCHED_WELL);
	assert_int_equal(take(&watched, root, 2000, 500), WATCHED_WELL);
	assert_int_equal(take(&watched, root, 3000, 1450), WATCHED_SUSPECT);
	assert_non_null(watched_find(&watched, 1234, 14));
	assert_null(watched_find(&watched, 1234, 15));
	/* a round without it */
	watched_forget_gone(&watched);
	assert_null(watched_find(&watched, 1234, 14));
	/* and when it comes again it is not compared with what it was */
	assert_int_equal(take(&watched, root, 4000, 2450), WATCHED_WELL);
	watched_free(&watched);
	host_file_set_root("");
	tree_remove(root);
}

/* Two counts at nearly the same time say nothing; the older one stays. */
static void counted_too_soon(void **state)
{
	struct watched watched = { 0 };
	char *root = tree_make();

	(void)state;
	host_file_set_root(root);
	assert_int_equal(take(&watched, root, 1000, 0), WATCHED_WELL);
	assert_int_equal(take_at(&watched, root, 1000 * NS_PER_MS + 1000, 0),
			 WATCHED_TOO_SOON);
	assert_int_equal(take_at(&watched, root, 1001 * NS_PER_MS - 1, 0),
			 WATCHED_TOO_SOON);
	assert_non_null(watched_find(&watched, 1234, 14));
	/* in the second since the first one */
	assert_int_equal(take(&watched, root, 2000, 950), WATCHED_SUSPECT);
	watched_free(&watched);
	host_file_set_root("");
	tree_remove(root);
}

/* After a pause there is one round, and the next an interval later. */
static void next_round(void **state)
{
	uint64_t now = signals_clock();

	(void)state;
	assert_true(signals_next_round(now, 3600 * NS_PER_SEC) ==
		    now + 3600 * NS_PER_SEC);
	assert_true(signals_next_round(now - NS_PER_SEC, 3600 * NS_PER_SEC) ==
		    now + 3599 * NS_PER_SEC);
	assert_true(signals_next_round(now - 60 * NS_PER_SEC, 10 * NS_PER_SEC) >=
		    now + 10 * NS_PER_SEC);
	assert_true(signals_next_round(now - 60 * NS_PER_SEC, 10 * NS_PER_SEC) <=
		    signals_clock() + 10 * NS_PER_SEC);
}

static void write_archive(const char *root, const char *name, size_t size,
			  long age)
{
	struct timespec times[2] = { { .tv_sec = 1000000 - age },
				     { .tv_sec = 1000000 - age } };
	char *data = calloc(1, size), path[300];

	tree_bytes(root, name, data, size);
	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	free(data);
}

static bool exists(const char *root, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return !access(path, F_OK);
}

/* The oldest go; what is not ours stays. */
static void make_room(void **state)
{
	char *root = tree_make();

	(void)state;
	write_archive(root, "/vcpu-info-1-x.tar.zst", 1000, 30);
	write_archive(root, "/vcpu-info-2-x.tar.zst", 1000, 40);
	write_archive(root, "/vcpu-info-3-x.tar.zst", 1000, 10);
	write_archive(root, "/other.tar.zst", 5000, 90);
	write_archive(root, "/vcpu-info-5-x.tar.zst.tmp.Ab12Cd", 9000, 50);
	write_archive(root, "/vcpu-info-1-x.tar.zst.sha256", 5000, 90);
	/* one that is being written */
	tree_write(root, "/vcpu-info-6-x.tar.zst.tmp.Ab12Cd", "%5000s", "x");
	tree_link(root, "/vcpu-info-4-x.tar.zst", "other.tar.zst");
	helpers_make_room(root, 3000);
	assert_true(exists(root, "/vcpu-info-2-x.tar.zst"));
	assert_false(exists(root, "/vcpu-info-5-x.tar.zst.tmp.Ab12Cd"));
	helpers_make_room(root, 2999);
	assert_false(exists(root, "/vcpu-info-2-x.tar.zst"));
	helpers_make_room(root, 1500);
	assert_false(exists(root, "/vcpu-info-1-x.tar.zst"));
	assert_true(exists(root, "/vcpu-info-3-x.tar.zst"));
	assert_true(exists(root, "/other.tar.zst"));
	assert_true(exists(root, "/vcpu-info-4-x.tar.zst"));
	assert_true(exists(root, "/vcpu-info-1-x.tar.zst.sha256"));
	assert_true(exists(root, "/vcpu-info-6-x.tar.zst.tmp.Ab12Cd"));
	tree_remove(root);
}

static bool reaped(struct helpers *helpers)
{
	for (int i = 0; i < 10000; i++) {
		helpers_reap(helpers);
		if (!helpers->running[0])
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

/* A name is text, whatever it is: no shell sees it. */
static void program(void **state)
{
	static const char script[] =
		"#!/bin/sh\necho \"$VCPU_INFO_VM_NAME $VCPU_INFO_VM_PID $VCPU_INFO_VM_FD $VCPU_INFO_WORD $VCPU_INFO_WORD_BEFORE $# ${VCPU_INFO_REASON-a} ${VCPU_INFO_COOKIE-b} ${VCPU_INFO_CALLER-c} $(cat)\" >\"$0.out\"\n";
	struct vm vm = web;
	struct change change = { .vm = &vm, .word = "hung", .before = "well",
				 .text = "text\n", .json = "{}\n" };
	const struct last_words said = {
		.caller = 3, .why = VCPU_INFO_WHY_PANIC, .cookie = 42,
	};
	char *root = tree_make(), path[200], line[200];
	struct helpers helpers = { 0 };

	(void)state;
	tree_write(root, "/hook", "%s", script);
	snprintf(path, sizeof(path), "%s/hook", root);
	assert_int_equal(chmod(path, 0700), 0);
	snprintf(vm.vmm.vm.name, sizeof(vm.vmm.vm.name), "$(id)\033; x");
	assert_true(helpers_exec(&helpers, path, &change));
	assert_true(reaped(&helpers));
	host_file_set_root(root);
	assert_true(host_file_line(line, sizeof(line), "/hook.out"));
	host_file_set_root("");
	assert_string_equal(line, "$(id)?; x 1234 14 hung well 0 a b c {}");
	/* what the guest said has more */
	change.last_words = &said;
	assert_true(helpers_exec(&helpers, path, &change));
	assert_true(reaped(&helpers));
	host_file_set_root(root);
	assert_true(host_file_line(line, sizeof(line), "/hook.out"));
	host_file_set_root("");
	assert_string_equal(line,
			    "$(id)?; x 1234 14 hung well 0 panic 0x2a 3 {}");
	tree_remove(root);
}

/* One that never ends: at most so many of them, and none is left. */
static void many_programs(void **state)
{
	struct change change = { .vm = &web, .word = "hung", .before = "well",
				 .text = "", .json = "" };
	char *root = tree_make(), path[200];
	struct helpers helpers = { 0 };
	pid_t pids[MAX_HELPERS];

	(void)state;
	tree_write(root, "/hook", "#!/bin/sh\ntrap '' TERM\nsleep 1000\n");
	snprintf(path, sizeof(path), "%s/hook", root);
	assert_int_equal(chmod(path, 0700), 0);
	for (int i = 0; i < MAX_HELPERS; i++)
		assert_true(helpers_exec(&helpers, path, &change));
	assert_false(helpers_exec(&helpers, path, &change));
	assert_int_equal(errno, EAGAIN);
	memcpy(pids, helpers.running, sizeof(pids));
	helpers.deadline[0] = 1;
	assert_true(reaped(&helpers));
	assert_true(helpers_exec(&helpers, path, &change));
	for (int i = 0; i < MAX_HELPERS; i++)
		helpers.deadline[i] = 1;
	for (int i = 0; i < MAX_HELPERS; i++)
		assert_true(reaped(&helpers) || helpers.running[i]);
	helpers_stop(&helpers);
	for (int i = 0; i < MAX_HELPERS; i++)
		assert_int_not_equal(kill(pids[i], 0), 0);
	tree_remove(root);
}

/* Those that have ended take nobody's place, though no look at the VMs came between. */
static void ended_programs(void **state)
{
	struct change change = { .vm = &web, .word = "hung", .before = "well",
				 .text = "", .json = "" };
	char *root = tree_make(), path[200];
	struct helpers helpers = { 0 };
	siginfo_t info;

	(void)state;
	assert_true(helpers_deadline(&helpers) == UINT64_MAX);
	tree_write(root, "/hook", "#!/bin/sh\n");
	snprintf(path, sizeof(path), "%s/hook", root);
	assert_int_equal(chmod(path, 0700), 0);
	for (int i = 0; i < MAX_HELPERS; i++) {
		assert_true(helpers_exec(&helpers, path, &change));
		if (helpers.running[i])
			assert_int_equal(waitid(P_PID, helpers.running[i], &info,
						WEXITED | WNOWAIT), 0);
	}
	assert_true(helpers_exec(&helpers, path, &change));
	helpers.deadline[0] = 7;
	assert_true(helpers_deadline(&helpers) == 7);
	helpers_stop(&helpers);
	assert_true(helpers_deadline(&helpers) == UINT64_MAX);
	tree_remove(root);
}

static int print_change(void *arg)
{
	struct change change = { .vm = &web, .word = "hung", .before = "well",
				 .text = "VM 1234:14 (web): hung\n",
				 .json = "{\"type\":\"diagnosis\"}\n" };

	log_change(*(enum log_form *)arg, &change);
	return 0;
}

static void printed(void **state)
{
	static const char want[] =
		"{\"schema\":1,\"type\":\"change\",\"vm_name\":\"web\",\"vmm_comm\":\"qemu\",\"vm_pid\":1234,\"vm_fd\":14,\"word\":\"hung\",\"word_before\":\"well\",\"diagnosis\":{\"type\":\"diagnosis\"}}\n";
	enum log_form form = LOG_TEXT;
	struct captured cap = capture(print_change, &form);

	(void)state;
	assert_string_equal(cap.out, "VM 1234:14 (web): hung\n");
	captured_free(&cap);
	form = LOG_JSON;
	cap = capture(print_change, &form);
	assert_string_equal(cap.out, want);
	captured_free(&cap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(suspects),
		cmocka_unit_test(words),
		cmocka_unit_test(confirmed),
		cmocka_unit_test(counted),
		cmocka_unit_test(counted_too_soon),
		cmocka_unit_test(next_round),
		cmocka_unit_test(make_room),
		cmocka_unit_test(program),
		cmocka_unit_test(many_programs),
		cmocka_unit_test(ended_programs),
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
