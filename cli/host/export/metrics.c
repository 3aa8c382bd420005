// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "export/families.h"
#include "text.h"
#include "watch/watch-rules.h"

#define VCPU	"vcpu_info_vcpu_"
#define VM	"vcpu_info_vm_"
#define OWN	"vcpu_info_exporter_"

/* Room for the labels that say which VM it is */
#define LABELS_SIZE	(2 * METRICS_NAME_SIZE + 64)

const char *metrics_activity_name(enum metrics_activity activity)
{
	static const char *const names[ACTIVITY_NR] = {
		[ACTIVITY_UNKNOWN] = "unknown",
		[ACTIVITY_RUNNING] = "running",
		[ACTIVITY_HALTED] = "halted",
		[ACTIVITY_SLEEPING] = "sleeping",
		[ACTIVITY_BLOCKED] = "blocked",
		[ACTIVITY_STOPPED] = "stopped",
	};

	return names[activity];
}

enum metrics_activity metrics_activity_of(char state, bool halted)
{
	switch (state) {
	case 'R':
		return ACTIVITY_RUNNING;
	case 'S':
		return halted ? ACTIVITY_HALTED : ACTIVITY_SLEEPING;
	case 'D':
		return ACTIVITY_BLOCKED;
	case 'T':
	case 't':
		return ACTIVITY_STOPPED;
	default:
		return ACTIVITY_UNKNOWN;
	}
}

/* Samples of every vCPU that @known says something of, or of all if it is NULL */
struct per_vcpu {
	struct family family;
	bool (*known)(const struct metrics_vcpu *vcpu);
	void (*write)(struct family_writer *writer,
		      const struct metrics_vcpu *vcpu);
};

/* One of KVM's counts as it is */
struct per_count {
	struct family family;
	unsigned int count;
	bool is_ns;
};

static const struct per_count count_families[] = {
	{ { VCPU "exits", FAMILY_COUNTER, NULL, "VM exits of the vCPU." },
	  VCPU_INFO_COUNT_EXITS },
	{ { VCPU "halt_seconds", FAMILY_COUNTER, "seconds",
	    "Time that the vCPU was halted, without polling." },
	  VCPU_INFO_COUNT_HALT_WAIT_NS, true },
	{ { VCPU "halt_wakeups", FAMILY_COUNTER, NULL,
	    "Halts of the vCPU that an event ended." },
	  VCPU_INFO_COUNT_HALT_WAKEUP },
	{ { VCPU "halt_polls", FAMILY_COUNTER, NULL,
	    "Halts of the vCPU in which KVM polled before it slept." },
	  VCPU_INFO_COUNT_HALT_ATTEMPTED_POLL },
	{ { VCPU "halt_polls_successful", FAMILY_COUNTER, NULL,
	    "Halts of the vCPU that ended while KVM polled." },
	  VCPU_INFO_COUNT_HALT_SUCCESSFUL_POLL },
	{ { VCPU "halt_poll_success_seconds", FAMILY_COUNTER, "seconds",
	    "Time that KVM polled with success." },
	  VCPU_INFO_COUNT_HALT_POLL_SUCCESS_NS, true },
	{ { VCPU "halt_poll_fail_seconds", FAMILY_COUNTER, "seconds",
	    "Time that KVM polled in vain." },
	  VCPU_INFO_COUNT_HALT_POLL_FAIL_NS, true },
	{ { VCPU "interrupts_injected", FAMILY_COUNTER, NULL,
	    "Interrupts that KVM injected into the vCPU." },
	  VCPU_INFO_COUNT_IRQ_INJECTIONS },
	{ { VCPU "nmis_injected", FAMILY_COUNTER, NULL,
	    "NMIs that KVM injected into the vCPU." },
	  VCPU_INFO_COUNT_NMI_INJECTIONS },
};

static bool has_sched(const struct metrics_vcpu *vcpu)
{
	return vcpu->seen.have_sched;
}

static void write_run(struct family_writer *writer,
		      const struct metrics_vcpu *vcpu)
{
	sample_ns(writer, vcpu->seen.run_ns);
}

static void write_wait(struct family_writer *writer,
		       const struct metrics_vcpu *vcpu)
{
	sample_ns(writer, vcpu->seen.wait_ns);
}

static void write_activity(struct family_writer *writer,
			   const struct metrics_vcpu *vcpu)
{
	sample_label(writer, "state", metrics_activity_name(vcpu->activity),
		     TEXT_SIZE);
	sample_uint(writer, 1);
}

static bool has_cpu(const struct metrics_vcpu *vcpu)
{
	return vcpu->seen.vcpu.cpu >= 0;
}

static void write_cpu(struct family_writer *writer,
		      const struct metrics_vcpu *vcpu)
{
	sample_uint(writer, vcpu->seen.vcpu.cpu);
}

