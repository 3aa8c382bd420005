// SPDX-License-Identifier: GPL-2.0
/* What a guest must not get, and what a record must not mix */
#include <errno.h>
#include <linux/kvm_para.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hostile.h"

#define NR_VMS		2
#define TAG_SHIFT	48
#define POLLS_MAX	50	/* of a second each */

/* All values of a VM begin with its tag, and its ids are its own. */
static uint64_t tag(int vm)
{
	return vm ? 0xb0b0ULL : 0xa1a1ULL;
}

static int leak_id(int vm, int index)
{
	return NR_VMS * index + vm;
}

static void add_leaker(struct vm *vm, int nr, int index, int vcpus)
{
	struct vcpu *vcpu = vm_add_vcpu(vm, leak_id(nr, index),
					host.cpus[index % 2]);
	int i, reg;

	vcpu_begin(vcpu);
	for (i = 0; i < vcpus; i++) {
		prog_add(&vcpu->prog, OP_SET, REG(RAX), host.hypercall_nr);
		prog_add(&vcpu->prog, OP_SET, REG(RBX), leak_id(nr, i));
		prog_add(&vcpu->prog, OP_CALL, 0, 0);
	}
	prog_add(&vcpu->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, true);
	for (reg = 0; reg < NR_GPRS; reg++)
		vcpu->init.r[reg] = tag(nr) << TAG_SHIFT |
				    vcpu->init.r[reg] >> (64 - TAG_SHIFT);
	vcpu->init.r[REG(RAX)] = host.hypercall_nr;
	vcpu->init.r[REG(RBX)] = leak_id(nr, 0);
	vcpu_set_regs(vcpu);
}

static bool may_be(const struct vcpu *vcpu, int vm, int reg, uint64_t value)
{
	uint64_t rip = vcpu->prog.rip;

	switch (reg) {
	case REG(RAX):
		return value == host.hypercall_nr || !value;
	case REG(RBX):
		return value < VM_MAX_VCPUS * NR_VMS &&
		       value % NR_VMS == (unsigned int)vm;
	case REG(RIP):
		return value >= rip && value < rip + vcpu->prog.len;
	default:
		return value == vcpu->init.r[reg];
	}
}

static void check_values(const struct vcpu *vcpu, int vm,
			 const struct record *rec, struct tally *tally)
{
	int reg;

	for (reg = 0; reg < NR_REGS; reg++)
		if ((rec->valid & BIT(reg)) &&
		    !may_be(vcpu, vm, reg, rec->regs.r[reg]))
			failed(tally,
			       "a record of VM %d, vCPU %d (%s) has %s=%#llx",
			       vm, rec->vcpu_id, state_name(rec->state),
			       reg_names[reg],
			       (unsigned long long)rec->regs.r[reg]);
	/* Nor may what is not valid be anybody else's. */
	for (reg = 0; reg < NR_GPRS; reg++)
		if (rec->regs.r[reg] >> TAG_SHIFT == tag(!vm))
			failed(tally, "a record of VM %d has %s=%#llx of VM %d",
			       vm, reg_names[reg],
			       (unsigned long long)rec->regs.r[reg], !vm);
}

static void check_leak(struct vm **vms, const struct record *rec,
		       struct tally *tally)
{
	struct vcpu *vcpu = NULL;
	int vm, i;

	if (rec->error || rec->vm_pid != vms[0]->pid)
		return;
	vm = rec->vm_fd == vms[1]->fd;
	for (i = 0; i < vms[vm]->nr; i++)
		if (vms[vm]->vcpus[i].id == rec->vcpu_id)
			vcpu = &vms[vm]->vcpus[i];
	if (rec->vm_fd != vms[vm]->fd || !vcpu ||
	    rec->caller_id % NR_VMS != vm) {
		failed(tally, "VM %d: vCPU %d asked for %d", rec->vm_fd,
		       rec->caller_id, rec->vcpu_id);
		return;
	}
	check_values(vcpu, vm, rec, tally);
	tally->states[rec->state]++;
	tally->snapshots++;
	tally->valid += rec->state != VCPU_INFO_STATE_SELF && rec->valid;
}

void cmd_leak(const struct hostile_options *options)
{
	struct vm *vms[NR_VMS];
	struct tally tally = { 0 };
	struct record rec;
	int i, j, idle = 0;

	for (i = 0; i < NR_VMS; i++) {
		vms[i] = vm_create(MODE_64);
		for (j = 0; j < options->vcpus; j++)
			add_leaker(vms[i], i, j, options->vcpus);
	}
	reader_drain();
	for (i = 0; i < NR_VMS; i++)
		for (j = 0; j < options->vcpus; j++)
			vcpu_start(&vms[i]->vcpus[j]);
	while (tally.snapshots < options->count && !tally.failure[0] &&
	       idle < POLLS_MAX) {
		if (reader_poll(&rec)) {
			check_leak(vms, &rec, &tally);
			idle = 0;
		} else {
			idle++;
		}
	}
	result_tally(&tally, "leak: each record has values of its own VM alone");
	result(tally.snapshots >= options->count,
	       "leak: all %lu records came", options->count);
	result(tally.valid, "leak: some are of other vCPUs than the caller");
	note("leak records=%lu of-others=%lu lost=%lu", tally.snapshots,
	     tally.valid, reader_lost());
	for (i = 0; i < NR_VMS; i++)
		vm_destroy(vms[i]);
}

