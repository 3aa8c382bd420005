// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "collect/archive.h"
#include "collect/evidence.h"
#include "collect/parts.h"
#include "diagnosis.h"
#include "duration.h"
#include "exit-codes.h"
#include "jsonout.h"
#include "msg.h"
#include "num.h"
#include "print/vm-diagnosis.h"
#include "signals.h"
#include "text.h"

#define MIN_INTERVAL_NS	(10 * NS_PER_MS)
#define MAX_SAMPLES	1000

/* What a part may take besides its samples */
#define PATIENCE_NS	(60 * NS_PER_SEC)
#define DIAGNOSIS_NS	NS_PER_SEC

/* What looking for the guest's kernel may take */
#define NAMES_NS	NS_PER_SEC

#define MAX_ARGS	16

const struct opt_spec collect_opts[] = {
	{ 'o', "output", "FILE",
	  "Write to FILE (default: vcpu-info-PID-TIME.tar.zst)" },
	{ 'n', "count", "N", "Take N samples of each vCPU (default: 5)" },
	{ 'd', "interval", "TIME", "Time from one to the next (default: 200ms)" },
	{ 0 }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct collect_params *params)
{
	switch (val) {
	case 'o':
		if (!op->arg[0])
			return opt_bad(op, "--output needs the name of a file");
		params->file = op->arg;
		return OPT_RUN;
	case 'n':
		if (num_parse_int(op->arg, 1, MAX_SAMPLES, &params->count))
			return OPT_RUN;
		return opt_bad(op, "invalid count '%.60s' (1 to %d)", op->arg,
			       MAX_SAMPLES);
	case 'd':
		return opt_take_interval(op, MIN_INTERVAL_NS,
					 10 * NS_PER_SEC,
					 "2, 500ms, 1.5s; from 10ms to 10s",
					 &params->interval_ns);
	default:
		return opt_default(val);
	}
}

enum opt_outcome collect_parse(struct opt_parser *op, int argc, char **argv,
			       struct collect_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct collect_params){ .count = 5,
					   .interval_ns = 200 * NS_PER_MS };
	opt_init(op, argc, argv, collect_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	if (val != -1)
		return opt_default(val);
	return select_take_one_vm(&params->select, op);
}

/* A command of ours, and the file in the archive that gets what it makes */
struct command {
	const char *file;
	int (*run)(const struct cmd *cmd, int argc, char **argv);
	struct cmd cmd;
	const char *argv[MAX_ARGS];
};

enum {
	PART_DIAGNOSIS,
	PART_TRACE,
	PART_SAMPLES,
	PART_STACKS,
	PART_COUNTERS,
	PART_RECORDS,
	PART_VM,
	PART_STATUS,
	NR_PARTS
};

/**
 * struct collection - one run of the command
 * @params: what was asked for
 * @vm: the VM
 * @select: the same
 * @vm_name: "PID:FD"
 * @count: @params' count, as text
 * @interval: its interval, as text
 * @json: file without a name for the diagnosis in JSON
 * @path: the archive's
 * @trace: file without a name for trace.dat: nothing is left of one that is killed
 * @trace_path: by which 'record' opens it
 * @start: when it began
 * @interrupted: a signal ended it before its parts did
 */
struct collection {
	const struct collect_params *params;
	const struct vm *vm;
	struct select select;
	char vm_name[32];
	char count[16];
	char interval[32];
	int json;
	char path[PATH_MAX];
	int trace;
	char trace_path[32];
	struct timespec start;
	bool interrupted;
	struct command commands[NR_PARTS];
	struct part parts[NR_PARTS];
};

static bool print_diagnosis(const struct vm_diagnosis *diagnosis, void *arg)
{
	FILE *json = arg;

	diagnosis_print_text(stdout, diagnosis);
	diagnosis_print_json(json, diagnosis);
	return true;
}

