// SPDX-License-Identifier: GPL-2.0
/* All vCPUs of all VMs ask for all, whether or not somebody answers. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "hostile.h"

/* As VMMs do: a host that goes to sleep takes threads out of KVM_RUN, too. */
static int run_until_stopped(struct vcpu *vcpu)
{
	int ret;

	do {
		ret = vcpu_run(vcpu);
	} while (ret == -EINTR && !vcpu->run->immediate_exit);

	return ret;
}

/* With a reason each has another cookie than the one before: it is another event. */
static void add_request(struct vcpu *vcpu, int id, unsigned int why)
{
	prog_add(&vcpu->prog, OP_SET, REG(RAX),
		 why ? VCPU_INFO_HC_WHY(host.hypercall_nr) : host.hypercall_nr);
	prog_add(&vcpu->prog, OP_SET, REG(RBX), id);
	if (why) {
		prog_add(&vcpu->prog, OP_SET, REG(RCX), why);
		prog_add(&vcpu->prog, OP_SET, REG(RDX),
			 vcpu->id * VM_MAX_VCPUS + id);
	}
	prog_add(&vcpu->prog, OP_CALL, 0, 0);
}

static struct vm *make_vm(const struct hostile_options *options)
{
	struct vm *vm = vm_create(options->mode);
	int i, id;

	for (i = 0; i < options->vcpus; i++) {
		struct vcpu *vcpu = vm_add_vcpu(vm, i, host.cpus[i % 2]);

		vcpu->work = run_until_stopped;
		vcpu_begin(vcpu);
		for (id = 0; id < options->vcpus; id++)
			add_request(vcpu, id, options->why);
		prog_add(&vcpu->prog, OP_BACK, 0, 0);
		vcpu_make_runnable(vcpu);
		vcpu_setup(vcpu, true);
	}

	return vm;
}

static uint64_t hypercalls(struct vm **vms, int nr)
{
	struct counts counts;
	uint64_t sum = 0;
	int i, j;

	for (i = 0; i < nr; i++)
		for (j = 0; j < vms[i]->nr; j++) {
			vcpu_counts(&vms[i]->vcpus[j], &counts);
			sum += counts.hypercalls;
		}

	return sum;
}

static void stop(struct vm *vm)
{
	struct regs regs;
	int i;

	for (i = 0; i < vm->nr; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		if (result(vcpu_stop(vcpu) && vcpu->exit == -EINTR,
			   "storm: vCPU %d asked until it was stopped", i))
			continue;
		vcpu_get_regs(vcpu, &regs);
		note("it ended with %d (%u), rip=%#llx rax=%#llx rbx=%#llx",
		     vcpu->exit, vcpu->run->internal.suberror,
		     (unsigned long long)regs.r[REG(RIP)],
		     (unsigned long long)regs.r[REG(RAX)],
		     (unsigned long long)regs.r[REG(RBX)]);
	}
	vm_destroy(vm);
}

void cmd_storm(const struct hostile_options *options)
{
	struct vm **vms = calloc(options->vms, sizeof(*vms));
	uint64_t before;
	sigset_t set;
	int i, j, sig;

	if (!vms)
		die("out of memory");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		die("a signal cannot be blocked");
	for (i = 0; i < options->vms; i++)
		vms[i] = make_vm(options);
	for (i = 0; i < options->vms; i++)
		for (j = 0; j < vms[i]->nr; j++)
			vcpu_start(&vms[i]->vcpus[j]);
	note("storm runs");
	sigwait(&set, &sig);

	before = hypercalls(vms, options->vms);
	for (i = 0; i < 30000 && hypercalls(vms, options->vms) == before; i++)
		usleep(1000);
	result(hypercalls(vms, options->vms) > before,
	       "storm: it is still asking");
	note("storm hypercalls=%llu", (unsigned long long)before);
	for (i = 0; i < options->vms; i++)
		stop(vms[i]);
	free(vms);
}
