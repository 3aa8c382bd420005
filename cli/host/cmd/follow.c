// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "output.h"
#include "signals.h"
#include "trace/own-instance.h"

/* Often enough for the eye, and for buffers that fill within 100 ms. */
#define PERIOD_MS	50

#define DEFAULT_KB	2048
#define MAX_KB		(1 << 20)

enum {
	FOLLOW_TIMEOUT = OPT_LONG,
	FOLLOW_BUFFER,
};

const struct opt_spec follow_opts[] = {
	{ 'n', "count", "N", "end after N events" },
	{ FOLLOW_TIMEOUT, "timeout", "TIME",
	  "end after that time, such as 30s" },
	{ 'r', "rates", NULL, "say what each vCPU's exit counts grew by" },
	{ FOLLOW_BUFFER, "buffer-kb", "KB",
	  "size of each CPU's buffer (default: 2048)" },
	{ .more = event_opts }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct follow_params *params)
{
	switch (val) {
	case 'n':
		if (num_parse_int(op->arg, 1, LLONG_MAX, &params->count))
			return OPT_RUN;
		return opt_bad(op, "--count takes a number from 1 on");
	case FOLLOW_TIMEOUT:
		if (age_parse(&params->timeout_ns, op->arg) &&
		    params->timeout_ns)
			return OPT_RUN;
		return opt_bad(op,
			       "--timeout takes a number and a unit, such as 500ms, 30s or 5m");
	case 'r':
		params->rates = true;
		return OPT_RUN;
	case FOLLOW_BUFFER:
		if (num_parse_int(op->arg, 64, MAX_KB, &params->buffer_kb))
			return OPT_RUN;
		return opt_bad(op, "--buffer-kb takes a number from 64 to %d",
			       MAX_KB);
	default:
		return event_option(&params->view, op, val);
	}
}

enum opt_outcome follow_parse(struct opt_parser *op, int argc, char **argv,
			      struct follow_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct follow_params){ .buffer_kb = DEFAULT_KB };
	opt_init(op, argc, argv, follow_opts);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	return opt_default(val);
}

/* One run of the command. */
struct following {
	const struct follow_params *params;
	struct live *live;
	struct output out;
	uint64_t start;
	bool ending;
	uint64_t count[EVENT_NR_KINDS];
	uint64_t flushed;	/* how many of these are written for sure */
	uint64_t unprinted;
	uint64_t bad;
};

static uint64_t taken(const struct following *fl)
{
	return fl->count[EVENT_RECORD] + fl->count[EVENT_ERROR];
}

bool follow_has_all(const struct follow_params *params, uint64_t nr)
{
	return params->count && nr >= (uint64_t)params->count;
}

static bool is_done(const struct following *fl)
{
	return follow_has_all(fl->params, taken(fl));
}

static bool timed_out(const struct following *fl)
{
	return fl->params->timeout_ns &&
	       signals_clock() - fl->start >= fl->params->timeout_ns;
}

/* What there is when the end comes is read still, however much it is. */
static void end_if_due(struct following *fl)
{
	if (fl->ending || !(signals_want_end() || timed_out(fl)))
		return;
	fl->ending = true;
	live_pause(fl->live);
}

static bool take_event(const struct event *ev, void *arg)
{
	struct following *fl = arg;

	end_if_due(fl);
	if (output_wants(&fl->out, ev)) {
		output_print(&fl->out, ev);
		fl->count[ev->kind]++;
	}
	return !is_done(fl) && !signals_want_abort();
}

static bool count_event(const struct event *ev, void *arg)
{
	struct following *fl = arg;

	fl->unprinted += output_wants(&fl->out, ev);
	return true;
}

/* Ended at once, or the output failed: what is there and was not printed. */
static void count_unprinted(struct following *fl)
{
	live_pause(fl->live);
	if (ferror(stdout))
		fl->unprinted += taken(fl) - fl->flushed;
	live_drain(fl->live, count_event, fl);
}

static void flush(struct following *fl)
{
	printer_flush(&fl->out.printer);
	if (!ferror(stdout))
		fl->flushed = taken(fl);
}

