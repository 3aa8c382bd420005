// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "diagnosis.h"
#include "duration.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "print/vm-diagnosis.h"
#include "signals.h"
#include "text.h"
#include "watch/helpers.h"
#include "watch/last-words.h"
#include "watch/listener.h"
#include "watch/log.h"
#include "watch/rounds.h"

#define MIN_INTERVAL_NS		NS_PER_SEC
#define MAX_INTERVAL_NS		(3600 * NS_PER_SEC)

/* What looking for guests' kernels may take at once */
#define NAMES_NS		NS_PER_SEC

/*
 * A closer look costs some sixty times what counting does. So there are at most so many
 * in a round, and what is confirmed is believed for so many rounds.
 */
#define MAX_LOOKS		16
#define RELOOK_ROUNDS		3

/* Evidence of a VM is collected at most so often. */
#define COLLECT_NS		(3600 * NS_PER_SEC)

/* VMs of which that is remembered for last words */
#define MAX_COLLECTED		256

#define MIB			(1ULL << 20)
#define DEFAULT_KEEP_MIB	1024
#define MAX_KEEP_MIB		(1LL << 30)

enum {
	WATCH_JOURNAL = OPT_LONG,
	WATCH_EXEC,
	WATCH_COLLECT,
	WATCH_KEEP,
};

const struct opt_spec watch_opts[] = {
	{ 'd', "interval", "TIME", "Time from one look to the next (default: 10s)" },
	{ 'n', "count", "N", "End after N looks (default: never)" },
	{ 'j', "json", NULL, "Print one JSON object a change" },
	{ WATCH_JOURNAL, "journal", NULL,
	  "Write to the journal, with fields, instead of printing" },
	{ WATCH_EXEC, "exec", "FILE", "Run the program FILE on every change" },
	{ WATCH_COLLECT, "collect", "DIR",
	  "Keep evidence in DIR, of a VM at most once an hour" },
	{ WATCH_KEEP, "keep", "MIB",
	  "Let the files in DIR take up to MIB MiB (default: 1024)" },
	{ .more = vm_opts },
	{ 0 }
};

static enum opt_outcome parse_keep(struct opt_parser *op,
				   struct watch_params *params)
{
	long long mib;

	if (!num_parse_int(op->arg, 1, MAX_KEEP_MIB, &mib))
		return opt_bad(op, "invalid size '%.60s' (MiB, from 1)", op->arg);
	params->keep = mib * MIB;
	return OPT_RUN;
}

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct watch_params *params)
{
	switch (val) {
	case 'm':
		return select_take_vm(&params->select, op);
	case 'd':
		return opt_take_interval(op, MIN_INTERVAL_NS,
					 MAX_INTERVAL_NS,
					 "10, 30s, 1m; from 1s to 1h",
					 &params->interval_ns);
	case 'n':
		if (num_parse_int(op->arg, 1, LLONG_MAX, &params->rounds))
			return OPT_RUN;
		return opt_bad(op, "invalid count '%.60s' (from 1)", op->arg);
	case 'j':
		params->json = true;
		return OPT_RUN;
	case WATCH_JOURNAL:
		params->journal = true;
		return OPT_RUN;
	case WATCH_EXEC:
		params->exec = op->arg;
		return OPT_RUN;
	case WATCH_COLLECT:
		params->collect = op->arg;
		return OPT_RUN;
	case WATCH_KEEP:
		return parse_keep(op, params);
	default:
		return opt_default(val);
	}
}

enum opt_outcome watch_parse(struct opt_parser *op, int argc, char **argv,
			     struct watch_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct watch_params){ .interval_ns = 10 * NS_PER_SEC };
	opt_init(op, argc, argv, watch_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	if (val != -1)
		return opt_default(val);
	if (params->json && params->journal)
		return opt_bad(op, "--json and --journal do not go together");
	if (params->keep && !params->collect)
		return opt_bad(op, "--keep is for --collect");
	if (!params->keep)
		params->keep = DEFAULT_KEEP_MIB * MIB;
	return select_take_vms(&params->select, op);
}

/* A VM and when its evidence was collected, signals_clock(); 0: never */
struct collected {
	int pid;
	int fd;
	uint64_t when;
};

/**
 * struct watching - one run of the command
 * @params: what was asked for
 * @rounds: the VMs
 * @helpers: programs that were started
 * @listener: for what guests say by themselves
 * @collected: VMs of which evidence was collected for that
 */
