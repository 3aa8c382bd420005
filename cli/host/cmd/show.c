// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "diagnose.h"
#include "exit-codes.h"
#include "msg.h"
#include "text.h"
#include "trace/instance.h"

const struct opt_spec show_opts[] = {
	{ 'a', "all", NULL, "every event in the buffers, oldest first" },
	{ .more = pick_opts }
};

enum opt_outcome show_parse(struct opt_parser *op, int argc, char **argv,
			    struct pick_params *params)
{
	*params = (struct pick_params){ 0 };
	opt_init(op, argc, argv, show_opts);
	return pick_parse(params, op, 'a', &params->all);
}

/* One run of the command. */
struct showing {
	struct source *src;
	struct source_stats stats;
	struct source_tally tally;
	struct picker picker;
};

static void take_event(const struct event *ev, void *arg)
{
	struct showing *sh = arg;

	picker_take(&sh->picker, ev);
}

#define OF_THOSE	" that the options ask for"

/* Nothing was printed: the reason, or how to get a first record. */
static int report_nothing(const struct showing *sh)
{
	const struct picker *picker = &sh->picker;
	bool errors = picker->params->errors;
	int exit_code = diagnose_report();

	if (exit_code)
		return exit_code;
	msg_error("there are no %s%s%s", errors ? "failed requests" : "records",
		  picker->others ? OF_THOSE : "", errors ? "" : " yet");
	if (picker->errors)
		msg_hint("'vcpu-info show --errors' prints the requests that failed.");
	else if (!picker->others && !errors)
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
		printer_lost(&sh->picker.out.printer, &lost);
	printer_flush(&sh->picker.out.printer);
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
	struct output *out = &sh->picker.out;

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
	struct picker *picker = &sh->picker;

	if (!set_clock(sh))
		return read_failed(sh);
	if (!since_start(&picker->params->since, &picker->out.tb,
			 &picker->out.start)) {
		msg_error("--since: the instance's trace clock does not count time");
		msg_hint("to put it right: echo local > %s/trace_clock",
			 source_dir(sh->src));
		return EXIT_FAILED;
	}
	if (!source_read(sh->src, take_event, sh, &sh->tally))
		return read_failed(sh);
	picker_finish(picker);

	/* losses are counted up to here */
	if (!source_stats(sh->src, &sh->stats))
		return read_failed(sh);
	report_lost(sh);
	symbols_note_useless(&picker->params->view.symbols);
	if (picker->no_memory) {
		msg_error("out of memory: not every vCPU was shown");
		return EXIT_FAILED;
	}
	if (sh->tally.bad)
		return EXIT_FAILED;
	return picker->matched ? EXIT_OK : report_nothing(sh);
}

static int show_opened(struct showing *sh, const struct pick_params *params)
{
	int exit_code = EXIT_FAILED;

	if (picker_init(&sh->picker, params, 1, TIME_AGE))
		exit_code = show_source(sh);
	picker_free(&sh->picker);
	return exit_code;
}

int show(const struct pick_params *params)
{
	struct showing *sh = calloc(1, sizeof(*sh));
	int exit_code;

	if (!sh) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	if (source_open(&sh->src) == SOURCE_OK) {
		exit_code = show_opened(sh, params);
		source_close(sh->src);
	} else {
		exit_code = diagnose_report();
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
	struct pick_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, show_parse(&op, argc, argv, &params), &exit_code))
		exit_code = event_options_load(&params.view) ?: show(&params);
	pick_free(&params);
	return exit_code;
}
