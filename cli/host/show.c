// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "exits.h"
#include "latest.h"
#include "msg.h"
#include "num.h"
#include "output.h"
#include "show.h"
#include "source.h"
#include "text.h"

#define MAX_LAST	1000000

enum {
	SHOW_SINCE = OPT_LONG,
};

const struct opt_spec show_opts[] = {
	{ 'a', "all", NULL, "every event in the buffers, oldest first" },
	{ 'e', "errors", NULL, "only the requests that led to no record" },
	{ 'n', "last", "N", "the last N of each vCPU (default: 1)" },
	{ SHOW_SINCE, "since", "TIME", "no older than an age (30s, 5m) or a time (13:45)" },
	{ .more = view_opts }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct show_params *params)
{
	char err[sizeof(op->err)];

	switch (val) {
	case 'a':
		params->all = true;
		return OPT_RUN;
	case 'e':
		params->errors = true;
		return OPT_RUN;
	case 'n':
		if (num_parse_int(op->arg, 1, MAX_LAST, &params->last))
			return OPT_RUN;
		return opt_bad(op, "--last takes a number from 1 to %d",
			       MAX_LAST);
	case SHOW_SINCE:
		if (since_parse(&params->since, op->arg, err, sizeof(err)))
			return OPT_RUN;
		return opt_bad(op, "%s", err);
	default:
		return view_option(&params->view, op, val);
	}
}

enum opt_outcome show_parse(struct opt_parser *op, int argc, char **argv,
			    struct show_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct show_params){ 0 };
	opt_init(op, argc, argv, show_opts);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	if (outcome == OPT_RUN && params->all && params->errors)
		return opt_bad(op, "--all and --errors exclude each other");
	if (outcome == OPT_RUN && params->all && params->last)
		return opt_bad(op, "--all and --last exclude each other");
	return outcome;
}

void show_params_free(struct show_params *params)
{
	view_free(&params->view);
}

/* One run of the command. */
struct showing {
	const struct show_params *params;
	const char *root;
	struct source *src;
	struct source_stats stats;
	struct source_tally tally;
	struct output out;
	struct latest latest;
	uint64_t matched;
	uint64_t others;
	uint64_t errors;
	bool no_memory;
};

static void print_event(const struct event *ev, void *arg)
{
	struct showing *sh = arg;

	output_print(&sh->out, ev);
}

static void take_event(const struct event *ev, void *arg)
{
	const struct show_params *params;
	struct showing *sh = arg;
	bool wanted;

	params = sh->params;
	wanted = params->all || (ev->kind == EVENT_ERROR) == params->errors;
	if (!output_wants(&sh->out, ev)) {
		sh->others++;
	} else if (!wanted) {
		sh->errors += ev->kind == EVENT_ERROR;
	} else {
		sh->matched++;
		if (!sh->latest.keep)
			print_event(ev, sh);
		else if (!latest_add(&sh->latest, ev))
			sh->no_memory = true;
	}
}

#define OF_THOSE	" that the options ask for"

/* Nothing was printed: the reason, or how to get a first record. */
static int report_nothing(const struct showing *sh)
{
	int exit_code = check_report(sh->root);

	if (exit_code)
		return exit_code;
	if (sh->params->errors)
		msg_error("there are no failed requests%s",
			  sh->others ? OF_THOSE : "");
	else
		msg_error("there are no records%s yet",
			  sh->others ? OF_THOSE : "");
	if (sh->errors)
		msg_hint("'vcpu-info show --errors' prints the requests that failed.");
	else if (!sh->others && !sh->params->errors)
		msg_hint("'vcpu-info-guest trigger' in a guest asks for some.");
	return EXIT_OK;
}

