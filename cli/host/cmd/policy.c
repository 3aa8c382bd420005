// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "diagnose.h"
#include "exit-codes.h"
#include "host-file.h"
#include "jsonout.h"
#include "msg.h"
#include "num.h"
#include "text.h"
#include "vm/scan.h"

#define POLICY_FILE	"/sys/module/vcpu_info/parameters/policy"
#define POLICY_LEN	4096	/* the kernel gives a page at the most */

const struct opt_spec policy_opts[] = {
	{ 'j', "json", NULL, "Print a JSON object" },
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

static enum opt_outcome take_words(struct opt_parser *op, char **words,
				   struct policy_params *params)
{
	enum opt_outcome outcome = OPT_RUN;

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

enum opt_outcome policy_parse(struct opt_parser *op, int argc, char **argv,
			      struct policy_params *params)
{
	int val;

	*params = (struct policy_params){ 0 };
	opt_init(op, argc, argv, policy_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		if (val != 'j')
			return opt_default(val);
		params->json = true;
	}
	if (val != -1)
		return opt_default(val);
	return take_words(op, opt_rest(op), params);
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
			msg_error("no VM of the name '%.60s' runs on this host",
				  vm->name);
		else
			msg_error("process %d runs no VM", vm->pid);
		msg_hint("'vcpu-info vms' lists the VMs.");
		return true;
	}
	return false;
}

/* The module's text for a list; false, and said, if that is not possible. */
static bool list_text(const struct select *vms, const struct vm_scan *scan,
		      char *text)
{
	bool *used = calloc(vms->nr_vms, sizeof(*used));
	int last_pid = 0;
	size_t len = 0;
	bool ok;

	if (!used) {
		msg_error("out of memory");
		return false;
	}
	for (size_t i = 0; i < scan->nr && len < POLICY_LEN; i++) {
		const struct process *vmm = &scan->vms[i].vmm;

		/* VMs of one process come one after the other */
		if (!wanted(vms, vmm, used) || vmm->pid == last_pid)
			continue;
		last_pid = vmm->pid;
		len += snprintf(text + len, POLICY_LEN - len, "%spid:%d",
				len ? "," : "", vmm->pid);
	}
	ok = !some_missing(vms, used) && len < POLICY_LEN;
	if (len >= POLICY_LEN)
		msg_error("these are too many VMs for a list");
	free(used);
	return ok;
}

static int make_list(const struct select *vms, char *text)
{
	struct vm_scan scan;
	bool ok;

	if (!vm_scan_run(&scan)) {
		msg_error("cannot read /proc");
		msg_hint("to put it right: mount -t proc none /proc");
		return EXIT_FAILED;
	}
	ok = list_text(vms, &scan, text);
	if (!ok && scan.denied)
		msg_hint("Processes of other users could not be looked into: run vcpu-info as root.");
	vm_scan_free(&scan);
	return ok ? EXIT_OK : EXIT_FAILED;
}

static int no_module(void)
{
	int exit_code = diagnose_report();

	if (exit_code)
		return exit_code;
	msg_error("cannot read %s", POLICY_FILE);
	return EXIT_FAILED;
}

static int set_policy(const struct policy_params *params)
{
	char list[POLICY_LEN] = "";
	const char *text = params->action == POLICY_ALL ? "all" : "none";
	int err;

	if (params->action == POLICY_LIST) {
		int exit_code = make_list(&params->vms, list);

		if (exit_code)
			return exit_code;
		text = list;
	}
	err = host_file_write(POLICY_FILE, text);
	switch (err) {
	case 0:
		return EXIT_OK;
	case -EACCES:
	case -EPERM:
		msg_error("no permission to change the policy");
		msg_hint("to put it right: run vcpu-info as root");
		return EXIT_DENIED;
	case -ESRCH:
		msg_error("one of these VMs is gone");
		return EXIT_FAILED;
	case -E2BIG:
		msg_error("these are too many VMs for a list");
		return EXIT_FAILED;
	default:
		msg_error("cannot set the policy: %s", strerror(-err));
		return EXIT_FAILED;
	}
}

/* Calls a function for each process of a list. */
static void each_vmm(const char *text,
		     void (*fn)(const struct process *vmm, void *arg),
		     void *arg)
{
	char copy[POLICY_LEN];
	char *save, *word;
	struct process vmm;
	long long pid;

	strcpy(copy, text);
	for (word = strtok_r(copy, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		if (strncmp(word, "pid:", 4) ||
		    !num_parse_int(word + 4, 1, INT_MAX, &pid))
			continue;
		process_look_up(&vmm, pid);
		fn(&vmm, arg);
	}
}

static void print_vmm(const struct process *vmm, void *arg)
{
	char name[TEXT_SIZE];

	(void)arg;
	text_printable(name, sizeof(name),
		       vmm->alive ? process_vm_name(vmm) : "-");
	printf("  %d %s\n", vmm->pid, name);
}

static void print_text(const char *text)
{
	if (!strcmp(text, "all")) {
		puts("all: every VM is served");
	} else if (!strcmp(text, "none")) {
		puts("none: no VM is served");
	} else {
		puts("list: the VMs of these processes are served, and no other");
		each_vmm(text, print_vmm, NULL);
	}
}

static void add_vmm(const struct process *vmm, void *arg)
{
	struct json_object *obj = json_object_new_object();

	json_add_int(obj, "vm_pid", vmm->pid);
	json_add_text(obj, "vm_name", vmm->alive && vmm->vm.name[0] ?
		      vmm->vm.name : NULL);
	json_object_array_add(arg, obj);
}

static void print_json(const char *text)
{
	struct json_object *obj = json_new("policy");
	struct json_object *list = json_object_new_array();
	bool one_word = !strcmp(text, "all") || !strcmp(text, "none");

	json_add_text(obj, "policy", one_word ? text : "list");
	if (!one_word)
		each_vmm(text, add_vmm, list);
	json_object_object_add(obj, "vms", list);
	json_print(stdout, obj);
}

int policy_run(const struct policy_params *params)
{
	char text[POLICY_LEN];
	int exit_code;

	if (!host_file_exists("%s", POLICY_FILE))
		return no_module();
	if (params->action != POLICY_SHOW) {
		exit_code = set_policy(params);
		if (exit_code)
			return exit_code;
	}
	if (!host_file_line(text, sizeof(text), "%s", POLICY_FILE))
		return no_module();
	if (params->json)
		print_json(text);
	else
		print_text(text);
	return EXIT_OK;
}

int cmd_policy(const struct cmd *cmd, int argc, char **argv)
{
	struct policy_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, policy_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = policy_run(&params);
	select_free(&params.vms);
	return exit_code;
}
