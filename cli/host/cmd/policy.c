// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "host-file.h"
#include "host-problems.h"
#include "jsonout.h"
#include "msg.h"
#include "num.h"
#include "policy-file.h"
#include "text.h"
#include "vm/scan.h"

#define POLICY_FILE	"/sys/module/vcpu_info/parameters/policy"
#define POLICY_PIDS	"/sys/kernel/vcpu_info/policy_pids"
#define POLICY_LEN	4096	/* a page: what can be written or read at once */
#define PID_LEN		16	/* more than ",+pid:" and the largest PID take */

const struct opt_spec policy_opts[] = {
	{ 'j', "json", NULL, "Print a JSON object" },
	{ OPT_LONG, "apply", NULL,
	  "Apply " POLICY_NAMES " to all VMs or, as udev does, to one" },
	{ 0 }
};

static enum opt_outcome take_vm(struct opt_parser *op,
				struct policy_params *params, const char *word)
{
	const struct select *vms = &params->vms;
	char err[sizeof(op->err)];

	if (!select_add_vm(&params->vms, word, err, sizeof(err)))
		return opt_bad(op, "%s", err);
	if (vms->vms[vms->nr_vms - 1].fd >= 0)
		return opt_bad(op, "'%.60s': the policy is one for all VMs of a process; give its PID or a name",
			       word);
	params->action = POLICY_LIST;
	return OPT_RUN;
}

/* "allow NAME..." and "deny NAME..." */
static enum opt_outcome take_names(struct opt_parser *op, char **words,
				   struct policy_params *params)
{
	const struct select *vms = &params->vms;
	enum opt_outcome outcome = OPT_RUN;

	for (char **word = words + 1; *word && outcome == OPT_RUN; word++) {
		outcome = take_vm(op, params, *word);
		if (outcome == OPT_RUN && !vms->vms[vms->nr_vms - 1].name)
			outcome = opt_bad(op, "'%s' needs a name: process ID %.20s ends with its VM; 'name:%.20s' is a VM of that name",
					  words[0], *word, *word);
	}
	if (outcome == OPT_RUN && !words[1])
		outcome = opt_bad(op, "'%s' needs the name of a VM", words[0]);
	params->action = strcmp(words[0], "deny") ? POLICY_ALLOW : POLICY_DENY;
	return outcome;
}

static enum opt_outcome take_words(struct opt_parser *op, char **words,
				   struct policy_params *params)
{
	enum opt_outcome outcome = OPT_RUN;

	if (*words && (!strcmp(*words, "allow") || !strcmp(*words, "deny")))
		return take_names(op, words, params);
	for (char **word = words; *word && outcome == OPT_RUN; word++) {
		bool all = !strcmp(*word, "all");

		if (!all && strcmp(*word, "none"))
			outcome = take_vm(op, params, *word);
		else if (word[1] || word != words)
			outcome = opt_bad(op, "'%s' excludes all others",
					  *word);
		else
			params->action = all ? POLICY_ALL : POLICY_NONE;
	}
	return outcome;
}

/* --apply takes the ID of a thread at the most. */
static enum opt_outcome take_apply(struct opt_parser *op, char **words,
				   struct policy_params *params)
{
	enum opt_outcome outcome = OPT_RUN;

	if (words[0])
		outcome = take_vm(op, params, words[0]);
	if (outcome == OPT_RUN && words[0] &&
	    (words[1] || params->vms.vms[0].name))
		outcome = opt_bad(op, "--apply takes one process ID or nothing");
	params->action = POLICY_APPLY;
	return outcome;
}

enum opt_outcome policy_parse(struct opt_parser *op, int argc, char **argv,
			      struct policy_params *params)
{
	bool apply = false;
	int val;

	*params = (struct policy_params){ 0 };
	opt_init(op, argc, argv, policy_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		if (val == 'j')
			params->json = true;
		else if (val == OPT_LONG)
			apply = true;
		else
			return opt_default(val);
	}
	if (val != -1)
		return opt_default(val);
	return apply ? take_apply(op, opt_rest(op), params) :
		       take_words(op, opt_rest(op), params);
}

/* Whether a process is asked for; notes by what. */
static bool wanted(const struct select *vms, const struct process *vmm,
		   bool *used)
{
	bool is_wanted = false;

	for (size_t i = 0; i < vms->nr_vms; i++) {
		struct select one = { .vms = &vms->vms[i], .nr_vms = 1 };

		if (select_has_vm(&one, vmm->pid, -1, vmm->vm.name,
				  vmm->comm)) {
			used[i] = true;
			is_wanted = true;
		}
	}
	return is_wanted;
}

