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
#include "pipeline.h"
#include "signals.h"
#include "trace/host-request.h"
#include "trace/own-instance.h"
#include "vm/scan.h"

#define BUFFER_KB	2048
#define BATCH_WIDTH	160
#define BATCH_BUFFER	65536

/* How often records are taken, and keys. */
#define PERIOD_MS	50

/* A vCPU of which nobody asked for a record for that long is not shown. */
#define EXPIRY_NS	(300 * NS_PER_SEC)

/* A running vCPU is interrupted for its registers no more often than that. */
#define REGISTERS_NS (NS_PER_SEC * 9 / 10)

/* Statistics do not need a look at a vCPU for as long as a VM exit may take. */
#define ATTEMPTS 2

/* Looking for guests' kernels must not hold up the first screen. */
#define NAMES_NS (NS_PER_SEC / 10)

enum {
	TOP_OPT_RECORDED = OPT_LONG,
	TOP_OPT_COUNTERS,
};

const struct opt_spec top_opts[] = {
	{ 'b', "batch", NULL, "Print to standard output, no terminal needed" },
	{ 'd', "interval", "TIME", "Time between updates (default: 1s)" },
	{ 'n', "count", "N", "End after N updates" },
	{ 'k', "sort", "COLUMN",
	  "Sort by this column, such as exits (the default) or halt",
	  .old_val = 'o' },
	{ 'T', "totals", NULL, "A row for each VM instead of for each vCPU" },
	{ TOP_OPT_RECORDED, "recorded", NULL,
	  "Only what guests have recorded; ask for nothing" },
	{ TOP_OPT_COUNTERS, "counters", NULL,
	  "KVM's counters alone: no vCPU is interrupted" },
	{ .more = guest_opts },
	{ .more = select_opts },
	{ .more = symbol_opts },
	{ 0 }
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
		return opt_take_interval(op, 100 * NS_PER_MS,
					 DURATION_MAX_NS,
					 "2, 500ms, 1.5s; from 100ms",
					 &params->interval_ns);
	case 'n':
		if (num_parse_int(op->arg, 1, LLONG_MAX, &params->count))
			return OPT_RUN;
		return opt_bad(op, "invalid count '%.60s' (from 1)", op->arg);
	case 'T':
		params->totals = true;
		return OPT_RUN;
	case TOP_OPT_RECORDED:
		params->recorded = true;
		return OPT_RUN;
	case TOP_OPT_COUNTERS:
		params->counters = true;
		return OPT_RUN;
	case 'k':
		if (!opt_choose_a("column", op->arg, top_column_names, &choice,
				  err, sizeof(err)))
			return opt_bad(op, "%s", err);
		params->sort = choice;
		return OPT_RUN;
	default:
		return event_option(&params->events, op, val);
	}
}

enum opt_outcome top_parse(struct opt_parser *op, int argc, char **argv,
			   struct top_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct top_params){
		.interval_ns = NS_PER_SEC,
		.sort = TOP_EXITS,
		.events.rates = true,
		.events.tasks = true,
	};
	opt_init(op, argc, argv, top_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	if (outcome == OPT_RUN && params->recorded && params->counters)
		return opt_bad(op,
			       "--recorded and --counters do not go together: nothing is asked for with --recorded");
	return outcome == OPT_RUN ?
		       select_take_vms(&params->events.select, op) :
		       outcome;
}

/* One run of the command; the rows are the pipeline's printer. */
struct topping {
	const struct top_params *params;
	struct own_instance *own;
	struct pipeline *pl;
	struct top_rows *top;
	struct host_request req;
	bool samples;
	uint64_t registers_at;
	uint64_t opened;
	uint64_t scanned;
};

static bool take_event(const struct event *ev, void *arg)
{
	struct topping *run = arg;

	if (!run->top->paused)
		pipeline_take(ev, run->pl);
	return !signals_want_end();
}

static bool take_events(struct topping *run)
{
	pipeline_set_clock(run->pl);
	if (source_read(own_source(run->own), take_event, run))
		return true;
	msg_error("cannot read the trace instance: %s", strerror(errno));
	return false;
}

/* VMs come and go, and cost much to look for. */
#define SCAN_NS (10 * NS_PER_SEC)

/* Counters have no state: that of the last record stays, if there is one. */
static const struct event *find_state(struct topping *run, const struct event *ev)
{
	const struct vcpu *vcpu;
	const struct event *last;

	if (event_has(ev, FIELD_STATE_NR))
		return NULL;
	vcpu = vcpu_table_get(&run->pl->vcpus, ev);
	last = vcpu ? vcpu_last(vcpu) : NULL;
	return last && event_has(last, FIELD_STATE_NR) ? last : NULL;
}

