// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>

#include "cmd/commands.h"
#include "duration.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "pipeline.h"
#include "print/counters.h"
#include "signals.h"
#include "trace/host-request.h"

#define MIN_INTERVAL_NS	(10 * NS_PER_MS)

enum {
	SAMPLE_TRACE = OPT_LONG,
	SAMPLE_COUNTERS,
	SAMPLE_ATTEMPTS,
	SAMPLE_STACK,
};

/* What looking for the kernels of all guests may take before it has to wait. */
#define NAMES_NS	(2 * NS_PER_SEC)

const struct opt_spec sample_opts[] = {
	{ 'n', "count", "N", "Do it N times (default: once, endless with --interval)" },
	{ 'd', "interval", "TIME", "Time from one to the next (default: 1s)" },
	{ 'r', "rates", NULL, "Print exit-count deltas" },
	{ SAMPLE_TRACE, "trace", NULL,
	  "Write the trace event, too, for follow, trace-cmd and perf" },
	{ SAMPLE_COUNTERS, "counters", NULL,
	  "KVM's counters alone: no vCPU is interrupted" },
	{ SAMPLE_ATTEMPTS, "attempts", "N",
	  "Look at a vCPU in a VM exit N times, 1 to 16 (default: 16)" },
	{ SAMPLE_STACK, "stack", NULL,
	  "Print the stack of the guest's kernel with each record" },
	{ .more = guest_opts },
	{ .more = event_opts },
	{ 0 }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct sample_params *params)
{
	switch (val) {
	case 'n':
		if (num_parse_int(op->arg, 1, LLONG_MAX, &params->count))
			return OPT_RUN;
		return opt_bad(op, "invalid count '%.60s' (from 1)", op->arg);
	case 'd':
		params->repeats = true;
		return opt_take_interval(op, MIN_INTERVAL_NS,
					 DURATION_MAX_NS,
					 "2, 500ms, 1.5s; from 10ms",
					 &params->interval_ns);
	case 'r':
		params->events.rates = true;
		return OPT_RUN;
	case SAMPLE_TRACE:
		params->trace = true;
		return OPT_RUN;
	case SAMPLE_STACK:
		params->events.stacks = true;
		return OPT_RUN;
	case SAMPLE_COUNTERS:
		params->counters = true;
		return OPT_RUN;
	case SAMPLE_ATTEMPTS:
		if (num_parse_int(op->arg, 1, VCPU_INFO_MAX_ATTEMPTS,
				  &params->attempts))
			return OPT_RUN;
		return opt_bad(op, "invalid number of attempts '%.60s' (1 to %d)",
			       op->arg, VCPU_INFO_MAX_ATTEMPTS);
	default:
		return event_option(&params->events, op, val);
	}
}

static enum opt_outcome check(struct opt_parser *op,
			      const struct sample_params *params)
{
	if (params->counters && params->trace)
		return opt_bad(op,
			       "--counters and --trace do not go together: an event has a state");
	if (params->counters && params->events.rates)
		return opt_bad(op, "--counters and --rates do not go together");
	if (params->counters && params->events.select.states)
		return opt_bad(op,
			       "--counters and --state do not go together: counters have no state");
	if (params->events.stacks && params->counters)
		return opt_bad(op,
			       "--counters and --stack do not go together: counters have no registers");
	if (params->events.stacks && params->events.no_guest_memory)
		return opt_bad(op,
			       "--no-guest-memory and --stack do not go together: stacks are in the guest's memory");
	return OPT_RUN;
}

enum opt_outcome sample_parse(struct opt_parser *op, int argc, char **argv,
			      struct sample_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct sample_params){
		.interval_ns = NS_PER_SEC,
		.events.tasks = true,
	};
	opt_init(op, argc, argv, sample_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	if (outcome == OPT_RUN)
		outcome = select_take_vms(&params->events.select, op);
	return outcome == OPT_RUN ? check(op, params) : outcome;
}

/* One run of the command. */
struct sampling {
	const struct sample_params *params;
	struct host_request req;
	struct pipeline *pl;
	struct counters counters;
	uint64_t vcpus;
};

static bool print_counters(const struct vm *vm, const struct vm_sample *sample,
			   void *arg)
{
	struct sampling *run = arg;

	for (size_t i = 0; i < sample->nr; i++)
		counters_print(&run->counters, vm, &sample->vcpus[i]);
	return !ferror(stdout);
}