/* True, and said, if something that was asked for is no VM. */
static bool some_missing(const struct select *vms, const bool *used)
{
	for (size_t i = 0; i < vms->nr_vms; i++) {
		const struct select_vm *vm = &vms->vms[i];

		if (used[i])
			continue;
		if (vm->name)
			msg_error("no VM named '%.60s' runs on this host",
				  vm->name);
		else
			msg_error("process %d runs no VM", vm->pid);
		if (vm->is_name)
			msg_hint("%s is taken for a PID; the VM of that name is 'name:%s'.",
				 vm->word, vm->word);
		else
			msg_hint("'vcpu-info vms' lists the VMs.");
		return true;
	}
	return false;
}

/* The processes of the VMs that are asked for. */
struct pid_list {
	int *pids;
	size_t nr;
};

static bool find_pids(struct pid_list *list, const struct select *vms,
		      const struct vm_scan *scan, bool *used)
{
	list->pids = calloc(scan->nr + 1, sizeof(*list->pids));
	if (!list->pids)
		return false;
	for (size_t i = 0; i < scan->nr; i++) {
		const struct process *vmm = &scan->vms[i].vmm;

		/* VMs of one process come one after the other */
		if (wanted(vms, vmm, used) &&
		    (!list->nr || list->pids[list->nr - 1] != vmm->pid))
			list->pids[list->nr++] = vmm->pid;
	}
	return true;
}

/*
 * Find the processes; a VM that does not run is an error, or if it may come later
 * a note. Returns an exit code, after a message if it is not 0.
 */
static int make_list(struct pid_list *list, const struct select *vms,
		     bool may_come)
{
	bool *used = calloc(vms->nr_vms + 1, sizeof(*used));
	int exit_code = EXIT_FAILED;
	struct vm_scan scan = { 0 };

	if (!used) {
		msg_error("out of memory");
	} else if (!vm_scan_run(&scan)) {
		msg_error("cannot read /proc");
		msg_hint("fix: mount -t proc none /proc");
	} else if (!find_pids(list, vms, &scan, used)) {
		msg_error("out of memory");
	} else if (may_come || !some_missing(vms, used)) {
		exit_code = EXIT_OK;
	} else {
		exit_code = scan.denied ? EXIT_DENIED : EXIT_NO_VM;
	}
	if (exit_code && scan.denied)
		vm_scan_report_denied(scan.denied);
	vm_scan_free(&scan);
	free(used);
	return exit_code;
}

static int no_module(void)
{
	int exit_code = diagnose_report();

	if (exit_code)
		return exit_code;
	msg_error("cannot read %s", POLICY_FILE);
	return EXIT_FAILED;
}

static int say_write_failed(int err)
{
	switch (err) {
	case 0:
		return EXIT_OK;
	case -EACCES:
	case -EPERM:
		msg_error("no permission to change the policy");
		msg_hint("fix: run vcpu-info as root");
		return EXIT_DENIED;
	case -E2BIG:
		msg_error("too many VMs: a list holds at most 4096 processes");
		return EXIT_FAILED;
	default:
		msg_error("cannot set the policy: %s", strerror(-err));
		return EXIT_FAILED;
	}
}

/* Change the policy for each process; one that is gone does not matter. */
static int write_each(const int *pids, size_t nr, char sign)
{
	int err = 0;

	for (size_t i = 0; i < nr && (!err || err == -ESRCH); i++) {
		char text[PID_LEN];

		snprintf(text, sizeof(text), "%cpid:%d", sign, pids[i]);
		err = host_file_write(POLICY_FILE, text);
	}
	return err == -ESRCH ? 0 : err;
}

/* "pid:1,pid:2" or "all,-pid:1,-pid:2"; what follows, "+pid:3" or "-pid:3" */
static size_t write_some(char *text, const struct pid_list *list, size_t from,
			 bool deny)
{
	const char *entry = deny ? "-pid" : from ? "+pid" : "pid";
	size_t len = 0, i;

	if (!from && deny)
		len = snprintf(text, POLICY_LEN, "all");
	else if (!list->nr)
		len = snprintf(text, POLICY_LEN, "none");
	for (i = from; i < list->nr && len + PID_LEN < POLICY_LEN; i++)
		len += snprintf(text + len, POLICY_LEN - len, "%s%s:%d",
				len ? "," : "", entry, list->pids[i]);
	return i;
}

/*
 * Serve these processes and no others, or all but these. As many as fit are
 * written at once.
 */
static int write_policy(const struct pid_list *list, bool deny)
{
	char text[POLICY_LEN];
	size_t from = 0, to;
	int err;

	do {
		to = write_some(text, list, from, deny);
		err = host_file_write(POLICY_FILE, text);
		if (err == -ESRCH) {
			/* one is gone: the others one by one */
			if (!from)
				host_file_write(POLICY_FILE,
						deny ? "all" : "none");
			err = write_each(list->pids + from, to - from,
					 deny ? '-' : '+');
		}
		from = to;
	} while (!err && from < list->nr);
	return say_write_failed(err);
}

