// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "hostile.h"

/* tap.h has an ARRAY_SIZE and a __printf of its own, the same. */
#undef ARRAY_SIZE
#include "../guest/tap.h"

bool result(bool ok, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	return tap_ok(ok, "%s", what);
}

void result_tally(const struct tally *tally, const char *what)
{
	if (!tap_ok(!tally->failure[0] && !tally->wrong, "%s", what))
		note("%s", tally->failure[0] ? tally->failure :
		     "records are wrong");
}

static const struct command {
	const char *name;
	void (*run)(const struct hostile_options *options);
	bool reads;		/* needs the module, and reads its records */
	const char *what;
} commands[] = {
	{ "ask", cmd_ask, false,
	  "VMs ask in turn, --count times each and for --ms at the least" },
	{ "panic", cmd_panic, true,
	  "VMs one after the other panic with nothing left to ask for, --vms times" },
	{ "victim", cmd_victim, true,
	  "a VM asks --count times; each has to be recorded" },
	{ "storm", cmd_storm, false,
	  "all vCPUs ask for all, until SIGTERM" },
	{ "fuzz", cmd_fuzz, false,
	  "--count calls with random registers" },
	{ "leak", cmd_leak, true,
	  "two VMs storm; --count records must each have values of one VM" },
	{ "regs", cmd_regs, false,
	  "--count calls change nothing of the caller but RAX" },
	{ "threads", cmd_threads, true,
	  "a vCPU is asked about while its threads come and go, --count times" },
};

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: hostile COMMAND [OPTION]...\n\nCommands:\n", out);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("\nOptions:\n"
	      "  --count N    how often (default: 100)\n"
	      "  --ms N       for so long at the least (default: 0)\n"
	      "  --vms N      VMs, 1 to 1024 (default: 1)\n"
	      "  --vcpus N    vCPUs of each VM, 1 to 16 (default: 4)\n"
	      "  --why N      the reason that 'storm' gives (default: none; 2 is a panic)\n"
	      "  --mode BITS  64 (default), 32 or 16: the guests' mode\n"
	      "  --seed N     for random numbers (default: a new one each time)\n"
	      "\nExit status: 0 all is right, 1 something is wrong, 2 it could not be tested.\n",
	      out);
}

static void usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "hostile: %s%s\n", what, arg);
	usage(stderr);
	exit(2);
}

static void parse(int argc, char **argv, struct hostile_options *options,
		  unsigned long *seed)
{
	static const struct option longs[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "ms", required_argument, NULL, 't' },
		{ "vms", required_argument, NULL, 'n' },
		{ "vcpus", required_argument, NULL, 'v' },
		{ "mode", required_argument, NULL, 'm' },
		{ "why", required_argument, NULL, 'w' },
		{ "seed", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			options->count = parse_number(optarg, 1, 100000000);
			break;
		case 't':
			options->min_ms = parse_number(optarg, 0, 1000000);
			break;
		case 'n':
			options->vms = parse_number(optarg, 1, 1024);
			break;
		case 'v':
			options->vcpus = parse_number(optarg, 1, VM_MAX_VCPUS);
			break;
		case 'm':
			options->mode = parse_number(optarg, 16, 64);
			if (options->mode != MODE_64 &&
			    options->mode != MODE_32 &&
			    options->mode != MODE_16)
				usage_error("no such mode: ", optarg);
			break;
		case 'w':
			options->why = parse_number(optarg, 1, 9);
			break;
		case 'r':
			*seed = parse_number(optarg, 1, ~0UL);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc)
		usage_error("not an option: ", argv[optind]);
}

/* The signal that takes a thread out of KVM_RUN */
static void on_kick(int signal)
{
	(void)signal;
}

#define MAX_FILES	16384

static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit: %s", strerror(errno));
	/* each VM has five; root may go beyond what it was given */
	if (limit.rlim_max < MAX_FILES)
		limit.rlim_max = MAX_FILES;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("setrlimit: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct hostile_options options = {
		.count = 100, .vms = 1, .vcpus = 4, .mode = MODE_64,
	};
	struct sigaction kick = { .sa_handler = on_kick };
	unsigned long seed = time(NULL);
	size_t i = 0;

	if (argc < 2 || !strcmp(argv[1], "--help")) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	while (i < ARRAY_SIZE(commands) && strcmp(commands[i].name, argv[1]))
		i++;
	if (i == ARRAY_SIZE(commands))
		usage_error("no such command: ", argv[1]);
	parse(argc - 1, argv + 1, &options, &seed);

	note("seed %lu", seed);
	random_seed(seed);
	if (sigaction(SIGUSR1, &kick, NULL))
		die("sigaction: %s", strerror(errno));
	allow_many_files();
	host_open_any();
	if (commands[i].reads)
		reader_open();
	commands[i].run(&options);

	return tap_done();
}
