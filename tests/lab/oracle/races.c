// SPDX-License-Identifier: GPL-2.0
/*
 * vCPUs that move while they are looked at. What the tests here bring about happens by
 * chance otherwise; lab/host/42-races.sh holds up KVM, or the module, just there.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oracle.h"

#define ROUND		20
#define MAX_REQUESTS(count) ((count) * 20 + 200)

/**
 * struct race - what happens to vCPUs while they are asked for
 * @crowd: many vCPUs share the caller's CPU; else one has the other CPU
 * @code: adds a vCPU's program
 * @begin: once, with all vCPUs there
 * @enter: gets one going from new registers
 * @meanwhile: what another thread, on the second CPU, does all the time
 */
struct race {
	bool crowd;
	void (*code)(struct vcpu *vcpu);
	void (*begin)(struct vm *vm);
	bool (*enter)(struct vcpu *vcpu);
	void (*meanwhile)(struct vm *vm);
};

struct other {
	pthread_t thread;
	atomic_bool stop;
	const struct race *race;
	struct vm *vm;
};

static void *other_thread(void *data)
{
	struct other *other = data;

	bind_to_cpu(host.cpus[1]);
	while (!atomic_load(&other->stop))
		other->race->meanwhile(other->vm);

	return NULL;
}

static void other_start(struct other *other)
{
	int err = pthread_create(&other->thread, NULL, other_thread, other);

	if (err)
		die("pthread_create: %s", strerror(err));
}

static void other_stop(struct other *other)
{
	atomic_store(&other->stop, true);
	pthread_join(other->thread, NULL);
}

static bool has_exited(struct vcpu *vcpu)
{
	struct counts counts;

	vcpu_counts(vcpu, &counts);
	return counts.exits > vcpu->exits_at_start;
}

static bool enter_running(struct vcpu *vcpu)
{
	vcpu_start(vcpu);
	return poll_for(has_exited, vcpu);
}

/* moving: from one host CPU to the other and back */

#define STAY_US		10000

static void let_move(struct vm *vm)
{
	vm->vcpus[1].cpu = -1;
}

static void move(struct vm *vm)
{
	pid_t tid = vm->vcpus[1].tid.pid;
	cpu_set_t set;
	int i;

	for (i = 0; i < 2; i++) {
		CPU_ZERO(&set);
		CPU_SET(host.cpus[i], &set);
		if (sched_setaffinity(tid, sizeof(set), &set))
			die("cannot move a vCPU: %s", strerror(errno));
		usleep(STAY_US);
	}
}

const struct race race_moving = {
	.code = code_lockstep, .begin = let_move, .enter = enter_running,
	.meanwhile = move,
};

/* resumed: blocked in HLT, where the VMM has it step out and changes registers */

#define RESUME_NS	20000000

static void code_count_and_halt(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add_lockstep(prog);
	prog_add(prog, OP_HLT, 0, 0);
	prog_add(prog, OP_BACK, 0, 0);
}

static void count_in_halt(struct vcpu *vcpu)
{
	vcpu_set_regs_at(vcpu, vcpu_counter(vcpu) + 1, vcpu->prog.nr - 1);
}

static int run_resumed(struct vcpu *vcpu)
{
	return vcpu_run_often(vcpu, RESUME_NS, count_in_halt);
}

static bool enter_resumed(struct vcpu *vcpu)
{
	vcpu->work = run_resumed;
	vcpu_start(vcpu);
	return poll_for(vcpu_blocked, vcpu);
}

const struct race race_resumed = {
	.code = code_count_and_halt, .enter = enter_resumed,
};

/*
 * vapic: KVM reads a page of the VMM at each VM exit, which is not there at times, so
 * that it may sleep before it has handled the exit. For PV EOI it does the same. The
 * page is shared memory: since 6.4 a read of a private one that is not there finds the
 * zero page without any step at which the kernel might sleep.
 */

#define VANISH_US	500

