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
	vmm = ev->vmm ?: process_cache_get(&pl->processes, pid,
					   about->age_known, about->age_ns);
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

	/* first of all: a VM is found by any event of it */
	if (select->wants_names)
		learn(pl, ev, &about);
	return select_has_vm(select, event_int(ev, FIELD_VM_PID),
			     event_int(ev, FIELD_VM_FD), about.vm, about.vmm) &&
	       ev->ts >= pl->start && select_has_vcpu(select, ev);
}

/* As the device has it, for who looks into guests. */
static void make_vcpu(const struct event *ev, struct vcpu_info_host_vcpu *vcpu)
{
	*vcpu = (struct vcpu_info_host_vcpu){
		.vcpu_id = event_int(ev, FIELD_VCPU_ID),
		.have = event_has(ev, FIELD_STATE_NR) ? VCPU_INFO_HAVE_STATE : 0,
		.valid = ev->val[FIELD_VALID],
		.state = ev->val[FIELD_STATE_NR],
		.flags = ev->val[FIELD_FLAGS],
	};
	for (int i = 0; i < VCPU_INFO_NR_REGS; i++)
		vcpu->regs[i] = ev->val[FIELD_REGS + i];
	vcpu->counts[VCPU_INFO_COUNT_EXITS] = ev->val[FIELD_EXITS];
}

static void name_place(struct pipeline *pl, const struct guest_vcpu *which,
		       struct event_about *about)
{
	const struct named_place *place =
		guest_names_find(pl->events->names, which);

	if (!place)
		return;
	about->symbol = place->name;
	about->symbol_offset = place->offset;
	about->module = place->module[0] ? place->module : NULL;
}

/* What runs there now is known only of a record that is new. */
#define NEW_NS	(NS_PER_SEC / 2)

static void add_look(struct pipeline *pl, const struct guest_vcpu *which,
		     struct event_about *about)
{
	const struct guest_look *look = &pl->look;
	struct stack_view *view = &pl->view;

	*view = (struct stack_view){
		.why = guest_names_look(pl->events->names, which,
					pl->events->stacks, &pl->look),
	};
	view->kernel = look->banner[0] ? look->banner : NULL;
	view->task = look->has_task ? &look->task : NULL;
	view->user = look->user;
	view->exact = look->exact;
	view->stack = view->why ? NULL : &look->stack;
	about->task = view->task;
	if (pl->events->stacks)
		about->stack = view;
}

static void look_into_guest(struct pipeline *pl, const struct event *ev,
			    struct event_about *about, bool in_user)
{
	const struct event_options *events = pl->events;
	struct vcpu_info_host_vcpu vcpu;
	const struct guest_vcpu which = {
		.vm_pid = event_int(ev, FIELD_VM_PID),
		.vm_fd = event_int(ev, FIELD_VM_FD),
		.age_ns = about->age_known ? about->age_ns : UINT64_MAX,
		.vcpu = &vcpu,
	};

	make_vcpu(ev, &vcpu);
	if (!about->symbol && !in_user)
		name_place(pl, &which, about);
	if (which.age_ns < NEW_NS &&
	    (events->stacks || (events->tasks && in_user)))
		add_look(pl, &which, about);
}

static void add_symbol(struct pipeline *pl, const struct event *ev,
		       struct event_about *about)
{
	const struct event_options *events = pl->events;
	bool in_user = false;
	uint64_t rip;

	if (ev->kind != EVENT_RECORD)
		return;
	if (event_reg(ev, VCPU_INFO_REG_RIP, &rip)) {
		about->symbol = symbols_find(&events->symbols,
					     event_int(ev, FIELD_VM_PID),
					     event_int(ev, FIELD_VM_FD),
					     about->vm, about->vmm, rip,
					     &about->symbol_offset);
		in_user = !(rip >> 63);
	} else if (!events->stacks) {
		return;
	}
	if (events->stacks ||
	    (events->names && (!in_user || events->tasks)))
		look_into_guest(pl, ev, about, in_user);
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