static void take_with_state(struct topping *run, const struct event *ev,
			    const struct event *last)
{
	struct event full;

	memcpy(&full, ev, event_size(ev));
	for (int id = FIELD_STATE_NR; id < FIELD_EXITS; id++) {
		if (event_has(last, id))
			event_set(&full, id, last->val[id]);
	}
	pipeline_take(&full, run->pl);
}

static bool take_sample(const struct event *ev, void *arg)
{
	struct topping *run = arg;
	const struct event *last = find_state(run, ev);

	if (last)
		take_with_state(run, ev, last);
	else
		pipeline_take(ev, run->pl);
	return !signals_want_end();
}

/* Ask for every vCPU; false if that cannot be done now. */
static bool sample(struct topping *run)
{
	uint64_t now = signals_clock();
	bool registers = !run->params->counters &&
			 now - run->registers_at >= REGISTERS_NS;

	if (!run->samples || run->top->paused)
		return true;
	run->req.flags = registers ? 0 : VCPU_INFO_SAMPLE_COUNTS;
	run->req.with_times = run->params->batch ||
			      top_rows_needs_times(run->top, top_screen_width());
	if (!source_read(&run->req.source, take_sample, run))
		return false;
	if (registers)
		run->registers_at = now;
	pipeline_set_clock(run->pl);
	return true;
}

/* Without samples there is what guests ask for. */
static void sample_first(struct topping *run)
{
	host_request_init(&run->req, &run->params->events.select);
	run->req.attempts = ATTEMPTS;
	run->req.rescan_ns = SCAN_NS;
	run->samples = !run->params->recorded;
	if (sample(run))
		return;
	errno = run->req.err;
	host_device_report(run->req.status);
	msg_note("only vCPUs that guests ask for are shown");
	run->samples = false;
}

static bool wants_vcpu(const struct select *select, const struct vm *vm,
		       int vcpu_id)
{
	return !select->states &&
	       (!select->vcpus.nr || id_list_has(&select->vcpus, vcpu_id)) &&
	       select_has_vm(select, vm->vmm.pid, vm->fd, vm->vmm.vm.name,
			     vm->vmm.comm);
}

/* Rows for the vCPUs that there are, whether or not anybody asks for them. */
static void scan_vms(struct topping *run)
{
	const struct select *select = &run->params->events.select;
	uint64_t now = signals_clock();
	struct vm_scan scan;

	if (run->scanned && now - run->scanned < SCAN_NS)
		return;
	run->scanned = now;
	if (!vm_scan_run(&scan))
		return;
	for (size_t i = 0; i < scan.nr; i++) {
		const struct vm *vm = &scan.vms[i];

		for (size_t j = 0; j < vm->nr_vcpus; j++) {
			const struct vm_vcpu *vcpu = &vm->vcpus[j];

			if (wants_vcpu(select, vm, vcpu->vcpu_id))
				top_rows_add(run->top, vm->vmm.pid, vm->fd,
					     vcpu->vcpu_id,
					     vcpu->guessed ? 0 : vcpu->thread,
					     process_vm_name(&vm->vmm));
		}
	}
	top_rows_forget(run->top);
	vm_scan_free(&scan);
}

/* How far apart the times of one event in two instances may seem to be. */
#define CLOCK_SLACK_NS (NS_PER_SEC / 50)

/* Records that were made before have times of another clock. */
struct seeding {
	struct topping *run;
	struct timebase tb;
};

static bool seed_event(const struct event *ev, void *arg)
{
	struct seeding *seeding = arg;
	struct topping *run = seeding->run;
	struct event now = *ev;
	uint64_t age;

	if (!timebase_age(&seeding->tb, ev, &age) || age > EXPIRY_NS ||
	    age > run->pl->tb.trace)
		return true;
	now.ts = run->pl->tb.trace - age;
	/* what is in both instances comes from ours */
	if (now.ts + CLOCK_SLACK_NS >= run->opened)
		return true;
	return pipeline_take(&now, run->pl);
}

/* The rows start with what is in the module's instance. */
static void seed(struct topping *run)
{
	struct seeding seeding = { .run = run };
	struct instance *inst;

	if (!run->pl->tb.known || instance_open(&inst) != INSTANCE_OK)
		return;
	source_clock(&inst->source, &seeding.tb);
	source_read(&inst->source, seed_event, &seeding);
	instance_close(inst);
}

