// SPDX-License-Identifier: GPL-2.0
/* One vCPU asks for another that is in a known state. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "oracle.h"
#include "trap.h"

/*
 * Each round begins with new registers. A test ends when it has as many
 * records of its state as were asked for, or has used up its requests.
 */
#define ROUND		20
#define MAX_REQUESTS(count) ((count) * 20 + 2000)

/**
 * struct state - how a vCPU gets into a state, and what is known of it there
 * @step: of its program, in that state; -1 if it moves
 * @flags: VCPU_INFO_F_*, in that state
 * @crowd: many vCPUs share the caller's CPU
 * @no_interrupts: RFLAGS.IF has to be clear
 * @no_sipi: leave it waiting for SIPI
 * @woken: end its HLT just before it is asked for
 * @quiet: nothing changes while it is in the state
 * @polling: KVM polls before it has the vCPU blocked
 * @both_levels: it is to be found in its nested guest, and out of it
 * @code: adds its program
 * @exit: KVM_EXIT_* that it may end with, beside the signal that stops it
 * @enter: gets it there from new registers
 * @leave: what has to be undone before it can be stopped
 */
struct state {
	int step;
	unsigned int flags;
	bool crowd;
	bool no_interrupts;
	bool no_sipi;
	bool woken;
	bool quiet;
	bool polling;
	bool both_levels;
	void (*code)(struct vcpu *vcpu);
	int exit;
	bool (*enter)(struct vcpu *vcpu);
	void (*leave)(struct vcpu *vcpu);
};

static void code_spin(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add(prog, OP_NOP, 0, 0);
	prog_add(prog, OP_JMP, 0, 0);
	prog_add(prog, OP_NOP, 0, 0);
	prog_add(prog, OP_BACK, 0, 0);
}

void code_lockstep(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add_lockstep(prog);
	prog_add(prog, OP_BACK, 0, 0);
}

static void code_halt(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add(prog, OP_NOP, 0, 0);
	prog_add(prog, OP_HLT, 0, 0);
	prog_add(prog, OP_BACK, 0, 0);
}

static void code_out(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add(prog, OP_NOP, 0, 0);
	prog_add(prog, OP_OUT, 0, 0);
	prog_add(prog, OP_BACK, 0, 0);
}

static void code_load(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add(prog, OP_NOP, 0, 0);
	prog_add(prog, OP_LOAD, 0, 0);
	prog_add(prog, OP_OUT, 0, 0);
	prog_add(prog, OP_BACK, 0, 0);
}

static void code_exits(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add_lockstep(prog);
	prog_add(prog, OP_SET, REG(RAX), 0);
	prog_add(prog, OP_JMP, 0, 0);
	prog_add(prog, OP_CPUID, 0, 0);
	prog_add(prog, OP_BACK, 0, 0);
}

/* Exits keep it awake for about as long as it takes to be asked for. */
static void code_sleep(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;
	int i;

	prog_add_lockstep(prog);
	for (i = 0; i < 24; i++) {
		prog_add(prog, OP_SET, REG(RAX), 0);
		prog_add(prog, OP_CPUID, 0, 0);
	}
	prog_add(prog, OP_HLT, 0, 0);
	prog_add(prog, OP_BACK, 0, 0);
}

static void set_cr3(struct prog *prog, uint32_t cr3)
{
	prog_add(prog, OP_SET, REG(RAX), cr3);
	prog_add(prog, OP_JMP, 0, 0);
	prog_add(prog, OP_CR3, 0, 0);
	prog_add(prog, OP_JMP, 0, 0);
}

/* Changes CR3 there and back. Neither vendor has a VM exit for that. */
void code_cr3(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add_lockstep(prog);
	set_cr3(prog, vcpu_cr3(vcpu, true));
	set_cr3(prog, vcpu_cr3(vcpu, false));
	prog_add(prog, OP_BACK, 0, 0);
}

/* Runs a nested guest, whose steps are added next. */
static void enter_nested(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;

	prog_add(prog, OP_SET, REG(RAX), vcpu_nested_gpa(vcpu));
	prog_add(prog, OP_ENTER, 0, 0);
}

/* The loop is the nested guest's own. */
static void enter_nested_loop(struct vcpu *vcpu)
{
	enter_nested(vcpu);
	vcpu->prog.loop = prog_entry(&vcpu->prog);
}

static void code_nested(struct vcpu *vcpu)
{
	enter_nested_loop(vcpu);
	code_lockstep(vcpu);
}

static void code_nested_halt(struct vcpu *vcpu)
{
	enter_nested_loop(vcpu);
	code_halt(vcpu);
}