static void use_vapic(struct vm *vm)
{
	struct kvm_vapic_addr addr = { .vapic_addr = VM_TRAP_GPA };
	int i;

	vm->trap = mmap(vm->trap, VM_TRAP_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (vm->trap == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	for (i = 1; i < vm->nr; i++)
		VCPU_IOCTL(&vm->vcpus[i], KVM_SET_VAPIC_ADDR, &addr);
}

static void vanish(struct vm *vm)
{
	if (madvise(vm->trap, VM_TRAP_SIZE, MADV_REMOVE))
		die("madvise: %s", strerror(errno));
	usleep(VANISH_US);
}

const struct race race_vapic = {
	.crowd = true,
	.code = code_cr3, .begin = use_vapic, .enter = enter_running,
	.meanwhile = vanish,
};

static bool is_over(const struct test *test, struct tally *tally)
{
	return is_enough(test, tally) || tally->failure[0] ||
	       tally->requests >= MAX_REQUESTS(tally->wanted);
}

static void ask(const struct test *test, struct vm *vm, struct tally *tally)
{
	struct expect expect = { .want = test->state, .step = -1 };
	struct record rec;
	int i;

	for (i = 0; i < ROUND && !is_over(test, tally); i++) {
		if (!request(&vm->vcpus[0], &vm->vcpus[1 + i % (vm->nr - 1)],
			     &expect, &rec, tally))
			return;
		check_record(tally, &expect, &rec);
		sched_yield();
	}
}

static void set_up(const struct race *race, struct vcpu *vcpu)
{
	struct counts counts;

	vcpu_begin(vcpu);
	vcpu->work = vcpu_run;
	race->code(vcpu);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, true);
	vcpu_counts(vcpu, &counts);
	vcpu->exits_at_start = counts.exits;
}

static void stop(struct vcpu *vcpu, struct tally *tally)
{
	if (!vcpu_stop(vcpu))
		die("vCPU %d cannot be stopped", vcpu->id);
	if (vcpu->exit != -EINTR)
		failed(tally, "vCPU %d ended with exit reason %d", vcpu->id,
		       vcpu->exit);
}

static void do_round(const struct test *test, struct vm *vm,
		     struct tally *tally)
{
	const struct race *race = test->data;
	int i;

	for (i = 1; i < vm->nr; i++) {
		set_up(race, &vm->vcpus[i]);
		if (!race->enter(&vm->vcpus[i]))
			failed(tally, "vCPU %d does not get going (exit reason %d)",
			       vm->vcpus[i].id, vm->vcpus[i].exit);
	}
	if (!tally->failure[0])
		ask(test, vm, tally);
	for (i = 1; i < vm->nr; i++)
		stop(&vm->vcpus[i], tally);
}

void test_race(const struct test *test, const struct options *options,
	       struct tally *tally)
{
	const struct race *race = test->data;
	struct vm *vm = vm_create(options->mode);
	struct other other = { .race = race, .vm = vm };
	int nr = race->crowd ? options->vcpus - 1 : 1;
	int i;

	caller_setup(vm_add_vcpu(vm, 0, -1));
	for (i = 1; i <= nr; i++)
		vm_add_vcpu(vm, 3 * i, host.cpus[race->crowd ? 0 : 1]);
	if (race->begin)
		race->begin(vm);
	if (race->meanwhile)
		other_start(&other);
	reader_drain();

	while (!is_over(test, tally))
		do_round(test, vm, tally);

	if (race->meanwhile)
		other_stop(&other);
	vm_destroy(vm);
}

/*
 * reset: INIT comes to a vCPU that its VMM has reset. Its registers are those before
 * that or those after it.
 */

#define MSI_ADDRESS	0xfee00000	/* bits 12 to 19: the APIC id */
#define MSI_INIT	0x4500		/* INIT, asserted */
#define RESET_US	2000		/* less than it is held up on its way */

static void set_uninitialized(struct vcpu *vcpu)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_UNINITIALIZED };

	VCPU_IOCTL(vcpu, KVM_SET_MP_STATE, &state);
}

static void send_init(const struct vcpu *vcpu)
{
	struct kvm_msi msi = {
		.address_lo = MSI_ADDRESS | vcpu->id << 12, .data = MSI_INIT,
	};

	if (ioctl(vcpu->vm->fd, KVM_SIGNAL_MSI, &msi) < 1)
		die("KVM_SIGNAL_MSI: %s", strerror(errno));
}

static bool claims(const struct record *rec, const struct regs *regs)
{
	int reg;

	for (reg = 0; reg < NR_REGS; reg++)
		if ((rec->valid & BIT(reg)) && rec->regs.r[reg] != regs->r[reg])
			return false;

	return true;
}

static void check_reset(struct tally *tally, const struct record *rec,
			const struct regs *before, const struct regs *after)
{
	tally->states[rec->state]++;
	if (rec->state != VCPU_INFO_STATE_PREEMPTED)
		return;
	tally->snapshots++;
	if (claims(rec, before) || claims(rec, after))
		return;
	tally->wrong++;
	note("wrong: vcpu_id=%d state=%s flags=%#x valid=%#x rip=%#llx: neither as before INIT (rip=%#llx) nor as after it (rip=%#llx)",
	     rec->vcpu_id, state_name(rec->state), rec->flags, rec->valid,
	     (unsigned long long)rec->regs.r[REG(RIP)],
	     (unsigned long long)before->r[REG(RIP)],
	     (unsigned long long)after->r[REG(RIP)]);
}

static void reset(struct vm *vm, struct tally *tally)
{
	struct vcpu *target = &vm->vcpus[1];
	struct expect expect = { 0 };
	struct regs before, after;
	struct record rec;

	set_up(&race_moving, target);
	if (!enter_running(target))
		failed(tally, "the vCPU does not run");
	stop(target, tally);
	vcpu_get_regs(target, &before);
	set_uninitialized(target);
	vcpu_start(target);
	if (!poll_for(vcpu_blocked, target))
		failed(tally, "the vCPU does not wait for INIT");
	send_init(target);
	usleep(RESET_US);
	if (!request(&vm->vcpus[0], target, &expect, &rec, tally))
		return;
	vcpu_stop(target);
	vcpu_get_regs(target, &after);
	check_reset(tally, &rec, &before, &after);
}

/* Whoever asks does so as soon as it likes, wherever the vCPU is. */
static void set_priority(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, policy, &param))
		die("sched_setscheduler: %s", strerror(errno));
}

void test_reset(const struct test *test, const struct options *options,
		struct tally *tally)
{
	struct vm *vm = vm_create(options->mode);

	caller_setup(vm_add_vcpu(vm, 0, -1));
	vm_add_vcpu(vm, 3, host.cpus[0]);
	reader_drain();
	set_priority(SCHED_FIFO, 1);
	while (!is_over(test, tally))
		reset(vm, tally);
	set_priority(SCHED_OTHER, 0);
	vm_destroy(vm);
}
