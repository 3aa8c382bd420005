// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "cmd/commands.h"
#include "compiler.h"
#include "exit-codes.h"
#include "jsonout.h"
#include "msg.h"
#include "print/columns.h"
#include "trace-time.h"
#include "vm/cgroup.h"
#include "vm/guest-names.h"
#include "vm/host-device.h"
#include "vm/scan.h"

/* That long guests' kernels may be looked for, and then a quarter of the time. */
#define NAMES_NS	(2 * NS_PER_SEC)

enum {
	VMS_LONG = OPT_LONG,
};

const struct opt_spec vms_opts[] = { { .more = vm_opts },
				     { 'j', "json", NULL,
				       "Print a JSON object for each VM" },
				     { VMS_LONG, "long", NULL,
				       "Ask the module, and say who manages the VM",
				       .old_val = 'l' },
				     { .more = guest_opts },
				     { 0 } };

enum opt_outcome vms_parse(struct opt_parser *op, int argc, char **argv,
			   struct vms_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct vms_params){ 0 };
	opt_init(op, argc, argv, vms_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		if (val == 'j')
			params->json = true;
		else if (val == VMS_LONG)
			params->is_long = true;
		else if (val == OPT_NO_GUEST_MEMORY)
			params->no_guest_memory = true;
		else if (val != 'm')
			return opt_default(val);
		else if (select_take_vm(&params->select, op) != OPT_RUN)
			return OPT_BAD;
	}
	outcome = opt_default(val);
	return outcome == OPT_RUN ? select_take_vms(&params->select, op) :
				    outcome;
}

static bool wanted(const struct vms_params *params, const struct vm *vm)
{
	return select_has_vm(&params->select, vm->vmm.pid, vm->fd,
			     vm->vmm.vm.name, vm->vmm.comm);
}

/* The module knows threads, and the order in which the VMM made vCPUs. */
static void take_vcpus(struct vm *vm, const struct vm_sample *sample)
{
	for (size_t i = 0; i < vm->nr_vcpus; i++) {
		struct vm_vcpu *vcpu = &vm->vcpus[i];

		for (size_t j = 0; j < sample->nr; j++) {
			if (sample->vcpus[j].vcpu_id != vcpu->vcpu_id)
				continue;
			vcpu->asked = true;
			vcpu->guessed = false;
			vcpu->thread = sample->vcpus[j].pid;
			vcpu->ns_pid = sample->vcpus[j].ns_pid;
			vcpu->index = sample->vcpus[j].index;
		}
	}
}

/* What the guest calls them, which only its memory tells. */
static void take_guest_cpus(struct guest_names *names, struct vm *vm,
			    const struct vm_sample *sample)
{
	for (size_t i = 0; i < vm->nr_vcpus; i++) {
		for (size_t j = 0; names && j < sample->nr; j++) {
			const struct guest_vcpu vcpu = {
				.vm_pid = vm->vmm.pid,
				.vm_fd = vm->fd,
				.vcpu = &sample->vcpus[j],
			};

			if (vcpu.vcpu->vcpu_id == vm->vcpus[i].vcpu_id)
				vm->vcpus[i].guest_cpu =
					guest_names_cpu(names, &vcpu);
		}
	}
}

/* By counters alone, so that nothing is interrupted. Without it less is known. */
static void ask_module(const struct vms_params *params, struct vm_scan *scan)
{
	struct guest_names *names = NULL;
	struct host_device dev;

	if (host_device_open(&dev) != DEVICE_OK)
		return;
	if (!params->no_guest_memory)
		names = guest_names_new(NAMES_NS);
	for (size_t i = 0; i < scan->nr; i++) {
		struct vm_sample sample = {
			.pid = scan->vms[i].vmm.pid,
			.fd = scan->vms[i].fd,
			.flags = VCPU_INFO_SAMPLE_COUNTS,
		};

		if (!wanted(params, &scan->vms[i]) ||
		    host_device_sample(&dev, &sample) != DEVICE_OK)
			continue;
		take_vcpus(&scan->vms[i], &sample);
		take_guest_cpus(names, &scan->vms[i], &sample);
		free(sample.vcpus);
	}
	guest_names_free(names);
	host_device_close(&dev);
}

static void json_maybe(struct json_object *obj, const char *key, bool known,
		       int number)
{
	if (known)
		json_add_int(obj, key, number);
	else
		json_add_null(obj, key);
}

static void json_manager(struct json_object *obj, const struct vm *vm)
{
	struct cgroup cgroup;

	cgroup_look_up(&cgroup, vm->vmm.pid);
	json_add_text(obj, "cgroup", cgroup.path[0] ? cgroup.path : NULL);
	json_add_text(obj, "manager", cgroup.manager);
	json_add_text(obj, "managed_name",
		      cgroup.manager ? cgroup.name : NULL);
}