static bool has_word(const struct metrics_vcpu *vcpu)
{
	return vcpu->word;
}

static void write_word(struct family_writer *writer,
		       const struct metrics_vcpu *vcpu)
{
	sample_label(writer, "diagnosis", vcpu->word, TEXT_SIZE);
	sample_uint(writer, 1);
}

static void write_since(struct family_writer *writer,
			const struct metrics_vcpu *vcpu)
{
	sample_uint(writer, vcpu->since);
}

static const struct per_vcpu vcpu_families[] = {
	{ { VCPU "run_seconds", FAMILY_COUNTER, "seconds",
	    "Time that the vCPU's thread was on a host CPU." },
	  has_sched, write_run },
	{ { VCPU "wait_seconds", FAMILY_COUNTER, "seconds",
	    "Time that the vCPU's thread waited for a host CPU." },
	  has_sched, write_wait },
	{ { VCPU "state", FAMILY_GAUGE, NULL,
	    "1 for the state that the vCPU's thread is in." },
	  NULL, write_activity },
	{ { VCPU "host_cpu", FAMILY_GAUGE, NULL,
	    "Number of the host CPU that the vCPU ran on last." },
	  has_cpu, write_cpu },
	{ { VCPU "diagnosis", FAMILY_GAUGE, NULL,
	    "1 for what the vCPU was found to be doing last." },
	  has_word, write_word },
	{ { VCPU "diagnosis_changed_timestamp_seconds", FAMILY_GAUGE, "seconds",
	    "When the vCPU's diagnosis changed last, since 1970." },
	  has_word, write_since },
};

/* vm="NAME",vm_id="PID:FD" */
static size_t vm_labels(const struct metrics_vm *vm, char labels[LABELS_SIZE])
{
	char name[METRICS_NAME_SIZE], escaped[2 * METRICS_NAME_SIZE];

	text_utf8(name, sizeof(name), process_vm_name(&vm->vm->vmm));
	label_escape(escaped, name);
	return snprintf(labels, LABELS_SIZE, "vm=\"%s\",vm_id=\"%d:%d\"",
			escaped, vm->vm->vmm.pid, vm->vm->fd);
}

typedef void vcpu_sample_fn(struct family_writer *writer,
			    const struct metrics_vcpu *vcpu, const void *arg);

/* Call fn for each vCPU, with its labels written; or before them if it says so */
static void for_vcpus(struct family_writer *writer,
		      const struct metrics *metrics, vcpu_sample_fn *fn,
		      bool (*known)(const struct metrics_vcpu *vcpu),
		      const void *arg)
{
	char labels[LABELS_SIZE];

	for (size_t i = 0; i < metrics->nr_vms; i++) {
		const struct metrics_vm *vm = &metrics->vms[i];
		size_t len = vm_labels(vm, labels);

		for (size_t j = 0; j < vm->nr; j++) {
			const struct metrics_vcpu *vcpu =
				&metrics->vcpus[vm->first + j];

			if (known && !known(vcpu))
				continue;
			sample_begin(writer);
			sample_labels(writer, labels, len);
			sample_label_int(writer, "vcpu",
					 vcpu->seen.vcpu.vcpu_id);
			fn(writer, vcpu, arg);
		}
	}
}

static void write_count(struct family_writer *writer,
			const struct metrics_vcpu *vcpu, const void *arg)
{
	const struct per_count *of = arg;
	uint64_t value = vcpu->seen.vcpu.counts[of->count];

	if (of->is_ns)
		sample_ns(writer, value);
	else
		sample_uint(writer, value);
}

static void write_per_vcpu(struct family_writer *writer,
			   const struct metrics_vcpu *vcpu, const void *arg)
{
	const struct per_vcpu *of = arg;

	of->write(writer, vcpu);
}

static void write_kind(struct family_writer *writer,
		       const struct metrics_vcpu *vcpu, const void *arg)
{
	enum exit_kind kind = *(const enum exit_kind *)arg;

	sample_label(writer, "kind", exit_kind_name(kind), TEXT_SIZE);
	sample_uint(writer, vcpu->seen.vcpu.counts[exit_kind_count(kind)]);
}

static void write_kinds(struct family_writer *writer,
			const struct metrics *metrics)
{
	static const struct family family = {
		VCPU "exits_by_kind", FAMILY_COUNTER, NULL,
		"VM exits of the vCPU by kind; some are of two kinds, some of none.",
	};

	family_begin(writer, &family);
	for (enum exit_kind kind = 0; kind < EXIT_NR_KINDS; kind++) {
		if (exit_kind_count(kind) >= 0)
			for_vcpus(writer, metrics, write_kind, NULL, &kind);
	}
}

