// SPDX-License-Identifier: GPL-2.0
/* Calls with random registers; other vCPUs of the VM are there to be hit. */
#include <linux/kvm_para.h>
#include <stdio.h>

#include "hostile.h"

#define NR_UPSTREAM	16	/* KVM's own numbers, and some that it may get */

static const long allowed[] = {
	0, -VCPU_INFO_HC_EAGAIN, -VCPU_INFO_HC_EACCES, -VCPU_INFO_HC_EINVAL,
	-VCPU_INFO_HC_EOPNOTSUPP, -VCPU_INFO_HC_ENOSYS,
};

static uint64_t random_nr(void)
{
	uint64_t bits = random64();

	switch (bits & 15) {
	case 0:
		return random64();
	case 1:
		return host.hypercall_nr | random64() << 32;
	case 2:
		return host.hypercall_nr ^ 1ULL << (bits >> 8 & 63);
	case 3:
		return bits >> 8 & 0xffffffff;
	case 5:
		return VCPU_INFO_HC_WHY(host.hypercall_nr);
	case 4:
		/* 9 writes to where RBX points to, and 12 goes to the VMM. */
		return (bits >> 8) % 9;
	default:
		return host.hypercall_nr;
	}
}

static bool is_our_number(uint64_t nr, enum mode mode)
{
	if (mode != MODE_64)
		nr = (uint32_t)nr;
	return nr == host.hypercall_nr ||
	       nr == VCPU_INFO_HC_WHY(host.hypercall_nr);
}

static uint64_t random_id(int vcpus)
{
	uint64_t bits = random64();

	switch (bits & 7) {
	case 0:
		return random64();
	case 1:
		return (uint32_t)VCPU_INFO_PROBE_ID | random64() << 32;
	case 2:
		return (uint32_t)random64();
	case 3:
		return (uint32_t)-(bits >> 8 & 0xffff);
	default:
		return (bits >> 8) % (vcpus + 1) | random64() << 32;
	}
}

static bool is_allowed(long answer)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(allowed); i++)
		if (allowed[i] == answer)
			return true;

	return false;
}

/* Targets spin, halt, and never run. */
static void add_targets(struct vm *vm, int vcpus)
{
	struct vcpu *vcpu;
	int i;

	for (i = 1; i < vcpus; i++) {
		vcpu = vm_add_vcpu(vm, i, host.cpus[i % 2]);
		vcpu_begin(vcpu);
		prog_add(&vcpu->prog, i % 3 == 1 ? OP_NOP : OP_HLT, 0, 0);
		prog_add(&vcpu->prog, OP_BACK, 0, 0);
		vcpu_make_runnable(vcpu);
		vcpu_setup(vcpu, true);
		if (i % 3)
			vcpu_start(vcpu);
	}
}

void cmd_fuzz(const struct hostile_options *options)
{
	unsigned long served = 0, ours = 0, i;
	struct vm *vm = vm_create(options->mode);
	struct vcpu *caller = vm_add_vcpu(vm, 0, -1);
	struct tally tally = { 0 };
	char what[64];

	bind_to_cpu(host.cpus[0]);
	add_targets(vm, options->vcpus);
	caller_setup(caller);
	for (i = 0; i < options->count && !tally.failure[0]; i++) {
		uint64_t nr = random_nr();
		bool is_ours = is_our_number(nr, options->mode);
		long answer;

		if (!request_raw(caller, nr, random_id(options->vcpus),
				 &answer, &tally))
			break;
		if (is_ours && !is_allowed(answer))
			failed(&tally, "the result is %ld", answer);
		ours += is_ours;
		served += is_ours && !answer;
	}
	snprintf(what, sizeof(what),
		 "fuzz: random calls in %d-bit mode give documented results",
		 options->mode);
	result_tally(&tally, what);
	result(ours && served, "fuzz: some of them were served");
	note("fuzz calls=%lu ours=%lu served=%lu", i, ours, served);
	vm_destroy(vm);
}
