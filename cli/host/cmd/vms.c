// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include <libsmartcols.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "jsonout.h"
#include "msg.h"
#include "text.h"
#include "vm/scan.h"

const struct opt_spec vms_opts[] = { { .more = vm_opts },
				     { 'j', "json", NULL,
				       "Print a JSON object for each VM" },
				     { 0 } };

enum opt_outcome vms_parse(struct opt_parser *op, int argc, char **argv,
			   struct vms_params *params)
{
	char err[sizeof(op->err)];
	int val;

	*params = (struct vms_params){ 0 };
	opt_init(op, argc, argv, vms_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		if (val == 'j')
			params->json = true;
		else if (val != 'm')
			return opt_default(val);
		else if (!select_add_vm(&params->select, op->arg, err,
					sizeof(err)))
			return opt_bad(op, "%s", err);
	}
	if (val != -1)
		return opt_default(val);
	return select_take_vms(&params->select, op);
}

static bool wanted(const struct vms_params *params, const struct vm *vm)
{
	return select_has_vm(&params->select, vm->vmm.pid, vm->fd,
			     vm->vmm.vm.name, vm->vmm.comm);
}

static void json_vm(const struct vm *vm)
{
	struct json_object *obj = json_new("vm");
	struct json_object *list = json_object_new_array();
	const struct command_line *name = &vm->vmm.vm;

	json_add_text(obj, "vm_name", name->name[0] ? name->name : NULL);
	json_add_text(obj, "vmm", name->vmm);
	json_add_text(obj, "vmm_comm", vm->vmm.comm);
	json_add_int(obj, "vm_pid", vm->vmm.pid);
	json_add_int(obj, "vm_fd", vm->fd);
	for (size_t i = 0; i < vm->nr_vcpus; i++) {
		struct json_object *vcpu = json_object_new_object();

		json_add_int(vcpu, "vcpu_id", vm->vcpus[i].vcpu_id);
		/* a program would take a guess for a fact */
		if (vm->vcpus[i].thread && !vm->vcpus[i].guessed)
			json_add_int(vcpu, "pid", vm->vcpus[i].thread);
		else
			json_add_null(vcpu, "pid");
		json_object_array_add(list, vcpu);
	}
	json_object_object_add(obj, "vcpus", list);
	json_print(stdout, obj);
}

enum column { COL_NAME, COL_VMM, COL_PID, COL_FD, COL_VCPU, COL_THREAD };

static struct libscols_table *new_table(void)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return NULL;
	scols_table_new_column(table, "NAME", 0, SCOLS_FL_TRUNC);
	scols_table_new_column(table, "VMM", 0, 0);
	scols_table_new_column(table, "PID", 0, SCOLS_FL_RIGHT);
	scols_table_new_column(table, "FD", 0, SCOLS_FL_RIGHT);
	scols_table_new_column(table, "VCPU", 0, SCOLS_FL_RIGHT);
	scols_table_new_column(table, "THREAD", 0, SCOLS_FL_RIGHT);
	return table;
}

static void set_text(struct libscols_line *line, enum column col,
		     const char *text)
{
	char safe[TEXT_SIZE];

	text_printable(safe, sizeof(safe), text);
	scols_line_set_data(line, col, safe);
}

static void set_number(struct libscols_line *line, enum column col, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	scols_line_set_data(line, col, text);
}

/* vcpu is NULL for a VM that has none yet */
static void add_row(struct libscols_table *table, const struct vm *vm,
		    const struct vm_vcpu *vcpu)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char thread[16];

	if (!line)
		return;
	set_text(line, COL_NAME, process_vm_name(&vm->vmm));
	set_text(line, COL_VMM, vm->vmm.vm.vmm ?: "-");
	set_number(line, COL_PID, vm->vmm.pid);
	set_number(line, COL_FD, vm->fd);
	if (vcpu)
		set_number(line, COL_VCPU, vcpu->vcpu_id);
	else
		set_text(line, COL_VCPU, "-");
	if (!vcpu || !vcpu->thread) {
		set_text(line, COL_THREAD, "-");
		return;
	}
	snprintf(thread, sizeof(thread), "%d%s", vcpu->thread,
		 vcpu->guessed ? "?" : "");
	set_text(line, COL_THREAD, thread);
}

static void table_vm(struct libscols_table *table, const struct vm *vm)
{
	if (!vm->nr_vcpus)
		add_row(table, vm, NULL);
	for (size_t i = 0; i < vm->nr_vcpus; i++)
		add_row(table, vm, &vm->vcpus[i]);
}

static size_t print(const struct vms_params *params, const struct vm_scan *scan)
{
	struct libscols_table *table = params->json ? NULL : new_table();
	size_t nr = 0;

	for (size_t i = 0; i < scan->nr; i++) {
		if (!wanted(params, &scan->vms[i]))
			continue;
		nr++;
		if (params->json)
			json_vm(&scan->vms[i]);
		else if (table)
			table_vm(table, &scan->vms[i]);
	}
	if (table && nr)
		scols_print_table(table);
	scols_unref_table(table);
	return nr;
}

int vms_run(const struct vms_params *params)
{
	int exit_code = EXIT_OK;
	struct vm_scan scan;
	size_t nr;

	if (!vm_scan_run(&scan)) {
		msg_error("cannot read /proc");
		msg_hint("to put it right: mount -t proc none /proc");
		return EXIT_FAILED;
	}
	nr = print(params, &scan);
	if (scan.denied) {
		msg_error("%u processes of other users could not be looked into",
			  scan.denied);
		msg_hint("to put it right: run vcpu-info as root");
		exit_code = EXIT_DENIED;
	} else if (!nr) {
		msg_error("no %sVM runs on this host",
			  scan.nr ? "such " : "");
	}
	if (scan.no_memory) {
		msg_error("out of memory: not every VM was found");
		exit_code = EXIT_FAILED;
	}
	vm_scan_free(&scan);
	return exit_code;
}

int cmd_vms(const struct cmd *cmd, int argc, char **argv)
{
	struct vms_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, vms_parse(&op, argc, argv, &params), &exit_code))
		exit_code = vms_run(&params);
	select_free(&params.select);
	return exit_code;
}
