// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "collect/archive.h"
#include "exit-codes.h"
#include "msg.h"
#include "pipeline.h"
#include "sandbox.h"
#include "spool.h"
#include "trace/trace-file.h"

/* The largest trace-cmd file that is taken out of an archive */
#define MAX_TRACE	(256UL << 20)

/* How much of standard input is copied if it is a pipe; it does not fill a disk */
#define MAX_INPUT	(4ULL << 30)

const struct opt_spec report_opts[] = {
	{ 'i', "input", "FILE",
	  "Read FILE, - for standard input (default: trace.dat)" },
	{ 'r', "rates", NULL, "Print exit-count deltas" },
	{ .more = recorded_event_opts },
	{ 0 }
};

enum opt_outcome report_parse(struct opt_parser *op, int argc, char **argv,
			      struct report_params *params)
{
	struct event_options *events = &params->events;
	enum opt_outcome outcome = OPT_RUN;
	int val;

	*params = (struct report_params){ 0 };
	opt_init(op, argc, argv, report_opts);
	opt_take_file(op);
	while (outcome == OPT_RUN && opt_next(op, &val)) {
		if (val == 'r')
			events->rates = true;
		else if (val == 'i')
			params->file = op->arg;
		else
			outcome = event_option(events, op, val);
	}
	if (outcome == OPT_RUN)
		outcome = opt_default(val);
	if (outcome == OPT_RUN && opt_rest(op)[0]) {
		if (params->file)
			return opt_bad(op, "--input and '%.60s' are two files",
				       opt_rest(op)[0]);
		params->file = opt_rest(op)[0];
	}
	if (!params->file)
		params->file = "trace.dat";
	return outcome == OPT_RUN ? event_options_check(events, op) : outcome;
}

/* As messages have it. */
static const char *input_name(const struct report_params *params)
{
	return strcmp(params->file, "-") ? params->file : "standard input";
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

#define HINT_VMS "The file knows VMs by PID, PID:FD or the name of their process."

static int report_end(struct pipeline *pl)
{
	const struct event_options *events = pl->events;
	struct losses losses;

	pipeline_print_losses(pl, &losses);
	if (losses_unread(&losses) || losses.more)
		msg_error("%" PRIu64
			  " events%s were lost when the file was recorded",
			  losses_unread(&losses),
			  losses.more ? " or more" : "");
	if (losses.undecodable)
		msg_error("%" PRIu64 " events could not be decoded",
			  losses.undecodable);
	symbols_note_useless(&events->symbols);
	if (pl->no_memory)
		msg_error("out of memory: not every vCPU was shown");
	if (losses.undecodable || pl->no_memory)
		return EXIT_FAILED;
	if (select_report_missing(&events->select, HINT_VMS))
		return EXIT_NO_VM;
	if (!pipeline_nr_taken(pl))
		msg_error("there are no %s%s in the file",
			  events->errors ? "failed requests" : "records",
			  pl->others ? " that the options ask for" : "");
	return EXIT_OK;
}

static int report_events(struct pipeline *pl, struct event_source *source,
			 const char *file)
{
	if (!pipeline_set_source(pl, source)) {
		msg_error("--since: %s does not tell the time of day", file);
		msg_hint("Give seconds of its trace clock (120.5), or record with --date.");
		return EXIT_FAILED;
	}
	if (!pipeline_read(pl)) {
		printer_flush(pl->printer);
		msg_error("%s cannot be read to its end: it is damaged or cut off",
			  file);
		return EXIT_FAILED;
	}
	pipeline_finish(pl);
	return report_end(pl);
}

static int report_file(const struct report_params *params, int fd)
{
	enum trace_file_status status;
	struct trace_file_form form;
	int exit_code = EXIT_FAILED;
	struct trace_file *file;
	struct pipeline *pl;

	status = trace_file_open(fd, &file, &form);
	if (status != TRACE_FILE_OK)
		return open_failed(input_name(params), status, &form);
	pl = pipeline_new(&params->events, 0, TIME_TRACE);
	if (pl)
		exit_code = report_events(pl, trace_file_source(file),
					  input_name(params));
	pipeline_free(pl);
	source_close(trace_file_source(file));
	return exit_code;
}

/* What 'vcpu-info collect' wrote has such a file in it. */
static int take_trace(const char *file, int fd)
{
	int out = memfd_create("trace.dat", MFD_CLOEXEC);
	enum archive_status status = ARCHIVE_SYSTEM;

	if (out >= 0)
		status = archive_read_file(fd, ARCHIVE_TRACE, MAX_TRACE, out);
	close(fd);
	if (status == ARCHIVE_READ && lseek(out, 0, SEEK_SET) == 0)
		return out;
	msg_error("%s %s", file, archive_strerror(status));
	if (out >= 0)
		close(out);
	return -1;
}

struct confined {
	const struct report_params *params;
	int fd;
};

static int report_confined(void *arg)
{
	struct confined *confined = arg;
	int fd = confined->fd;

	if (archive_is(fd))
		fd = take_trace(input_name(confined->params), fd);
	return fd < 0 ? EXIT_FAILED : report_file(confined->params, fd);
}

/* Of standard input that has to be copied: said after an error. */
static void copy_failed(int err)
{
	if (err == EFBIG)
		msg_error("standard input has more than %d GiB, or than a file may have",
			  (int)(MAX_INPUT >> 30));
	else
		msg_error("cannot copy standard input to a file in %s: %s",
			  spool_directory(), strerror(err));
	msg_hint("Save it in a file and give its name, or set TMPDIR to a directory with room.");
}

static void open_failed_for(const struct report_params *params, int err)
{
	msg_error("cannot open %s: %s", input_name(params), strerror(err));
	if (err == ENOENT)
		msg_hint("'vcpu-info record' makes such a file.");
}

/* A descriptor of what is to be read, or -1 after an error. */
static int open_input(const struct report_params *params)
{
	bool is_pipe = false;
	int fd;

	if (strcmp(params->file, "-")) {
		fd = open(params->file, O_RDONLY | O_CLOEXEC);
	} else {
		is_pipe = lseek(STDIN_FILENO, 0, SEEK_CUR) < 0 &&
			  errno == ESPIPE;
		fd = is_pipe ? spool_copy(STDIN_FILENO, MAX_INPUT) :
			       dup(STDIN_FILENO);
	}
	if (fd >= 0)
		return fd;
	if (is_pipe)
		copy_failed(errno);
	else
		open_failed_for(params, errno);
	return -1;
}

/*
 * libtracecmd believes what is in a file, and crashes on some that are cut off
 * or damaged: so it reads them in a child that may do little.
 */
int report_run(const struct report_params *params)
{
	struct confined confined = { .params = params };
	int fd = open_input(params);
	int exit_code;

	if (fd < 0)
		return EXIT_FAILED;
	confined.fd = fd;
	exit_code = sandbox_call(report_confined, &confined,
				 input_name(params));
	close(fd);
	return exit_code;
}

int cmd_report(const struct cmd *cmd, int argc, char **argv)
{
	struct report_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, report_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code =
			event_options_load(&params.events) ?: report_run(&params);
	event_options_free(&params.events);
	return exit_code;
}