static bool do_round(struct sampling *run)
{
	bool done;

	if (run->params->counters) {
		done = host_request_round(&run->req, print_counters, run);
		counters_flush(&run->counters);
	} else {
		pipeline_set_clock(run->pl);
		done = pipeline_read(run->pl);
		pipeline_finish(run->pl);
	}
	run->vcpus += run->req.nr_vcpus;
	return done;
}

/* Nothing was asked for in the last round: why */
static int report_none(const struct sampling *run)
{
	const struct host_request *req = &run->req;

	if (req->nr_gone) {
		msg_error("%s gone: it ended while it was asked for",
			  req->nr_gone == 1 ? "the VM is" : "the VMs are");
		return EXIT_NO_VM;
	}
	if (req->nr_others) {
		msg_error("%s no vCPU of that number",
			  req->nr_vms == 1 ? "the VM has" : "the VMs have");
		msg_hint("'vcpu-info vms' lists vCPUs.");
		return EXIT_NO_VM;
	}
	if (req->nr_vms) {
		msg_error("%s no vCPU yet",
			  req->nr_vms == 1 ? "the VM has" : "the VMs have");
		return EXIT_NO_VM;
	}
	return vm_scan_report_none(req->select, req->all_vms, req->denied);
}

static int round_failed(const struct sampling *run)
{
	errno = run->req.err;
	return host_device_report(run->req.status);
}

static bool goes_on(const struct sample_params *params, long long done)
{
	if (signals_want_end())
		return false;
	if (params->count)
		return done < params->count;
	return params->repeats;
}

/*
 * Read the tables of guests' kernels before the first stack, which would be long gone
 * by the time they are.
 */
static bool look_ahead(const struct vm *vm, const struct vm_sample *sample,
		       void *arg)
{
	struct sampling *run = arg;

	for (size_t i = 0; i < sample->nr; i++) {
		const struct guest_vcpu vcpu = {
			.vm_pid = vm->vmm.pid, .vm_fd = vm->fd,
			.vcpu = &sample->vcpus[i],
		};

		if (!sample->vcpus[i].result)
			guest_names_look(run->params->events.names, &vcpu, true,
					 &run->pl->look);
	}
	return !signals_want_end();
}

/* As often as was asked for, or until no VM is left */
static int do_rounds(struct sampling *run)
{
	const struct sample_params *params = run->params;
	uint64_t next;
	long long done = 0;

	if (params->events.names && params->events.stacks)
		host_request_round(&run->req, look_ahead, run);
	next = signals_clock();
	do {
		if (done) {
			signals_sleep_until(next);
			if (signals_want_end())
				break;
		}
		next = signals_next_round(next, params->interval_ns);
		if (!do_round(run))
			return round_failed(run);
		if (ferror(stdout))
			return EXIT_OK;
		if (!run->req.nr_vcpus)
			return report_none(run);
	} while (goes_on(params, ++done));
	return select_report_missing(run->req.select, SELECT_HINT_VMS) ?
		       EXIT_NO_VM : EXIT_OK;
}

static int sample_run(const struct sample_params *params)
{
	struct sampling run = {
		.params = params,
		.counters = { .format = params->events.format, .out = stdout },
	};
	int exit_code;

	run.pl = pipeline_new(&params->events, 0, TIME_WALL);
	if (!run.pl)
		return EXIT_FAILED;
	host_request_init(&run.req, &params->events.select);
	run.req.attempts = params->attempts;
	run.req.rescan_ns = NS_PER_SEC;
	run.req.singly = params->events.stacks;
	if (params->events.stacks)
		run.req.names = params->events.names;
	if (params->trace)
		run.req.flags = VCPU_INFO_SAMPLE_EVENT;
	if (params->counters)
		run.req.flags = VCPU_INFO_SAMPLE_COUNTS;
	signals_catch();
	pipeline_set_source(run.pl, &run.req.source);
	exit_code = do_rounds(&run);
	symbols_note_useless(&params->events.symbols);
	if (run.pl->no_memory)
		exit_code = EXIT_FAILED;
	source_close(&run.req.source);
	pipeline_free(run.pl);
	signals_end_if_pipe_broke();
	return exit_code;
}

/* Counters have nothing to be named. */
static int load(struct sample_params *params)
{
	return params->counters ?
	       event_options_load(&params->events) :
	       event_options_load_live(&params->events, NAMES_NS);
}

int cmd_sample(const struct cmd *cmd, int argc, char **argv)
{
	struct sample_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, sample_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = load(&params) ?: sample_run(&params);
	event_options_free(&params.events);
	return exit_code;
}