static bool wants_haste(const struct following *fl)
{
	return fl->ending || live_has_more(fl->live);
}

/* Nothing more can come: say why. */
static int no_more(struct following *fl, enum live_state state)
{
	if (state == LIVE_UNLOADED) {
		msg_error("the module vcpu_info was unloaded: no more records come");
		return EXIT_NO_MODULE;
	}
	msg_error("the event " VCPU_INFO_EVENT " was disabled in the trace instance %s: no more records come",
		  live_name(fl->live));
	return EXIT_NO_INSTANCE;
}

static int follow_events(struct following *fl)
{
	enum live_state state;
	bool last;
	int bad;

	do {
		signals_sleep_ms(wants_haste(fl) ? 0 : PERIOD_MS);
		end_if_due(fl);
		state = live_get_state(fl->live);
		last = fl->ending || state != LIVE_ON;
		live_clock(fl->live, &fl->out.tb);
		bad = last ? live_drain(fl->live, take_event, fl) :
			     live_read(fl->live, take_event, fl);
		if (bad < 0) {
			msg_error("cannot read the trace instance: %s",
				  strerror(errno));
			return EXIT_FAILED;
		}
		fl->bad += bad;
		flush(fl);
		if (is_done(fl))
			return EXIT_OK;
	} while (!last && !signals_want_abort());
	if (signals_want_abort() && !signals_reader_gone())
		count_unprinted(fl);
	if (state != LIVE_ON)
		return no_more(fl, state);
	return fl->params->count && timed_out(fl) ? EXIT_TIMEOUT : EXIT_OK;
}

static void report_end(struct following *fl)
{
	uint64_t ms = (signals_clock() - fl->start) / 1000000;
	struct source_stats stats = { 0 };
	struct fmt_lost lost;

	live_stats(fl->live, &stats);
	lost = (struct fmt_lost){
		.overrun = stats.overrun,
		.commit_overrun = stats.commit_overrun,
		.dropped = stats.dropped,
		.undecodable = fl->bad,
	};
	if (source_lost(&stats) || fl->bad)
		printer_lost(&fl->out.printer, &lost);
	printer_flush(&fl->out.printer);
	msg_note("%" PRIu64 " records and %" PRIu64 " failed requests in %"
		 PRIu64 ".%03u s; %" PRIu64 " events lost",
		 fl->count[EVENT_RECORD], fl->count[EVENT_ERROR], ms / 1000,
		 (unsigned int)(ms % 1000), source_lost(&stats));
	if (source_lost(&stats))
		msg_hint("A larger --buffer-kb, or output to a file, helps (now %lld).",
			 fl->params->buffer_kb);
	symbols_note_useless(&fl->params->view.symbols);
	if (fl->unprinted)
		msg_error("%" PRIu64 " events were not printed, or only in part",
			  fl->unprinted);
	if (fl->bad)
		msg_error("%" PRIu64 " events could not be decoded", fl->bad);
}

static int follow(const struct follow_params *params)
{
	struct following *fl = calloc(1, sizeof(*fl));
	enum source_status status;
	int exit_code = EXIT_FAILED;

	if (!fl || !output_init(&fl->out, &params->view, TIME_WALL)) {
		msg_error("out of memory");
		free(fl);
		return EXIT_FAILED;
	}
	fl->params = params;
	fl->out.with_rates = params->rates;
	signals_catch();
	status = live_open("follow", params->buffer_kb, &fl->live);
	if (status == SOURCE_OK) {
		fl->start = signals_clock();
		exit_code = follow_events(fl);
		report_end(fl);
		if (!live_close(fl->live))
			exit_code = EXIT_FAILED;
	} else {
		exit_code = live_report_failed(status);
	}
	output_free(&fl->out);
	free(fl);
	signals_end_if_pipe_broke();
	return exit_code;
}

int cmd_follow(const struct cmd *cmd, int argc, char **argv)
{
	struct follow_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, follow_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = event_options_load(&params.view) ?: follow(&params);
	event_options_free(&params.view);
	return exit_code;
}