static void report_lost(struct showing *sh)
{
	const struct source_stats *stats = &sh->stats;
	const struct fmt_lost lost = {
		.overrun = stats->overrun,
		.commit_overrun = stats->commit_overrun,
		.dropped = stats->dropped,
		.undecodable = sh->tally.bad,
	};

	if (source_lost(stats) || sh->tally.bad)
		printer_lost(&sh->out.printer, &lost);
	printer_flush(&sh->out.printer);
	if (source_lost(stats)) {
		msg_error("%" PRIu64 " events are lost: %" PRIu64
			  " overwritten by newer ones, %" PRIu64
			  " without room, %" PRIu64 " while interrupted",
			  source_lost(stats), stats->overrun, stats->dropped,
			  stats->commit_overrun);
		msg_hint("The module's parameter buffer_kb makes the buffers larger.");
	}
	if (sh->tally.bad) {
		char line[80];

		text_printable(line, sizeof(line), sh->tally.first_bad);
		msg_error("%" PRIu64
			  " lines of %s/trace could not be decoded; the first: %s",
			  sh->tally.bad, source_dir(sh->src), line);
		msg_hint("The trace options of the instance have to be the default ones.");
	}
}

static int read_failed(const struct showing *sh)
{
	int err = errno;

	msg_error("cannot read %s: %s", source_dir(sh->src), strerror(err));
	if (err == EACCES || err == EPERM) {
		msg_hint("to put it right: run vcpu-info as root");
		return EXIT_DENIED;
	}
	return EXIT_FAILED;
}

/* Ages are counted from here on. */
static bool set_clock(struct showing *sh)
{
	struct output *out = &sh->out;

	if (!source_stats(sh->src, &sh->stats))
		return false;
	out->tb = (struct timebase){
		.known = sh->stats.now_known && sh->stats.now_is_ns,
		.trace = sh->stats.now,
		.wall = timebase_wall_now(),
	};
	return true;
}

static int show_source(struct showing *sh)
{
	const struct show_params *params = sh->params;

	if (!set_clock(sh))
		return read_failed(sh);
	if (!since_start(&params->since, &sh->out.tb, &sh->out.start)) {
		msg_error("--since: the instance's trace clock does not count time");
		msg_hint("to put it right: echo local > %s/trace_clock",
			 source_dir(sh->src));
		return EXIT_FAILED;
	}
	sh->latest.keep = params->all || params->errors ? 0 : 1;
	if (params->last)
		sh->latest.keep = params->last;
	if (!source_read(sh->src, take_event, sh, &sh->tally))
		return read_failed(sh);
	latest_each(&sh->latest, print_event, sh);

	/* losses are counted up to here */
	if (!source_stats(sh->src, &sh->stats))
		return read_failed(sh);
	report_lost(sh);
	if (sh->no_memory) {
		msg_error("out of memory: not every vCPU was shown");
		return EXIT_FAILED;
	}
	if (sh->tally.bad)
		return EXIT_FAILED;
	return sh->matched ? EXIT_OK : report_nothing(sh);
}

static int show_opened(struct showing *sh)
{
	int exit_code = EXIT_FAILED;

	if (output_init(&sh->out, &sh->params->view, sh->root, TIME_AGE))
		exit_code = show_source(sh);
	output_free(&sh->out);
	latest_free(&sh->latest);
	return exit_code;
}

int show(const struct show_params *params, const char *root)
{
	struct showing *sh = calloc(1, sizeof(*sh));
	int exit_code;

	if (!sh) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	sh->params = params;
	sh->root = root;
	if (source_open(root, &sh->src) == SOURCE_OK) {
		exit_code = show_opened(sh);
		source_close(sh->src);
	} else {
		exit_code = check_report(root);
		if (!exit_code) {
			exit_code = EXIT_FAILED;
			msg_error("cannot open the trace instance "
				  VCPU_INFO_INSTANCE);
			msg_hint("'vcpu-info status' says more.");
		}
	}
	free(sh);
	return exit_code;
}

int cmd_show(const struct cmd *cmd, int argc, char **argv)
{
	struct show_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, show_parse(&op, argc, argv, &params), &exit_code))
		exit_code = show(&params, "");
	show_params_free(&params);
	return exit_code;
}