/* Now is when something is shown. */
static void update(struct topping *run)
{
	struct losses losses;

	if (!run->samples)
		scan_vms(run);
	/* a round may take long, and what was there at its start is not too old */
	pipeline_set_clock(run->pl);
	run->top->now = run->pl->tb.trace;
	sample(run);
	if (source_losses(own_source(run->own), &losses))
		run->top->lost = losses_unread(&losses);
	if (!run->samples)
		top_rows_expire(run->top, EXPIRY_NS);
	else if (!run->top->paused)
		top_rows_expire(run->top, 3 * run->params->interval_ns +
						  NS_PER_SEC);
	run->top->now = run->pl->tb.trace;
}

static void print_batch(struct topping *run)
{
	char line[TOP_LINE_SIZE(BATCH_WIDTH)];
	const struct vcpu **rows;
	size_t nr;

	rows = top_rows_sorted(run->top, BATCH_WIDTH, &nr);
	top_rows_summary(run->top, nr, line, BATCH_WIDTH);
	puts(line);
	top_rows_heading(run->top, line, BATCH_WIDTH);
	puts(line);
	for (size_t i = 0; rows && i < nr; i++) {
		top_rows_line(run->top, rows[i], line, BATCH_WIDTH);
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
	switch (top_rows_key(run->top, key)) {
	case TOP_QUIT:
		return false;
	case TOP_REDRAW:
		top_screen_draw(run->top);
		return true;
	default:
		/* also a change of the terminal's size */
		top_screen_draw(run->top);
		return true;
	}
}

static void show_update(struct topping *run)
{
	if (run->top->frozen)
		return;
	update(run);
	if (run->params->batch)
		print_batch(run);
	else
		top_screen_draw(run->top);
}

static unsigned int ms_until(uint64_t when)
{
	uint64_t now = signals_clock();

	return when > now ? (when - now + NS_PER_MS - 1) / NS_PER_MS : 0;
}

static int update_until_end(struct topping *run)
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
			next = signals_next_round(next,
						  params->interval_ns);
			show_update(run);
			if (params->count && ++nr >= params->count)
				break;
		}
		wait_ms = own_has_more(run->own) ? 0 : PERIOD_MS;
		if (params->batch)
			own_wait(run->own, ms_until(next));
		else if (!handle_key(run, wait_ms))
			break;
	}
	return EXIT_OK;
}

static int top_opened(struct topping *run)
{
	bool batch = run->params->batch;
	int exit_code = EXIT_FAILED;

	pipeline_set_source(run->pl, own_source(run->own));
	vm_scan_find(&run->params->events.select);
	select_note_missing(&run->params->events.select);
	sample_first(run);
	if (!run->samples)
		seed(run);
	if (batch || top_screen_open(run->top->printer.style.color)) {
		exit_code = update_until_end(run);
		if (!batch)
			top_screen_close();
	}
	symbols_note_useless(&run->params->events.symbols);
	if (run->pl->no_memory || run->top->no_memory)
		msg_error("out of memory: not every vCPU was shown");
	source_close(&run->req.source);
	if (!source_close(own_source(run->own)))
		exit_code = EXIT_FAILED;
	return exit_code;
}

static int top_run(const struct top_params *params)
{
	const struct print_style style =
		event_options_style(&params->events, stdout, TIME_AGE);
	static char buffer[BATCH_BUFFER];
	struct topping run = { .params = params };
	enum instance_status status;
	int exit_code;

	run.pl = pipeline_with(&params->events,
			       printer_new_of(&top_rows_printer, &style));
	if (!run.pl)
		return EXIT_FAILED;
	run.top = (struct top_rows *)run.pl->printer;
	run.top->vcpus = &run.pl->vcpus;
	run.top->sort = params->sort;
	run.top->totals = params->totals;
	run.top->some_vms = params->events.select.nr_vms;
	/* flushed after each update, which may have thousands of lines */
	if (params->batch)
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	signals_catch();
	run.opened = signals_clock();
	status = own_open("top", BUFFER_KB, NULL, &run.own);
	exit_code = status == INSTANCE_OK ? top_opened(&run) :
					    own_report_failed(status);
	pipeline_free(run.pl);
	signals_end_if_pipe_broke();
	return exit_code;
}

int cmd_top(const struct cmd *cmd, int argc, char **argv)
{
	struct top_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, top_parse(&op, argc, argv, &params), &exit_code))
		exit_code = event_options_load_live(&params.events, NAMES_NS) ?:
			    top_run(&params);
	event_options_free(&params.events);
	return exit_code;
}
