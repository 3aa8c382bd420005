// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "compiler.h"
#include "diagnose.h"
#include "exit-codes.h"
#include "msg.h"
#include "trace-time.h"

const struct opt_spec record_opts[] = {
	{ 'o', "output", "FILE", "Write to FILE (default: trace.dat)" },
	{ 't', "duration", "TIME",
	  "End after that time, such as 30 (seconds), 500ms or 5m" },
	{ 0 }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct record_params *params)
{
	uint64_t ns;

	switch (val) {
	case 'o':
		if (!op->arg[0])
			return opt_bad(op, "--output needs the name of a file");
		params->file = op->arg;
		return OPT_RUN;
	case 't':
		if (!duration_parse(&ns, op->arg) || !ns)
			return opt_bad(op,
				       "invalid duration '%.60s' (30, 500ms, 30s, 5m)",
				       op->arg);
		snprintf(params->duration, sizeof(params->duration),
			 "%" PRIu64 ".%09u", (uint64_t)(ns / NS_PER_SEC),
			 (unsigned int)(ns % NS_PER_SEC));
		return OPT_RUN;
	default:
		return opt_default(val);
	}
}

enum opt_outcome record_parse(struct opt_parser *op, int argc, char **argv,
			      struct record_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct record_params){ .file = "trace.dat" };
	opt_init(op, argc, argv, record_opts);
	opt_take_command(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	params->command = opt_rest(op);
	if (val == -1 && params->command[0] && params->duration[0])
		return opt_bad(op,
			       "--duration and a command exclude each other");
	return opt_default(val);
}

char **record_command(const struct record_params *params)
{
	/* --date: the file knows the time of day */
	static const char * const start[] = {
		"trace-cmd", "record", "-q", "--date", "-e", VCPU_INFO_SYSTEM,
		"-o",
	};
	size_t nr = 0, nr_rest = 0;
	char **words;

	while (params->command[nr_rest])
		nr_rest++;
	words = calloc(ARRAY_SIZE(start) + nr_rest + 5, sizeof(*words));
	if (!words)
		return NULL;
	for (; nr < ARRAY_SIZE(start); nr++)
		words[nr] = (char *)start[nr];
	words[nr++] = (char *)params->file;
	if (params->duration[0] || nr_rest)
		words[nr++] = "--";
	if (params->duration[0]) {
		words[nr++] = "sleep";
		words[nr++] = (char *)params->duration;
	}
	memcpy(words + nr, params->command, nr_rest * sizeof(*words));
	return words;
}

/* Only comes back if trace-cmd cannot be run. */
static int record(const struct record_params *params)
{
	char **words = record_command(params);

	if (!words) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	if (!params->command[0] && !params->duration[0])
		msg_note("recording to %s; Ctrl-C ends it", params->file);
	execvp(words[0], words);
	msg_error("cannot run trace-cmd: %s", strerror(errno));
	if (errno == ENOENT)
		msg_hint("to put it right: apt install trace-cmd");
	free(words);
	return EXIT_FAILED;
}

int cmd_record(const struct cmd *cmd, int argc, char **argv)
{
	struct record_params params;
	struct opt_parser op;
	int exit_code;

	if (!cmd_go(cmd, &op, record_parse(&op, argc, argv, &params),
		    &exit_code))
		return exit_code;
	exit_code = diagnose_report();
	return exit_code ? exit_code : record(&params);
}
