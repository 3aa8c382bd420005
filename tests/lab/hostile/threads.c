// SPDX-License-Identifier: GPL-2.0
/* A vCPU whose threads come and go, as it is asked about */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"

static void *run_once(void *data)
{
	struct vcpu *vcpu = data;

	bind_to_cpu(host.cpus[1]);
	thread_ids(&vcpu->tid);
	vcpu->exit = vcpu_run(vcpu);
	return NULL;
}

static void start(struct vcpu *vcpu, pthread_t *thread)
{
	int err;

	vcpu->run->immediate_exit = 0;
	err = pthread_create(thread, NULL, run_once, vcpu);
	if (err)
		die("pthread_create: %s", strerror(err));
}

static void end(struct vcpu *vcpu, pthread_t thread)
{
	vcpu->run->immediate_exit = 1;
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
}

/* Until the record says that the target runs guest code */
static void ask_until_running(struct vcpu *caller, struct vcpu *target,
			      struct tally *tally)
{
	struct expect expect = { .step = -1 };
	struct record rec;
	int i;

	for (i = 0; i < 10000 && !tally->failure[0]; i++) {
		if (!request(caller, target, &expect, &rec, tally))
			return;
		if (rec.state != VCPU_INFO_STATE_USER &&
		    rec.state != VCPU_INFO_STATE_NEVER_RUN)
			return;
		usleep(100);
	}
	failed(tally, "the target is never found running");
}

static void ask_when_gone(struct vcpu *caller, struct vcpu *target,
			  struct tally *tally)
{
	struct expect expect = { .step = -1 };
	struct record rec;

	if (tally->failure[0] ||
	    !request(caller, target, &expect, &rec, tally))
		return;
	if (rec.state != VCPU_INFO_STATE_USER)
		failed(tally, "without a thread it is %s",
		       state_name(rec.state));
	else if (rec.pid != target->tid.pid)
		failed(tally, "its last thread was %d, not %d",
		       target->tid.pid, rec.pid);
	else
		check_record(tally, &expect, &rec);
}

void cmd_threads(const struct hostile_options *options)
{
	struct vm *vm = vm_create(options->mode);
	struct vcpu *caller, *target;
	struct tally tally = { 0 };
	pthread_t thread;
	unsigned long i;

	bind_to_cpu(host.cpus[0]);
	caller = vm_add_vcpu(vm, 0, -1);
	target = vm_add_vcpu(vm, 1, -1);
	vcpu_begin(target);
	prog_add(&target->prog, OP_NOP, 0, 0);
	prog_add(&target->prog, OP_JMP, 0, 0);
	prog_add(&target->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(target);
	vcpu_setup(target, true);
	caller_setup(caller);
	reader_drain();
	for (i = 0; i < options->count && !tally.failure[0]; i++) {
		start(target, &thread);
		ask_until_running(caller, target, &tally);
		end(target, thread);
		ask_when_gone(caller, target, &tally);
	}
	result_tally(&tally, "threads: a vCPU is found with and without a thread");
	note("threads ended=%lu", i);
	vm_destroy(vm);
}
