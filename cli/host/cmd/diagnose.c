// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "collect/archive.h"
#include "diagnosis.h"
#include "duration.h"
#include "exit-codes.h"
#include "msg.h"
#include "print/vm-diagnosis.h"
#include "sandbox.h"
#include "signals.h"
#include "text.h"

#define MIN_INTERVAL_NS	(100 * NS_PER_MS)
#define DEFAULT_INTERVAL_NS	(1000 * NS_PER_MS)
/* Looking for the kernels of many VMs may take so long. */
#define NAMES_NS	(5000 * NS_PER_MS)

#define MAX_INTERVAL_NS	(60000 * NS_PER_MS)
#define MAX_DIAGNOSIS	(64UL << 20)

const struct opt_spec diagnose_opts[] = {
	{ 'd', "interval", "TIME", "Time between the two samples (default: 1s)" },
	{ 'i', "input", "FILE",
	  "Print the diagnosis in a FILE of 'vcpu-info collect'" },
	{ 'j', "json", NULL, "Print one JSON object per VM" },
	{ .more = guest_opts },
	{ .more = vm_opts },
	{ 0 }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct diagnose_params *params)
{
	switch (val) {
	case 'm':
		return select_take_vm(&params->select, op);
	case 'd':
		return opt_take_interval(op, MIN_INTERVAL_NS,
					 MAX_INTERVAL_NS,
					 "2, 500ms, 1.5s; from 100ms to 60s",
					 &params->interval_ns);
	case 'i':
		params->file = op->arg;
		return OPT_RUN;
	case 'j':
		params->json = true;
		return OPT_RUN;
	case OPT_NO_GUEST_MEMORY:
		params->no_guest_memory = true;
		return OPT_RUN;
	default:
		return opt_default(val);
	}
}

/* "diagnose FILE": a VM has no such name, or is given by its PID. */
static void take_file(struct diagnose_params *params, struct opt_parser *op)
{
	static const char suffix[] = ".tar.zst";
	const char *word = opt_rest(op)[0];
	size_t len = word ? strlen(word) : 0;

	if (len >= sizeof(suffix) &&
	    !strcmp(word + len - strlen(suffix), suffix) && !opt_rest(op)[1])
		params->file = word;
}

static enum opt_outcome check_file(const struct diagnose_params *params,
				   struct opt_parser *op)
{
	const char *word = opt_rest(op)[0];

	if (params->select.nr_vms || (word && word != params->file))
		return opt_bad(op, "a file has one VM: give no other");
	if (params->interval_ns || params->no_guest_memory)
		return opt_bad(op, "a file has been sampled: %s is for VMs",
			       params->no_guest_memory ? "--no-guest-memory" :
							 "--interval");
	return OPT_RUN;
}

enum opt_outcome diagnose_parse(struct opt_parser *op, int argc, char **argv,
				struct diagnose_params *params)
{
	enum opt_outcome outcome = OPT_RUN;
	int val;

	*params = (struct diagnose_params){ 0 };
	opt_init(op, argc, argv, diagnose_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	if (outcome == OPT_RUN && !params->file)
		take_file(params, op);
	if (outcome == OPT_RUN && params->file)
		return check_file(params, op);
	if (!params->interval_ns)
		params->interval_ns = DEFAULT_INTERVAL_NS;
	return outcome == OPT_RUN ? select_take_vms(&params->select, op) :
				    outcome;
}

/* A collected file's diagnosis, which its own printer has made fit for a terminal */
static int print_file(int fd, size_t size, bool json)
{
	void (*fit)(char *dst, size_t size, const char *src) =
		json ? text_utf8 : text_printable;
	char *text = malloc(size + 1), *line, *end;

	if (!text || pread(fd, text, size, 0) != (ssize_t)size) {
		msg_error("out of memory");
		free(text);
		return EXIT_FAILED;
	}
	text[size] = '\0';
	/* but whoever changed it since may have had other things in mind */
	for (line = text; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		fit(line, strlen(line) + 1, line);
		puts(line);
	}
	free(text);
	return EXIT_OK;
}

static int read_confined(void *arg)
{
	const struct diagnose_params *params = arg;
	int out = memfd_create("diagnosis", MFD_CLOEXEC);
	enum archive_status status = ARCHIVE_SYSTEM;

	if (out >= 0)
		status = archive_read_file(params->fd,
					   params->json ? ARCHIVE_DIAGNOSIS_JSON :
							  ARCHIVE_DIAGNOSIS,
					   MAX_DIAGNOSIS, out);
	if (status == ARCHIVE_READ)
		return print_file(out, lseek(out, 0, SEEK_CUR), params->json);
	msg_error("%s %s", params->file, archive_strerror(status));
	return EXIT_FAILED;
}

static int diagnose_file(struct diagnose_params *params)
{
	int exit_code;

	params->fd = open(params->file, O_RDONLY | O_CLOEXEC);
	if (params->fd < 0) {
		msg_error("cannot open %s: %s", params->file, strerror(errno));
		if (errno == ENOENT)
			msg_hint("'vcpu-info collect' makes such a file.");
		return EXIT_FAILED;
	}
	exit_code = sandbox_call(read_confined, params, params->file);
	close(params->fd);
	return exit_code;
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
	if (diagnosis->nr) {
		msg_error("every VM ended between the two samples");
		return EXIT_NO_VM;
	}
	return vm_scan_report_none(diagnosis->req.select,
				   diagnosis->req.all_vms,
				   diagnosis->req.denied);
}

/* One sample says nothing. */
static int interrupted(void)
{
	msg_error("interrupted before the second sample");
	return EXIT_FAILED;
}

static int diagnose_run(const struct diagnose_params *params)
{
	struct printing printing = { .json = params->json };
	static struct diagnosis diagnosis;
	int exit_code = EXIT_OK;

	diagnosis_init(&diagnosis, &params->select);
	if (!params->no_guest_memory)
		diagnosis.names = guest_names_new(NAMES_NS);
	signals_catch();
	if (!diagnosis_begin(&diagnosis)) {
		exit_code = failed(&diagnosis);
	} else if (!diagnosis.nr) {
		exit_code = report_none(&diagnosis);
	} else {
		signals_sleep_until(signals_clock() + params->interval_ns);
		if (signals_want_end())
			exit_code = interrupted();
		else if (!diagnosis_end(&diagnosis, print_vm, &printing))
			exit_code = failed(&diagnosis);
		else if (!printing.nr)
			exit_code = report_none(&diagnosis);
		else if (select_report_missing(&params->select, SELECT_HINT_VMS))
			exit_code = EXIT_NO_VM;
	}
	diagnosis_free(&diagnosis);
	signals_end_if_pipe_broke();
	return exit_code;
}

int cmd_diagnose(const struct cmd *cmd, int argc, char **argv)
{
	struct diagnose_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, diagnose_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = params.file ? diagnose_file(&params) :
					  diagnose_run(&params);
	select_free(&params.select);
	return exit_code;
}
