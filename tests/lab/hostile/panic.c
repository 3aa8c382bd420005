// SPDX-License-Identifier: GPL-2.0
/* VMs that panic when they have nothing left to ask for, and go on crying */
#include <stdlib.h>
#include <time.h>

#include "hostile.h"

#define VCPUS		2
#define MAX_SPEND	100000	/* larger than any budget that a test sets */
#define CRIES		20	/* requests of each panic */

struct panics {
	struct tally tally;
	unsigned long served;
	unsigned long records;
};

static uint64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Ask until that is refused. */
static bool spend(struct vcpu *caller, struct tally *tally)
{
	long answer = 0;
	int i;

	for (i = 0; i < MAX_SPEND && !answer; i++)
		if (!request_raw(caller, host.hypercall_nr, caller->id, &answer,
				 tally))
			return false;
	if (answer == -VCPU_INFO_HC_EAGAIN)
		return true;

	failed(tally, "after %d requests the answer is %ld", i, answer);
	return false;
}

/* Each vCPU is heard, and then no more: but a budget of one a second goes on. */
static unsigned int cry(struct vcpu *caller, uint64_t cookie,
			struct tally *tally)
{
	unsigned int served = 0, i;
	long answer;

	for (i = 0; i < CRIES; i++) {
		if (!request_why(caller, i % VCPUS, VCPU_INFO_WHY_PANIC, cookie,
				 &answer, tally))
			break;
		if (!answer)
			served++;
		else if (answer != -VCPU_INFO_HC_EAGAIN || i < VCPUS)
			failed(tally, "panic %llu: request %u gave %ld",
			       (unsigned long long)cookie, i, answer);
	}

	return served;
}

static unsigned int count_records(const struct vm *vm, uint64_t cookie)
{
	struct record rec;
	unsigned int nr = 0;

	while (reader_next(&rec))
		nr += !rec.error && rec.vm_pid == vm->pid &&
		      rec.vm_fd == vm->fd && rec.cookie == cookie &&
		      rec.why == VCPU_INFO_WHY_PANIC;

	return nr;
}

static void panic_once(struct vm *vm, uint64_t cookie, struct panics *panics)
{
	struct vcpu *caller = vm_add_vcpu(vm, 0, -1);
	struct tally *tally = &panics->tally;
	unsigned int served, records, most;
	uint64_t start;

	vm_add_vcpu(vm, 1, -1);
	caller_setup(caller);
	start = now_s();
	if (!spend(caller, tally))
		return;
	reader_drain();
	served = cry(caller, cookie, tally);
	most = VCPUS + now_s() - start + 1;
	records = count_records(vm, cookie);
	if (served > most || records != served)
		failed(tally, "panic %llu: %u served, %u recorded, %u at the most",
		       (unsigned long long)cookie, served, records, most);
	panics->served += served;
	panics->records += records;
}

/* All stay: one made at the address of another would be taken for it. */
void cmd_panic(const struct hostile_options *options)
{
	struct vm **vms = calloc(options->vms, sizeof(*vms));
	struct panics panics = { 0 };
	int i, nr;

	if (!vms)
		die("out of memory");
	bind_to_cpu(host.cpus[0]);
	for (nr = 0; nr < options->vms && !panics.tally.failure[0]; nr++) {
		vms[nr] = vm_create(options->mode);
		panic_once(vms[nr], nr, &panics);
	}
	result_tally(&panics.tally,
		     "panic: each is heard once, and then no more");
	note("panic panics=%d served=%lu records=%lu lost=%lu", nr,
	     panics.served, panics.records, reader_lost());
	for (i = 0; i < nr; i++)
		vm_destroy(vms[i]);
	free(vms);
}
