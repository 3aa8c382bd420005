// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "duration.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "profile/diff.h"
#include "profile/output.h"
#include "profile/sampler.h"
#include "profile/timeline.h"
#include "signals.h"

#define DEFAULT_HZ		99
#define DEFAULT_DURATION_NS	(10 * NS_PER_SEC)

/* What looking for the kernels of all guests may take before it has to wait */
#define NAMES_NS		(2 * NS_PER_SEC)

enum {
	PROFILE_BY_VCPU = OPT_LONG,
	PROFILE_NO_GUEST_MEMORY,
	PROFILE_TIMELINE,
	PROFILE_DIFF,
};

const struct opt_spec profile_opts[] = {
	{ 'o', "output", "FILE",
	  "Write to FILE; its suffix says the format (default: text, printed)" },
	{ 'f', "format", "FORMAT", "text|folded|json|svg|pprof, whatever the suffix" },
	{ 't', "duration", "TIME", "End after that time (default: 10s)" },
	{ 'F', "frequency", "HZ",
	  "Samples of each vCPU a second, 1 to 1000 (default: 99)" },
	{ 'c', "vcpu", "LIST", "Only these vCPUs, such as 0-3,7" },
	{ PROFILE_BY_VCPU, "by-vcpu", NULL,
	  "Keep vCPUs apart: a frame for each" },
	{ PROFILE_NO_GUEST_MEMORY, "no-guest-memory", NULL,
	  "Do not read guests' memory: states only, no names" },
	{ PROFILE_TIMELINE, "timeline", "FILE",
	  "Write what each vCPU did when, as FILE.svg or FILE.json" },
	{ PROFILE_DIFF, "diff", NULL,
	  "Compare two .folded files, BEFORE AFTER, as a picture" },
	{ .more = vm_opts },
	{ 0 }
};

static enum opt_outcome parse_format(struct opt_parser *op,
				     struct profile_params *params)
{
	params->format = profile_format_by_name(op->arg);
	if (params->format != PROFILE_FORMAT_NONE)
		return OPT_RUN;
	return opt_bad(op, "invalid format '%.60s' (text, folded, json, svg or pprof)",
		       op->arg);
}

static enum opt_outcome parse_frequency(struct opt_parser *op,
					struct profile_params *params)
{
	long long hz;

	if (!num_parse_int(op->arg, SAMPLER_MIN_HZ, SAMPLER_MAX_HZ, &hz))
		return opt_bad(op, "invalid frequency '%.60s' (%d to %d Hz)",
			       op->arg, SAMPLER_MIN_HZ, SAMPLER_MAX_HZ);
	params->frequency = hz;
	return OPT_RUN;
}

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct profile_params *params)
{
	char err[sizeof(op->err)];

	switch (val) {
	case 'm':
		return select_take_vm(&params->select, op);
	case 'o':
		if (!op->arg[0])
			return opt_bad(op, "--output needs the name of a file");
		params->output = op->arg;
		return OPT_RUN;
	case 'f':
		return parse_format(op, params);
	case 't':
		if (duration_parse(&params->duration_ns, op->arg) &&
		    params->duration_ns)
			return OPT_RUN;
		return opt_bad(op,
			       "invalid duration '%.60s' (30, 500ms, 30s, 5m)",
			       op->arg);
	case 'F':
		return parse_frequency(op, params);
	case 'c':
		if (select_add_vcpus(&params->select, op->arg, err, sizeof(err)))
			return OPT_RUN;
		return opt_bad(op, "%s", err);
	case PROFILE_BY_VCPU:
		params->by_vcpu = true;
		return OPT_RUN;
	case PROFILE_NO_GUEST_MEMORY:
		params->no_guest_memory = true;
		return OPT_RUN;
	case PROFILE_TIMELINE:
		if (!timeline_has_format(op->arg))
			return opt_bad(op,
				       "--timeline: '%.60s' has no suffix .svg or .json",
				       op->arg);
		params->timeline = op->arg;
		return OPT_RUN;
	case PROFILE_DIFF:
		params->diff = true;
		return OPT_RUN;
	default:
		return opt_default(val);
	}
}

/* What the file's name says, unless --format does */
static enum opt_outcome choose_format(struct opt_parser *op,
				      struct profile_params *params)
{
	if (params->output && !strcmp(params->output, "-"))
		params->output = NULL;
	if (params->format != PROFILE_FORMAT_NONE ||
	    (params->timeline && !params->output))
		return OPT_RUN;
	if (params->output)
		params->format = profile_format_of(params->output);
	else
		params->format = params->diff ? PROFILE_FORMAT_SVG :
						PROFILE_FORMAT_TEXT;
	if (params->format != PROFILE_FORMAT_NONE)
		return OPT_RUN;
	return opt_bad(op,
		       "cannot tell the format of '%.60s': give --format, or a suffix .txt, .folded, .json, .svg or .pb.gz",
		       params->output);
}

/* Two files, and nothing that is about VMs */
static enum opt_outcome parse_diff(struct opt_parser *op,
				   struct profile_params *params)
{
	char **files = opt_rest(op);

	if (!files[0] || !files[1] || files[2])
		return opt_bad(op, "--diff takes two files: BEFORE AFTER");
	if (params->select.nr_vms || params->select.vcpus.nr || params->timeline)
		return opt_bad(op, "--diff takes files, no VMs, vCPUs or --timeline");
	if (params->format != PROFILE_FORMAT_SVG)
		return opt_bad(op, "--diff makes a picture: an output file .svg");
	params->before = files[0];
	params->after = files[1];
	return OPT_RUN;
}

