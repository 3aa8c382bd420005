// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "host-problems.h"
#include "msg.h"
#include "signals.h"
#include "trace/own-instance.h"
#include "vm/process.h"
#include "vm/scan.h"

/* Often enough for buffers that fill within 100 ms. */
#define PERIOD_MS 50
#define BUFFER_KB 2048

/* The kernel takes a page of it at the most. */
#define MAX_FILTER 4000

const struct opt_spec record_opts[] = {
	{ 'o', "output", "FILE", "Write to FILE (default: trace.dat)" },
	{ 't', "duration", "TIME",
	  "End after that time, such as 30 (seconds), 500ms or 5m" },
	{ .more = vm_opts },
	{ 0 }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct record_params *params)
{
	switch (val) {
	case 'm':
		return select_take_vm(&params->select, op);
	case 'o':
		if (!op->arg[0])
			return opt_bad(op, "--output needs the name of a file");
		params->file = op->arg;
		return OPT_RUN;
	case 't':
		if (duration_parse(&params->duration_ns, op->arg) &&
		    params->duration_ns)
			return OPT_RUN;
		return opt_bad(op,
			       "invalid duration '%.60s' (30, 500ms, 30s, 5m)",
			       op->arg);
	default:
		return opt_default(val);
	}
}

enum opt_outcome record_parse(struct opt_parser *op, int argc, char **argv,
			      struct record_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct record_params){ .file = "trace.dat" };
	opt_init(op, argc, argv, record_opts);
	opt_take_command(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	params->command = opt_rest(op);
	if (val == -1 && params->command[0] && params->duration_ns)
		return opt_bad(op,
			       "--duration and a command exclude each other");
	return opt_default(val);
}

/* One run of the command. */
struct recording {
	const struct record_params *params;
	struct own_instance *own;
	struct file_writer *writer;
	struct file_formats formats;
	uint64_t start;
	pid_t child; /* 0: no command, or it has ended */
	uint64_t nr[EVENT_NR_KINDS];
};

static bool take_subbuf(int cpu, const void *data, size_t size, void *arg)
{
	struct recording *rec = arg;

	return file_writer_add(rec->writer, cpu, data, size,
			       rec->formats.subbuf_size);
}

/* Names are looked up as long as they can be. */
static bool add_name(struct recording *rec, int pid)
{
	struct process process;

	if (file_writer_has_name(rec->writer, pid))
		return true;
	process_look_up(&process, pid);
	return !process.alive ||
	       file_writer_add_name(rec->writer, pid, process.comm);
}

static bool take_event(const struct event *ev, void *arg)
{
	struct recording *rec = arg;

	rec->nr[ev->kind]++;
	return add_name(rec, ev->thread) &&
	       add_name(rec, event_int(ev, FIELD_VM_PID));
}

static bool child_ended(struct recording *rec)
{
	if (waitpid(rec->child, NULL, WNOHANG) != rec->child)
		return false;
	rec->child = 0;
	return true;
}

static bool is_over(struct recording *rec)
{
	return signals_want_end() || own_get_state(rec->own) != OWN_ON ||
	       (rec->child && child_ended(rec)) ||
	       (rec->params->duration_ns &&
		signals_clock() - rec->start >= rec->params->duration_ns);
}

static bool read_raw(struct recording *rec)
{
	return own_read_raw(rec->own, take_subbuf, take_event, rec);
}

/*
 * At the end no more events come, so that all there are have been read then. One
 * that was being written when that was decided is there a moment later.
 */
static bool record_events(struct recording *rec)
{
	while (!is_over(rec)) {
		if (!own_has_more(rec->own))
			poll(NULL, 0, PERIOD_MS);
		if (!read_raw(rec))
			return false;
	}
	own_pause(rec->own);
	poll(NULL, 0, 1);
	do {
		if (!read_raw(rec))
			return false;
	} while (own_has_more(rec->own));
	return true;
}

/* The command inherits no signal that is only remembered. */
static bool start_command(struct recording *rec)
{
	char **command = rec->params->command;
	int fds[2], err = 0;

	if (!command[0])
		return true;
	if (pipe2(fds, O_CLOEXEC))
		return false;
	rec->child = fork();
	if (!rec->child) {
		signal(SIGPIPE, SIG_DFL);
		execvp(command[0], command);
		err = errno;
		if (write(fds[1], &err, sizeof(err)) < 0)
			_exit(EXIT_FAILED);
		_exit(EXIT_FAILED);
	}
	close(fds[1]);
	/* nothing comes if it runs */
	if (rec->child > 0 && read(fds[0], &err, sizeof(err)) > 0)
		waitpid(rec->child, NULL, 0);
	close(fds[0]);
	if (rec->child < 0)
		return false;
	errno = err;
	return !err;
}

