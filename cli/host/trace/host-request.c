// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trace/host-request.h"

static void set_exit(const struct vcpu_info_host_vcpu *vcpu, struct event *ev)
{
	unsigned int flags = vcpu->exit_flags;

	if (!(vcpu->have & VCPU_INFO_HAVE_EXIT))
		return;
	ev->exit = (struct event_exit){
		.known = true,
		.reason = vcpu->exit_reason,
		.name = host_device_exit_name(vcpu->exit_reason),
		.has_addr = flags & VCPU_INFO_EXIT_ADDR,
		.port = flags & VCPU_INFO_EXIT_PORT,
		.write = flags & VCPU_INFO_EXIT_WRITE,
		.len = vcpu->exit_len,
		.addr = vcpu->exit_addr,
	};
}

static void set_counts(const struct vcpu_info_host_vcpu *vcpu, struct event *ev)
{
	/* both begin with the same */
	for (int i = 0; i <= FIELD_HYPERCALLS - FIELD_EXITS; i++)
		event_set(ev, FIELD_EXITS + i, vcpu->counts[i]);
}

static void set_state(const struct vcpu_info_host_vcpu *vcpu, struct event *ev)
{
	event_set(ev, FIELD_STATE_NR, vcpu->state);
	event_set(ev, FIELD_FLAGS, vcpu->flags);
	event_set(ev, FIELD_ATTEMPTS, vcpu->attempts);
	event_set(ev, FIELD_VALID, vcpu->valid);
	for (int i = 0; i < VCPU_INFO_NR_REGS; i++)
		event_set(ev, FIELD_REGS + i, vcpu->regs[i]);
}

/* What the events of one answer have in common: who asks, and for what. */
static void start_event(struct event *ev, const struct process *vmm)
{
	event_clear(ev);
	ev->kind = EVENT_RECORD;
	ev->thread = getpid();
	ev->trace_cpu = sched_getcpu();
	ev->ts_is_ns = true;
	ev->vmm = vmm;
	snprintf(ev->comm, sizeof(ev->comm), "%s",
		 program_invocation_short_name);
}

static void add_answer(const struct vcpu_info_host_vcpu *vcpu,
		       struct event *ev)
{
	ev->ts = vcpu->time_ns;
	event_set(ev, FIELD_VM_PID, vcpu->vm_pid);
	event_set(ev, FIELD_VM_FD, vcpu->vm_fd);
	event_set(ev, FIELD_CALLER_ID, -1);
	event_set(ev, FIELD_VCPU_ID, vcpu->vcpu_id);
	event_set(ev, FIELD_PID, vcpu->pid);
	event_set(ev, FIELD_NS_PID, vcpu->ns_pid);
	event_set(ev, FIELD_NS_LEVEL, vcpu->ns_level);
	event_set(ev, FIELD_CPU, vcpu->cpu);
	event_set(ev, FIELD_WHY_NR, VCPU_INFO_WHY_NONE);
	event_set(ev, FIELD_COOKIE, 0);
	if (vcpu->have & VCPU_INFO_HAVE_STATE)
		set_state(vcpu, ev);
	set_counts(vcpu, ev);
	set_exit(vcpu, ev);
}

void host_request_event(const struct vcpu_info_host_vcpu *vcpu,
			struct event *ev)
{
	start_event(ev, NULL);
	add_answer(vcpu, ev);
}

/* Those that are selected, by ids that are asked for without any interrupt */
static enum device_status choose(struct host_device *dev,
				 struct host_request *req, const struct vm *vm,
				 int **ids, size_t *nr)
{
	struct vm_sample all = {
		.pid = vm->vmm.pid,
		.fd = vm->fd,
		.flags = VCPU_INFO_SAMPLE_COUNTS,
	};
	enum device_status status = host_device_sample(dev, &all);

	*ids = status == DEVICE_OK ? calloc(all.nr + 1, sizeof(**ids)) : NULL;
	for (size_t i = 0; *ids && i < all.nr; i++) {
		int id = all.vcpus[i].vcpu_id;

		if (!req->select->vcpus.nr ||
		    id_list_has(&req->select->vcpus, id))
			(*ids)[(*nr)++] = id;
		else
			req->nr_others++;
	}
	if (status == DEVICE_OK && !*ids)
		status = DEVICE_FAILED;
	free(all.vcpus);
	return status;
}