static void code_nested_out(struct vcpu *vcpu)
{
	enter_nested_loop(vcpu);
	code_out(vcpu);
}

/* In and out of the nested guest, which begins anew each time */
static void code_nested_exits(struct vcpu *vcpu)
{
	struct prog *prog = &vcpu->prog;
	int entry;

	prog_add(prog, OP_SET, REG(RBX), 0x12345678);
	prog_add(prog, OP_JMP, 0, 0);
	enter_nested(vcpu);
	entry = prog_entry(prog);
	prog_add_lockstep(prog);
	prog_add(prog, OP_LEAVE, 0, 0);
	prog_add(prog, OP_REWIND, 0,
		 vcpu_code_gpa(vcpu) + prog->steps[entry].off);
	prog_add(prog, OP_BACK, 0, 0);
}

static bool enter_nothing(struct vcpu *vcpu)
{
	(void)vcpu;
	return true;
}

static bool enter_guest(struct vcpu *vcpu)
{
	vcpu_start(vcpu);
	return true;
}

static bool enter_blocked(struct vcpu *vcpu)
{
	vcpu_start(vcpu);
	return poll_for(vcpu_blocked, vcpu);
}

static bool enter_user(struct vcpu *vcpu)
{
	vcpu_start(vcpu);
	return vcpu_wait(vcpu) && vcpu->exit == KVM_EXIT_IO;
}

static bool has_run(struct vcpu *vcpu)
{
	struct counts counts;

	vcpu_counts(vcpu, &counts);
	return counts.exits > vcpu->exits_at_start;
}

static bool enter_running(struct vcpu *vcpu)
{
	vcpu_start(vcpu);
	return poll_for(has_run, vcpu);
}

static bool has_halted_again(struct vcpu *vcpu)
{
	struct counts counts;

	vcpu_counts(vcpu, &counts);
	return counts.halt_exits > vcpu->halts_at_start;
}

/* The first thing that stores the count is the nested guest. */
static bool has_counted(struct vcpu *vcpu)
{
	return vcpu_counter(vcpu) != vcpu->init.r[REG_COUNTER];
}

static bool enter_counting(struct vcpu *vcpu)
{
	vcpu_start(vcpu);
	return poll_for(has_counted, vcpu);
}

static bool enter_counted(struct vcpu *vcpu)
{
	return enter_counting(vcpu) && vcpu_stop(vcpu) && vcpu->exit == -EINTR;
}

static bool enter_kicked(struct vcpu *vcpu)
{
	vcpu->work = vcpu_run_kicked;
	return enter_counting(vcpu);
}

static bool enter_paused(struct vcpu *vcpu)
{
	return enter_running(vcpu) && vcpu_stop(vcpu) && vcpu->exit == -EINTR;
}

/* A host interrupt was its last exit; now its VMM is busy with it. */
static bool enter_set_regs(struct vcpu *vcpu)
{
	if (!enter_paused(vcpu))
		return false;
	vcpu_set_regs(vcpu);
	vcpu_store_counter(vcpu, vcpu->init.r[REG_COUNTER]);
	vcpu->work = vcpu_set_regs_on;
	vcpu_start(vcpu);

	return true;
}

static const struct state guest = {
	.step = -1,
	.code = code_spin, .enter = enter_guest,
};

static const struct state guest_lockstep = {
	.step = -1,
	.code = code_lockstep, .enter = enter_guest,
};

static const struct state halted = {
	.step = 2, .quiet = true,
	.code = code_halt, .enter = enter_blocked,
};

static const struct state user = {
	.step = 1, .quiet = true,
	.flags = VCPU_INFO_F_EMULATION,
	.code = code_out, .enter = enter_user, .exit = KVM_EXIT_IO,
};

static const struct state paused = {
	.step = -1, .quiet = true,
	.code = code_lockstep, .enter = enter_paused,
};

static const struct state guest_cr3 = {
	.step = -1,
	.code = code_cr3, .enter = enter_guest,
};

static const struct state paused_cr3 = {
	.step = -1, .quiet = true,
	.code = code_cr3, .enter = enter_paused,
};

static const struct state preempted_cr3 = {
	.step = -1, .crowd = true,
	.code = code_cr3, .enter = enter_guest,
};

static const struct state never_run = {
	.step = 0, .quiet = true,
	.code = code_spin, .enter = enter_nothing,
};

static const struct state preempted = {
	.step = -1, .crowd = true,
	.code = code_lockstep, .enter = enter_guest,
};