/* In its child: one diagnosis, as text and as JSON */
static int run_diagnosis(void *arg)
{
	struct collection *run = arg;
	FILE *json = fdopen(run->json, "w");
	static struct diagnosis diagnosis;
	bool done;

	if (!json) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	diagnosis_init(&diagnosis, &run->select);
	diagnosis.names = guest_names_new(NAMES_NS);
	done = diagnosis_begin(&diagnosis);
	if (done) {
		signals_sleep_until(signals_clock() + DIAGNOSIS_NS);
		done = diagnosis_end(&diagnosis, print_diagnosis, json);
	}
	errno = diagnosis.req.err;
	if (!done)
		return host_device_report(diagnosis.req.status);
	return fclose(json) ? EXIT_FAILED : EXIT_OK;
}

/* In its child */
static int run_command(void *arg)
{
	struct command *command = arg;
	char *argv[MAX_ARGS + 1] = { NULL };
	int argc = 0;

	for (; argc < MAX_ARGS && command->argv[argc]; argc++)
		argv[argc] = (char *)command->argv[argc];
	return command->run(&command->cmd, argc, argv);
}

static void set_up_commands(struct collection *run)
{
	const struct command commands[NR_PARTS] = {
		[PART_DIAGNOSIS] = { ARCHIVE_DIAGNOSIS },
		[PART_TRACE] = { ARCHIVE_TRACE, cmd_record, { .name = "record" },
				 { "record", "-o", run->trace_path, "--vm",
				   run->vm_name, "--", "/proc/self/exe",
				   "sample", "--trace", "--no-guest-memory",
				   "--count", run->count, "--interval",
				   run->interval, run->vm_name } },
		[PART_SAMPLES] = { "samples.json", cmd_sample,
				   { .name = "sample" },
				   { "sample", "--json", "--stack", "--count", run->count,
				     "--interval", run->interval, run->vm_name } },
		[PART_STACKS] = { "stacks.txt", cmd_stack, { .name = "stack" },
				  { "stack", "--count", run->count,
				    "--interval", run->interval, run->vm_name } },
		[PART_COUNTERS] = { "counters.json", cmd_sample,
				    { .name = "sample" },
				    { "sample", "--counters", "--json",
				      run->vm_name } },
		[PART_RECORDS] = { "records.json", cmd_show,
				   { .name = "show" },
				   { "show", "--all", "--json", run->vm_name } },
		[PART_VM] = { "vm.json", cmd_vms, { .name = "vms" },
			      { "vms", "--long", "--json", run->vm_name } },
		[PART_STATUS] = { "status.json", cmd_status,
				  { .name = "status" },
				  { "status", "--json" } },
	};

	memcpy(run->commands, commands, sizeof(commands));
	for (int i = 0; i < NR_PARTS; i++) {
		run->parts[i] = (struct part){
			.run = run_command, .arg = &run->commands[i],
			.pidfd = -1, .out = -1, .messages = -1,
		};
	}
	run->parts[PART_DIAGNOSIS].run = run_diagnosis;
	run->parts[PART_DIAGNOSIS].arg = run;
}

/* At the same time: none waits for another. */
static bool run_parts(struct part *parts, size_t nr, uint64_t patience)
{
	uint64_t deadline = signals_clock() + patience;
	bool started = true;

	for (size_t i = 0; i < nr && started; i++)
		started = part_start(&parts[i]);
	if (!started) {
		msg_error("cannot start a process: %s", strerror(errno));
		deadline = 0;
	}
	parts_wait(parts, nr, deadline);
	return started;
}

/*
 * The diagnosis comes first and alone: on a small host all the others at once would
 * take CPUs from the VM, and it would say so.
 */
static bool run_all_parts(struct collection *run)
{
	uint64_t samples = run->params->count * run->params->interval_ns;
	bool done;

	done = run_parts(&run->parts[PART_DIAGNOSIS], 1,
			 PATIENCE_NS + DIAGNOSIS_NS);
	if (done && !signals_want_end())
		done = run_parts(&run->parts[PART_DIAGNOSIS + 1], NR_PARTS - 1,
				 PATIENCE_NS + samples);
	/* Ctrl-C has ended the parts, too, which call that success */
	run->interrupted = signals_want_end();
	return done;
}

static void json_add_messages(struct json_object *obj, const struct part *part)
{
	char *text = part_messages(part);

	json_add_text(obj, "messages", text && *text ? text : NULL);
	free(text);
}