/* The names that records of guests have, too */
static void name_vm(const struct vm *vm, struct vm_sample *sample)
{
	for (size_t i = 0; i < sample->nr; i++) {
		struct vcpu_info_host_vcpu *vcpu = &sample->vcpus[i];

		if (!vcpu->vm_pid)
			vcpu->vm_pid = vm->vmm.pid;
		if (vcpu->vm_fd < 0)
			vcpu->vm_fd = vm->fd;
	}
}

/* Ask for these, or for all if ids is NULL, and hand them over. */
static bool ask(struct host_device *dev, struct host_request *req,
		const struct vm *vm, const int *ids, size_t nr_ids,
		vm_sample_fn *found, void *arg)
{
	struct vm_sample sample = {
		.pid = vm->vmm.pid,
		.fd = vm->fd,
		.flags = req->flags,
		.attempts = req->attempts ?: dev->max_attempts,
		.ids = ids,
		.nr_ids = nr_ids,
	};
	bool more;

	if (req->names && !(req->flags & VCPU_INFO_SAMPLE_COUNTS))
		guest_names_want_stacks(req->names, &sample);
	req->status = host_device_sample(dev, &sample);
	if (req->status != DEVICE_OK)
		return false;
	name_vm(vm, &sample);
	req->nr_vcpus += sample.nr;
	if (req->names)
		guest_names_use_stacks(req->names, &sample);
	more = found(vm, &sample, arg);
	if (req->names)
		guest_names_use_stacks(req->names, NULL);
	free(sample.vcpus);
	free(sample.stacks);
	return more;
}

static bool ask_for_chosen(struct host_device *dev, struct host_request *req,
			   const struct vm *vm, vm_sample_fn *found, void *arg)
{
	int *ids = NULL;
	bool more = true;
	size_t nr = 0;

	req->status = choose(dev, req, vm, &ids, &nr);
	if (nr > dev->max_ids && !req->singly)
		nr = dev->max_ids;
	if (req->status != DEVICE_OK)
		more = false;
	else if (nr && !req->singly)
		more = ask(dev, req, vm, ids, nr, found, arg);
	for (size_t i = 0; req->singly && more && i < nr; i++)
		more = ask(dev, req, vm, &ids[i], 1, found, arg);
	free(ids);
	return more;
}

static bool round_vm(struct host_device *dev, struct host_request *req,
		     const struct vm *vm, vm_sample_fn *found, void *arg)
{
	bool more;

	req->nr_vms++;
	if (req->select->vcpus.nr || req->singly)
		more = ask_for_chosen(dev, req, vm, found, arg);
	else
		more = ask(dev, req, vm, NULL, 0, found, arg);
	if (req->status == DEVICE_VM_GONE) {
		req->nr_gone++;
		req->status = DEVICE_OK;
		return true;
	}
	if (req->status != DEVICE_OK)
		req->err = errno;
	if (req->status != DEVICE_OK && req->skips_unread) {
		req->nr_unread++;
		req->status = DEVICE_OK;
		return true;
	}
	return more;
}

static void round_vms(struct host_device *dev, struct host_request *req,
		      vm_sample_fn *found, void *arg)
{
	for (size_t i = 0; i < req->scan.nr; i++) {
		const struct vm *vm = &req->scan.vms[i];

		if (!select_has_vm(req->select, vm->vmm.pid, vm->fd,
				   vm->vmm.vm.name, vm->vmm.comm))
			continue;
		if (!round_vm(dev, req, vm, found, arg))
			return;
	}
}

