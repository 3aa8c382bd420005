// SPDX-License-Identifier: GPL-2.0
/* Options, one line of TAP for each test, and the table */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

/* tap.h has an ARRAY_SIZE and a __printf of its own, the same. */
#undef ARRAY_SIZE
#include "../guest/tap.h"

#define MIN_VCPUS	3
#define MAX_STATES	32

struct command {
	struct options options;
	const char *states[MAX_STATES];
	int nr_states;
	bool all;
	bool mode_given;
	bool host;
	unsigned long seed;
};

static const char usage_text[] =
"Usage: oracle (--all | --state STATE...) --count N [OPTION...]\n"
"\n"
"Checks the host's records of vCPUs against what VMs of its own are known to\n"
"hold. Needs root, /dev/kvm and the module vcpu_info with vm_rate=0 and\n"
"host_rate=0. Reads the trace instance vcpu_info, and takes what is in it.\n"
"\n"
"  --state STATE  a test; can be given more than once\n"
"  --all          all tests but those named nested, and those that want KVM or the\n"
"                 module held up (kicked, moving, resumed, vapic, reset); some in\n"
"                 32- and 16-bit mode as well\n"
"  --count N      snapshots for each test\n"
"  --mode BITS    64 (default), 32 or 16: the guests' mode\n"
"  --vcpus N      vCPUs where there are many, 3 to 16 (default: 4)\n"
"  --pidns N      run N levels of PID namespaces deeper\n"
"  --host         the host asks by its device, not a vCPU by the hypercall: from\n"
"                 a process without vCPUs\n"
"  --seed N       for the registers' values (default: a new one each time)\n"
"  --list         the tests, the modes each is for, the registers that its\n"
"                 records must have\n"
"\n"
"Exit status: 0 all is right, 1 something is wrong, 2 it could not be tested.\n";

static void usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "oracle: %s%s\n%s", what, arg, usage_text);
	exit(2);
}

static const struct test *find_test(const char *name)
{
	size_t i;

	for (i = 0; i < nr_state_tests; i++)
		if (!strcmp(state_tests[i].name, name))
			return &state_tests[i];
	usage_error("no such state: ", name);

	return NULL;
}

static void list_tests(void)
{
	const struct test *test;

	host_find_vendor();
	for (test = state_tests; test < state_tests + nr_state_tests; test++)
		if (!(test->flags & T_ASKED))
			printf("%s %s %#x\n", test->name,
			       test->flags & T_ALL_MODES ? "64,32,16" : "64",
			       must_regs(test->state));
}

static enum mode parse_mode(const char *text)
{
	unsigned long mode = parse_number(text, MODE_16, MODE_64);

	if (mode != MODE_16 && mode != MODE_32 && mode != MODE_64)
		usage_error("the mode is 64, 32 or 16, not ", text);

	return mode;
}