static struct json_object *json_part(const struct collection *run, int i)
{
	struct json_object *obj = json_object_new_object();
	const struct part *part = &run->parts[i];

	json_add_text(obj, "file", run->commands[i].file);
	if (part->ended)
		json_add_int(obj, "exit_code", part->exit_code);
	else
		json_add_null(obj, "exit_code");
	json_add_messages(obj, part);
	return obj;
}

static void json_add_vm(struct json_object *obj, const struct vm *vm)
{
	const struct process *vmm = &vm->vmm;

	json_add_text(obj, "vm_name", vmm->vm.name[0] ? vmm->vm.name : NULL);
	json_add_text(obj, "vmm_comm", vmm->comm);
	json_add_int(obj, "vm_pid", vmm->pid);
	json_add_int(obj, "vm_fd", vm->fd);
}

static void json_add_host(struct json_object *obj)
{
	struct utsname host;

	json_add_text(obj, "vcpu_info_version", VCPU_INFO_VERSION);
	if (uname(&host))
		return;
	json_add_text(obj, "host", host.nodename);
	json_add_text(obj, "kernel_release", host.release);
	json_add_text(obj, "kernel_version", host.version);
}

/* What there is, what was asked for, and what each part said */
static bool add_manifest(const struct collection *run, struct archive_out *out)
{
	struct json_object *obj = json_new("collection");
	struct json_object *list = json_object_new_array();
	char *data = NULL;
	size_t size = 0;
	bool added;
	FILE *f;

	json_add_vm(obj, run->vm);
	json_add_host(obj);
	json_add_int(obj, "time_ns", run->start.tv_sec * (int64_t)NS_PER_SEC +
				     run->start.tv_nsec);
	json_add_int(obj, "count", run->params->count);
	json_add_int(obj, "interval_ns", run->params->interval_ns);
	json_add_bool(obj, "interrupted", run->interrupted);
	for (int i = 0; i < NR_PARTS; i++)
		json_object_array_add(list, json_part(run, i));
	json_object_object_add(obj, "parts", list);
	f = open_memstream(&data, &size);
	if (!f) {
		json_object_put(obj);
		return false;
	}
	json_print(f, obj);
	added = !fclose(f) && archive_add(out, "collection.json", data, size);
	free(data);
	return added;
}

static bool add_all(const struct collection *run, struct archive_out *out)
{
	if (!add_manifest(run, out) ||
	    !archive_add_fd(out, ARCHIVE_DIAGNOSIS_JSON, run->json))
		return false;
	for (int i = 0; i < NR_PARTS; i++) {
		int fd = i == PART_TRACE ? run->trace : run->parts[i].out;

		/* -1: it has not begun */
		if (fd >= 0 && !archive_add_fd(out, run->commands[i].file, fd))
			return false;
	}
	return evidence_add(out, run->vm->vmm.pid);
}

static void write_failed(const struct collection *run)
{
	msg_error("cannot write %s: %s", run->path,
		  errno == ESPIPE ? "not a regular file" : strerror(errno));
}

/* What is missing in it, and why; the exit code */
static int report_parts(const struct collection *run)
{
	int failed = 0;

	if (run->interrupted) {
		msg_error("interrupted: the archive is not complete");
		return EXIT_FAILED;
	}
	for (int i = 0; i < NR_PARTS; i++) {
		const struct part *part = &run->parts[i];
		const char *file = run->commands[i].file;

		if (!part->ended)
			msg_error("%s took too long and is cut short", file);
		else if (part->exit_code)
			msg_error("%s is not complete (exit code %d)", file,
				  part->exit_code);
		failed += !part->ended || part->exit_code;
	}
	if (failed)
		msg_hint("Its file collection.json says why.");
	return failed ? EXIT_FAILED : EXIT_OK;
}

