// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include <libsmartcols.h>

#include "compiler.h"
#include "jsonout.h"
#include "print/counters.h"
#include "text.h"

/* Those of the table: what tells most about what a vCPU does */
static const struct {
	const char *heading;
	unsigned int count;
} columns[] = {
	{ "EXITS", VCPU_INFO_COUNT_EXITS },
	{ "IO", VCPU_INFO_COUNT_IO_EXITS },
	{ "MMIO", VCPU_INFO_COUNT_MMIO_EXITS },
	{ "HALT", VCPU_INFO_COUNT_HALT_EXITS },
	{ "IRQ", VCPU_INFO_COUNT_IRQ_EXITS },
	{ "EMULATED", VCPU_INFO_COUNT_INSN_EMULATION },
	{ "INJECTED", VCPU_INFO_COUNT_IRQ_INJECTIONS },
	{ "NMI", VCPU_INFO_COUNT_NMI_INJECTIONS },
	{ "PF", VCPU_INFO_COUNT_PF_TAKEN },
	{ "WAIT-NS", VCPU_INFO_COUNT_HALT_WAIT_NS },
};

enum { COL_NAME, COL_VM, COL_VCPU, COL_THREAD, NR_FIXED };

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

static struct libscols_table *new_table(FILE *out)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return NULL;
	scols_table_set_stream(table, out);
	scols_table_new_column(table, "NAME", 0, SCOLS_FL_TRUNC);
	scols_table_new_column(table, "VM", 0, 0);
	scols_table_new_column(table, "VCPU", 0, SCOLS_FL_RIGHT);
	scols_table_new_column(table, "THREAD", 0, SCOLS_FL_RIGHT);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		scols_table_new_column(table, columns[i].heading, 0,
				       SCOLS_FL_RIGHT);
	return table;
}

static void set_number(struct libscols_line *line, size_t col, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	scols_line_set_data(line, col, text);
}

static void add_row(struct counters *counters, const struct vm *vm,
		    const struct vcpu_info_host_vcpu *vcpu)
{
	struct libscols_line *line;
	char text[TEXT_SIZE];

	if (!counters->table)
		counters->table = new_table(counters->out);
	line = counters->table ? scols_table_new_line(counters->table, NULL) :
				 NULL;
	if (!line)
		return;
	text_printable(text, sizeof(text), process_vm_name(&vm->vmm));
	scols_line_set_data(line, COL_NAME, text);
	snprintf(text, sizeof(text), "%d:%d", vcpu->vm_pid, vcpu->vm_fd);
	scols_line_set_data(line, COL_VM, text);
	set_number(line, COL_VCPU, vcpu->vcpu_id);
	set_number(line, COL_THREAD, vcpu->pid);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		set_number(line, NR_FIXED + i, vcpu->counts[columns[i].count]);
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

void counters_flush(struct counters *counters)
{
	if (counters->table)
		scols_print_table(counters->table);
	scols_unref_table(counters->table);
	counters->table = NULL;
	fflush(counters->out);
}
