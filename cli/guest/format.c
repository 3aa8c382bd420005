// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "format.h"
#include "jsonout.h"
#include "result.h"

#define CPU_WIDTH	5
#define ID_WIDTH	11
#define ITER_WIDTH	10
#define COOKIE_WIDTH	(-18)
#define LABEL_WIDTH	-14

void format_header(FILE *out, bool iterations)
{
	if (iterations)
		fprintf(out, "%*s ", ITER_WIDTH, "ITERATION");
	fprintf(out, "%*s %*s  %s\n", CPU_WIDTH, "CPU", ID_WIDTH, "APIC-ID",
		"RESULT");
}

static void number_or_dash(FILE *out, bool known, int number, int width)
{
	if (known)
		fprintf(out, "%*d", width, number);
	else
		fprintf(out, "%*s", width, "-");
}

static void format_named(FILE *out, int result, const char *name)
{
	fprintf(out, "%s", name);
	if (result)
		fprintf(out, " (%d)", result);
	fputc('\n', out);
}

static void format_result(FILE *out, int result)
{
	format_named(out, result, result_kind(result)->name);
}

void format_reply(FILE *out, const struct reply *reply, bool iterations)
{
	if (iterations)
		fprintf(out, "%*d ", ITER_WIDTH, reply->iteration);
	number_or_dash(out, reply->cpu != NO_NUMBER, reply->cpu, CPU_WIDTH);
	fputc(' ', out);
	number_or_dash(out, reply->has_vcpu_id, reply->vcpu_id, ID_WIDTH);
	fputs("  ", out);
	format_result(out, reply->result);
}

static void add_result(struct json_object *obj, int result)
{
	json_add_int(obj, "result", result);
	json_add_text(obj, "result_name", result_kind(result)->name);
}

void format_reply_json(FILE *out, const struct reply *reply)
{
	struct json_object *obj = json_new("trigger");

	json_add_int(obj, "iteration", reply->iteration);
	if (reply->cpu != NO_NUMBER)
		json_add_int(obj, "cpu", reply->cpu);
	else
		json_add_null(obj, "cpu");
	if (reply->has_vcpu_id)
		json_add_int(obj, "vcpu_id", reply->vcpu_id);
	else
		json_add_null(obj, "vcpu_id");
	add_result(obj, reply->result);
	json_print(out, obj);
}

void format_mark(FILE *out, const struct vcpu_info_ioc_mark *mark,
		 const char *name)
{
	char cookie[24];

	fprintf(out, "%*s %*s  %*s  %s\n", CPU_WIDTH, "CPU", ID_WIDTH, "APIC-ID",
		COOKIE_WIDTH, "COOKIE", "RESULT");
	fprintf(out, "%*u ", CPU_WIDTH, mark->cpu);
	number_or_dash(out, mark->vcpu_id >= 0, mark->vcpu_id, ID_WIDTH);
	snprintf(cookie, sizeof(cookie), "0x%" PRIx64, (uint64_t)mark->cookie);
	fprintf(out, "  %*s  ", COOKIE_WIDTH, cookie);
	format_named(out, mark->result, name);
}

void format_mark_json(FILE *out, const struct vcpu_info_ioc_mark *mark,
		      const char *name)
{
	struct json_object *obj = json_new("mark");

	json_add_uint(obj, "cpu", mark->cpu);
	if (mark->vcpu_id >= 0)
		json_add_int(obj, "vcpu_id", mark->vcpu_id);
	else
		json_add_null(obj, "vcpu_id");
	json_add_hex(obj, "cookie", mark->cookie);
	json_add_int(obj, "result", mark->result);
	json_add_text(obj, "result_name", name);
	json_print(out, obj);
}

static void label(FILE *out, const char *name)
{
	fprintf(out, "%*s ", LABEL_WIDTH, name);
}

void format_status(FILE *out, const struct status *status)
{
	label(out, "KVM guest");
	fprintf(out, "%s\n", status->kvm_guest ? "yes" : "no");
	label(out, "module");
	fprintf(out, "%s\n", status->module_version ? status->module_version :
						      "not loaded");
	label(out, "device");
	fprintf(out, "%s\n", status->device ? status->device : "not usable");
	if (!status->device)
		return;
	label(out, "ABI version");
	fprintf(out, "%u (program: %d)\n", status->abi_version,
		VCPU_INFO_ABI_VERSION);
	label(out, "hypercall");
	fprintf(out, "0x%x\n", status->hypercall_nr);
	label(out, "CPUs online");
	fprintf(out, "%u\n", status->nr_cpus);
	label(out, "host");
	if (status->result)
		format_result(out, status->result);
	else
		fputs("answers\n", out);
}

void format_status_json(FILE *out, const struct status *status)
{
	struct json_object *obj = json_new("status");

	json_add_text(obj, "version", VCPU_INFO_VERSION);
	json_add_bool(obj, "kvm_guest", status->kvm_guest);
	json_add_text(obj, "module_version", status->module_version);
	json_add_text(obj, "device", status->device);
	json_add_int(obj, "program_abi_version", VCPU_INFO_ABI_VERSION);
	if (status->device) {
		json_add_uint(obj, "abi_version", status->abi_version);
		json_add_hex(obj, "hypercall_nr", status->hypercall_nr);
		json_add_uint(obj, "cpus_online", status->nr_cpus);
		add_result(obj, status->result);
	}
	json_print(out, obj);
}