struct watching {
	const struct watch_params *params;
	struct watch_rounds rounds;
	struct helpers helpers;
	struct listener listener;
	struct collected collected[MAX_COLLECTED];
};

/* "VM 1234:14 (web): well again" */
static void well_again(char **text, const struct vm *vm)
{
	char name[TEXT_SIZE];

	text_printable(name, sizeof(name), process_vm_name(&vm->vmm));
	if (asprintf(text, "VM %d:%d (%s): well again\n", vm->vmm.pid, vm->fd,
		     name) < 0)
		*text = NULL;
}

static char *print_diagnosis(const struct vm_diagnosis *diagnosis,
			     void (*print)(FILE *out,
					   const struct vm_diagnosis *diagnosis))
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	print(f, diagnosis);
	return fclose(f) ? NULL : text;
}

static bool is_long_ago(uint64_t when)
{
	return !when || signals_clock() - when >= COLLECT_NS;
}

static bool wants_archive(const struct watching *run,
			  const struct watched_vm *known, const char *word)
{
	return run->params->collect && strcmp(word, WATCH_WELL) &&
	       is_long_ago(known->collected);
}

static void tell(struct watching *run, const struct change *change)
{
	const struct watch_params *params = run->params;

	log_change(params->journal ? LOG_JOURNAL :
		   params->json ? LOG_JSON : LOG_TEXT, change);
	if (params->exec && !helpers_exec(&run->helpers, params->exec, change))
		msg_error("cannot run %s: %s", params->exec, strerror(errno));
}

static bool collect(struct watching *run, const struct vm *vm)
{
	if (helpers_collect(&run->helpers, run->params->collect,
			    run->params->keep, vm))
		return true;
	msg_error("cannot collect evidence: %s", strerror(errno));
	return false;
}

static void act_on(struct watching *run, struct watched_vm *known,
		   const struct change *change)
{
	tell(run, change);
	if (wants_archive(run, known, change->word) && collect(run, change->vm))
		known->collected = signals_clock();
}

/* The VM's place, or that of the one which was longest ago */
static struct collected *find_collected(struct watching *run,
					const struct vm *vm)
{
	struct collected *oldest = run->collected;

	for (size_t i = 0; i < MAX_COLLECTED; i++) {
		struct collected *one = &run->collected[i];

		if (one->pid == vm->vmm.pid && one->fd == vm->fd)
			return one;
		if (one->when < oldest->when)
			oldest = one;
	}
	*oldest = (struct collected){ .pid = vm->vmm.pid, .fd = vm->fd };
	return oldest;
}

/* Also if something that was seen of the VM has led to an archive before. */
static void collect_last_words(struct watching *run, const struct vm *vm,
			       struct watched_vm *known)
{
	struct collected *collected;

	if (!run->params->collect || !vm->vmm.alive)
		return;
	collected = find_collected(run, vm);
	if (!is_long_ago(collected->when) || !collect(run, vm))
		return;
	collected->when = signals_clock();
	if (known)
		known->collected = collected->when;
}

static void take_last_words(const struct vm *vm, const struct last_words *words,
			    const struct finding *finding, const char *said,
			    void *arg)
{
	struct watching *run = arg;
	struct watched_vm *known = watched_find(&run->rounds.watched,
						vm->vmm.pid, vm->fd);
	struct change change = {
		.vm = vm, .word = last_words_name(words),
		.before = known ? known->state.told : WATCH_WELL,
		.last_words = words,
	};
	char *as_text = last_words_text(vm, words, finding, said);
	char *as_json = last_words_json(vm, words, change.before, finding);

	change.text = as_text;
	change.json = as_json;
	if (as_text && as_json)
		tell(run, &change);
	else
		msg_error("out of memory");
	free(as_text);
	free(as_json);
	collect_last_words(run, vm, known);
}

