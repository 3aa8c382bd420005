// SPDX-License-Identifier: GPL-2.0
/* Asking: the hypercall from a vCPU that this thread runs */
#include <linux/kvm_para.h>

#include "oracle.h"

#define MAX_DELAY	40	/* steps between waking a vCPU and asking for it */

static void load_code(struct vcpu *caller)
{
	prog_add(&caller->prog, OP_OUT, 0, 0);
	caller->prog.rip = caller->init.r[REG(RIP)];
	vm_load_code(caller);
}

static void code_ask(struct vcpu *caller)
{
	vcpu_begin(caller);
	prog_add(&caller->prog, OP_CALL, 0, 0);
	load_code(caller);
}

/* The first call wakes, the second asks; exits between them take time. */
static void code_wake_and_ask(struct vcpu *caller, const struct vcpu *target)
{
	struct prog *prog = &caller->prog;
	int i;

	vcpu_begin(caller);
	prog_add(prog, OP_CALL, 0, 0);
	for (i = random64() % (MAX_DELAY + 1); i; i--) {
		prog_add(prog, OP_SET, REG(RAX), 0);
		prog_add(prog, OP_CPUID, 0, 0);
	}
	prog_add(prog, OP_SET, REG(RAX), host.hypercall_nr);
	prog_add(prog, OP_SET, REG(RBX), target->id);
	prog_add(prog, OP_CALL, 0, 0);
	load_code(caller);
}

void caller_setup(struct vcpu *caller)
{
	vcpu_make_runnable(caller);
	vcpu_setup(caller, true);
	code_ask(caller);
}

static bool is_done(const struct vcpu *vcpu)
{
	return vcpu->run->io.direction == KVM_EXIT_IO_OUT &&
	       vcpu->run->io.port == PORT_DONE;
}

/* A hypercall changes RAX alone, and RIP to what follows. */
static void check_caller(const struct vcpu *caller, const struct regs *now,
			 struct tally *tally)
{
	const struct prog *prog = &caller->prog;
	bool narrow = caller->vm->mode != MODE_64;
	struct regs want;
	uint64_t change;
	int reg;

	prog_state(prog, &caller->init, 0, prog->nr - 1, 0, &want);
	for (reg = 0; reg < NR_REGS; reg++) {
		change = now->r[reg] ^ want.r[reg];
		if (narrow && reg < 8)
			change = (uint32_t)change;
		if (change && reg != REG(RAX))
			failed(tally,
			       "the caller's %s is %#llx after the call, not %#llx",
			       reg_names[reg], (unsigned long long)now->r[reg],
			       (unsigned long long)want.r[reg]);
	}
}

/* The hypercall as caller->init has it */
static bool call(struct vcpu *caller, long *result, struct tally *tally)
{
	struct regs now;
	int exit;

	vcpu_set_regs(caller);
	exit = vcpu_run(caller);
	if (exit != KVM_EXIT_IO || !is_done(caller)) {
		failed(tally, "the caller ended with exit reason %d", exit);
		return false;
	}

	vcpu_get_regs(caller, &now);
	check_caller(caller, &now, tally);
	*result = now.r[REG(RAX)];
	if (caller->vm->mode != MODE_64) {
		if (now.r[REG(RAX)] >> 32)
			failed(tally, "the result is wider than 32 bits: %#lx",
			       *result);
		*result = (int32_t)*result;
	}

	return !tally->failure[0];
}

/**
 * request_raw() - make the hypercall
 * @caller: a vCPU of this thread, set up by caller_setup()
 * @rax: number, with what else RAX holds
 * @rbx: the vcpu_id, with what else RBX holds
 * @result: what the caller finds in RAX, signed
 * @tally: for failures
 *
 * The caller's other registers are new each time, and checked afterwards.
 *
 * Return: false if it failed.
 */
bool request_raw(struct vcpu *caller, uint64_t rax, uint64_t rbx, long *result,
		 struct tally *tally)
{
	tally->requests++;
	vcpu_random_regs(caller, true);
	caller->init.r[REG(RAX)] = rax;
	caller->init.r[REG(RBX)] = rbx;

	return call(caller, result, tally);
}

/**
 * request_why() - request_raw() with the number that says why
 * @why: all of RCX
 * @cookie: all of RDX
 */
bool request_why(struct vcpu *caller, uint64_t rbx, uint64_t why,
		 uint64_t cookie, long *result, struct tally *tally)
{
	tally->requests++;
	vcpu_random_regs(caller, true);
	caller->init.r[REG(RAX)] = VCPU_INFO_HC_WHY(host.hypercall_nr);
	caller->init.r[REG(RBX)] = rbx;
	caller->init.r[REG(RCX)] = why;
	caller->init.r[REG(RDX)] = cookie;

	return call(caller, result, tally);
}