static void write_vcpus(struct family_writer *writer,
			const struct metrics *metrics)
{
	for (size_t i = 0; i < ARRAY_SIZE(count_families); i++) {
		family_begin(writer, &count_families[i].family);
		for_vcpus(writer, metrics, write_count, NULL,
			  &count_families[i]);
	}
	write_kinds(writer, metrics);
	for (size_t i = 0; i < ARRAY_SIZE(vcpu_families); i++) {
		family_begin(writer, &vcpu_families[i].family);
		for_vcpus(writer, metrics, write_per_vcpu,
			  vcpu_families[i].known, &vcpu_families[i]);
	}
}

static void begin_vm(struct family_writer *writer, const struct metrics_vm *vm)
{
	char labels[LABELS_SIZE];
	size_t len = vm_labels(vm, labels);

	sample_begin(writer);
	sample_labels(writer, labels, len);
}

static void write_info(struct family_writer *writer,
		       const struct metrics_vm *vm)
{
	const struct process *vmm = &vm->vm->vmm;

	begin_vm(writer, vm);
	sample_label_int(writer, "pid", vmm->pid);
	sample_label(writer, "uuid", vmm->vm.uuid, TEXT_SIZE);
	sample_label(writer, "vmm", vmm->vm.vmm ?: "", TEXT_SIZE);
	sample_label(writer, "comm", vmm->comm, METRICS_NAME_SIZE);
	sample_label(writer, "manager", vm->cgroup.manager ?: "", TEXT_SIZE);
	sample_label(writer, "unit", vm->cgroup.name, sizeof(vm->cgroup.name));
	sample_label(writer, "cgroup", vm->cgroup.path, METRICS_CGROUP_SIZE);
	sample_uint(writer, 1);
}

/* All words, so that there is a series whatever it is */
static void write_vm_words(struct family_writer *writer,
			   const struct metrics_vm *vm)
{
	const char *word;

	for (size_t i = 0; (word = watch_word_nr(i)); i++) {
		begin_vm(writer, vm);
		sample_label(writer, "diagnosis", word, TEXT_SIZE);
		sample_uint(writer, !strcmp(word, vm->word));
	}
}

static void write_vm_diagnoses(struct family_writer *writer,
			       const struct metrics *metrics)
{
	static const struct family word = {
		VM "diagnosis", FAMILY_GAUGE, NULL,
		"1 for what is wrong with the VM, 0 for what is not.",
	};
	static const struct family since = {
		VM "diagnosis_changed_timestamp_seconds", FAMILY_GAUGE,
		"seconds", "When the VM's diagnosis changed last, since 1970.",
	};

	family_begin(writer, &word);
	for (size_t i = 0; i < metrics->nr_vms; i++) {
		if (metrics->vms[i].word)
			write_vm_words(writer, &metrics->vms[i]);
	}
	family_begin(writer, &since);
	for (size_t i = 0; i < metrics->nr_vms; i++) {
		if (!metrics->vms[i].word)
			continue;
		begin_vm(writer, &metrics->vms[i]);
		sample_uint(writer, metrics->vms[i].since);
	}
}

static void write_vms(struct family_writer *writer,
		      const struct metrics *metrics)
{
	static const struct family info = {
		"vcpu_info_vm", FAMILY_INFO, NULL, "What is known of the VM.",
	};
	static const struct family vcpus = {
		VM "vcpus", FAMILY_GAUGE, NULL, "vCPUs of the VM.",
	};

	family_begin(writer, &info);
	for (size_t i = 0; i < metrics->nr_vms; i++)
		write_info(writer, &metrics->vms[i]);
	family_begin(writer, &vcpus);
	for (size_t i = 0; i < metrics->nr_vms; i++) {
		begin_vm(writer, &metrics->vms[i]);
		sample_uint(writer, metrics->vms[i].nr);
	}
	write_vm_diagnoses(writer, metrics);
}

static const struct {
	struct family family;
	enum host_count count;
} module_families[] = {
	{ { "vcpu_info_requests", FAMILY_COUNTER, NULL,
	    "Hypercalls of guests that the module took." }, COUNT_REQUESTS },
	{ { "vcpu_info_records", FAMILY_COUNTER, NULL,
	    "Records that the module wrote." }, COUNT_RECORDS },
	{ { "vcpu_info_records_torn", FAMILY_COUNTER, NULL,
	    "Records whose registers may not belong together." },
	  COUNT_TORN },
	{ { "vcpu_info_probes", FAMILY_COUNTER, NULL,
	    "Hypercalls that only asked whether the module is there." },
	  COUNT_PROBES },
	{ { "vcpu_info_requests_unlistened", FAMILY_COUNTER, NULL,
	    "Requests that nobody listened to." }, COUNT_UNLISTENED },
};

