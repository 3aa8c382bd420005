// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "msg.h"
#include "pipeline.h"

struct pipeline *pipeline_with(const struct event_options *events,
			       struct printer *printer)
{
	struct pipeline *pl = calloc(1, sizeof(*pl));

	if (pl && printer) {
		pl->events = events;
		pl->printer = printer;
		return pl;
	}
	msg_error("out of memory");
	free(pl);
	printer_free(printer);
	return NULL;
}

struct pipeline *pipeline_new(const struct event_options *events, size_t last,
			      enum time_format default_time)
{
	const struct print_style style =
		event_options_style(events, stdout, default_time);
	struct pipeline *pl;

	pl = pipeline_with(events, printer_new(events->format, &style));
	if (!pl)
		return NULL;
	pl->keep = events->all || events->errors ? 0 : last;
	if (events->last)
		pl->keep = events->last;
	return pl;
}

bool pipeline_set_source(struct pipeline *pl, struct event_source *source)
{
	pl->source = source;
	pipeline_set_clock(pl);
	return since_start(&pl->events->since, &pl->tb, &pl->start);
}

void pipeline_set_clock(struct pipeline *pl)
{
	source_clock(pl->source, &pl->tb);
}

static void add_names(struct pipeline *pl, const struct event *ev,
		      struct event_about *about)
{
	int pid = event_int(ev, FIELD_VM_PID);
	const struct process *vmm;

	if (pl->source->ops->comm) {
		about->vmm = pl->source->ops->comm(pl->source, pid);
		return;
	}
	vmm = process_cache_get(&pl->processes, pid, about->age_known,
				about->age_ns);
	about->vmm_gone = !vmm;
	if (!vmm)
		return;
	about->vmm = vmm->comm;
	about->vm = vmm->vm.name[0] ? vmm->vm.name : NULL;
}

static void learn(struct pipeline *pl, const struct event *ev,
		  struct event_about *about)
{
	*about = (struct event_about){ 0 };
	about->age_known = timebase_age(&pl->tb, ev, &about->age_ns);
	about->wall_known = timebase_wall(&pl->tb, ev, &about->wall_ns);
	add_names(pl, ev, about);
}

bool pipeline_wants(struct pipeline *pl, const struct event *ev)
{
	const struct select *select = &pl->events->select;
	struct event_about about = { 0 };

	if (ev->ts < pl->start || !select_has_vcpu(select, ev))
		return false;
	if (select->wants_names)
		learn(pl, ev, &about);
	return select_has_vm(select, event_int(ev, FIELD_VM_PID),
			     event_int(ev, FIELD_VM_FD), about.vm, about.vmm);
}

static void add_symbol(struct pipeline *pl, const struct event *ev,
		       struct event_about *about)
{
	uint64_t rip;

	if (!event_reg(ev, VCPU_INFO_REG_RIP, &rip))
		return;
	about->symbol =
		symbols_find(&pl->events->symbols, event_int(ev, FIELD_VM_PID),
			     event_int(ev, FIELD_VM_FD), about->vm, about->vmm,
			     rip, &about->symbol_offset);
}

static void add_delta(struct pipeline *pl, const struct event *ev,
		      struct event_about *about)
{
	if (!pl->events->rates || ev->kind != EVENT_RECORD)
		return;
	about->vcpu = vcpu_table_get(&pl->vcpus, ev);
	if (!about->vcpu)
		return;
	vcpu_count(about->vcpu, ev);
	about->delta = &about->vcpu->delta;
}

static void print_event(struct pipeline *pl, const struct event *ev)
{
	struct event_about about;

	learn(pl, ev, &about);
	add_symbol(pl, ev, &about);
	add_delta(pl, ev, &about);
	printer_event(pl->printer, ev, &about);
}

static void keep_event(struct pipeline *pl, const struct event *ev)
{
	struct vcpu *vcpu = vcpu_table_get(&pl->vcpus, ev);

	if (!vcpu || !vcpu_keep(vcpu, ev, pl->keep))
		pl->no_memory = true;
}

/* Where every record is printed, failed requests are too. */
static bool wants_kind(const struct pipeline *pl, const struct event *ev)
{
	if (pl->events->errors)
		return ev->kind == EVENT_ERROR;
	return !pl->keep || pl->events->all || ev->kind == EVENT_RECORD;
}

bool pipeline_take(const struct event *ev, void *pipeline)
{
	struct pipeline *pl = pipeline;

	if (!pipeline_wants(pl, ev)) {
		pl->others++;
	} else if (!wants_kind(pl, ev)) {
		pl->errors += ev->kind == EVENT_ERROR;
	} else {
		pl->taken[ev->kind]++;
		if (pl->keep)
			keep_event(pl, ev);
		else
			print_event(pl, ev);
	}
	return !ferror(pl->printer->style.out);
}

bool pipeline_read(struct pipeline *pl)
{
	return source_read(pl->source, pipeline_take, pl);
}

static void print_vcpu(struct vcpu *vcpu, void *pipeline)
{
	for (size_t i = 0; i < vcpu->nr_records; i++)
		print_event(pipeline, vcpu_record(vcpu, i));
}

void pipeline_finish(struct pipeline *pl)
{
	if (pl->keep)
		vcpu_table_each(&pl->vcpus, print_vcpu, pl);
	printer_flush(pl->printer);
}

bool pipeline_print_losses(struct pipeline *pl, struct losses *losses)
{
	bool known = source_losses(pl->source, losses);

	if (losses_any(losses))
		printer_losses(pl->printer, losses);
	printer_flush(pl->printer);
	return known;
}

void pipeline_free(struct pipeline *pl)
{
	if (!pl)
		return;
	printer_free(pl->printer);
	vcpu_table_free(&pl->vcpus);
	free(pl);
}
