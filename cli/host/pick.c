// SPDX-License-Identifier: GPL-2.0
#include "num.h"
#include "pick.h"

#define MAX_LAST	1000000

enum {
	PICK_SINCE = OPT_LONG + 50,	/* clear of the commands' own */
};

const struct opt_spec pick_opts[] = {
	{ 'e', "errors", NULL, "only the requests that led to no record" },
	{ 'n', "last", "N", "the last N of each vCPU" },
	{ PICK_SINCE, "since", "TIME",
	  "no older than an age (30s, 5m) or a time (13:45)" },
	{ .more = event_opts }
};

static enum opt_outcome take_option(struct pick_params *params,
				    struct opt_parser *op, int val)
{
	char err[sizeof(op->err)];

	switch (val) {
	case 'e':
		params->errors = true;
		return OPT_RUN;
	case 'n':
		if (num_parse_int(op->arg, 1, MAX_LAST, &params->last))
			return OPT_RUN;
		return opt_bad(op, "--last takes a number from 1 to %d",
			       MAX_LAST);
	case PICK_SINCE:
		if (since_parse(&params->since, op->arg, err, sizeof(err)))
			return OPT_RUN;
		return opt_bad(op, "%s", err);
	default:
		return event_option(&params->view, op, val);
	}
}

enum opt_outcome pick_parse(struct pick_params *params, struct opt_parser *op,
			    int flag, bool *is_set)
{
	enum opt_outcome outcome;
	int val;

	while (opt_next(op, &val)) {
		outcome = OPT_RUN;
		if (val == flag)
			*is_set = true;
		else
			outcome = take_option(params, op, val);
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

void pick_free(struct pick_params *params)
{
	event_options_free(&params->view);
}

bool picker_init(struct picker *picker, const struct pick_params *params,
		 size_t by_default, enum time_format default_time)
{
	*picker = (struct picker){ .params = params };
	picker->latest.keep = params->all || params->errors ? 0 : by_default;
	if (params->last)
		picker->latest.keep = params->last;
	return output_init(&picker->out, &params->view, default_time);
}

static void print_event(const struct event *ev, void *arg)
{
	struct picker *picker = arg;

	output_print(&picker->out, ev);
}

void picker_take(struct picker *picker, const struct event *ev)
{
	const struct pick_params *params = picker->params;
	bool is_error = ev->kind == EVENT_ERROR;
	bool wanted;

	/* where every record is printed, errors are too */
	wanted = params->all || !picker->latest.keep || !is_error;
	if (params->errors)
		wanted = is_error;
	if (!output_wants(&picker->out, ev)) {
		picker->others++;
	} else if (!wanted) {
		picker->errors += is_error;
	} else {
		picker->matched++;
		if (!picker->latest.keep)
			output_print(&picker->out, ev);
		else if (!latest_add(&picker->latest, ev))
			picker->no_memory = true;
	}
}

void picker_finish(struct picker *picker)
{
	latest_each(&picker->latest, print_event, picker);
	printer_flush(&picker->out.printer);
}

void picker_free(struct picker *picker)
{
	output_free(&picker->out);
	latest_free(&picker->latest);
}
