// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "exits.h"
#include "fmt.h"
#include "latest.h"
#include "msg.h"
#include "show.h"
#include "source.h"
#include "text.h"
#include "vmm.h"

const struct opt_spec show_opts[] = {
	{ 'a', "all", NULL, "every event in the buffers, oldest first" },
	{ 'e', "errors", NULL, "only the requests that led to no record" },
	{ 'j', "json", NULL, "one JSON object a line" },
	{ 'm', "vm", "PID[:FD]", "only this VM; may be repeated" },
	{ 'v', "vcpu", "LIST", "only these vCPUs, such as 0-3,7" },
	{ 0 }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct show_params *params)
{
	char err[sizeof(op->err)];
	bool ok = true;

	switch (val) {
	case 'a':
		params->all = true;
		break;
	case 'e':
		params->errors = true;
		break;
	case 'j':
		params->json = true;
		break;
	case 'm':
		ok = filter_add_vm(&params->filter, op->arg, err, sizeof(err));
		break;
	case 'v':
		ok = filter_add_vcpus(&params->filter, op->arg, err,
				      sizeof(err));
		break;
	default:
		return opt_default(val);
	}
	return ok ? OPT_RUN : opt_bad(op, "%s", err);
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
	return outcome;
}

void show_params_free(struct show_params *params)
{
	filter_free(&params->filter);
}

/* One run of the command. */
struct showing {
	const struct show_params *params;
	const char *root;
	struct source *src;
	struct source_stats stats;
	struct source_tally tally;
	struct latest latest;
	struct vmm vmm;
	uint64_t matched;
	uint64_t others;
	uint64_t errors;
	bool no_memory;
};

static void print_event(const struct event *ev, void *arg)
{
	const struct source_stats *stats;
	struct fmt_about about = { 0 };
	struct showing *sh = arg;

	stats = &sh->stats;
	about.age_known = stats->now_known && stats->now_is_ns && ev->ts_is_ns;
	/* an event may have come after the clock was read */
	if (about.age_known && stats->now > ev->ts)
		about.age_ns = stats->now - ev->ts;
	about.vmm = vmm_name(&sh->vmm, sh->root, event_int(ev, FIELD_VM_PID),
			     about.age_known, about.age_ns);
	if (sh->params->json)
		fmt_json_event(stdout, ev, &about);
	else
		fmt_text_event(stdout, ev, &about);
}

static void take_event(const struct event *ev, void *arg)
{
	const struct show_params *params;
	struct showing *sh = arg;
	bool wanted;

	params = sh->params;
	wanted = params->all || (ev->kind == EVENT_ERROR) == params->errors;
	if (!filter_match(&params->filter, ev)) {
		sh->others++;
	} else if (!wanted) {
		sh->errors += ev->kind == EVENT_ERROR;
	} else {
		sh->matched++;
		if (params->all || params->errors)
			print_event(ev, sh);
		else if (!latest_add(&sh->latest, ev))
			sh->no_memory = true;
	}
}

static int report_first_problem(const char *root)
{
	struct problem problems[MAX_PROBLEMS];
	const struct problem *first;
	struct facts facts;

	facts_gather(&facts, root);
	first = check_first(problems, check_all(&facts, problems));
	if (!first)
		return EXIT_OK;
	msg_error("%s", first->what);
	msg_hint("to put it right: %s", first->fix);
	return first->exit_code;
}

/* Nothing was printed: the reason, or how to get a first record. */
static int report_nothing(const struct showing *sh)
{
	int exit_code = report_first_problem(sh->root);

	if (exit_code)
		return exit_code;
	if (sh->params->errors)
		msg_error("there are no failed requests%s",
			  sh->others ? " of these VMs and vCPUs" : "");
	else
		msg_error("there are no records%s yet",
			  sh->others ? " of these VMs and vCPUs" : "");
	if (sh->errors)
		msg_hint("'vcpu-info show --errors' prints the requests that failed.");
	else if (!sh->others && !sh->params->errors)
		msg_hint("'vcpu-info-guest trigger' in a guest asks for some.");
	return EXIT_OK;
}

static void report_lost(const struct showing *sh)
{
	const struct source_stats *stats = &sh->stats;
	const struct fmt_lost lost = {
		.overrun = stats->overrun,
		.commit_overrun = stats->commit_overrun,
		.dropped = stats->dropped,
		.undecodable = sh->tally.bad,
	};

	if (sh->params->json && (source_lost(stats) || sh->tally.bad))
		fmt_json_lost(stdout, &lost);
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

static int show_source(struct showing *sh)
{
	/* ages are counted from here on */
	if (!source_stats(sh->src, &sh->stats) ||
	    !source_read(sh->src, take_event, sh, &sh->tally))
		return read_failed(sh);
	latest_each(&sh->latest, print_event, sh);

	/* and losses up to here */
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

int show(const struct show_params *params, const char *root)
{
	struct showing sh = { .params = params, .root = root };
	int exit_code;

	if (source_open(root, &sh.src) == SOURCE_OK) {
		exit_code = show_source(&sh);
		latest_free(&sh.latest);
		source_close(sh.src);
		return exit_code;
	}
	exit_code = report_first_problem(root);
	if (exit_code)
		return exit_code;
	msg_error("cannot open the trace instance " VCPU_INFO_INSTANCE);
	msg_hint("'vcpu-info status' says more.");
	return EXIT_FAILED;
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
