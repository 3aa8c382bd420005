// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export/collector.h"
#include "host-file.h"
#include "num.h"
#include "signals.h"

/* Rows are added in such steps. */
#define STEP	64

static bool take_found(const struct watch_found *found, void *arg)
{
	struct collector *collector = arg;

	return verdicts_take(&collector->verdicts, found, time(NULL));
}

void collector_init(struct collector *collector, const struct select *select,
		    bool diagnoses)
{
	*collector = (struct collector){ .metrics.diagnoses = diagnoses };
	watch_rounds_init(&collector->rounds, select, take_found, collector);
	collector->rounds.req.rescan_ns = FIND_NS;
	collector->rounds.req.skips_unread = true;
	collector->rounds.max_looks = MAX_LOOKS;
	collector->rounds.relook_ns = RELOOK_NS;
}

uint64_t collector_due(const struct collector *collector)
{
	if (!collector->metrics.diagnoses)
		return UINT64_MAX;
	return collector->rounds.looking ? collector->rounds.look_end :
					   collector->next_round;
}

/* A round that fails is made up for by the next: the metrics say what is wrong. */
void collector_tick(struct collector *collector)
{
	struct watch_rounds *rounds = &collector->rounds;
	uint64_t now = signals_clock();

	if (now < collector_due(collector))
		return;
	if (rounds->looking) {
		watch_rounds_finish(rounds);
		return;
	}
	collector->next_round = now + ROUND_NS;
	rounds->no_memory = false;
	if (watch_rounds_count(rounds))
		verdicts_forget_gone(&collector->verdicts, &rounds->watched);
}

/* Room for one more row of a list that grows in steps; NULL on OOM */
static void *add_row(void **rows, size_t nr, size_t size)
{
	void *more = *rows;

	if (!(nr % STEP)) {
		more = reallocarray(*rows, nr + STEP, size);
		if (!more)
			return NULL;
		*rows = more;
	}
	return memset((char *)more + nr * size, 0, size);
}

/* The letter after the name, which may hold anything */
static char thread_state(int thread)
{
	char stat[512];
	const char *p;

	if (thread <= 0 ||
	    !host_file_text(stat, sizeof(stat), "/proc/%d/stat", thread))
		return '\0';
	p = strrchr(stat, ')');
	return p && p[1] == ' ' ? p[2] : '\0';
}

static bool add_vcpu(struct metrics *metrics, struct metrics_vm *vm,
		     const struct vm_verdict *known,
		     const struct vcpu_info_host_vcpu *vcpu)
{
	void *rows = metrics->vcpus;
	struct metrics_vcpu *row = add_row(&rows, metrics->nr_vcpus,
					   sizeof(*row));
	struct verdict verdict;
	bool halted = vcpu->counts[VCPU_INFO_COUNT_BLOCKING];

	metrics->vcpus = rows;
	if (!row)
		return false;
	diagnosis_observe(&row->seen, vcpu);
	row->activity = metrics_activity_of(thread_state(vcpu->pid), halted);
	if (known) {
		verdict = verdicts_vcpu(known, vcpu->vcpu_id);
		row->word = verdict.word;
		row->since = verdict.since;
	}
	metrics->nr_vcpus++;
	vm->nr++;
	return true;
}

static bool fits(const struct metrics *metrics, const struct vm_sample *sample)
{
	return metrics->nr_vms < METRICS_MAX_VMS &&
	       sample->nr <= METRICS_MAX_VCPUS - metrics->nr_vcpus;
}

static bool add_vm(struct collector *collector, const struct vm *vm,
		   const struct vm_sample *sample)
{
	struct metrics *metrics = &collector->metrics;
	const struct vm_verdict *known =
		verdicts_find(&collector->verdicts, vm->vmm.pid, vm->fd);
	void *rows = metrics->vms;
	struct metrics_vm *row = add_row(&rows, metrics->nr_vms, sizeof(*row));

	metrics->vms = rows;
	if (!row)
		return false;
	row->vm = vm;
	row->first = metrics->nr_vcpus;
	cgroup_look_up(&row->cgroup, vm->vmm.pid);
	if (known) {
		row->word = known->vm.word;
		row->since = known->vm.since;
	}
	metrics->nr_vms++;
	for (size_t i = 0; i < sample->nr; i++) {
		if (!sample->vcpus[i].result &&
		    !add_vcpu(metrics, row, known, &sample->vcpus[i]))
			return false;
	}
	return true;
}

static bool take_vm(const struct vm *vm, const struct vm_sample *sample,
		    void *arg)
{
	struct collector *collector = arg;

	if (!fits(&collector->metrics, sample))
		collector->metrics.omitted++;
	else if (!add_vm(collector, vm, sample))
		collector->no_memory = true;
	return !collector->no_memory;
}

static void take_module(struct metrics *metrics)
{
	static struct host_state state;

	host_state_read_module(&state);
	metrics->module_loaded = state.loaded;
	metrics->counts_known = 0;
	for (int i = 0; i < NR_COUNTS; i++) {
		if (num_parse_u64(state.counts[i], &metrics->counts[i]))
			metrics->counts_known |= 1U << i;
	}
	metrics->lost_known = state.stats_known;
	metrics->lost = state.stats.lost;
}

static void gather(struct collector *collector)
{
	struct host_request *req = &collector->rounds.req;
	struct metrics *metrics = &collector->metrics;
	uint64_t begin = signals_clock();

	metrics->nr_vms = 0;
	metrics->nr_vcpus = 0;
	metrics->omitted = 0;
	collector->no_memory = false;
	take_module(metrics);
	metrics->up = host_request_round(req, take_vm, collector) &&
		      !collector->no_memory;
	collector->status = req->status;
	collector->err = req->err;
	metrics->unread = req->nr_unread;
	metrics->denied = req->denied;
	metrics->looks = collector->rounds.looks;
	metrics->deferred = collector->rounds.deferred;
	metrics->collect_ns = signals_clock() - begin;
}

void collector_write(struct collector *collector, enum metrics_format format,
		     FILE *out)
{
	gather(collector);
	metrics_write(&collector->metrics, format, out);
}

void collector_free(struct collector *collector)
{
	watch_rounds_free(&collector->rounds);
	verdicts_free(&collector->verdicts);
	free(collector->metrics.vms);
	free(collector->metrics.vcpus);
}