static const struct {
	enum host_count count;
	const char *reason;
} refusals[] = {
	{ COUNT_UNKNOWN_ID, "unknown-id" },
	{ COUNT_POLICY, "policy" },
	{ COUNT_RATE_LIMITED, "rate-limited" },
	{ COUNT_NESTED, "nested" },
};

static void write_refusals(struct family_writer *writer,
			   const struct metrics *metrics)
{
	static const struct family family = {
		"vcpu_info_requests_refused", FAMILY_COUNTER, NULL,
		"Requests of guests that the module refused.",
	};

	family_begin(writer, &family);
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (!(metrics->counts_known & 1U << refusals[i].count))
			continue;
		sample_begin(writer);
		sample_label(writer, "reason", refusals[i].reason, TEXT_SIZE);
		sample_uint(writer, metrics->counts[refusals[i].count]);
	}
}

static void write_lost(struct family_writer *writer,
		       const struct metrics *metrics)
{
	static const struct family family = {
		"vcpu_info_records_lost", FAMILY_COUNTER, NULL,
		"Events that are not in the module's buffers any more, or never were.",
	};
	const struct {
		const char *reason;
		uint64_t nr;
	} lost[] = {
		{ "overwritten", metrics->lost.overrun },
		{ "no-room", metrics->lost.dropped },
		{ "interrupted", metrics->lost.commit_overrun },
	};

	family_begin(writer, &family);
	for (size_t i = 0; metrics->lost_known && i < ARRAY_SIZE(lost); i++) {
		sample_begin(writer);
		sample_label(writer, "reason", lost[i].reason, TEXT_SIZE);
		sample_uint(writer, lost[i].nr);
	}
}

static void write_module(struct family_writer *writer,
			 const struct metrics *metrics)
{
	static const struct family loaded = {
		"vcpu_info_module_loaded", FAMILY_GAUGE, NULL,
		"1 if the host module is loaded.",
	};

	family_uint(writer, &loaded, metrics->module_loaded);
	for (size_t i = 0; i < ARRAY_SIZE(module_families); i++) {
		enum host_count count = module_families[i].count;

		family_begin(writer, &module_families[i].family);
		if (!(metrics->counts_known & 1U << count))
			continue;
		sample_begin(writer);
		sample_uint(writer, metrics->counts[count]);
	}
	write_refusals(writer, metrics);
	write_lost(writer, metrics);
}

static void write_exporter(struct family_writer *writer,
			   const struct metrics *metrics)
{
	static const struct family families[] = {
		{ "vcpu_info_up", FAMILY_GAUGE, NULL,
		  "1 if the module could be asked for VMs." },
		{ OWN "vms", FAMILY_GAUGE, NULL, "VMs in this text." },
		{ OWN "vms_unread", FAMILY_GAUGE, NULL,
		  "VMs that could not be asked for." },
		{ OWN "vms_omitted", FAMILY_GAUGE, NULL,
		  "VMs beyond the bounds of the number of series." },
		{ OWN "processes_denied", FAMILY_GAUGE, NULL,
		  "Processes that could not be looked into." },
	};
	static const struct family seconds = {
		OWN "collect_seconds", FAMILY_GAUGE, "seconds",
		"Time that it took to gather what is in this text.",
	};
	static const struct family build = {
		"vcpu_info_exporter", FAMILY_INFO, NULL, "The exporter.",
	};

	family_uint(writer, &families[0], metrics->up);
	family_uint(writer, &families[1], metrics->nr_vms);
	family_uint(writer, &families[2], metrics->unread);
	family_uint(writer, &families[3], metrics->omitted);
	family_uint(writer, &families[4], metrics->denied);
	family_begin(writer, &seconds);
	sample_begin(writer);
	sample_ns(writer, metrics->collect_ns);
	family_begin(writer, &build);
	sample_begin(writer);
	sample_label(writer, "version", VCPU_INFO_VERSION, TEXT_SIZE);
	sample_uint(writer, 1);
}

static void write_looks(struct family_writer *writer,
			const struct metrics *metrics)
{
	static const struct family looks = {
		OWN "looks", FAMILY_COUNTER, NULL,
		"Closer looks at VMs; each interrupts vCPUs that run, twice.",
	};
	static const struct family deferred = {
		OWN "looks_deferred", FAMILY_COUNTER, NULL,
		"Closer looks that were put off, for there are at most so many.",
	};

	if (!metrics->diagnoses)
		return;
	family_uint(writer, &looks, metrics->looks);
	family_uint(writer, &deferred, metrics->deferred);
}

void metrics_write(const struct metrics *metrics, enum metrics_format format,
		   FILE *out)
{
	struct family_writer writer;

	family_start(&writer, format, out);
	write_exporter(&writer, metrics);
	write_looks(&writer, metrics);
	write_module(&writer, metrics);
	write_vms(&writer, metrics);
	write_vcpus(&writer, metrics);
	family_finish(&writer);
}