static bool fail(struct host_request *req, enum device_status status)
{
	req->status = status;
	req->err = errno;
	return false;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/* So many times as long a list is good for that KVM's own has not changed since. */
#define UNCHANGED_TIMES	6

static bool is_unchanged(const struct host_request *req, const struct vm_mark *mark,
			 uint64_t now)
{
	return now - req->looked < UNCHANGED_TIMES * req->rescan_ns &&
	       vm_mark_same(&req->mark, mark);
}

/* Look for VMs, unless that was done lately and none has gone since. */
static bool find_vms(struct host_request *req, bool again)
{
	uint64_t now = now_ns();
	struct vm_mark mark;

	if (!again && req->scanned && now - req->scanned < req->rescan_ns)
		return true;
	vm_mark_take(&mark);
	if (again || !req->scanned || !is_unchanged(req, &mark, now)) {
		vm_scan_free(&req->scan);
		req->scanned = 0;
		if (!vm_scan_without_vcpus(&req->scan))
			return false;
		req->looked = now;
		req->mark = mark;
	}
	req->scanned = now;
	thread_times_sweep(&req->times);
	req->all_vms = req->scan.nr;
	req->denied = req->scan.denied;
	return true;
}

bool host_request_round(struct host_request *req, vm_sample_fn *found,
			void *arg)
{
	bool again = req->nr_gone || !req->nr_vms;
	struct host_device dev;
	enum device_status status;

	req->nr_vms = 0;
	req->nr_gone = 0;
	req->nr_unread = 0;
	req->nr_vcpus = 0;
	req->nr_others = 0;
	req->status = DEVICE_OK;
	status = host_device_open(&dev);
	if (status != DEVICE_OK)
		return fail(req, status);
	if (!find_vms(req, again)) {
		host_device_close(&dev);
		return fail(req, DEVICE_FAILED);
	}
	round_vms(&dev, req, found, arg);
	host_device_close(&dev);
	return req->status == DEVICE_OK;
}

/* The rest of this file: the same as a source of events */

struct receiver {
	struct host_request *req;
	event_fn *found;
	void *arg;
};

static void add_times(struct host_request *req, struct event *ev)
{
	uint64_t run, wait;

	if (!thread_times_read(&req->times, event_int(ev, FIELD_VM_PID),
			       event_int(ev, FIELD_PID), &run, &wait))
		return;
	event_set(ev, FIELD_RUN_NS, run);
	event_set(ev, FIELD_WAIT_NS, wait);
}

static bool hand_over(const struct vm *vm, const struct vm_sample *sample,
		      void *arg)
{
	struct event empty, ev;
	struct receiver *to = arg;

	start_event(&empty, &vm->vmm);
	for (size_t i = 0; i < sample->nr; i++) {
		if (sample->vcpus[i].result)
			continue;
		memcpy(&ev, &empty, event_size(&empty));
		add_answer(&sample->vcpus[i], &ev);
		if (to->req->with_times && sample->vcpus[i].pid)
			add_times(to->req, &ev);
		if (!to->found(&ev, to->arg))
			return false;
	}
	return true;
}

static bool read_round(struct event_source *source, event_fn *found, void *arg)
{
	struct host_request *req = (struct host_request *)source;
	struct receiver to = { req, found, arg };

	if (host_request_round(req, hand_over, &to))
		return true;
	errno = req->err;
	return false;
}

/* Of what is asked for now, in the clock that the device uses */
static void clock_now(struct event_source *source, struct timebase *tb)
{
	(void)source;
	*tb = (struct timebase){
		.known = true,
		.trace = now_ns(),
		.wall = timebase_wall_now(),
	};
}

static bool no_losses(struct event_source *source, struct losses *losses)
{
	(void)source;
	*losses = (struct losses){ 0 };
	return true;
}

static bool forget_vms(struct event_source *source)
{
	struct host_request *req = (struct host_request *)source;

	vm_scan_free(&req->scan);
	thread_times_free(&req->times);
	return true;
}

static const struct event_source_ops host_request_ops = {
	.read = read_round,
	.clock = clock_now,
	.losses = no_losses,
	.close = forget_vms,
};

void host_request_init(struct host_request *req, const struct select *select)
{
	*req = (struct host_request){
		.source.ops = &host_request_ops,
		.select = select,
	};
}
