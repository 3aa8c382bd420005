// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "msg.h"
#include "sandbox.h"
#include "trace/trace-file.h"

const struct opt_spec report_opts[] = {
	{ 'r', "rates", NULL, "say what each vCPU's exit counts grew by" },
	{ .more = pick_opts }
};

enum opt_outcome report_parse(struct opt_parser *op, int argc, char **argv,
			      struct report_params *params)
{
	enum opt_outcome outcome;

	*params = (struct report_params){ .file = "trace.dat" };
	opt_init(op, argc, argv, report_opts);
	opt_take_file(op);
	outcome = pick_parse(&params->pick, op, 'r', &params->rates);
	if (outcome == OPT_RUN && opt_rest(op)[0])
		params->file = opt_rest(op)[0];
	return outcome;
}

static bool take_event(const struct event *ev, void *arg)
{
	picker_take(arg, ev);
	/* nobody reads on, or the disk is full */
	return !ferror(stdout);
}

static int open_failed(const char *file, enum trace_file_status status,
		       const struct trace_file_form *form)
{
	switch (status) {
	case TRACE_FILE_BAD:
		msg_error("%s is not a trace-cmd file, or truncated", file);
		msg_hint("'vcpu-info record -o FILE' makes one.");
		break;
	case TRACE_FILE_VERSION:
		msg_error("%s has version %s of trace-cmd's format, which is not known (6 and 7 are)",
			  file, form->version);
		msg_hint("Where it was made: trace-cmd convert --file-version 7 -i FILE -o NEWFILE");
		break;
	case TRACE_FILE_COMPRESSION:
		msg_error("%s is compressed with %s, which libtracecmd on this system lacks",
			  file, form->compression);
		msg_hint("Where it was made: trace-cmd convert --compression none -i FILE -o NEWFILE");
		break;
	case TRACE_FILE_NO_EVENTS:
		msg_error("%s was recorded without the events of vcpu_info",
			  file);
		msg_hint("With the module loaded: trace-cmd record -e vcpu_info");
		break;
	default:
		msg_error("out of memory");
	}
	return EXIT_FAILED;
}

static int report_end(struct picker *picker,
		      const struct trace_file_tally *tally)
{
	const struct fmt_lost lost = {
		.overrun = tally->lost, .undecodable = tally->bad,
	};

	if (tally->lost || tally->bad)
		printer_lost(&picker->out.printer, &lost);
	printer_flush(&picker->out.printer);
	if (tally->lost || tally->lost_unknown)
		msg_error("%" PRIu64 " events%s were lost when the file was recorded",
			  tally->lost, tally->lost_unknown ? " or more" : "");
	if (tally->bad)
		msg_error("%" PRIu64 " events could not be decoded",
			  tally->bad);
	symbols_note_useless(&picker->params->view.symbols);
	if (picker->no_memory)
		msg_error("out of memory: not every vCPU was shown");
	if (!picker->matched && !tally->bad)
		msg_error("there are no %s%s in the file",
			  picker->params->errors ? "failed requests" :
			  "records",
			  picker->others ? " that the options ask for" : "");
	return tally->bad || picker->no_memory ? EXIT_FAILED : EXIT_OK;
}

static int report_events(struct picker *picker, struct trace_file *dat,
			 const char *file)
{
	struct output *out = &picker->out;
	struct trace_file_tally tally;

	out->comm_of = trace_file_comm;
	out->comm_arg = dat;
	trace_file_clock(dat, &out->tb);
	if (!since_start(&picker->params->since, &out->tb, &out->start)) {
		msg_error("--since: %s does not tell the time of day", file);
		msg_hint("Give seconds of its trace clock (120.5), or record with --date.");
		return EXIT_FAILED;
	}
	if (!trace_file_read(dat, take_event, picker, &tally)) {
		printer_flush(&out->printer);
		msg_error("%s cannot be read to its end: it is damaged or cut off",
			  file);
		return EXIT_FAILED;
	}
	picker_finish(picker);
	return report_end(picker, &tally);
}

static int report_file(const struct report_params *params, int fd)
{
	struct picker *picker = calloc(1, sizeof(*picker));
	enum trace_file_status status;
	int exit_code = EXIT_FAILED;
	struct trace_file_form form;
	struct trace_file *dat;

	if (!picker) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	status = trace_file_open(fd, &dat, &form);
	if (status != TRACE_FILE_OK) {
		exit_code = open_failed(params->file, status, &form);
	} else {
		if (picker_init(picker, &params->pick, 0, TIME_TRACE)) {
			picker->out.with_rates = params->rates;
			exit_code = report_events(picker, dat, params->file);
		}
		picker_free(picker);
		trace_file_close(dat);
	}
	free(picker);
	return exit_code;
}

/* A signal that ends the child by intent ends us, too. */
static int child_died(const char *file, int sig)
{
	switch (sig) {
	case SIGHUP:
	case SIGINT:
	case SIGPIPE:
	case SIGTERM:
		signal(sig, SIG_DFL);
		raise(sig);
	}
	msg_error("%s is damaged: libtracecmd cannot read it (%s)", file,
		  strsignal(sig));
	return EXIT_FAILED;
}

/* In a child: a crash ends that alone, and who takes it over has little. */
static int report_confined(const struct report_params *params, int fd)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGABRT };
	const struct rlimit no_core = { 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		signal(crashes[i], SIG_DFL);
	if (!sandbox_enter()) {
		msg_error("cannot give up privileges: %s", strerror(errno));
		return EXIT_FAILED;
	}
	/* a change of the user clears it */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return cmd_flush(report_file(params, fd));
}

/*
 * libtracecmd believes what is in a file, and crashes on some that are cut off
 * or damaged: so it reads them in a child that may do little.
 */
int report(const struct report_params *params)
{
	int status, fd;
	pid_t pid;

	fd = open(params->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		msg_error("cannot open %s: %s", params->file, strerror(errno));
		if (errno == ENOENT)
			msg_hint("'vcpu-info record' makes such a file.");
		return EXIT_FAILED;
	}

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (pid < 0) {
		msg_error("cannot fork: %s", strerror(errno));
		close(fd);
		return EXIT_FAILED;
	}
	if (!pid)
		_exit(report_confined(params, fd));
	close(fd);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILED;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   child_died(params->file, WTERMSIG(status));
}

int cmd_report(const struct cmd *cmd, int argc, char **argv)
{
	struct report_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, report_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = event_options_load(&params.pick.view) ?:
				    report(&params);
	pick_free(&params.pick);
	return exit_code;
}