static const struct state in_exit = {
	.step = -1, .quiet = true,
	.flags = VCPU_INFO_F_TORN, .no_interrupts = true,
	.code = code_load, .exit = KVM_EXIT_IO,
	.enter = trap_enter, .leave = trap_leave,
};

static const struct state exits = {
	.step = -1,
	.code = code_exits, .enter = enter_running,
};

static const struct state waking = {
	.step = -1, .woken = true,
	.code = code_sleep, .enter = enter_blocked,
};

static const struct state polling = {
	.step = -1, .woken = true, .polling = true,
	.code = code_halt, .enter = enter_blocked,
};

static const struct state init_wait = {
	.step = 0, .quiet = true,
	.no_sipi = true,
	.code = code_spin, .enter = enter_blocked,
};

static const struct state set_regs = {
	.step = -1, .crowd = true,
	.code = code_lockstep, .enter = enter_set_regs,
};

static const struct state kicked = {
	.step = -1, .crowd = true,
	.code = code_lockstep, .enter = enter_kicked,
};

static const struct state nested = {
	.step = -1,
	.flags = VCPU_INFO_F_NESTED,
	.code = code_nested, .enter = enter_counting,
};

static const struct state nested_halted = {
	.step = 4, .quiet = true,
	.flags = VCPU_INFO_F_NESTED,
	.code = code_nested_halt, .enter = enter_blocked,
};

static const struct state nested_user = {
	.step = 3, .quiet = true,
	.flags = VCPU_INFO_F_NESTED | VCPU_INFO_F_EMULATION,
	.code = code_nested_out, .enter = enter_user, .exit = KVM_EXIT_IO,
};

static const struct state nested_paused = {
	.step = -1, .quiet = true,
	.flags = VCPU_INFO_F_NESTED,
	.code = code_nested, .enter = enter_counted,
};

static const struct state nested_preempted = {
	.step = -1, .crowd = true,
	.flags = VCPU_INFO_F_NESTED,
	.code = code_nested, .enter = enter_counting,
};

static const struct state nested_exits = {
	.step = -1, .both_levels = true,
	.code = code_nested_exits, .enter = enter_running,
};

static bool target_enter(const struct state *state, struct vcpu *vcpu)
{
	struct counts counts;

	vcpu_begin(vcpu);
	vcpu->work = vcpu_run;
	state->code(vcpu);
	if (!state->no_sipi)
		vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, !state->no_interrupts);
	vcpu_counts(vcpu, &counts);
	vcpu->exits_at_start = counts.exits;
	vcpu->halts_at_start = counts.halt_exits + 1;

	return state->enter(vcpu);
}

static void target_leave(const struct state *state, struct vcpu *vcpu,
			 struct tally *tally)
{
	if (state->leave)
		state->leave(vcpu);
	if (!vcpu_stop(vcpu))
		die("vCPU %d cannot be stopped", vcpu->id);
	if (vcpu->exit != -EINTR && vcpu->exit != state->exit)
		failed(tally, "vCPU %d ended with exit reason %d", vcpu->id,
		       vcpu->exit);
}

/* KVM itself agrees with the record, and nothing was counted meanwhile. */
static void check_quiet(struct vcpu *target, const struct expect *expect,
			const struct record *rec, struct tally *tally)
{
	struct regs now;
	int reg;

	if (memcmp(&expect->before, &expect->after, sizeof(expect->before)))
		failed(tally, "vCPU %d was not quiet", target->id);
	if (expect->want == VCPU_INFO_STATE_HALTED ||
	    expect->want == VCPU_INFO_STATE_IN_EXIT)
		return;	/* KVM would wait for it to leave KVM_RUN. */

	vcpu_get_regs(target, &now);
	for (reg = 0; reg < NR_REGS; reg++)
		if ((rec->valid & BIT(reg)) && rec->regs.r[reg] != now.r[reg])
			failed(tally, "KVM says %s is %#llx, the record %#llx",
			       reg_names[reg], (unsigned long long)now.r[reg],
			       (unsigned long long)rec->regs.r[reg]);
}

static bool shows_both_levels(const struct tally *tally)
{
	return tally->nested && tally->nested < tally->valid;
}

/* A vCPU may stay on one level for longer than a few requests take. */
static bool has_enough(const struct test *test, struct tally *tally)
{
	const struct state *state = test->data;

	if (state->both_levels && !tally->wrong && !shows_both_levels(tally))
		want_more(tally);

	return is_enough(test, tally);
}

