// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "jsonout.h"
#include "print/stack.h"
#include "print/vm-diagnosis.h"
#include "text.h"

/* What the VM's word means, for people; NULL: there is nothing to say */
static const char * const vm_texts[VM_NR_WORDS] = {
	[VM_IDLE] = "every vCPU is idle",
	[VM_PAUSED] = "paused: no vCPU is in the guest, and none goes back",
	[VM_STARVED] = "every vCPU that wants to run waits for a host CPU",
	[VM_HUNG] = "hung: every vCPU spins, or is halted with interrupts off",
	[VM_LOCK_HOLDER] = "vCPUs spin on a lock while another gets no host CPU",
	[VM_LOCK_LOST] = "vCPUs spin on a lock that no other vCPU can release",
	[VM_CPU_MISSING] = "not all vCPUs were started",
	[VM_PANICKED] = "its kernel has panicked",
};

static void print_kinds(FILE *out, const struct vcpu_finding *finding)
{
	const char *between = " (";

	for (int i = 0; i < EXIT_NR_KINDS; i++) {
		if (!finding->kinds[i])
			continue;
		fprintf(out, "%s%s %" PRIu64, between, exit_kind_name(i),
			finding->kinds[i]);
		between = ", ";
	}
	if (finding->exits)
		fputc(')', out);
}

static void print_exit(FILE *out, const struct vcpu_info_host_vcpu *vcpu)
{
	const char *name = host_device_exit_name(vcpu->exit_reason);

	if (name)
		fprintf(out, ", KVM_RUN returned for %s", name);
	else
		fprintf(out, ", KVM_RUN returned for %u", vcpu->exit_reason);
	if (vcpu->exit_flags & VCPU_INFO_EXIT_ADDR)
		fprintf(out, " at %s0x%" PRIx64,
			vcpu->exit_flags & VCPU_INFO_EXIT_PORT ? "port " : "",
			(uint64_t)vcpu->exit_addr);
}

static void print_place(FILE *out, const struct vcpu_finding *finding)
{
	if (!finding->have_rip)
		return;
	fprintf(out, ", rip 0x%" PRIx64, finding->rip[1]);
	if (finding->function)
		fprintf(out, " %s", finding->function);
	if (finding->rip[0] != finding->rip[1])
		fprintf(out, ", before 0x%" PRIx64, finding->rip[0]);
	if (finding->have_changed)
		fprintf(out, ", %u registers changed", finding->changed);
}

/* What the guest's kernel is at, if that can be told, and for whom */
static void print_guest(FILE *out, const struct vcpu_guest *guest)
{
	char text[TEXT_SIZE];

	if (guest->has_task) {
		text_printable(text, sizeof(text), guest->task.comm);
		fprintf(out, ", task %s/%d%s", text, guest->task.pid,
			guest->user ? " (user)" : "");
	}
	if (guest->nr < 2)
		return;
	stack_chain(text, sizeof(text), guest->frames, guest->nr);
	fprintf(out, ", stack %s", text);
}

static void print_vcpu(FILE *out, const struct vcpu_diagnosis *vcpu)
{
	const struct vcpu_finding *finding = &vcpu->finding;

	fprintf(out, "  vCPU %d thread %d %s: in %.3f s", vcpu->last.vcpu_id,
		vcpu->last.pid, vcpu_word_name(finding->word),
		(double)finding->interval_ns / 1e9);
	if (finding->have_sched)
		fprintf(out, " ran %u%%, waited %u%%", finding->run,
			finding->wait);
	fprintf(out, ", exits %" PRIu64, finding->exits);
	print_kinds(out, finding);
	if (finding->have_if)
		fprintf(out, ", IF=%d", finding->interrupts_on);
	print_place(out, finding);
	if (finding->looks)
		fprintf(out, ", there in %u more looks%s", finding->looks,
			vcpu_moved_on(finding) ? ", then elsewhere" : "");
	print_guest(out, &vcpu->guest);
	if (finding->have_exit)
		print_exit(out, &vcpu->last);
	if (vcpu->sleeps_in[0])
		fprintf(out, ", thread sleeps in %s", vcpu->sleeps_in);
	fputc('\n', out);
}

void diagnosis_print_text(FILE *out, const struct vm_diagnosis *diagnosis)
{
	const struct vm_finding *finding = &diagnosis->finding;
	const char *text = vm_texts[finding->word];
	char name[TEXT_SIZE];

	text_printable(name, sizeof(name), process_vm_name(&diagnosis->vm->vmm));
	fprintf(out, "VM %d:%d (%s)", diagnosis->vm->vmm.pid,
		diagnosis->vm->fd, name);
	if (text)
		fprintf(out, ": %s", text);
	if (finding->culprit >= 0)
		fprintf(out, ": vCPU %d",
			diagnosis->vcpus[finding->culprit].last.vcpu_id);
	fputc('\n', out);
	for (size_t i = 0; i < diagnosis->nr; i++)
		print_vcpu(out, &diagnosis->vcpus[i]);
}