static int set_by_name(const struct policy_names *names)
{
	struct pid_list list = { 0 };
	int exit_code = make_list(&list, &names->vms, true);

	if (!exit_code)
		exit_code = write_policy(&list, names->rule == RULE_DENY);
	free(list.pids);
	return exit_code;
}

static int save_names(const struct policy_names *names)
{
	int err = policy_names_write(names);

	if (!err)
		return EXIT_OK;
	msg_error("cannot write " POLICY_NAMES ": %s", strerror(-err));
	if (err != -EACCES && err != -EPERM)
		return EXIT_FAILED;
	msg_hint("fix: run vcpu-info as root");
	return EXIT_DENIED;
}

/* "allow" and "deny": the file is what applies to VMs that start later. */
static int keep_names(const struct policy_params *params)
{
	struct policy_names names = {
		.rule = params->action == POLICY_DENY ? RULE_DENY : RULE_ALLOW,
		.vms = params->vms,
	};
	int exit_code;

	policy_names_lock();
	exit_code = save_names(&names);
	return exit_code ? exit_code : set_by_name(&names);
}

/*
 * "all", "none" and the VMs that run now. Names that were kept would come into
 * this with the next VM that starts, so they are forgotten.
 */
static int set_until_unload(const struct policy_params *params)
{
	const struct policy_names no_names = { 0 };
	struct pid_list list = { 0 };
	int exit_code = EXIT_OK;

	policy_names_lock();
	if (params->action == POLICY_LIST)
		exit_code = make_list(&list, &params->vms, false);
	if (!exit_code)
		exit_code = write_policy(&list, params->action == POLICY_ALL);
	free(list.pids);
	if (exit_code || !host_file_exists(POLICY_NAMES))
		return exit_code;
	exit_code = save_names(&no_names);
	if (!exit_code)
		msg_note("removed " POLICY_NAMES ": it named VMs to allow or deny");
	return exit_code;
}

/* The process of a thread; 0 if it is gone. KVM names the thread to udev. */
static int process_of(int thread)
{
	static const char key[] = "\nTgid:";
	char status[4096];
	const char *at;

	host_file_text(status, sizeof(status), "/proc/%d/status", thread);
	at = strstr(status, key);
	return at ? atoi(at + strlen(key)) : 0;
}

/* A VM was made: it joins the list if it is named. */
static int apply_to_one(const struct policy_names *names, int thread)
{
	struct process vmm;
	int pid = process_of(thread);

	if (!pid)
		return EXIT_OK;
	process_look_up(&vmm, pid);
	if (!vmm.alive || !select_has_vm(&names->vms, vmm.pid, -1,
					 vmm.vm.name, vmm.comm))
		return EXIT_OK;
	return say_write_failed(write_each(&pid, 1, names->rule == RULE_DENY ?
					   '-' : '+'));
}

static int apply_names(const struct policy_params *params)
{
	struct policy_names names;
	int exit_code = EXIT_OK;

	policy_names_lock();
	if (!policy_names_read(&names))
		exit_code = EXIT_FAILED;
	else if (names.rule && params->vms.nr_vms)
		exit_code = apply_to_one(&names, params->vms.vms[0].pid);
	else if (names.rule)
		exit_code = set_by_name(&names);
	policy_names_free(&names);
	return exit_code;
}

static int set_policy(const struct policy_params *params)
{
	switch (params->action) {
	case POLICY_SHOW:
		return EXIT_OK;
	case POLICY_ALLOW:
	case POLICY_DENY:
		return keep_names(params);
	case POLICY_APPLY:
		return apply_names(params);
	default:
		return set_until_unload(params);
	}
}

/* What the module serves. */
struct shown {
	enum { SERVES_ALL, SERVES_NONE, SERVES_LIST, SERVES_OTHERS } policy;
	struct pid_list list;
};

static const char * const shown_names[] = {
	[SERVES_ALL] = "all",
	[SERVES_NONE] = "none",
	[SERVES_LIST] = "list",
	[SERVES_OTHERS] = "deny",
};

static bool add_pid(struct pid_list *list, const char *text)
{
	long long pid;
	int *bigger;

	if (!num_parse_int(text, 1, INT_MAX, &pid))
		return true;
	bigger = reallocarray(list->pids, list->nr + 1, sizeof(*bigger));
	if (!bigger)
		return false;
	list->pids = bigger;
	list->pids[list->nr++] = pid;
	return true;
}