static void note_end(struct recording *rec)
{
	struct losses losses;
	uint64_t lost = 0;

	if (source_losses(own_source(rec->own), &losses))
		lost = losses_unread(&losses);
	msg_note("%" PRIu64 " records and %" PRIu64
		 " failed requests in %s; %" PRIu64 " events lost",
		 rec->nr[EVENT_RECORD], rec->nr[EVENT_ERROR], rec->params->file,
		 lost);
}

static int write_failed(const struct recording *rec)
{
	if (errno == ESPIPE) {
		msg_error("cannot write %s: it is a pipe, socket or terminal",
			  rec->params->file);
		msg_hint("Record to a file.");
		return EXIT_FAILED;
	}
	msg_error("cannot write %s: %s", rec->params->file, strerror(errno));
	return EXIT_FAILED;
}

static int record_opened(struct recording *rec)
{
	const struct record_params *params = rec->params;

	if (!own_read_formats(rec->own, &rec->formats)) {
		msg_error("cannot read the formats of the events: %s",
			  strerror(errno));
		return EXIT_FAILED;
	}
	if (!start_command(rec)) {
		msg_error("cannot run %s: %s", params->command[0],
			  strerror(errno));
		return EXIT_FAILED;
	}
	if (!params->command[0] && !params->duration_ns)
		msg_note("recording to %s; Ctrl-C ends it", params->file);
	rec->start = signals_clock();
	if (!record_events(rec) ||
	    !file_writer_finish(rec->writer, &rec->formats))
		return write_failed(rec);
	note_end(rec);
	if (own_get_state(rec->own) != OWN_UNLOADED)
		return EXIT_OK;
	msg_error("the module vcpu_info was unloaded: no more records come");
	return EXIT_NO_MODULE;
}

/* One VM of a filter of events; false if there is no room for it. */
static bool filter_add(char *filter, size_t size, const struct vm *vm)
{
	size_t len = strlen(filter);

	return snprintf(filter + len, size - len,
			"%s(vm_pid == %d && vm_fd == %d)", len ? " || " : "",
			vm->vmm.pid, vm->fd) < (int)(size - len);
}

/* The VMs that are selected now, as a filter; the exit code. */
static int make_filter(const struct select *select, char *filter, size_t size)
{
	struct vm_scan scan = { 0 };
	int exit_code = EXIT_OK;

	filter[0] = '\0';
	if (!select->nr_vms)
		return EXIT_OK;
	if (!vm_scan_run(&scan)) {
		msg_error("cannot read /proc");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < scan.nr && !exit_code; i++) {
		const struct vm *vm = &scan.vms[i];

		if (!select_has_vm(select, vm->vmm.pid, vm->fd,
				   vm->vmm.vm.name, vm->vmm.comm) ||
		    filter_add(filter, size, vm))
			continue;
		msg_error("--vm: too many VMs for one filter");
		msg_hint("Without --vm all of them are recorded.");
		exit_code = EXIT_FAILED;
	}
	if (!exit_code && !filter[0])
		exit_code = vm_scan_report_none(select, scan.nr, scan.denied);
	else if (!exit_code && select_report_missing(select, SELECT_HINT_VMS))
		exit_code = EXIT_NO_VM;
	vm_scan_free(&scan);
	return exit_code;
}

static int record_run(const struct record_params *params)
{
	struct recording rec = { .params = params };
	enum instance_status status;
	char filter[MAX_FILTER];
	int exit_code;

	exit_code = make_filter(&params->select, filter, sizeof(filter));
	if (exit_code)
		return exit_code;
	signals_catch();
	rec.writer = file_writer_open(params->file);
	if (!rec.writer)
		return write_failed(&rec);
	status = own_open("record", BUFFER_KB, filter[0] ? filter : NULL,
			  &rec.own);
	if (status == INSTANCE_OK) {
		exit_code = record_opened(&rec);
		if (!source_close(own_source(rec.own)))
			exit_code = EXIT_FAILED;
	} else {
		exit_code = own_report_failed(status);
	}
	own_free_formats(&rec.formats);
	file_writer_free(rec.writer);
	return exit_code;
}

int cmd_record(const struct cmd *cmd, int argc, char **argv)
{
	struct record_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, record_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = diagnose_report() ?: record_run(&params);
	select_free(&params.select);
	return exit_code;
}