/* All that KVM can tell of a vCPU besides what the oracle compares */
struct rest {
	struct kvm_xsave xsave;
	struct kvm_sregs sregs;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
};

static void get_rest(struct vcpu *vcpu, struct rest *rest)
{
	memset(rest, 0, sizeof(*rest));
	if (ioctl(vcpu->fd, KVM_GET_XSAVE, &rest->xsave) ||
	    ioctl(vcpu->fd, KVM_GET_SREGS, &rest->sregs) ||
	    ioctl(vcpu->fd, KVM_GET_DEBUGREGS, &rest->debugregs) ||
	    ioctl(vcpu->fd, KVM_GET_XCRS, &rest->xcrs))
		die("KVM tells nothing of a vCPU: %s", strerror(errno));
}

/* The standard format of an XSAVE area */
#define XSAVE_FPR	32
#define XSAVE_FPR_NR	8
#define XSAVE_FPR_SIZE	16
#define XSAVE_FPR_USED	10
#define XSAVE_XMM	160
#define XSAVE_XMM_SIZE	256
#define XSAVE_HEADER	512
#define XSAVE_YMM	576	/* the high halves */

#define XFEATURES_SSE	3	/* x87 and SSE */
#define XFEATURE_YMM	4

static void fill(uint8_t *bytes, size_t len)
{
	while (len--)
		*bytes++ = random64() >> 32;
}

/*
 * The whole area: what KVM_SET_FPU writes is lost if the header has the
 * registers as never used.
 */
static void random_fpu(struct vcpu *vcpu)
{
	struct kvm_xsave set, got;
	uint8_t *area = (uint8_t *)set.region;
	int i;

	if (ioctl(vcpu->fd, KVM_GET_XSAVE, &set))
		die("KVM_GET_XSAVE: %s", strerror(errno));
	for (i = 0; i < XSAVE_FPR_NR; i++)
		fill(area + XSAVE_FPR + i * XSAVE_FPR_SIZE, XSAVE_FPR_USED);
	fill(area + XSAVE_XMM, XSAVE_XMM_SIZE);
	area[XSAVE_HEADER] |= XFEATURES_SSE;
	if (__builtin_cpu_supports("avx")) {
		fill(area + XSAVE_YMM, XSAVE_XMM_SIZE);
		area[XSAVE_HEADER] |= XFEATURE_YMM;
	}
	if (ioctl(vcpu->fd, KVM_SET_XSAVE, &set) ||
	    ioctl(vcpu->fd, KVM_GET_XSAVE, &got))
		die("KVM_SET_XSAVE: %s", strerror(errno));
	if (memcmp(area + XSAVE_XMM, (uint8_t *)got.region + XSAVE_XMM,
		   XSAVE_XMM_SIZE))
		die("KVM_SET_XSAVE does not set SSE registers");
}

static void compare_xsave(const struct kvm_xsave *a, const struct kvm_xsave *b,
			  struct tally *tally)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(a->region); i++)
		if (a->region[i] != b->region[i])
			failed(tally,
			       "the call changed byte %zu of the XSAVE area from %#x to %#x",
			       i * sizeof(a->region[0]), a->region[i],
			       b->region[i]);
}

static void compare_rest(const struct rest *a, const struct rest *b,
			 struct tally *tally)
{
	compare_xsave(&a->xsave, &b->xsave, tally);
	if (memcmp(&a->sregs, &b->sregs, sizeof(a->sregs)))
		failed(tally, "the call changed segment or control registers");
	if (memcmp(&a->debugregs, &b->debugregs, sizeof(a->debugregs)))
		failed(tally, "the call changed debug registers");
	if (memcmp(&a->xcrs, &b->xcrs, sizeof(a->xcrs)))
		failed(tally, "the call changed XCR0");
}

void cmd_regs(const struct hostile_options *options)
{
	struct vm *vm = vm_create(options->mode);
	struct vcpu *caller = vm_add_vcpu(vm, 0, -1);
	unsigned long i, served = 0;
	struct tally tally = { 0 };
	struct rest before, after;
	uint8_t *memory;
	char what[80];

	bind_to_cpu(host.cpus[0]);
	vm_add_vcpu(vm, 1, host.cpus[1]);
	caller_setup(caller);
	memory = malloc(VM_MEM_SIZE);
	if (!memory)
		die("out of memory");
	memcpy(memory, vm->mem, VM_MEM_SIZE);
	for (i = 0; i < options->count && !tally.failure[0]; i++) {
		long answer;

		random_fpu(caller);
		get_rest(caller, &before);
		/* Compares the GPRs, RFLAGS and control registers itself */
		if (!request_raw(caller, host.hypercall_nr, i % 3, &answer,
				 &tally))
			break;
		get_rest(caller, &after);
		/* The first shows what KVM has in use when a vCPU runs. */
		if (i)
			compare_rest(&before, &after, &tally);
		served += !answer;
	}
	if (memcmp(memory, vm->mem, VM_MEM_SIZE))
		failed(&tally, "the calls changed the guest's memory");
	free(memory);
	snprintf(what, sizeof(what),
		 "regs: a call in %d-bit mode changes RAX and nothing else",
		 options->mode);
	result_tally(&tally, what);
	result(served, "regs: some calls were served");
	note("regs calls=%lu served=%lu", i, served);
	vm_destroy(vm);
}