/* "pid:1,pid:2" or "all,-pid:1,-pid:2" */
static bool parse_list(struct shown *shown, char *text)
{
	char *save, *word;

	for (word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		word += *word == '-';
		if (!strncmp(word, "pid:", 4) &&
		    !add_pid(&shown->list, word + 4))
			return false;
	}
	return true;
}

/* A list that is longer than a page is in a file of its own, one PID a line. */
static bool read_pids(struct shown *shown)
{
	char path[PATH_MAX], line[64];
	bool ok = true;
	FILE *f = NULL;

	if (host_file_path(path, sizeof(path), POLICY_PIDS))
		f = fopen(path, "re");
	while (f && ok && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		ok = add_pid(&shown->list, line + strspn(line, " "));
	}
	if (f)
		fclose(f);
	return ok;
}

static bool read_policy(struct shown *shown, char *text)
{
	size_t len = strlen(text);

	*shown = (struct shown){ .policy = SERVES_LIST };
	if (!strcmp(text, "all"))
		shown->policy = SERVES_ALL;
	else if (!strcmp(text, "none"))
		shown->policy = SERVES_NONE;
	else if (!strncmp(text, "all,", 4))
		shown->policy = SERVES_OTHERS;
	if (len > 4 && !strcmp(text + len - 4, ",..."))
		return read_pids(shown);
	return parse_list(shown, text);
}

static void print_text(const struct shown *shown,
		       const struct policy_names *names)
{
	static const char * const meanings[] = {
		[SERVES_ALL] = "every VM is served",
		[SERVES_NONE] = "no VM is served",
		[SERVES_LIST] = "the VMs of these processes are served, and no other",
		[SERVES_OTHERS] = "every VM is served, except those of these processes",
	};
	char name[TEXT_SIZE];

	printf("%s: %s\n", shown_names[shown->policy], meanings[shown->policy]);
	for (size_t i = 0; i < shown->list.nr; i++) {
		struct process vmm;

		process_look_up(&vmm, shown->list.pids[i]);
		text_printable(name, sizeof(name),
			       vmm.alive ? process_vm_name(&vmm) : "-");
		printf("  %d %s\n", vmm.pid, name);
	}
	if (!names->rule)
		return;
	printf("%s, by name (" POLICY_NAMES "):\n",
	       policy_rule_name(names->rule));
	for (size_t i = 0; i < names->vms.nr_vms; i++) {
		text_printable(name, sizeof(name), names->vms.vms[i].name);
		printf("  %s\n", name);
	}
}

static struct json_object *vms_json(const struct pid_list *pids)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < pids->nr; i++) {
		struct json_object *obj = json_object_new_object();
		struct process vmm;

		process_look_up(&vmm, pids->pids[i]);
		json_add_int(obj, "vm_pid", vmm.pid);
		json_add_text(obj, "vm_name", vmm.alive && vmm.vm.name[0] ?
			      vmm.vm.name : NULL);
		json_object_array_add(list, obj);
	}
	return list;
}

static struct json_object *names_json(const struct policy_names *names)
{
	struct json_object *list = json_object_new_array();
	char name[TEXT_SIZE];

	for (size_t i = 0; i < names->vms.nr_vms; i++) {
		text_utf8(name, sizeof(name), names->vms.vms[i].name);
		json_object_array_add(list, json_object_new_string(name));
	}
	return list;
}

static void print_json(const struct shown *shown,
		       const struct policy_names *names)
{
	struct json_object *obj = json_new("policy");

	json_add_text(obj, "policy", shown_names[shown->policy]);
	json_object_object_add(obj, "vms", vms_json(&shown->list));
	json_add_text(obj, "rule", policy_rule_name(names->rule));
	json_object_object_add(obj, "names", names_json(names));
	json_print(stdout, obj);
}

static int show_policy(bool json)
{
	struct policy_names names;
	char text[POLICY_LEN];
	struct shown shown = { 0 };
	int exit_code = EXIT_FAILED;

	if (!host_file_line(text, sizeof(text), "%s", POLICY_FILE))
		return no_module();
	if (!policy_names_read(&names)) {
		/* has been said */
	} else if (!read_policy(&shown, text)) {
		msg_error("out of memory");
	} else {
		json ? print_json(&shown, &names) : print_text(&shown, &names);
		exit_code = EXIT_OK;
	}
	free(shown.list.pids);
	policy_names_free(&names);
	return exit_code;
}

int policy_run(const struct policy_params *params)
{
	int exit_code;

	if (!host_file_exists("%s", POLICY_FILE))
		return no_module();
	exit_code = set_policy(params);
	if (exit_code || params->action == POLICY_APPLY)
		return exit_code;
	return show_policy(params->json);
}

int cmd_policy(const struct cmd *cmd, int argc, char **argv)
{
	struct policy_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, policy_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = policy_run(&params);
	select_free(&params.vms);
	return exit_code;
}
