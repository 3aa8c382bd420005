// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "compiler.h"
#include "jsonout.h"
#include "print/counters.h"
#include "text.h"

/* Those of the table: what tells most about what a vCPU does */
static const unsigned int columns_counts[] = {
	VCPU_INFO_COUNT_EXITS,
	VCPU_INFO_COUNT_IO_EXITS,
	VCPU_INFO_COUNT_MMIO_EXITS,
	VCPU_INFO_COUNT_HALT_EXITS,
	VCPU_INFO_COUNT_IRQ_EXITS,
	VCPU_INFO_COUNT_INSN_EMULATION,
	VCPU_INFO_COUNT_IRQ_INJECTIONS,
	VCPU_INFO_COUNT_NMI_INJECTIONS,
	VCPU_INFO_COUNT_PF_TAKEN,
	VCPU_INFO_COUNT_HALT_WAIT_NS,
};

static const struct column columns_list[] = {
	{ "NAME" },
	{ "VM" },
	{ "VCPU", .right = true },
	{ "THREAD", .right = true },
	/* the counts */
	{ "EXITS", .right = true },
	{ "IO", .right = true },
	{ "MMIO", .right = true },
	{ "HALT", .right = true },
	{ "IRQ", .right = true },
	{ "EMULATED", .right = true },
	{ "INJECTED", .right = true },
	{ "NMI", .right = true },
	{ "PF", .right = true },
	{ "WAIT-NS", .right = true },
};

static void print_text(const struct counters *counters, const struct vm *vm,
		       const struct vcpu_info_host_vcpu *vcpu)
{
	char name[TEXT_SIZE];

	text_printable(name, sizeof(name), process_vm_name(&vm->vmm));
	fprintf(counters->out, "VM %d:%d (%s) vCPU %d thread %d\n",
		vcpu->vm_pid, vcpu->vm_fd, name, vcpu->vcpu_id, vcpu->pid);
	for (size_t i = 0; i < VCPU_INFO_NR_COUNTS; i++)
		fprintf(counters->out, "  %-25s %16" PRIu64 "%s",
			host_device_count_names[i], (uint64_t)vcpu->counts[i],
			i & 1 ? "\n" : "");
}

/* Those that are not 0 */
static void print_line(const struct counters *counters, const struct vm *vm,
		       const struct vcpu_info_host_vcpu *vcpu)
{
	char name[TEXT_SIZE];

	text_printable(name, sizeof(name), process_vm_name(&vm->vmm));
	fprintf(counters->out, "VM %d:%d (%s) vCPU %d thread %d",
		vcpu->vm_pid, vcpu->vm_fd, name, vcpu->vcpu_id, vcpu->pid);
	for (size_t i = 0; i < VCPU_INFO_NR_COUNTS; i++) {
		if (vcpu->counts[i])
			fprintf(counters->out, " %s=%" PRIu64,
				host_device_count_names[i],
				(uint64_t)vcpu->counts[i]);
	}
	fputc('\n', counters->out);
}

static void print_json(const struct counters *counters, const struct vm *vm,
		       const struct vcpu_info_host_vcpu *vcpu)
{
	struct json_object *obj = json_new("counters");
	const char *name = vm->vmm.vm.name;

	json_add_uint(obj, "ts", vcpu->time_ns);
	json_add_text(obj, "vm_name", name[0] ? name : NULL);
	json_add_text(obj, "vmm_comm", vm->vmm.comm);
	json_add_int(obj, "vm_pid", vcpu->vm_pid);
	json_add_int(obj, "vm_fd", vcpu->vm_fd);
	json_add_int(obj, "vcpu_id", vcpu->vcpu_id);
	json_add_int(obj, "index", vcpu->index);
	json_add_int(obj, "pid", vcpu->pid);
	json_add_int(obj, "ns_pid", vcpu->ns_pid);
	json_add_int(obj, "ns_level", vcpu->ns_level);
	json_add_int(obj, "cpu", vcpu->cpu);
	for (size_t i = 0; i < VCPU_INFO_NR_COUNTS; i++)
		json_add_uint(obj, host_device_count_names[i],
			      vcpu->counts[i]);
	json_print(counters->out, obj);
}

static void print_csv_names(struct counters *counters)
{
	if (counters->started)
		return;
	counters->started = true;
	fputs("type,ts,vm_name,vmm_comm,vm_pid,vm_fd,vcpu_id,index,pid,ns_pid,ns_level,cpu",
	      counters->out);
	for (size_t i = 0; i < VCPU_INFO_NR_COUNTS; i++)
		fprintf(counters->out, ",%s", host_device_count_names[i]);
	fputc('\n', counters->out);
}

/* Always in quotation marks: a name may hold anything. */
static void print_csv_text(FILE *out, const char *text)
{
	char safe[TEXT_SIZE];

	text_printable(safe, sizeof(safe), text);
	fputs(",\"", out);
	for (const char *p = safe; *p; p++) {
		if (*p == '"')
			fputc('"', out);
		fputc(*p, out);
	}
	fputc('"', out);
}

static void print_csv(struct counters *counters, const struct vm *vm,
		      const struct vcpu_info_host_vcpu *vcpu)
{
	FILE *out = counters->out;

	print_csv_names(counters);
	fprintf(out, "counters,%" PRIu64, (uint64_t)vcpu->time_ns);
	print_csv_text(out, vm->vmm.vm.name);
	print_csv_text(out, vm->vmm.comm);
	fprintf(out, ",%d,%d,%d,%u,%d,%d,%u,%d", vcpu->vm_pid, vcpu->vm_fd,
		vcpu->vcpu_id, vcpu->index, vcpu->pid, vcpu->ns_pid,
		vcpu->ns_level, vcpu->cpu);
	for (size_t i = 0; i < VCPU_INFO_NR_COUNTS; i++)
		fprintf(out, ",%" PRIu64, (uint64_t)vcpu->counts[i]);
	fputc('\n', out);
}

static void add_row(struct counters *counters, const struct vm *vm,
		    const struct vcpu_info_host_vcpu *vcpu)
{
	struct columns *columns = &counters->columns;
	char text[32];

	if (!counters->started)
		columns_init(columns, counters->out, false, columns_list,
			     ARRAY_SIZE(columns_list));
	counters->started = true;
	columns_add(columns, process_vm_name(&vm->vmm), NULL);
	snprintf(text, sizeof(text), "%d:%d", vcpu->vm_pid, vcpu->vm_fd);
	columns_add(columns, text, NULL);
	columns_add_int(columns, vcpu->vcpu_id);
	columns_add_int(columns, vcpu->pid);
	for (size_t i = 0; i < ARRAY_SIZE(columns_counts); i++)
		columns_add_int(columns, vcpu->counts[columns_counts[i]]);
}

void counters_print(struct counters *counters, const struct vm *vm,
		    const struct vcpu_info_host_vcpu *vcpu)
{
	switch (counters->format) {
	case FORMAT_TEXT:
		print_text(counters, vm, vcpu);
		break;
	case FORMAT_LINE:
		print_line(counters, vm, vcpu);
		break;
	case FORMAT_TABLE:
		add_row(counters, vm, vcpu);
		break;
	case FORMAT_JSON:
		print_json(counters, vm, vcpu);
		break;
	case FORMAT_CSV:
		print_csv(counters, vm, vcpu);
		break;
	}
}

/* Each round is a table of its own. */
void counters_flush(struct counters *counters)
{
	if (counters->format == FORMAT_TABLE && counters->started) {
		columns_flush(&counters->columns);
		columns_free(&counters->columns);
		counters->started = false;
	}
	fflush(counters->out);
}
