// SPDX-License-Identifier: GPL-2.0
/*
 * bench CASE ARGUMENT... - measure one thing, print its figures
 *
 * Times are ticks of the host's TSC. Under an emulator that counts, a tick is
 * an instruction.
 */
#include <string.h>

#include "bench.h"

static const struct {
	const char *name;
	int arguments;
	void (*run)(char **argv);
} cases[] = {
	{ "call", 2, case_call },
	{ "calls", 2, case_calls },
	{ "profile", 2, case_profile },
	{ "lookup", 2, case_lookup },
	{ "vms", 1, case_vms },
	{ "enter", 0, case_enter },
	{ "halted", 0, case_halted },
	{ "halt", 0, case_halt },
	{ "ipi", 1, case_ipi },
	{ "storm", 4, case_storm },
	{ "sample", 1, case_sample },
	{ "samples", 1, case_samples },
	{ "stack", 1, case_stack },
	{ "taken", 6, case_taken },
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc < 2)
		die("which case?");
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!strcmp(cases[i].name, argv[1]))
			break;
	if (i == ARRAY_SIZE(cases) || argc - 2 != cases[i].arguments)
		die("there is no case '%s' with %d arguments", argv[1],
		    argc - 2);

	random_seed(1);
	vcpu_catch_kicks();
	host_open_any();
	bind_to_cpu(host.cpus[0]);
	cases[i].run(argv + 2);

	return 0;
}