/* Names and numbers that have none, and what else RCX holds; any cookie */
static bool request_any_why(struct vcpu *caller, uint64_t rbx,
			    struct expect *expect, long *result,
			    struct tally *tally)
{
	uint64_t why = random64(), cookie = random64();

	if (why & 0x100)
		why &= ~0xfffffff0ULL;
	expect->why = why;
	expect->cookie = caller->vm->mode == MODE_64 ? cookie :
						       (uint32_t)cookie;

	return request_why(caller, rbx, why, cookie, result, tally);
}

/* KVM's own hypercall that ends a vCPU's HLT */
static bool wake(struct vcpu *caller, const struct vcpu *target, long *result,
		 struct tally *tally)
{
	vcpu_random_regs(caller, true);
	caller->init.r[REG(RAX)] = KVM_HC_KICK_CPU;
	caller->init.r[REG(RBX)] = 0;
	caller->init.r[REG(RCX)] = target->id;	/* its APIC id */

	return call(caller, result, tally);
}

/*
 * As request_raw(), some time after KVM's own hypercall that ends a vCPU's HLT:
 * less than it takes to leave the guest in between, or more.
 */
static bool wake_and_request(struct vcpu *caller, struct vcpu *target,
			     uint64_t rbx, long *result, struct tally *tally)
{
	bool at_once = random64() & 0x100;
	struct counts counts;
	int i;

	if (at_once)
		code_wake_and_ask(caller, target);
	if (!wake(caller, target, result, tally))
		return false;
	if (at_once) {
		tally->requests++;
		code_ask(caller);
		return true;
	}

	for (i = random64() % MAX_DELAY; i; i--)
		vcpu_counts(target, &counts);

	return request_raw(caller, host.hypercall_nr, rbx, result, tally);
}

/*
 * The record that the last request has led to. Errors that are told of late
 * may be in front of it.
 */
static bool take_record(const struct vm *vm, struct record *rec,
			struct tally *tally)
{
	do {
		if (!reader_poll(rec)) {
			failed(tally, "a request was accepted, but not recorded");
			return false;
		}
	} while (rec->vm_pid != vm->pid || rec->error);

	return true;
}

/* The host asks, and a vCPU only wakes the target if that is wanted. */
static bool host_request(struct vcpu *caller, struct vcpu *target,
			 const struct expect *expect, struct record *rec,
			 struct tally *tally)
{
	struct vcpu_info_host_vcpu entry;

	if (!host_ask(target, &entry, tally) ||
	    !take_record(caller->vm, rec, tally))
		return false;
	host_check_entry(&entry, rec, tally);
	if (expect->want == VCPU_INFO_STATE_USER)
		host_check_exit(&entry, target, tally);

	return true;
}

/**
 * request() - ask for a vCPU, and get the record
 * @caller: asks, unless the host does
 * @target: is asked for; may be @caller
 * @expect: gets both, and KVM's counts before and after
 * @rec: the record
 * @tally: for failures
 */
bool request(struct vcpu *caller, struct vcpu *target, struct expect *expect,
	     struct record *rec, struct tally *tally)
{
	/* Only the low half of RBX is the argument. */
	uint64_t rbx = (uint32_t)target->id;
	long result;
	bool ok;

	if (caller->vm->mode == MODE_64)
		rbx |= random64() << 32;
	expect->caller = host.asks ? NULL : caller;
	expect->target = target;
	vcpu_counts(target, &expect->before);
	expect->counter_min = vcpu_counter(target);
	expect->why = VCPU_INFO_WHY_NONE;
	expect->cookie = 0;
	if (host.asks)
		ok = (!expect->wake || wake(caller, target, &result, tally)) &&
		     host_request(caller, target, expect, rec, tally);
	else if (expect->wake)
		ok = wake_and_request(caller, target, rbx, &result, tally);
	else if (random64() & 1)
		ok = request_any_why(caller, rbx, expect, &result, tally);
	else
		ok = request_raw(caller, host.hypercall_nr, rbx, &result,
				 tally);
	expect->counter_max = vcpu_counter(target);
	vcpu_counts(target, &expect->after);
	if (!ok || host.asks)
		return ok;
	if (result) {
		failed(tally, "asking for vCPU %d gave %ld, not 0",
		       target->id, result);
		return false;
	}

	return take_record(caller->vm, rec, tally);
}

/* No record of the process since the last that was read; errors are allowed. */
bool nothing_recorded(struct vm *vm, struct tally *tally, const char *what)
{
	struct record rec;

	while (reader_next(&rec)) {
		if (rec.error || rec.vm_pid != vm->pid)
			continue;
		failed(tally, "%s: recorded vCPU %d (%s)", what, rec.vcpu_id,
		       state_name(rec.state));
		return false;
	}

	return true;
}
