// SPDX-License-Identifier: GPL-2.0
/* Guests that do one thing in a loop, and the time that it takes */
#include <string.h>
#include <x86intrin.h>

#include "bench.h"

#define RUNS	15
#define CALLS	300

/* RDI: number, RBX: vcpu_id, RSI: how many calls */
static const uint8_t code_amd[] = {
	0x48, 0x89, 0xf8,	/* mov	%rdi, %rax */
	0x0f, 0x01, 0xd9,	/* vmmcall */
	0x48, 0xff, 0xce,	/* dec	%rsi */
	0x75, 0xf5,		/* jnz	to the first */
	0xe6, PORT_DONE,	/* out	%al, $PORT_DONE */
};

#define OFF_VMCALL	5	/* what differs on Intel */

static void make_caller(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	vcpu_begin(vcpu);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, false);
	memcpy(prog->code, code_amd, sizeof(code_amd));
	prog->len = sizeof(code_amd);
	if (!host.amd)
		prog->code[OFF_VMCALL] = 0xc1;
	vm_load_code(vcpu);
}

static void set_call(struct vcpu *caller, uint32_t nr, int id, uint64_t calls)
{
	caller->init.r[REG(RDI)] = nr;
	caller->init.r[REG(RBX)] = (uint32_t)id;
	caller->init.r[REG(RSI)] = calls;
	vcpu_set_regs(caller);
}

/* A vCPU of this thread that makes hypercalls; see guest_loop() */
struct vcpu *guest_caller(struct vm *vm, int id)
{
	struct vcpu *vcpu = vm_add_vcpu(vm, id, -1);

	make_caller(vcpu);
	return vcpu;
}

/* A vCPU that does nothing but make hypercalls */
struct vcpu *guest_storming(struct vm *vm, int id, int cpu, uint32_t nr,
			    int target)
{
	struct vcpu *vcpu = vm_add_vcpu(vm, id, cpu);

	make_caller(vcpu);
	set_call(vcpu, nr, target, -1);
	vcpu_start(vcpu);

	return vcpu;
}

/* A vCPU that sleeps in KVM */
struct vcpu *guest_halted(struct vm *vm, int id)
{
	struct vcpu *vcpu = vm_add_vcpu(vm, id, host.cpus[0]);

	vcpu_begin(vcpu);
	prog_add(&vcpu->prog, OP_HLT, 0, 0);
	prog_add(&vcpu->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, true);
	vcpu_start(vcpu);
	if (!poll_for(vcpu_blocked, vcpu))
		die("vCPU %d does not halt", id);

	return vcpu;
}

static bool has_counted(struct vcpu *vcpu)
{
	return vcpu_counter(vcpu) != vcpu->init.r[REG_COUNTER];
}

static void start_counting(struct vcpu *vcpu)
{
	vcpu_start(vcpu);
	if (!poll_for(has_counted, vcpu))
		die("vCPU %d does not run", vcpu->id);
}

/* A vCPU that never leaves the guest by itself, and counts */
struct vcpu *guest_counting(struct vm *vm, int id, int cpu)
{
	struct vcpu *vcpu = vm_add_vcpu(vm, id, cpu);

	vcpu_begin(vcpu);
	prog_add_lockstep(&vcpu->prog);
	prog_add(&vcpu->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, true);
	start_counting(vcpu);

	return vcpu;
}

/* The same, with a stack pointer that stays */
struct vcpu *guest_on_stack(struct vm *vm, int id, int cpu, uint64_t rsp)
{
	struct vcpu *vcpu = vm_add_vcpu(vm, id, cpu);

	vcpu_begin(vcpu);
	prog_add(&vcpu->prog, OP_INC, REG_COUNTER, 0);
	prog_add(&vcpu->prog, OP_STORE, 0, 0);
	prog_add(&vcpu->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, true);
	vcpu->init.r[REG(RSP)] = rsp;
	vcpu_set_regs(vcpu);
	start_counting(vcpu);

	return vcpu;
}

/* Ticks of a KVM_RUN in which the guest makes a number of hypercalls */
uint64_t guest_loop(struct vcpu *caller, uint32_t nr, int id, uint32_t calls)
{
	uint64_t start, end;
	int exit;

	set_call(caller, nr, id, calls);
	start = __rdtsc();
	exit = vcpu_run(caller);
	end = __rdtsc();
	if (exit != KVM_EXIT_IO)
		die("a guest that makes hypercalls ended with %d", exit);

	return end - start;
}

static uint64_t least(struct vcpu *caller, uint32_t nr, int id, uint32_t calls)
{
	uint64_t ticks, min = -1;
	int i;

	for (i = 0; i < RUNS; i++) {
		ticks = guest_loop(caller, nr, id, calls);
		if (ticks < min)
			min = ticks;
	}

	return min;
}

/*
 * Ticks of one hypercall: the mean over many of them, in the run of several
 * that no interrupt of the host got into; without what KVM_RUN costs.
 */
double guest_cost(struct vcpu *caller, uint32_t nr, int id)
{
	uint64_t one = least(caller, nr, id, 1);
	uint64_t many = least(caller, nr, id, 1 + CALLS);

	return (double)(many - one) / CALLS;
}

/* What the last hypercall gave */
long guest_result(struct vcpu *caller)
{
	struct regs regs;

	vcpu_get_regs(caller, &regs);
	return regs.r[REG(RAX)];
}
