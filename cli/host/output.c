// SPDX-License-Identifier: GPL-2.0
#include "msg.h"
#include "output.h"

bool output_init(struct output *out, const struct event_options *view,
		 enum time_format default_time)
{
	struct fmt fmt = event_options_fmt(view, stdout, default_time);

	*out = (struct output){ .view = view };
	if (printer_init(&out->printer, view->format, &fmt))
		return true;
	msg_error("out of memory");
	return false;
}

static void add_names(struct output *out, const struct event *ev,
		      struct fmt_about *about)
{
	int pid = event_int(ev, FIELD_VM_PID);
	const struct process *vmm;

	if (out->comm_of) {
		about->vmm = out->comm_of(out->comm_arg, pid);
		return;
	}
	vmm = process_cache_get(&out->vmms, pid, about->age_known,
				about->age_ns);
	about->vmm_gone = !vmm;
	if (!vmm)
		return;
	about->vmm = vmm->comm;
	about->vm = vmm->vm.name[0] ? vmm->vm.name : NULL;
}

static void add_symbol(struct output *out, const struct event *ev,
		       struct fmt_about *about)
{
	uint64_t rip;

	if (!event_reg(ev, VCPU_INFO_REG_RIP, &rip))
		return;
	about->symbol = symbols_find(&out->view->symbols,
				     event_int(ev, FIELD_VM_PID),
				     event_int(ev, FIELD_VM_FD), about->vm,
				     about->vmm, rip, &about->symbol_offset);
}

static void learn_about(struct output *out, const struct event *ev,
			struct fmt_about *about)
{
	*about = (struct fmt_about){ 0 };
	about->age_known = timebase_age(&out->tb, ev, &about->age_ns);
	about->wall_known = timebase_wall(&out->tb, ev, &about->wall_ns);
	add_names(out, ev, about);
}

bool output_wants(struct output *out, const struct event *ev)
{
	const struct select *filter = &out->view->filter;
	struct fmt_about about = { 0 };

	if (ev->ts < out->start || !select_has_vcpu(filter, ev))
		return false;
	if (filter->wants_names)
		learn_about(out, ev, &about);
	return select_has_vm(filter, event_int(ev, FIELD_VM_PID),
			     event_int(ev, FIELD_VM_FD), about.vm, about.vmm);
}

void output_learn(struct output *out, const struct event *ev,
		  struct fmt_about *about, struct exit_delta *delta)
{
	learn_about(out, ev, about);
	add_symbol(out, ev, about);
	if (out->with_rates && ev->kind == EVENT_RECORD &&
	    rates_add(&out->rates, ev, delta))
		about->delta = delta;
}

void output_print(struct output *out, const struct event *ev)
{
	struct fmt_about about;
	struct exit_delta delta;

	output_learn(out, ev, &about, &delta);
	printer_event(&out->printer, ev, &about);
}

void output_free(struct output *out)
{
	printer_free(&out->printer);
	rates_free(&out->rates);
}
