// SPDX-License-Identifier: GPL-2.0
/* VMs that ask as often as they are told, and what they are answered */
#include <linux/kvm_para.h>
#include <stdlib.h>
#include <time.h>

#include "hostile.h"

struct asker {
	struct vm *vm;
	struct vcpu *vcpu;
	unsigned long served;
	unsigned long refused;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static struct asker *make_askers(const struct hostile_options *options)
{
	struct asker *askers = calloc(options->vms, sizeof(*askers));
	int i;

	if (!askers)
		die("out of memory");
	bind_to_cpu(host.cpus[0]);
	for (i = 0; i < options->vms; i++) {
		askers[i].vm = vm_create(options->mode);
		askers[i].vcpu = vm_add_vcpu(askers[i].vm, 0, -1);
		caller_setup(askers[i].vcpu);
	}

	return askers;
}

static void free_askers(struct asker *askers, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		vm_destroy(askers[i].vm);
	free(askers);
}

static void ask(struct asker *asker, unsigned long count, struct tally *tally)
{
	long answer;

	for (; count && !tally->failure[0]; count--) {
		if (!request_raw(asker->vcpu, host.hypercall_nr,
				 asker->vcpu->id, &answer, tally))
			return;
		if (!answer)
			asker->served++;
		else if (answer == -VCPU_INFO_HC_EAGAIN)
			asker->refused++;
		else
			failed(tally, "a request gave %ld", answer);
	}
}

#define ROUNDS	4

/* In rounds, so that each VM comes back after all others have asked. */
void cmd_ask(const struct hostile_options *options)
{
	struct asker *askers = make_askers(options);
	unsigned long served = 0, refused = 0, most = 0, least = ~0UL;
	uint64_t start = now_ms(), ms;
	struct tally tally = { 0 };
	int i, round;

	for (round = 0; round < ROUNDS || now_ms() - start < options->min_ms;
	     round++)
		for (i = 0; i < options->vms; i++)
			ask(&askers[i], (options->count + ROUNDS - 1) / ROUNDS,
			    &tally);
	ms = now_ms() - start;

	for (i = 0; i < options->vms; i++) {
		served += askers[i].served;
		refused += askers[i].refused;
		if (askers[i].served > most)
			most = askers[i].served;
		if (askers[i].served < least)
			least = askers[i].served;
	}
	result_tally(&tally, "ask: each request is served, or refused as one too many");
	note("ask served=%lu refused=%lu most=%lu least=%lu ms=%llu", served,
	     refused, most, least, (unsigned long long)ms);
	free_askers(askers, options->vms);
}

/* Records that there are, and those with all registers that are wanted */
struct share {
	unsigned long records;
	unsigned long valid;
};

static void count_share(struct share *share, const struct record *rec,
			unsigned int regs)
{
	share->records++;
	share->valid += (rec->valid & regs) == regs;
}

/* A vCPU that spins on another host CPU */
static struct vcpu *add_other(struct vm *vm)
{
	struct vcpu *other = vm_add_vcpu(vm, 1, host.cpus[1]);

	vcpu_begin(other);
	prog_add(&other->prog, OP_NOP, 0, 0);
	prog_add(&other->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(other);
	vcpu_setup(other, true);
	vcpu_start(other);

	return other;
}

/*
 * Asks for itself and for another vCPU, in turn, and gets each record. Its own
 * registers it always gets; those of the other, which a storm keeps busy, half
 * of the time at least.
 */
void cmd_victim(const struct hostile_options *options)
{
	struct vm *vm = vm_create(options->mode);
	struct share own = { 0 }, others = { 0 };
	struct vcpu *caller, *other;
	struct tally tally = { 0 };
	unsigned long i;

	bind_to_cpu(host.cpus[0]);
	caller = vm_add_vcpu(vm, 0, -1);
	other = add_other(vm);
	caller_setup(caller);
	reader_drain();
	for (i = 0; i < options->count && !tally.failure[0]; i++) {
		struct vcpu *target = i & 1 ? other : caller;
		struct expect expect = { .step = -1 };
		struct record rec;

		if (!request(caller, target, &expect, &rec, &tally))
			break;
		check_record(&tally, &expect, &rec);
		if (target == caller)
			count_share(&own, &rec, ALL_REGS);
		else
			count_share(&others, &rec, must_regs(0));
	}
	result_tally(&tally, "victim: each request is recorded, and right");
	result(own.records && own.valid == own.records,
	       "victim: all of its own records have all registers");
	if (options->count > 1)
		result(others.records && 2 * others.valid >= others.records,
		       "victim: half of the other vCPU's have them");
	note("victim recorded=%lu lost=%lu own=%lu/%lu others=%lu/%lu",
	     tally.snapshots, reader_lost(), own.valid, own.records,
	     others.valid, others.records);
	vm_destroy(vm);
}