static int write_archive(const struct collection *run)
{
	struct archive_out *out;
	char directory[64];

	snprintf(directory, sizeof(directory), "vcpu-info-%d",
		 run->vm->vmm.pid);
	out = archive_create(run->path, directory);
	if (!out || !add_all(run, out) || !archive_commit(out)) {
		write_failed(run);
		archive_close(out);
		return EXIT_FAILED;
	}
	archive_close(out);
	msg_note("wrote %s", run->path);
	return report_parts(run);
}

/* Without a name from the user it is that of the VM's process and the time. */
static bool set_path(struct collection *run)
{
	struct tm tm;
	char when[32];
	int len;

	gmtime_r(&run->start.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	if (run->params->file)
		len = snprintf(run->path, sizeof(run->path), "%s",
			       run->params->file);
	else
		len = snprintf(run->path, sizeof(run->path),
			       "vcpu-info-%d-%s.tar.zst", run->vm->vmm.pid,
			       when);
	errno = ENAMETOOLONG;
	return len < (int)sizeof(run->path);
}

/* If nothing can be written there, it fails before the VM is looked at. */
static bool begin(struct collection *run)
{
	char err[64];

	clock_gettime(CLOCK_REALTIME, &run->start);
	snprintf(run->vm_name, sizeof(run->vm_name), "%d:%d",
		 run->vm->vmm.pid, run->vm->fd);
	snprintf(run->count, sizeof(run->count), "%lld", run->params->count);
	snprintf(run->interval, sizeof(run->interval), "%llums",
		 (unsigned long long)(run->params->interval_ns / NS_PER_MS));
	run->json = memfd_create("diagnosis", MFD_CLOEXEC);
	if (!set_path(run) || !archive_can_write(run->path))
		return false;
	run->trace = memfd_create("trace.dat", MFD_CLOEXEC);
	snprintf(run->trace_path, sizeof(run->trace_path), "/proc/self/fd/%d",
		 run->trace);
	return run->json >= 0 && run->trace >= 0 &&
	       select_add_vm(&run->select, run->vm_name, err, sizeof(err));
}

static int collect_vm(const struct collect_params *params, const struct vm *vm)
{
	struct collection run = { .params = params, .vm = vm, .json = -1,
				  .trace = -1 };
	int exit_code = EXIT_FAILED;

	signals_catch();
	if (!begin(&run)) {
		write_failed(&run);
	} else {
		set_up_commands(&run);
		if (run_all_parts(&run))
			exit_code = write_archive(&run);
		for (int i = 0; i < NR_PARTS; i++)
			part_close(&run.parts[i]);
	}
	if (run.json >= 0)
		close(run.json);
	if (run.trace >= 0)
		close(run.trace);
	select_free(&run.select);
	return exit_code;
}

/* The one VM that is wanted; NULL after a message if it is none, or many. */
static const struct vm *find_vm(const struct vm_scan *scan,
				const struct select *select, int *exit_code)
{
	const struct vm *found = NULL;

	for (size_t i = 0; i < scan->nr; i++) {
		const struct vm *vm = &scan->vms[i];

		if (!select_has_vm(select, vm->vmm.pid, vm->fd,
				   vm->vmm.vm.name, vm->vmm.comm))
			continue;
		if (found) {
			msg_error("several VMs have that name: %d:%d and %d:%d",
				  found->vmm.pid, found->fd, vm->vmm.pid,
				  vm->fd);
			msg_hint("Give one of them as PID:FD.");
			*exit_code = EXIT_NO_VM;
			return NULL;
		}
		found = vm;
	}
	if (!found)
		*exit_code = vm_scan_report_none(select, scan->nr, scan->denied);
	return found;
}

int collect_run(const struct collect_params *params)
{
	struct vm_scan scan = { 0 };
	const struct vm *vm;
	int exit_code;

	if (!vm_scan_run(&scan)) {
		msg_error("cannot read /proc: is it mounted?");
		return EXIT_FAILED;
	}
	vm = find_vm(&scan, &params->select, &exit_code);
	if (vm)
		exit_code = collect_vm(params, vm);
	vm_scan_free(&scan);
	return exit_code;
}

int cmd_collect(const struct cmd *cmd, int argc, char **argv)
{
	struct collect_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, collect_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = collect_run(&params);
	select_free(&params.select);
	return exit_code;
}
