// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "pipeline.h"
#include "signals.h"
#include "trace/own-instance.h"
#include "vm/scan.h"

/* How often to see whether events can still come, when none do. */
#define IDLE_MS		1000

#define DEFAULT_KB	2048
#define MAX_KB		(1 << 20)

/* Records wait in the buffers while kernels of guests are looked for. */
#define NAMES_NS	(NS_PER_SEC / 10)

enum {
	FOLLOW_BUFFER = OPT_LONG,
};

const struct opt_spec follow_opts[] = {
	{ 'n', "count", "N", "End after N events" },
	{ 't', "duration", "TIME",
	  "End after that time, such as 30 (seconds), 500ms or 5m",
	  .old_name = "timeout" },
	{ 'r', "rates", NULL, "Print exit-count deltas" },
	{ FOLLOW_BUFFER, "buffer-kb", "KB",
	  "Size of each CPU's buffer (default: 2048)" },
	{ .more = reason_opts },
	{ .more = guest_opts },
	{ .more = event_opts },
	{ 0 }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct follow_params *params)
{
	switch (val) {
	case 'n':
		if (num_parse_int(op->arg, 1, LLONG_MAX, &params->count))
			return OPT_RUN;
		return opt_bad(op, "invalid count '%.60s' (from 1)", op->arg);
	case 't':
		if (duration_parse(&params->timeout_ns, op->arg) &&
		    params->timeout_ns)
			return OPT_RUN;
		return opt_bad(op,
			       "invalid duration '%.60s' (30, 500ms, 30s, 5m)",
			       op->arg);
	case 'r':
		params->events.rates = true;
		return OPT_RUN;
	case FOLLOW_BUFFER:
		if (num_parse_int(op->arg, 64, MAX_KB, &params->buffer_kb))
			return OPT_RUN;
		return opt_bad(op, "invalid size '%.60s' (KiB, from 64 to %d)",
			       op->arg, MAX_KB);
	default:
		return event_option(&params->events, op, val);
	}
}

enum opt_outcome follow_parse(struct opt_parser *op, int argc, char **argv,
			      struct follow_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct follow_params){ .buffer_kb = DEFAULT_KB };
	opt_init(op, argc, argv, follow_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	return outcome == OPT_RUN ?
		       select_take_vms(&params->events.select, op) :
		       outcome;
}

/* One run of the command. */
struct following {
	const struct follow_params *params;
	struct own_instance *own;
	struct pipeline *pl;
	uint64_t start;
	bool ending;
	uint64_t flushed; /* how many events are written for sure */
	uint64_t unprinted;
};

bool follow_has_all(const struct follow_params *params, uint64_t nr)
{
	return params->count && nr >= (uint64_t)params->count;
}

static bool is_done(const struct following *fl)
{
	return follow_has_all(fl->params, pipeline_nr_taken(fl->pl));
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
	own_pause(fl->own);
}

static bool take_event(const struct event *ev, void *arg)
{
	struct following *fl = arg;

	end_if_due(fl);
	pipeline_take(ev, fl->pl);
	return !is_done(fl) && !signals_want_abort();
}

static bool count_event(const struct event *ev, void *arg)
{
	struct following *fl = arg;

	fl->unprinted += pipeline_wants(fl->pl, ev);
	return true;
}

/* Ended at once, or the output failed: what is there and was not printed. */
static void count_unprinted(struct following *fl)
{
	own_pause(fl->own);
	if (ferror(stdout))
		fl->unprinted += pipeline_nr_taken(fl->pl) - fl->flushed;
	own_drain(fl->own, count_event, fl);
}

static void flush(struct following *fl)
{
	printer_flush(fl->pl->printer);
	if (!ferror(stdout))
		fl->flushed = pipeline_nr_taken(fl->pl);
}

/* Until there are events to read, or the end is due. */
static void wait_for_events(struct following *fl)
{
	uint64_t ms = IDLE_MS, age_ns = signals_clock() - fl->start;
	uint64_t limit_ns = fl->params->timeout_ns;

	if (fl->ending || (limit_ns && age_ns >= limit_ns))
		ms = 0;
	else if (limit_ns && limit_ns - age_ns < IDLE_MS * NS_PER_MS)
		ms = (limit_ns - age_ns + NS_PER_MS - 1) / NS_PER_MS;
	own_wait(fl->own, ms);
}

