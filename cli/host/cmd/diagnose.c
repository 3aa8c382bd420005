// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "diagnosis.h"
#include "duration.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "print/vm-diagnosis.h"
#include "signals.h"

#define MIN_INTERVAL_NS	(100 * NS_PER_MS)
#define MAX_INTERVAL_NS	(60000 * NS_PER_MS)

const struct opt_spec diagnose_opts[] = {
	{ 'm', "vm", "VM", "Only this VM (PID, PID:FD, name); may be repeated" },
	{ 'd', "interval", "TIME", "Time between the two samples (default: 1s)" },
	{ 'j', "json", NULL, "Print one JSON object a VM" },
	{ 0 }
};

static enum opt_outcome take_vm(struct opt_parser *op, const char *vm,
				struct diagnose_params *params)
{
	char err[sizeof(op->err)];

	if (select_add_vm(&params->select, vm, err, sizeof(err)))
		return OPT_RUN;
	return opt_bad(op, "%s", err);
}

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct diagnose_params *params)
{
	switch (val) {
	case 'm':
		return take_vm(op, op->arg, params);
	case 'd':
		if (duration_parse(&params->interval_ns, op->arg) &&
		    params->interval_ns >= MIN_INTERVAL_NS &&
		    params->interval_ns <= MAX_INTERVAL_NS)
			return OPT_RUN;
		return opt_bad(op,
			       "invalid interval '%.60s' (2, 500ms, 1.5s; from 100ms to 60s)",
			       op->arg);
	case 'j':
		params->json = true;
		return OPT_RUN;
	default:
		return opt_default(val);
	}
}

enum opt_outcome diagnose_parse(struct opt_parser *op, int argc, char **argv,
				struct diagnose_params *params)
{
	enum opt_outcome outcome = OPT_RUN;
	int val;

	*params = (struct diagnose_params){ .interval_ns = 1000 * NS_PER_MS };
	opt_init(op, argc, argv, diagnose_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	for (char **vm = opt_rest(op); outcome == OPT_RUN && *vm; vm++)
		outcome = take_vm(op, *vm, params);
	return outcome;
}

/* How many VMs were printed, and how */
struct printing {
	bool json;
	size_t nr;
};

static bool print_vm(const struct vm_diagnosis *diagnosis, void *arg)
{
	struct printing *printing = arg;

	printing->nr++;
	if (printing->json)
		diagnosis_print_json(stdout, diagnosis);
	else
		diagnosis_print_text(stdout, diagnosis);
	return !ferror(stdout);
}

static int failed(const struct diagnosis *diagnosis)
{
	if (diagnosis->no_memory) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	errno = diagnosis->req.err;
	return host_device_report(diagnosis->req.status);
}

static int report_none(const struct diagnosis *diagnosis)
{
	const struct host_request *req = &diagnosis->req;

	if (diagnosis->nr) {
		msg_error("every VM ended between the two samples");
		return EXIT_NO_VM;
	}
	msg_error("no %sVM runs on this host", req->all_vms ? "such " : "");
	if (req->denied) {
		msg_hint("%u processes of other users could not be looked into: run vcpu-info as root",
			 req->denied);
		return EXIT_DENIED;
	}
	if (req->all_vms)
		msg_hint("'vcpu-info vms' lists them.");
	return EXIT_NO_VM;
}

static void wait_for(uint64_t end)
{
	uint64_t now = signals_clock();

	while (now < end && !signals_want_end()) {
		signals_sleep_ms((end - now + NS_PER_MS - 1) / NS_PER_MS);
		now = signals_clock();
	}
}

static int diagnose_run(const struct diagnose_params *params)
{
	struct printing printing = { .json = params->json };
	struct diagnosis diagnosis;
	int exit_code = EXIT_OK;

	diagnosis_init(&diagnosis, &params->select);
	signals_catch();
	if (!diagnosis_begin(&diagnosis)) {
		exit_code = failed(&diagnosis);
	} else if (!diagnosis.nr) {
		exit_code = report_none(&diagnosis);
	} else {
		wait_for(signals_clock() + params->interval_ns);
		if (signals_want_end())
			exit_code = EXIT_OK;
		else if (!diagnosis_end(&diagnosis, print_vm, &printing))
			exit_code = failed(&diagnosis);
		else if (!printing.nr)
			exit_code = report_none(&diagnosis);
	}
	diagnosis_free(&diagnosis);
	signals_end_if_pipe_broke();
	return exit_code;
}

int cmd_diagnose(const struct cmd *cmd, int argc, char **argv)
{
	struct diagnose_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, diagnose_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = diagnose_run(&params);
	select_free(&params.select);
	return exit_code;
}