static void json_vm(const struct vms_params *params, const struct vm *vm)
{
	struct json_object *obj = json_new("vm");
	struct json_object *list = json_object_new_array();
	const struct command_line *name = &vm->vmm.vm;

	json_add_text(obj, "vm_name", name->name[0] ? name->name : NULL);
	json_add_text(obj, "vmm", name->vmm);
	json_add_text(obj, "vmm_comm", vm->vmm.comm);
	json_add_int(obj, "vm_pid", vm->vmm.pid);
	json_add_int(obj, "vm_fd", vm->fd);
	if (params->is_long)
		json_manager(obj, vm);
	for (size_t i = 0; i < vm->nr_vcpus; i++) {
		struct json_object *vcpu = json_object_new_object();

		json_add_int(vcpu, "vcpu_id", vm->vcpus[i].vcpu_id);
		/* a program would take a guess for a fact */
		if (vm->vcpus[i].thread && !vm->vcpus[i].guessed)
			json_add_int(vcpu, "pid", vm->vcpus[i].thread);
		else
			json_add_null(vcpu, "pid");
		if (params->is_long) {
			json_maybe(vcpu, "ns_pid",
				   vm->vcpus[i].asked && vm->vcpus[i].ns_pid,
				   vm->vcpus[i].ns_pid);
			json_maybe(vcpu, "index", vm->vcpus[i].asked,
				   vm->vcpus[i].index);
			json_maybe(vcpu, "guest_cpu", vm->vcpus[i].guest_cpu >= 0,
				   vm->vcpus[i].guest_cpu);
		}
		json_object_array_add(list, vcpu);
	}
	json_object_object_add(obj, "vcpus", list);
	json_print(stdout, obj);
}

static const struct column columns_list[] = {
	{ "NAME" },
	{ "VMM" },
	{ "PID", .right = true },
	{ "FD", .right = true },
	{ "VCPU", .right = true },
	{ "THREAD", .right = true },
	/* of the long table */
	{ "NSPID", .right = true },
	{ "INDEX", .right = true },
	{ "GUESTCPU", .right = true },
	{ "MANAGER", .loose = true },
};

#define NR_SHORT	(ARRAY_SIZE(columns_list) - 4)

static void add_long_cells(struct columns *columns, const struct vm *vm,
			   const struct vm_vcpu *vcpu)
{
	char text[sizeof(((struct cgroup *)0)->name) + 16];
	bool asked = vcpu && vcpu->asked;
	struct cgroup cgroup;

	if (asked && vcpu->ns_pid)
		columns_add_int(columns, vcpu->ns_pid);
	else
		columns_add(columns, "-", NULL);
	if (asked)
		columns_add_int(columns, vcpu->index);
	else
		columns_add(columns, "-", NULL);
	if (vcpu && vcpu->guest_cpu >= 0)
		columns_add_int(columns, vcpu->guest_cpu);
	else
		columns_add(columns, "-", NULL);
	cgroup_look_up(&cgroup, vm->vmm.pid);
	snprintf(text, sizeof(text), "%s:%s", cgroup.manager ?: "",
		 cgroup.name);
	columns_add(columns, cgroup.manager ? text : "-", NULL);
}

/* vcpu is NULL for a VM that has none yet */
static void add_row(struct columns *columns, const struct vm *vm,
		    const struct vm_vcpu *vcpu, bool is_long)
{
	char thread[16] = "-";

	columns_add(columns, process_vm_name(&vm->vmm), NULL);
	columns_add(columns, vm->vmm.vm.vmm ?: "-", NULL);
	columns_add_int(columns, vm->vmm.pid);
	columns_add_int(columns, vm->fd);
	if (vcpu)
		columns_add_int(columns, vcpu->vcpu_id);
	else
		columns_add(columns, "-", NULL);
	if (vcpu && vcpu->thread)
		snprintf(thread, sizeof(thread), "%d%s", vcpu->thread,
			 vcpu->guessed ? "?" : "");
	columns_add(columns, thread, NULL);
	if (is_long)
		add_long_cells(columns, vm, vcpu);
}

static void table_vm(struct columns *columns, const struct vm *vm,
		     bool is_long)
{
	if (!vm->nr_vcpus)
		add_row(columns, vm, NULL, is_long);
	for (size_t i = 0; i < vm->nr_vcpus; i++)
		add_row(columns, vm, &vm->vcpus[i], is_long);
}

static size_t print(const struct vms_params *params, const struct vm_scan *scan)
{
	struct columns columns;
	size_t nr = 0;

	columns_init(&columns, stdout, false, columns_list,
		     params->is_long ? ARRAY_SIZE(columns_list) : NR_SHORT);
	for (size_t i = 0; i < scan->nr; i++) {
		if (!wanted(params, &scan->vms[i]))
			continue;
		nr++;
		if (params->json)
			json_vm(params, &scan->vms[i]);
		else
			table_vm(&columns, &scan->vms[i], params->is_long);
	}
	if (nr && !params->json)
		columns_flush(&columns);
	columns_free(&columns);
	return nr;
}

int vms_run(const struct vms_params *params)
{
	int exit_code = EXIT_OK;
	struct vm_scan scan;
	size_t nr;

	if (!vm_scan_run(&scan)) {
		msg_error("cannot read /proc");
		msg_hint("fix: mount -t proc none /proc");
		return EXIT_FAILED;
	}
	if (params->is_long)
		ask_module(params, &scan);
	nr = print(params, &scan);
	if (select_report_missing(&params->select, SELECT_HINT_VMS))
		exit_code = EXIT_NO_VM;
	else if (!nr && !scan.denied)
		msg_error("no VM runs on this host");
	if (scan.denied) {
		vm_scan_report_denied(scan.denied);
		exit_code = EXIT_DENIED;
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
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, vms_parse(&op, argc, argv, &params), &exit_code))
		exit_code = vms_run(&params);
	select_free(&params.select);
	return exit_code;
}
