// SPDX-License-Identifier: GPL-2.0
#include <limits.h>

#include "cmd/commands.h"
#include "duration.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "print/stack.h"
#include "signals.h"
#include "vm/guest-child.h"
#include "vm/guest.h"

#define MIN_INTERVAL_NS	(10 * NS_PER_MS)

const struct opt_spec stack_opts[] = {
	{ 'c', "vcpu", "LIST", "Only these vCPUs, such as 0-3,7" },
	{ 'n', "count", "N", "Do it N times (default: once)" },
	{ 'd', "interval", "TIME", "Time from one to the next (default: 1s)" },
	{ 'j', "json", NULL, "Print one JSON object per vCPU" },
	{ .more = vm_opts },
	{ 0 }
};

static enum opt_outcome parse_option(struct opt_parser *op, int val,
				     struct stack_params *params)
{
	char err[sizeof(op->err)];

	switch (val) {
	case 'm':
		return select_take_vm(&params->select, op);
	case 'j':
		params->json = true;
		return OPT_RUN;
	case 'n':
		if (num_parse_int(op->arg, 1, LLONG_MAX, &params->count))
			return OPT_RUN;
		return opt_bad(op, "--count takes a number from 1 on");
	case 'd':
		return opt_take_interval(op, MIN_INTERVAL_NS,
					 DURATION_MAX_NS,
					 "2, 500ms, 1.5s; from 10ms",
					 &params->interval_ns);
	case 'c':
		if (select_add_vcpus(&params->select, op->arg, err, sizeof(err)))
			return OPT_RUN;
		return opt_bad(op, "%s", err);
	default:
		return opt_default(val);
	}
}

enum opt_outcome stack_parse(struct opt_parser *op, int argc, char **argv,
			     struct stack_params *params)
{
	enum opt_outcome outcome;
	int val;

	*params = (struct stack_params){ .count = 1,
					 .interval_ns = 1000 * NS_PER_MS };
	opt_init(op, argc, argv, stack_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		outcome = parse_option(op, val, params);
		if (outcome != OPT_RUN)
			return outcome;
	}
	if (val != -1)
		return opt_default(val);
	return select_take_vms(&params->select, op);
}

static void print(bool json, const struct stack_record *record)
{
	if (json)
		stack_print_json(stdout, record);
	else
		stack_print_text(stdout, record);
}

/* How often the stack of a vCPU that goes on is read, until it fits together. */
#define MAX_TRIES	4

/* Where there may be a stack: find it. False to do it once more. */
static bool look(struct guest *guest, const struct vcpu_info_host_vcpu *before,
		 const struct vcpu_info_host_stack *moment,
		 const struct guest_registers *registers, struct guest_task *task,
		 struct stack_view *view)
{
	static struct guest_stack_copy copy;
	static struct named_stack named;
	static struct guest_stack stack;
	struct vcpu_info_host_vcpu after;
	const struct guest_cpu *cpu;

	copy.moment = moment->len ? moment : NULL;
	guest_stack_copy(guest->kernel, registers, &copy);
	cpu = guest_kernel_cpu(guest->kernel, before->vcpu_id);
	view->task = NULL;
	if (cpu && guest_task_current(guest->kernel, cpu, task))
		view->task = task;
	guest_stack_of_cpu(guest->kernel, cpu, view->task, registers, &copy,
			   &stack);
	view->user = guest_is_user(registers);
	view->exact = stack.of_moment ||
		      (guest_sample(guest, before->vcpu_id, &after) &&
		       guest_stood_still(before, &after));
	named_stack_make(guest->kernel, &stack, &named);
	view->stack = &named;
	return guest_stack_complete(&stack) || (view->exact && !guest_runs(before));
}

/* False if it is worth to be done again. */
static bool look_at_vcpu(struct guest *guest, struct guest_task *task,
			 struct stack_record *record)
{
	static struct vcpu_info_host_stack moment;
	struct stack_view *view = &record->view;
	struct vcpu_info_host_vcpu vcpu;
	struct guest_registers registers;

	*view = (struct stack_view){
		.kernel = guest->kernel ? guest->kernel->banner : NULL,
	};
	if (!guest_sample_stack(guest, record->vcpu_id, &vcpu, &moment)) {
		view->why = "the vCPU is gone";
		return true;
	}
	record->state = vcpu.state;
	view->why = guest_no_stack(&vcpu, &registers);
	if (!view->why && !guest->kernel)
		view->why = guest_kernel_strerror(guest->error);
	return view->why || look(guest, &vcpu, &moment, &registers, task, view);
}

void stack_of_vcpu(struct guest *guest, int vcpu_id, struct guest_task *task,
		   struct stack_record *record)
{
	int tries = 0;

	*record = (struct stack_record){ .vm = guest->vm, .vcpu_id = vcpu_id };
	while (!look_at_vcpu(guest, task, record) && ++tries < MAX_TRIES)
		;
}

static void print_vcpus(struct guest *guest, const struct stack_params *params)
{
	struct stack_record record;
	struct guest_task task;

	for (size_t i = 0; i < guest->nr_vcpus; i++) {
		int id = guest->vcpus[i].vcpu_id;

		if (params->select.vcpus.nr &&
		    !id_list_has(&params->select.vcpus, id))
			continue;
		stack_of_vcpu(guest, id, &task, &record);
		print(params->json, &record);
	}
	fflush(stdout);
}

/* Whether it is still the kernel that was found, looked at once a second. */
static bool is_current(struct guest *guest, uint64_t *checked)
{
	uint64_t now = signals_clock();

	if (!guest->kernel || now - *checked < 1000 * NS_PER_MS)
		return true;
	*checked = now;
	return guest_kernel_refresh(guest->kernel);
}

static int print_guest(struct guest *guest, void *arg)
{
	const struct stack_params *params = arg;
	uint64_t next = signals_clock(), checked = next;

	/* before the first stack, so that it does not take longer than others */
	if (guest->kernel)
		guest_stack_prepare(guest->kernel);
	for (long long i = 0; i < params->count && !ferror(stdout); i++) {
		guest_child_allow(GUEST_CHILD_SECONDS);
		if (i)
			signals_sleep_until(next);
		next = signals_next_round(next, params->interval_ns);
		if (!is_current(guest, &checked)) {
			msg_error("the guest has rebooted");
			return EXIT_FAILED;
		}
		print_vcpus(guest, params);
	}
	return EXIT_OK;
}

static int stack_run(const struct stack_params *params)
{
	return guest_each(&params->select, print_guest, (void *)params);
}

int cmd_stack(const struct cmd *cmd, int argc, char **argv)
{
	struct stack_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, stack_parse(&op, argc, argv, &params), &exit_code))
		exit_code = stack_run(&params);
	select_free(&params.select);
	return exit_code;
}