static void parse(int argc, char **argv, struct command *command)
{
	static const struct option longs[] = {
		{ "state", required_argument, NULL, 's' },
		{ "all", no_argument, NULL, 'a' },
		{ "count", required_argument, NULL, 'c' },
		{ "mode", required_argument, NULL, 'm' },
		{ "vcpus", required_argument, NULL, 'v' },
		{ "pidns", required_argument, NULL, 'p' },
		{ "seed", required_argument, NULL, 'r' },
		{ "host", no_argument, NULL, 'o' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct options *options = &command->options;
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (opt) {
		case 's':
			if (command->nr_states == MAX_STATES)
				usage_error("too many states: ", optarg);
			find_test(optarg);
			command->states[command->nr_states++] = optarg;
			break;
		case 'a':
			command->all = true;
			break;
		case 'c':
			options->count = parse_number(optarg, 1, 10000000);
			break;
		case 'm':
			options->mode = parse_mode(optarg);
			command->mode_given = true;
			break;
		case 'v':
			options->vcpus = parse_number(optarg, MIN_VCPUS,
						      VM_MAX_VCPUS);
			break;
		case 'p':
			options->pidns = parse_number(optarg, 0, 16);
			break;
		case 'r':
			command->seed = parse_number(optarg, 1, ~0UL);
			break;
		case 'o':
			command->host = true;
			break;
		case 'l':
			list_tests();
			exit(0);
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			fputs(usage_text, stderr);
			exit(2);
		}
	}
	if (optind < argc)
		usage_error("not an option: ", argv[optind]);
	if (command->all == !!command->nr_states)
		usage_error("give --all or --state", "");
	if (command->all && command->mode_given)
		usage_error("--all has its own modes: no --mode", "");
	if (!options->count)
		usage_error("--count is missing", "");
}

static void note_states(const char *name, const struct tally *tally)
{
	unsigned int i;

	printf("# %s: %lu requests", name, tally->requests);
	for (i = 0; i < NR_STATES; i++)
		if (tally->states[i])
			printf(", %s %lu", state_name(i), tally->states[i]);
	if (tally->nested)
		printf("; nested %lu", tally->nested);
	if (tally->polled)
		printf("; polling %lu", tally->polled);
	if (tally->unread)
		printf("; no RFLAGS %lu", tally->unread);
	putchar('\n');
}

static void judge(const struct tally *tally, char *why, size_t size)
{
	*why = '\0';
	if (tally->failure[0])
		snprintf(why, size, "%s", tally->failure);
	else if (tally->wrong)
		snprintf(why, size, "%lu records are wrong", tally->wrong);
	else if (tally->snapshots != tally->wanted)
		snprintf(why, size, "%lu snapshots of the state in %lu requests",
			 tally->snapshots, tally->requests);
}

static void run_test(const struct test *test, const struct options *options)
{
	struct tally tally = { .wanted = options->count };
	char name[64], why[256];
	unsigned int state;

	snprintf(name, sizeof(name), "%s%s%s%s", host.asks ? "host-" : "",
		 test->name,
		 options->mode == MODE_64 ? "" :
		 options->mode == MODE_32 ? "-32" : "-16",
		 options->pidns ? "-pidns" : "");
	if ((test->flags & T_VCPU) && host.asks) {
		tap_skip(name, "only a vCPU can ask so");
		return;
	}
	if ((test->flags & T_TWO_CPUS) && host.nr_cpus < 2) {
		tap_skip(name, "needs two CPUs");
		return;
	}
	if ((test->flags & T_64) && options->mode != MODE_64) {
		tap_skip(name, "in 64-bit mode only");
		return;
	}
	if ((test->flags & T_NESTED) && !host.nested) {
		tap_skip(name, "needs KVM's parameter nested=1");
		return;
	}

	test->run(test, options, &tally);
	printf("# row %s %lu %lu %lu %u\n", name, tally.snapshots, tally.valid,
	       tally.wrong, tally.attempts_max);
	note_states(name, &tally);
	judge(&tally, why, sizeof(why));
	if (!tap_ok(!why[0], "%s: %lu snapshots, none wrong", name,
		    tally.wanted))
		note("%s", why);

	state = test->state;
	if (!tap_ok(tally.snapshots &&
		    tally.valid * 100 >= tally.snapshots * must_percent(test),
		    "%s: %u%% have all registers of %#x", name,
		    must_percent(test), must_regs(state)))
		note("%lu of %lu have them", tally.valid, tally.snapshots);
}

static void run_all(const struct options *options)
{
	static const enum mode modes[] = { MODE_64, MODE_32, MODE_16 };
	struct options own = *options;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		own.mode = modes[i];
		for (j = 0; j < nr_state_tests; j++)
			if (!(state_tests[j].flags & (T_NESTED | T_ASKED)) &&
			    !(state_tests[j].flags & T_VCPU && host.asks) &&
			    (own.mode == MODE_64 ||
			     (state_tests[j].flags & T_ALL_MODES)))
				run_test(&state_tests[j], &own);
	}
}

static int run(const struct command *command)
{
	int i;

	host_open();
	bind_to_cpu(host.cpus[0]);
	if (command->host)
		host_ask_begin();
	reader_open();
	note("row state snapshots valid wrong attempts_max");
	if (command->all)
		run_all(&command->options);
	for (i = 0; i < command->nr_states; i++)
		run_test(find_test(command->states[i]), &command->options);
	reader_close();

	return tap_done();
}

/*
 * The process that a PID namespace begins with has to be a new one. /proc
 * stays that of the host, so that threads still learn their PIDs there.
 */
static int run_deeper(const struct command *command, unsigned long levels)
{
	int status;
	pid_t pid;

	if (!levels)
		return run(command);
	if (unshare(CLONE_NEWPID))
		die("cannot make a PID namespace: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		exit(run_deeper(command, levels - 1));
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid: %s", strerror(errno));

	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

int main(int argc, char **argv)
{
	struct command command = {
		.options = { .mode = MODE_64, .vcpus = 4 },
	};

	parse(argc, argv, &command);
	if (!command.seed)
		command.seed = (unsigned long)time(NULL);
	note("seed %lu", command.seed);
	random_seed(command.seed);
	vcpu_catch_kicks();

	return run_deeper(&command, command.options.pidns);
}