static void ask_for(const struct test *test, struct vm *vm, int nr_targets,
		    struct tally *tally)
{
	const struct state *state = test->data;
	struct expect expect = {
		.want = test->state, .step = state->step,
		.flags = state->flags, .wake = state->woken,
	};
	struct vcpu *target = NULL;
	struct record rec;
	int i;

	for (i = 0; i < ROUND && !has_enough(test, tally); i++) {
		target = &vm->vcpus[1 + i % nr_targets];
		if (!request(&vm->vcpus[0], target, &expect, &rec, tally))
			return;
		check_record(tally, &expect, &rec);
		if (rec.state == VCPU_INFO_STATE_HALTED &&
		    !expect.before.blocking && !expect.after.blocking)
			tally->polled++;
		/* Let those that share our CPU go on a little. */
		if (state->crowd)
			sched_yield();
	}
	if (!target)
		return;
	if (state->quiet)
		check_quiet(target, &expect, &rec, tally);
	/* The round may have ended with its first wake, which it has yet to see. */
	if (state->woken && !poll_for(has_halted_again, target))
		failed(tally, "vCPU %d was never woken", target->id);
}

static void do_round(const struct test *test, struct vm *vm, int nr_targets,
		     struct tally *tally)
{
	const struct state *state = test->data;
	int i;

	for (i = 1; i <= nr_targets; i++)
		if (!target_enter(state, &vm->vcpus[i]))
			failed(tally,
			       "vCPU %d does not get into its state (exit reason %d)",
			       vm->vcpus[i].id, vm->vcpus[i].exit);
	if (!tally->failure[0])
		ask_for(test, vm, nr_targets, tally);
	for (i = 1; i <= nr_targets; i++)
		target_leave(state, &vm->vcpus[i], tally);
}

/* Parameters of kvm: how long a vCPU polls at most, and at first */
#define POLL_MAX	"/sys/module/kvm/parameters/halt_poll_ns"
#define POLL_START	"/sys/module/kvm/parameters/halt_poll_ns_grow_start"

struct poll_ns {
	char max[16];
	char start[16];
};

static void write_parameter(const char *path, const char *value)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(value, file) < 0 || fclose(file))
		die("%s: %s", path, strerror(errno));
}

static void poll_as(const struct poll_ns *ns)
{
	write_parameter(POLL_MAX, ns->max);
	write_parameter(POLL_START, ns->start);
}

/* A second, longer than it takes to ask, and that after the first short HLT */
static void poll_long(struct poll_ns *usual)
{
	static const struct poll_ns second = { "1000000000", "1000000000" };

	if (!read_file(POLL_MAX, usual->max, sizeof(usual->max)) ||
	    !read_file(POLL_START, usual->start, sizeof(usual->start)))
		die(POLL_MAX ": %s", strerror(errno));
	poll_as(&second);
}

static void test_state(const struct test *test, const struct options *options,
		       struct tally *tally)
{
	const struct state *state = test->data;
	struct vm *vm = vm_create(options->mode);
	struct poll_ns usual;
	int nr_targets = state->crowd ? options->vcpus - 1 : 1;
	int i;

	caller_setup(vm_add_vcpu(vm, 0, -1));
	/* The vcpu_id is not the index. */
	for (i = 1; i <= nr_targets; i++)
		vm_add_vcpu(vm, 3 * i, host.cpus[state->crowd ? 0 : 1]);
	if (state->leave)
		trap_open(vm);
	if (state->polling)
		poll_long(&usual);
	reader_drain();

	while (!has_enough(test, tally) && !tally->failure[0] &&
	       tally->requests < MAX_REQUESTS(tally->wanted))
		do_round(test, vm, nr_targets, tally);
	if (state->both_levels && !shows_both_levels(tally))
		failed(tally, "%lu of %lu records are of the nested guest",
		       tally->nested, tally->valid);

	if (state->polling && !tally->polled)
		failed(tally, "the vCPU was always blocked");

	if (state->leave)
		trap_close();
	vm_destroy(vm);
	if (state->polling)
		poll_as(&usual);
}

/*
 * The exit by which it asks is counted in its own record, the OUT that follows
 * is not. Exits for the host's interrupts come at any time; without any, the
 * count is known exactly.
 */
static bool check_own_exits(const struct expect *expect,
			    const struct record *rec, struct tally *tally)
{
	uint64_t got = rec->counts.exits - expect->before.exits;
	uint64_t all = expect->after.exits - expect->before.exits;

	if (all < 2 || got < 1 || got > all - 1) {
		failed(tally, "%llu exits in the record, %llu after it",
		       (unsigned long long)got, (unsigned long long)all);
		return false;
	}

	return all == 2;
}

