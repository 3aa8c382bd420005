// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "host-problems.h"
#include "msg.h"
#include "pipeline.h"
#include "text.h"
#include "trace/instance.h"
#include "vm/scan.h"

const struct opt_spec show_opts[] = {
	{ 'a', "all", NULL, "Every event in the buffers, oldest first" },
	{ .more = recorded_event_opts },
	{ 0 }
};

enum opt_outcome show_parse(struct opt_parser *op, int argc, char **argv,
			    struct event_options *events)
{
	enum opt_outcome outcome = OPT_RUN;
	int val;

	*events = (struct event_options){ 0 };
	opt_init(op, argc, argv, show_opts);
	opt_take_words(op);
	while (outcome == OPT_RUN && opt_next(op, &val)) {
		if (val == 'a')
			events->all = true;
		else
			outcome = event_option(events, op, val);
	}
	if (outcome == OPT_RUN)
		outcome = opt_default(val);
	if (outcome == OPT_RUN)
		outcome = select_take_vms(&events->select, op);
	return outcome == OPT_RUN ? event_options_check(events, op) : outcome;
}

/* VMs that are asked for and neither run nor have a record. */
static size_t report_missing(const struct select *select)
{
	vm_scan_find(select);
	return select_report_missing(select,
				     "'vcpu-info vms' lists the VMs; one that is gone is known by its PID.");
}

#define OF_THOSE	" that the options ask for"

/* Nothing was printed: the reason, or how to get a first record. */
static int report_nothing(const struct pipeline *pl)
{
	bool errors = pl->events->errors;
	int exit_code = diagnose_report();

	if (exit_code)
		return exit_code;
	msg_error("there are no %s%s%s", errors ? "failed requests" : "records",
		  pl->others ? OF_THOSE : "", errors ? "" : " yet");
	if (pl->errors)
		msg_hint("'vcpu-info show --errors' prints the requests that failed.");
	else if (!pl->others && !errors)
		msg_hint("'vcpu-info-guest trigger' in a guest asks for some.");
	return EXIT_OK;
}

static void report_losses(const struct instance *inst,
			  const struct losses *losses)
{
	char line[80];

	if (losses_unread(losses)) {
		msg_error("%" PRIu64 " events are lost: %" PRIu64
			  " overwritten by newer ones, %" PRIu64
			  " without room, %" PRIu64 " while interrupted",
			  losses_unread(losses), losses->overrun,
			  losses->dropped, losses->commit_overrun);
		msg_hint("The module's parameter buffer_kb makes the buffers larger.");
	}
	if (!losses->undecodable)
		return;
	text_printable(line, sizeof(line), inst->first_bad);
	msg_error("%" PRIu64
		  " lines of %s/trace could not be decoded; the first: %s",
		  losses->undecodable, inst->dir, line);
	msg_hint("The trace options of the instance have to be the default ones.");
}

static int read_failed(const struct instance *inst)
{
	int err = errno;

	msg_error("cannot read %s: %s", inst->dir, strerror(err));
	if (err == EACCES || err == EPERM) {
		msg_hint("fix: run vcpu-info as root");
		return EXIT_DENIED;
	}
	return EXIT_FAILED;
}

static int show_instance(struct pipeline *pl, struct instance *inst)
{
	struct losses losses;

	if (!source_losses(&inst->source, &losses))
		return read_failed(inst);
	if (!pipeline_set_source(pl, &inst->source)) {
		msg_error("--since: the instance's trace clock does not count time");
		msg_hint("fix: echo local > %s/trace_clock",
			 inst->dir);
		return EXIT_FAILED;
	}
	if (!pipeline_read(pl))
		return read_failed(inst);
	pipeline_finish(pl);
	if (!pipeline_print_losses(pl, &losses))
		return read_failed(inst);
	report_losses(inst, &losses);
	symbols_note_useless(&pl->events->symbols);
	if (pl->no_memory) {
		msg_error("out of memory: not every vCPU was shown");
		return EXIT_FAILED;
	}
	if (losses.undecodable)
		return EXIT_FAILED;
	if (report_missing(&pl->events->select))
		return EXIT_NO_VM;
	return pipeline_nr_taken(pl) ? EXIT_OK : report_nothing(pl);
}

static int open_failed(void)
{
	int exit_code = diagnose_report();

	if (exit_code)
		return exit_code;
	msg_error("cannot open the trace instance " VCPU_INFO_INSTANCE);
	msg_hint("'vcpu-info status' says more.");
	return EXIT_FAILED;
}

int show_run(const struct event_options *events)
{
	int exit_code = EXIT_FAILED;
	struct instance *inst;
	struct pipeline *pl;

	if (instance_open(&inst) != INSTANCE_OK)
		return open_failed();
	pl = pipeline_new(events, 1, TIME_AGE);
	if (pl)
		exit_code = show_instance(pl, inst);
	pipeline_free(pl);
	instance_close(inst);
	return exit_code;
}

int cmd_show(const struct cmd *cmd, int argc, char **argv)
{
	struct event_options events;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, show_parse(&op, argc, argv, &events), &exit_code))
		exit_code = event_options_load(&events) ?: show_run(&events);
	event_options_free(&events);
	return exit_code;
}