/* What a round found of a VM: changes are told. False if memory is exhausted. */
static bool take_found(const struct watch_found *found, void *arg)
{
	struct watching *run = arg;
	struct change change = { .vm = found->vm, .word = found->word,
				 .before = found->before };
	char *text = NULL, *json = NULL;
	bool done;

	if (!found->is_change)
		return true;
	if (found->diagnosis && strcmp(found->word, WATCH_WELL)) {
		text = print_diagnosis(found->diagnosis, diagnosis_print_text);
		json = print_diagnosis(found->diagnosis, diagnosis_print_json);
	} else {
		well_again(&text, found->vm);
		json = strdup("");
	}
	change.text = text;
	change.json = json;
	done = text && json;
	if (done)
		act_on(run, found->known, &change);
	free(text);
	free(json);
	return done;
}

/* Until then, or an end is wanted; meanwhile those that take too long are ended. */
static void wait_until(struct watching *run, uint64_t when)
{
	uint64_t next;

	do {
		next = helpers_deadline(&run->helpers);
		listener_until(&run->listener, next < when ? next : when);
		helpers_reap(&run->helpers);
	} while (signals_clock() < when && !signals_want_end());
}

/* One look at all VMs. False if that was not possible. */
static bool look(struct watching *run)
{
	struct watch_rounds *rounds = &run->rounds;
	bool done = watch_rounds_count(rounds);

	if (done && rounds->looking) {
		wait_until(run, rounds->look_end);
		if (!signals_want_end())
			done = watch_rounds_finish(rounds);
	}
	helpers_reap(&run->helpers);
	return done;
}

/* The module may be updated and VMs may come: that is no reason to end. */
static bool is_passing(enum device_status status)
{
	return status == DEVICE_OK || status == DEVICE_NO_MODULE ||
	       status == DEVICE_VM_GONE;
}

static int report_failed(const struct watching *run)
{
	if (run->rounds.no_memory) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	errno = run->rounds.req.err;
	return host_device_report(run->rounds.req.status);
}

static int watch_vms(struct watching *run)
{
	const struct watch_params *params = run->params;
	uint64_t next = signals_clock();
	bool told = false;

	for (long long i = 0; !params->rounds || i < params->rounds; i++) {
		if (i)
			wait_until(run, next);
		if (signals_want_end())
			break;
		next = signals_next_round(next, params->interval_ns);
		if (look(run) && !run->rounds.no_memory) {
			if (told)
				listener_retry(&run->listener);
			told = false;
			if (!params->rounds || i + 1 < params->rounds)
				listener_start(&run->listener);
			if (!i) {
				select_note_missing(&params->select);
				sd_notify(0, "READY=1");
			}
			continue;
		}
		if (!i || run->rounds.no_memory || !is_passing(run->rounds.req.status))
			return report_failed(run);
		/* once, not at every look */
		if (!told)
			report_failed(run);
		told = true;
	}
	return EXIT_OK;
}

/* Before anything is watched: what would fail when it is wanted most */
static int check_files(const struct watch_params *params)
{
	struct stat st;

	if (params->collect && (stat(params->collect, &st) ||
				!S_ISDIR(st.st_mode) ||
				access(params->collect, W_OK))) {
		msg_error("--collect: %s is no directory that can be written to",
			  params->collect);
		return EXIT_FAILED;
	}
	if (params->exec && strchr(params->exec, '/') &&
	    access(params->exec, X_OK)) {
		msg_error("--exec: cannot run %s: %s", params->exec,
			  strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int watch_run(const struct watch_params *params)
{
	static struct watching run;
	int exit_code = check_files(params);

	if (exit_code)
		return exit_code;
	run = (struct watching){ .params = params };
	watch_rounds_init(&run.rounds, &params->select, take_found, &run);
	run.rounds.max_looks = MAX_LOOKS;
	run.rounds.relook_ns = RELOOK_ROUNDS * params->interval_ns;
	run.rounds.names = guest_names_new(NAMES_NS);
	listener_init(&run.listener, &params->select, take_last_words, &run);
	signals_catch();
	exit_code = watch_vms(&run);
	sd_notify(0, "STOPPING=1");
	listener_end(&run.listener);
	helpers_wait(&run.helpers);
	helpers_stop(&run.helpers);
	if (!listener_close(&run.listener) && !exit_code)
		exit_code = EXIT_FAILED;
	watch_rounds_free(&run.rounds);
	signals_end_if_pipe_broke();
	return exit_code;
}

int cmd_watch(const struct cmd *cmd, int argc, char **argv)
{
	struct watch_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, watch_parse(&op, argc, argv, &params), &exit_code))
		exit_code = watch_run(&params);
	select_free(&params.select);
	return exit_code;
}