enum opt_outcome profile_parse(struct opt_parser *op, int argc, char **argv,
			       struct profile_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct profile_params){
		.duration_ns = DEFAULT_DURATION_NS,
		.frequency = DEFAULT_HZ,
	};
	opt_init(op, argc, argv, profile_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	if (outcome == OPT_RUN)
		outcome = choose_format(op, params);
	if (outcome != OPT_RUN)
		return outcome;
	return params->diff ? parse_diff(op, params) :
			      select_take_vms(&params->select, op);
}

static void show_progress(const struct sampler *sampler, uint64_t now)
{
	const struct profile *profile = sampler->profile;
	uint64_t gone = now - profile->started;
	uint64_t left = gone < sampler->duration_ns ?
			sampler->duration_ns - gone : 0;

	fprintf(stderr, "\r%" PRIu64 " s left, %" PRIu64 " samples, %" PRIu64
		" rounds missed\033[K",
		(uint64_t)((left + NS_PER_SEC - 1) / NS_PER_SEC),
		profile->samples, profile->missed);
	fflush(stderr);
}

static void put_note(void *arg, const char *text)
{
	char printable[TEXT_SIZE];

	(void)arg;
	text_printable(printable, sizeof(printable), text);
	msg_note("%s", printable);
}

static int report_none(const struct sampler *sampler)
{
	if (sampler->req.nr_others) {
		msg_error("%s no vCPU of that number",
			  sampler->req.nr_vms == 1 ? "the VM has" : "the VMs have");
		msg_hint("'vcpu-info vms' lists vCPUs.");
		return EXIT_NO_VM;
	}
	if (sampler->req.nr_vms) {
		msg_error("no VM that has a vCPU was there long enough");
		return EXIT_NO_VM;
	}
	return vm_scan_report_none(sampler->req.select, sampler->req.all_vms,
				   sampler->req.denied);
}

static int report_end(const struct sampler *sampler, enum sampler_end end)
{
	switch (end) {
	case SAMPLER_NO_VM:
		return report_none(sampler);
	case SAMPLER_NO_MEMORY:
		msg_error("out of memory");
		return EXIT_FAILED;
	case SAMPLER_LEFT_INSTANCE:
		return EXIT_FAILED;
	case SAMPLER_FAILED:
		errno = sampler->req.err;
		return host_device_report(sampler->req.status);
	default:
		/* a round that a signal ended has not seen all */
		if (signals_want_end())
			return EXIT_OK;
		return select_report_missing(sampler->req.select,
					     SELECT_HINT_VMS) ?
			       EXIT_NO_VM : EXIT_OK;
	}
}

/* What there is, even if it ended early */
static int write_profile(const struct profile_params *params,
			 struct profile *profile)
{
	if (params->format == PROFILE_FORMAT_NONE)
		return EXIT_OK;
	tree_sum(&profile->tree);
	/* a file says it itself, if it is text */
	if (params->output)
		profile_remarks(profile, put_note, NULL);
	if (profile_write(profile, params->format, params->output))
		return EXIT_OK;
	if (params->output)
		msg_error("cannot write %s: %s", params->output, strerror(errno));
	else if (!ferror(stdout))
		msg_error("cannot write the profile: %s", strerror(errno));
	return EXIT_FAILED;
}

static int write_timeline(const struct profile_params *params,
			  const struct timeline *timeline)
{
	if (!params->timeline)
		return EXIT_OK;
	if (timeline->left_out)
		msg_note("%" PRIu64 " pieces of the timeline had no room and were left out",
			 timeline->left_out);
	if (timeline->marks_left_out)
		msg_note("%" PRIu64 " marks of guests had no room in the timeline, or were lost",
			 timeline->marks_left_out);
	if (timeline_write(timeline, params->timeline))
		return EXIT_OK;
	msg_error("cannot write %s: %s", params->timeline, strerror(errno));
	return EXIT_FAILED;
}

static int sample_and_write(const struct profile_params *params,
			    struct sampler *sampler)
{
	bool on_terminal = isatty(STDERR_FILENO);
	enum sampler_end end;
	int exit_code, written = EXIT_OK;

	sampler->progress = on_terminal ? show_progress : NULL;
	end = sampler_run(sampler);
	if (on_terminal)
		fputs("\r\033[K", stderr);
	exit_code = report_end(sampler, end);
	if (sampler->profile->samples) {
		written = write_profile(params, sampler->profile);
		if (!exit_code)
			exit_code = written;
		written = write_timeline(params, sampler->timeline);
	}
	return exit_code ? exit_code : written;
}

static int profile_run(const struct profile_params *params)
{
	static struct sampler sampler;
	struct timeline timeline = { 0 };
	struct profile profile = {
		.frequency = params->frequency, .vcpu_frames = params->by_vcpu,
	};
	int exit_code;

	if (!tree_init(&profile.tree, 0, 0)) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	sampler.profile = &profile;
	sampler.duration_ns = params->duration_ns;
	sampler.timeline = params->timeline ? &timeline : NULL;
	host_request_init(&sampler.req, &params->select);
	if (!params->no_guest_memory)
		sampler.names = guest_names_new(NAMES_NS);
	signals_catch();
	exit_code = sample_and_write(params, &sampler);
	guest_names_free(sampler.names);
	source_close(&sampler.req.source);
	timeline_free(&timeline);
	profile_free(&profile);
	signals_end_if_pipe_broke();
	return exit_code;
}

int cmd_profile(const struct cmd *cmd, int argc, char **argv)
{
	struct profile_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, profile_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = params.diff ? diff_files(params.before, params.after,
						     params.output) :
					  profile_run(&params);
	select_free(&params.select);
	return exit_code;
}