static struct json_object *json_kinds(const struct vcpu_finding *finding)
{
	struct json_object *obj = json_object_new_object();

	for (int i = 0; i < EXIT_NR_KINDS; i++)
		json_add_uint(obj, exit_kind_name(i), finding->kinds[i]);
	return obj;
}

/* As in a record, but for the access, which does not matter here */
static struct json_object *json_exit(const struct vcpu_diagnosis *vcpu)
{
	const struct vcpu_info_host_vcpu *last = &vcpu->last;
	bool has_addr = last->exit_flags & VCPU_INFO_EXIT_ADDR;
	bool port = last->exit_flags & VCPU_INFO_EXIT_PORT;
	const char *name = host_device_exit_name(last->exit_reason);
	struct json_object *obj;

	if (!vcpu->finding.have_exit)
		return NULL;
	obj = json_object_new_object();
	if (name)
		json_add_text(obj, "reason", name);
	else
		json_add_uint(obj, "reason", last->exit_reason);
	if (has_addr && port)
		json_add_hex(obj, "port", last->exit_addr);
	else
		json_add_null(obj, "port");
	if (has_addr && !port)
		json_add_hex(obj, "gpa", last->exit_addr);
	else
		json_add_null(obj, "gpa");
	return obj;
}

static void json_rips(struct json_object *obj,
		      const struct vcpu_finding *finding)
{
	if (finding->have_rip) {
		json_add_hex(obj, "rip_before", finding->rip[0]);
		json_add_hex(obj, "rip", finding->rip[1]);
	} else {
		json_add_null(obj, "rip_before");
		json_add_null(obj, "rip");
	}
	json_add_text(obj, "function", finding->function);
	if (finding->have_changed)
		json_add_uint(obj, "registers_changed", finding->changed);
	else
		json_add_null(obj, "registers_changed");
	json_add_uint(obj, "looks", finding->looks);
}

static void json_guest(struct json_object *obj, const struct vcpu_guest *guest)
{
	struct json_object *frames = json_object_new_array();

	json_object_object_add(obj, "task", guest->has_task ?
			       stack_json_task(&guest->task) : NULL);
	json_add_text(obj, "mode",
		      !guest->nr ? NULL : guest->user ? "user" : "kernel");
	for (size_t i = 0; i < guest->nr; i++)
		json_object_array_add(frames, stack_json_frame(&guest->frames[i]));
	json_object_object_add(obj, "frames", frames);
}

static struct json_object *json_vcpu(const struct vcpu_diagnosis *vcpu)
{
	const struct vcpu_finding *finding = &vcpu->finding;
	struct json_object *obj = json_object_new_object();

	json_add_int(obj, "vcpu_id", vcpu->last.vcpu_id);
	json_add_int(obj, "pid", vcpu->last.pid);
	json_add_text(obj, "word", vcpu_word_name(finding->word));
	json_add_uint(obj, "interval_ns", finding->interval_ns);
	json_add_uint(obj, "exits", finding->exits);
	json_object_object_add(obj, "exits_by_kind", json_kinds(finding));
	if (finding->have_sched) {
		json_add_uint(obj, "run_percent", finding->run);
		json_add_uint(obj, "wait_percent", finding->wait);
	} else {
		json_add_null(obj, "run_percent");
		json_add_null(obj, "wait_percent");
	}
	if (finding->have_if)
		json_add_bool(obj, "interrupts_on", finding->interrupts_on);
	else
		json_add_null(obj, "interrupts_on");
	json_rips(obj, finding);
	json_guest(obj, &vcpu->guest);
	json_object_object_add(obj, "userspace_exit", json_exit(vcpu));
	json_add_text(obj, "sleeps_in",
		      vcpu->sleeps_in[0] ? vcpu->sleeps_in : NULL);
	return obj;
}

void diagnosis_print_json(FILE *out, const struct vm_diagnosis *diagnosis)
{
	const struct process *vmm = &diagnosis->vm->vmm;
	struct json_object *obj = json_new("diagnosis");
	struct json_object *list = json_object_new_array();
	int culprit = diagnosis->finding.culprit;

	json_add_text(obj, "vm_name", vmm->vm.name[0] ? vmm->vm.name : NULL);
	json_add_text(obj, "vmm_comm", vmm->comm);
	json_add_int(obj, "vm_pid", vmm->pid);
	json_add_int(obj, "vm_fd", diagnosis->vm->fd);
	json_add_text(obj, "word", vm_word_name(diagnosis->finding.word));
	if (culprit >= 0)
		json_add_int(obj, "about_vcpu",
			     diagnosis->vcpus[culprit].last.vcpu_id);
	else
		json_add_null(obj, "about_vcpu");
	for (size_t i = 0; i < diagnosis->nr; i++)
		json_object_array_add(list, json_vcpu(&diagnosis->vcpus[i]));
	json_object_object_add(obj, "vcpus", list);
	json_print(out, obj);
}
