// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "duration.h"
#include "exit-codes.h"
#include "export/server.h"
#include "export/textfile.h"
#include "msg.h"
#include "signals.h"

#define MIN_INTERVAL_NS	NS_PER_SEC
#define MAX_INTERVAL_NS	(3600 * NS_PER_SEC)

enum {
	EXPORT_TEXTFILE = OPT_LONG,
	EXPORT_LISTEN,
	EXPORT_WEB_CONFIG,
	EXPORT_NO_DIAGNOSIS,
};

const struct opt_spec export_opts[] = {
	{ EXPORT_TEXTFILE, "textfile", "FILE",
	  "Write to a FILE for node-exporter's textfile collector" },
	{ 'd', "interval", "TIME",
	  "Write it again after each TIME (default: once)" },
	{ EXPORT_LISTEN, "listen", "ADDRESS",
	  "Serve HTTP: [ADDR]:PORT, a socket's /PATH, or 'systemd'" },
	{ EXPORT_WEB_CONFIG, "web-config", "FILE",
	  "TLS and users, in FILE as Prometheus' exporters have it" },
	{ EXPORT_NO_DIAGNOSIS, "no-diagnosis", NULL,
	  "Counters alone: never interrupt a vCPU" },
	{ 'f', "format", "FORMAT",
	  "On standard output: text|openmetrics (default: openmetrics)" },
	{ .more = vm_opts },
	{ 0 }
};

static const char *const format_words[] = { "text", "openmetrics", NULL };

static enum opt_outcome take_format(struct opt_parser *op,
				    struct export_params *params)
{
	int choice;

	if (!opt_choose_a("format", op->arg, format_words, &choice, op->err,
			  sizeof(op->err)))
		return OPT_BAD;
	params->has_format = true;
	params->format = choice ? METRICS_OPENMETRICS : METRICS_TEXT;
	return OPT_RUN;
}

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct export_params *params)
{
	switch (val) {
	case 'm':
		return select_take_vm(&params->select, op);
	case 'd':
		return opt_take_interval(op, MIN_INTERVAL_NS, MAX_INTERVAL_NS,
					 "15, 30s, 1m; from 1s to 1h",
					 &params->interval_ns);
	case 'f':
		return take_format(op, params);
	case EXPORT_TEXTFILE:
		params->textfile = op->arg;
		return OPT_RUN;
	case EXPORT_LISTEN:
		params->listen = op->arg;
		return listen_parse(op->arg, &params->address) ? OPT_RUN :
			opt_bad(op, "invalid address '%.60s' (:9982, 192.0.2.1:9982, [::1]:9982, /run/socket or systemd)",
				op->arg);
	case EXPORT_WEB_CONFIG:
		params->web_config = op->arg;
		return OPT_RUN;
	case EXPORT_NO_DIAGNOSIS:
		params->no_diagnosis = true;
		return OPT_RUN;
	default:
		return opt_default(val);
	}
}

static enum opt_outcome check(struct opt_parser *op,
			      const struct export_params *params)
{
	if (params->textfile && params->listen)
		return opt_bad(op, "--textfile and --listen do not go together");
	if (params->textfile && !params->textfile[0])
		return opt_bad(op, "--textfile: a file needs a name");
	if (params->interval_ns && !params->textfile)
		return opt_bad(op, "--interval is for --textfile");
	if (params->web_config && !params->listen)
		return opt_bad(op, "--web-config is for --listen");
	if (params->has_format && (params->textfile || params->listen))
		return opt_bad(op,
			       "--format is for standard output: files are text, clients choose");
	return OPT_RUN;
}

enum opt_outcome export_parse(struct opt_parser *op, int argc, char **argv,
			      struct export_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct export_params){ .format = METRICS_OPENMETRICS };
	opt_init(op, argc, argv, export_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	if (outcome == OPT_RUN)
		outcome = check(op, params);
	return outcome == OPT_RUN ? select_take_vms(&params->select, op) :
				    outcome;
}

/* What kept VMs from being asked for, and the exit code for it */
static int report(const struct collector *collector)
{
	if (collector->no_memory) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	errno = collector->err;
	return host_device_report(collector->status);
}

static int write_file(struct collector *collector, const char *path)
{
	if (textfile_write(collector, path))
		return EXIT_OK;
	msg_error("cannot write %s: %s", path, strerror(errno));
	return EXIT_FAILED;
}

/* Meanwhile VMs are diagnosed. */
static void wait_until(struct collector *collector, uint64_t when)
{
	while (signals_clock() < when && !signals_want_end()) {
		uint64_t due = collector_due(collector);

		signals_sleep_until(due < when ? due : when);
		if (!signals_want_end())
			collector_tick(collector);
	}
}

/* A problem is told of once, and in the file all the time. */
static int write_again(struct collector *collector,
		       const struct export_params *params)
{
	uint64_t next = signals_clock();
	bool first = true, told = false;
	int exit_code;

	while (!signals_want_end()) {
		next = signals_next_round(next, params->interval_ns);
		exit_code = write_file(collector, params->textfile);
		if (exit_code)
			return exit_code;
		sd_notify(0, "READY=1");
		if (first)
			select_note_missing(&params->select);
		first = false;
		if (!collector->metrics.up && !told)
			report(collector);
		told = !collector->metrics.up;
		wait_until(collector, next);
	}
	/* nothing that nobody keeps up to date any more */
	unlink(params->textfile);
	return EXIT_OK;
}

static int write_once(struct collector *collector,
		      const struct export_params *params)
{
	int exit_code = EXIT_OK;

	if (params->textfile)
		exit_code = write_file(collector, params->textfile);
	else
		collector_write(collector, params->format, stdout);
	if (!exit_code && collector->metrics.up)
		select_note_missing(&params->select);
	return exit_code ?: report(collector);
}

static int export_run(const struct export_params *params)
{
	static struct collector collector;
	bool goes_on = params->listen || params->interval_ns;
	int exit_code;

	collector_init(&collector, &params->select,
		       goes_on && !params->no_diagnosis);
	signals_catch();
	if (params->listen)
		exit_code = server_run(&collector, &params->address,
				       params->web_config);
	else if (params->interval_ns)
		exit_code = write_again(&collector, params);
	else
		exit_code = write_once(&collector, params);
	collector_free(&collector);
	signals_end_if_pipe_broke();
	return exit_code;
}

int cmd_export(const struct cmd *cmd, int argc, char **argv)
{
	struct export_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, export_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = export_run(&params);
	select_free(&params.select);
	return exit_code;
}
