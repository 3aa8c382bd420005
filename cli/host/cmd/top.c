// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/top-screen.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "outerr.h"
#include "output.h"
#include "signals.h"
#include "trace/own-instance.h"

#define NS_PER_MS	1000000ULL
#define BUFFER_KB	2048
#define BATCH_WIDTH	160

/* How often records are taken, and keys. */
#define PERIOD_MS	50

/* A vCPU of which nobody asked for a record for that long is not shown. */
#define EXPIRY_NS	(300 * NS_PER_SEC)

const struct opt_spec top_opts[] = {
	{ 'b', "batch", NULL, "print to standard output, no terminal needed" },
	{ 'd', "interval", "TIME", "time between updates (default: 1s)" },
	{ 'n', "count", "N", "end after N updates" },
	{ 'o', "sort", "COLUMN",
	  "sort by this column, such as exits (the default) or halt" },
	{ .more = event_opts }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct top_params *params)
{
	char err[sizeof(op->err)];
	int choice;

	switch (val) {
	case 'b':
		params->batch = true;
		return OPT_RUN;
	case 'd':
		if (age_parse(&params->interval_ns, op->arg) &&
		    params->interval_ns >= 100 * NS_PER_MS)
			return OPT_RUN;
		return opt_bad(op,
			       "--interval takes a number and a unit, from 100ms on");
	case 'n':
		if (num_parse_int(op->arg, 1, LLONG_MAX, &params->count))
			return OPT_RUN;
		return opt_bad(op, "--count takes a number from 1 on");
	case 'o':
		if (!opt_choose(op->arg, top_column_names, &choice, err,
				sizeof(err)))
			return opt_bad(op, "%s", err);
		params->sort = choice;
		return OPT_RUN;
	default:
		return event_option(&params->view, op, val);
	}
}

enum opt_outcome top_parse(struct opt_parser *op, int argc, char **argv,
			   struct top_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct top_params){
		.interval_ns = NS_PER_SEC, .sort = TOP_EXITS,
	};
	opt_init(op, argc, argv, top_opts);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	if (outcome == OPT_RUN && params->view.format != FORMAT_TEXT)
		return opt_bad(op,
			       "top has no such format; 'vcpu-info follow --rates' has all");
	return outcome;
}

/* One run of the command. */
struct topping {
	const struct top_params *params;
	struct live *live;
	struct output out;
	struct top_rows top;
	bool no_memory;
};

static bool take_event(const struct event *ev, void *arg)
{
	struct topping *run = arg;
	struct exit_delta delta;
	struct fmt_about about;

	if (!output_wants(&run->out, ev))
		return true;
	output_learn(&run->out, ev, &about, &delta);
	run->no_memory |= !top_rows_add(&run->top, ev, &about);
	return !signals_want_end();
}

static bool take_events(struct topping *run)
{
	live_clock(run->live, &run->out.tb);
	if (live_read(run->live, take_event, run) >= 0)
		return true;
	msg_error("cannot read the trace instance: %s", strerror(errno));
	return false;
}

/* Now is when something is shown. */
static void update(struct topping *run)
{
	struct source_stats stats;

	run->top.now = run->out.tb.trace;
	if (live_stats(run->live, &stats))
		run->top.lost = source_lost(&stats);
	top_rows_expire(&run->top, EXPIRY_NS);
}

static void print_batch(struct topping *run)
{
	char line[TOP_LINE_SIZE(BATCH_WIDTH)];
	const struct top_row **rows;
	size_t nr;

	rows = top_rows_sorted(&run->top, &nr);
	top_rows_summary(&run->top, nr, line, BATCH_WIDTH);
	puts(line);
	top_rows_heading(&run->top, line, BATCH_WIDTH);
	puts(line);
	for (size_t i = 0; rows && i < nr; i++) {
		top_rows_line(&run->top, rows[i], line, BATCH_WIDTH);
		puts(line);
	}
	putchar('\n');
	fflush(stdout);
	outerr_note();
	free(rows);
}

/* False if the user wants to quit. */
static bool handle_key(struct topping *run, int wait_ms)
{
	int key = top_screen_key(wait_ms);

	if (key < 0)
		return true;
	switch (top_rows_key(&run->top, key)) {
	case TOP_QUIT:
		return false;
	case TOP_REDRAW:
		top_screen_draw(&run->top);
		return true;
	default:
		/* also a change of the terminal's size */
		top_screen_draw(&run->top);
		return true;
	}
}

static void show_update(struct topping *run)
{
	if (run->top.frozen)
		return;
	update(run);
	if (run->params->batch)
		print_batch(run);
	else
		top_screen_draw(&run->top);
}

static int run_top(struct topping *run)
{
	const struct top_params *params = run->params;
	uint64_t next = signals_clock();
	long long nr = 0;
	int wait_ms;

	/* what there is at once is shown, but for a batch: it has none yet */
	if (params->batch)
		next += params->interval_ns;
	while (!signals_want_end()) {
		if (!take_events(run))
			return EXIT_FAILED;
		if (signals_clock() >= next) {
			next += params->interval_ns;
			show_update(run);
			if (params->count && ++nr >= params->count)
				break;
		}
		wait_ms = live_has_more(run->live) ? 0 : PERIOD_MS;
		if (params->batch)
			signals_sleep_ms(wait_ms);
		else if (!handle_key(run, wait_ms))
			break;
	}
	return EXIT_OK;
}

static int top_opened(struct topping *run)
{
	bool batch = run->params->batch;
	int exit_code = EXIT_FAILED;

	if (batch || top_screen_open(run->out.printer.fmt.color)) {
		exit_code = run_top(run);
		if (!batch)
			top_screen_close();
	}
	symbols_note_useless(&run->params->view.symbols);
	if (run->no_memory)
		msg_error("out of memory: not every vCPU was shown");
	return exit_code;
}

static int top(const struct top_params *params)
{
	struct topping *run = calloc(1, sizeof(*run));
	enum source_status status;
	int exit_code;

	if (!run || !output_init(&run->out, &params->view, TIME_AGE)) {
		msg_error("out of memory");
		free(run);
		return EXIT_FAILED;
	}
	run->params = params;
	run->top.sort = params->sort;
	run->out.with_rates = true;
	signals_catch();
	status = live_open("top", BUFFER_KB, &run->live);
	if (status == SOURCE_OK) {
		exit_code = top_opened(run);
		if (!live_close(run->live))
			exit_code = EXIT_FAILED;
	} else {
		exit_code = live_report_failed(status);
	}
	top_rows_free(&run->top);
	output_free(&run->out);
	free(run);
	signals_end_if_pipe_broke();
	return exit_code;
}

int cmd_top(const struct cmd *cmd, int argc, char **argv)
{
	struct top_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, top_parse(&op, argc, argv, &params), &exit_code))
		exit_code = event_options_load(&params.view) ?: top(&params);
	event_options_free(&params.view);
	return exit_code;
}