static void test_self(const struct test *test, const struct options *options,
		      struct tally *tally)
{
	struct expect expect = { .want = test->state };
	struct vm *vm = vm_create(options->mode);
	struct vcpu *caller = vm_add_vcpu(vm, 5, -1);
	unsigned long exact = 0;
	struct record rec;

	caller_setup(caller);
	reader_drain();
	while (tally->requests < options->count) {
		if (!request(caller, caller, &expect, &rec, tally))
			break;
		check_record(tally, &expect, &rec);
		exact += check_own_exits(&expect, &rec, tally);
	}
	if (!exact)
		failed(tally, "exits could not be compared exactly");
	vm_destroy(vm);
}

static const int two = 2;

const struct test state_tests[] = {
	{ "self", T_ALL_MODES | T_VCPU, VCPU_INFO_STATE_SELF, test_self, NULL },
	{ "guest", T_TWO_CPUS | T_ALL_MODES, VCPU_INFO_STATE_GUEST,
	  test_state, &guest },
	{ "guest-lockstep", T_TWO_CPUS | T_ALL_MODES, VCPU_INFO_STATE_GUEST,
	  test_state, &guest_lockstep },
	{ "guest-cr3", T_TWO_CPUS | T_64, VCPU_INFO_STATE_GUEST, test_state,
	  &guest_cr3 },
	{ "halted", T_ALL_MODES, VCPU_INFO_STATE_HALTED, test_state, &halted },
	{ "user", T_ALL_MODES, VCPU_INFO_STATE_USER, test_state, &user },
	{ "paused", T_ALL_MODES, VCPU_INFO_STATE_USER, test_state, &paused },
	{ "paused-cr3", T_64, VCPU_INFO_STATE_USER, test_state, &paused_cr3 },
	{ "never-run", T_ALL_MODES, VCPU_INFO_STATE_NEVER_RUN, test_state,
	  &never_run },
	{ "preempted", T_ALL_MODES, VCPU_INFO_STATE_PREEMPTED, test_state,
	  &preempted },
	{ "preempted-cr3", T_64, VCPU_INFO_STATE_PREEMPTED, test_state,
	  &preempted_cr3 },
	{ "set-regs", 0, 0, test_state, &set_regs },
	{ "kicked", T_ASKED, 0, test_state, &kicked },
	{ "moving", T_ASKED | T_TWO_CPUS, 0, test_race, &race_moving },
	{ "resumed", T_ASKED | T_TWO_CPUS, 0, test_race, &race_resumed },
	{ "vapic", T_ASKED | T_TWO_CPUS | T_64, VCPU_INFO_STATE_PREEMPTED,
	  test_race, &race_vapic },
	{ "reset", T_ASKED, 0, test_reset, NULL },
	{ "in-exit", T_64, VCPU_INFO_STATE_IN_EXIT, test_state, &in_exit },
	{ "exits", T_TWO_CPUS, 0, test_state, &exits },
	{ "waking", T_TWO_CPUS, 0, test_state, &waking },
	{ "polling", T_TWO_CPUS, VCPU_INFO_STATE_HALTED, test_state, &polling },
	{ "init-wait", 0, VCPU_INFO_STATE_HALTED, test_state, &init_wait },
	{ "nested", T_TWO_CPUS | T_64 | T_NESTED, VCPU_INFO_STATE_GUEST,
	  test_state, &nested },
	{ "nested-halted", T_64 | T_NESTED, VCPU_INFO_STATE_HALTED, test_state,
	  &nested_halted },
	{ "nested-user", T_64 | T_NESTED, VCPU_INFO_STATE_USER, test_state,
	  &nested_user },
	{ "nested-paused", T_64 | T_NESTED, VCPU_INFO_STATE_USER, test_state,
	  &nested_paused },
	{ "nested-preempted", T_64 | T_NESTED, VCPU_INFO_STATE_PREEMPTED,
	  test_state, &nested_preempted },
	{ "nested-exits", T_TWO_CPUS | T_64 | T_NESTED, 0, test_state,
	  &nested_exits },
	{ "nested-call", T_64 | T_NESTED | T_VCPU, VCPU_INFO_STATE_SELF,
	  test_nested_call, NULL },
	{ "pair", T_VCPU, 0, test_storm, &two },
	{ "storm", T_VCPU, 0, test_storm, NULL },
	{ "isolation", T_VCPU, 0, test_isolation, NULL },
	{ "refused", T_ALL_MODES | T_VCPU, VCPU_INFO_STATE_SELF, test_refused, NULL },
};

const size_t nr_state_tests = ARRAY_SIZE(state_tests);