/* Nothing more can come: say why. */
static int no_more(struct following *fl, enum own_state state)
{
	if (state == OWN_UNLOADED) {
		msg_error("the module vcpu_info was unloaded: no more records come");
		return EXIT_NO_MODULE;
	}
	msg_error("the event " VCPU_INFO_EVENT
		  " was disabled in the trace instance %s: no more records come",
		  own_name(fl->own));
	return EXIT_NO_INSTANCE;
}

static bool read_events(struct following *fl, bool last)
{
	pipeline_set_clock(fl->pl);
	if (last)
		return own_drain(fl->own, take_event, fl);
	return source_read(own_source(fl->own), take_event, fl);
}

static int follow_events(struct following *fl)
{
	enum own_state state;
	bool last;

	do {
		wait_for_events(fl);
		end_if_due(fl);
		state = own_get_state(fl->own);
		last = fl->ending || state != OWN_ON;
		if (!read_events(fl, last)) {
			msg_error("cannot read the trace instance: %s",
				  strerror(errno));
			return EXIT_FAILED;
		}
		flush(fl);
		if (is_done(fl))
			return EXIT_OK;
	} while (!last && !signals_want_abort());
	if (signals_want_abort() && !signals_reader_gone())
		count_unprinted(fl);
	if (state != OWN_ON)
		return no_more(fl, state);
	return fl->params->count && timed_out(fl) ? EXIT_TIMEOUT : EXIT_OK;
}

static void report_end(struct following *fl)
{
	uint64_t ms = (signals_clock() - fl->start) / 1000000;
	const struct pipeline *pl = fl->pl;
	struct losses losses;
	uint64_t lost;

	pipeline_print_losses(fl->pl, &losses);
	lost = losses_unread(&losses);
	msg_note("%" PRIu64 " records and %" PRIu64
		 " failed requests in %" PRIu64 ".%03u s; %" PRIu64
		 " events lost",
		 pl->taken[EVENT_RECORD], pl->taken[EVENT_ERROR], ms / 1000,
		 (unsigned int)(ms % 1000), lost);
	if (lost)
		msg_hint("A larger --buffer-kb, or output to a file, helps (now %lld).",
			 fl->params->buffer_kb);
	symbols_note_useless(&pl->events->symbols);
	if (fl->unprinted)
		msg_error("%" PRIu64 " events were not printed, or only in part",
			  fl->unprinted);
	if (losses.undecodable)
		msg_error("%" PRIu64 " events could not be decoded",
			  losses.undecodable);
}

static int follow_own(struct following *fl)
{
	int exit_code;

	pipeline_set_source(fl->pl, own_source(fl->own));
	vm_scan_find(&fl->params->events.select);
	select_note_missing(&fl->params->events.select);
	fl->start = signals_clock();
	exit_code = follow_events(fl);
	report_end(fl);
	if (!source_close(own_source(fl->own)))
		exit_code = EXIT_FAILED;
	return exit_code;
}

static int follow_run(const struct follow_params *params)
{
	struct following fl = { .params = params };
	enum instance_status status;
	int exit_code;

	fl.pl = pipeline_new(&params->events, 0, TIME_WALL);
	if (!fl.pl)
		return EXIT_FAILED;
	signals_catch();
	status = own_open("follow", params->buffer_kb, NULL, &fl.own);
	exit_code = status == INSTANCE_OK ? follow_own(&fl) :
					    own_report_failed(status);
	pipeline_free(fl.pl);
	signals_end_if_pipe_broke();
	return exit_code;
}

/* A block for each record is too much to watch. */
static void choose_format(struct event_options *events)
{
	if (!events->format_given && isatty(STDOUT_FILENO))
		events->format = FORMAT_LINE;
}

int cmd_follow(const struct cmd *cmd, int argc, char **argv)
{
	struct follow_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, follow_parse(&op, argc, argv, &params),
		   &exit_code)) {
		choose_format(&params.events);
		exit_code = event_options_load_live(&params.events, NAMES_NS) ?:
				    follow_run(&params);
	}
	event_options_free(&params.events);
	return exit_code;
}
