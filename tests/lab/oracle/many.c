// SPDX-License-Identifier: GPL-2.0
/* Many that ask for each other, other VMs, and what must lead to nothing */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle.h"

#define ENOSYS_HC	(-VCPU_INFO_HC_ENOSYS)
#define EINVAL_HC	(-VCPU_INFO_HC_EINVAL)

/* The vcpu_id of the vCPU at an index; KVM's limit is well above. */
static int storm_id(int index)
{
	return 2 * index + 1;
}

/* Endlessly asks for each of the vCPUs, itself included. */
static void storm_code(struct vcpu *vcpu, int nr)
{
	struct prog *prog = &vcpu->prog;
	int i;

	vcpu_begin(vcpu);
	prog_add_lockstep(prog);
	for (i = 0; i < nr; i++) {
		prog_add(prog, OP_SET, REG(RAX), host.hypercall_nr);
		prog_add(prog, OP_SET, REG(RBX), storm_id(i));
		prog_add(prog, OP_CALL, 0, 0);
	}
	prog_add(prog, OP_BACK, 0, 0);
}

static struct vcpu *find_vcpu(struct vm *vm, int id)
{
	int i;

	for (i = 0; i < vm->nr; i++)
		if (vm->vcpus[i].id == id)
			return &vm->vcpus[i];

	return NULL;
}

/* Who has been asked for, and by whom */
struct pairs {
	unsigned long count[VM_MAX_VCPUS][VM_MAX_VCPUS];
};

static void storm_record(struct vm *vm, const struct record *rec,
			 struct pairs *pairs, struct tally *tally)
{
	struct expect expect = {
		.caller = find_vcpu(vm, rec->caller_id),
		.target = find_vcpu(vm, rec->vcpu_id),
		.step = -1,
	};

	if (rec->vm_pid != vm->pid || rec->error)
		return;
	if (!expect.caller || !expect.target) {
		failed(tally, "caller %d asked for vCPU %d (%s)",
		       rec->caller_id, rec->vcpu_id, state_name(rec->state));
		return;
	}

	vcpu_counts(expect.target, &expect.after);
	expect.counter_min = expect.target->init.r[REG_COUNTER];
	expect.counter_max = vcpu_counter(expect.target);
	check_record(tally, &expect, rec);
	tally->requests++;
	pairs->count[expect.caller->index][expect.target->index]++;
}

/* Each has asked for each, and each request is a record. */
static void storm_check(struct vm *vm, const struct pairs *pairs,
			struct tally *tally)
{
	uint64_t hypercalls = 0;
	struct counts counts;
	int i, j;

	for (i = 0; i < vm->nr; i++) {
		vcpu_counts(&vm->vcpus[i], &counts);
		hypercalls += counts.hypercalls;
		for (j = 0; j < vm->nr; j++)
			if (!pairs->count[i][j] && !reader_lost())
				failed(tally, "vCPU %d never asked for %d",
				       vm->vcpus[i].id, vm->vcpus[j].id);
	}
	if (hypercalls != tally->requests + reader_lost())
		failed(tally, "%llu hypercalls, but %lu records and %lu lost",
		       (unsigned long long)hypercalls, tally->requests,
		       reader_lost());
}

static void storm_run(const struct test *test, struct vm *vm,
		      struct tally *tally)
{
	struct pairs pairs = { 0 };
	struct record rec;
	struct tally shown;
	int i;

	for (i = 0; i < vm->nr; i++)
		vcpu_start(&vm->vcpus[i]);
	while (!is_enough(test, tally) && !tally->failure[0]) {
		if (!reader_poll(&rec)) {
			failed(tally, "no records while all ask");
			break;
		}
		storm_record(vm, &rec, &pairs, tally);
	}
	for (i = 0; i < vm->nr; i++)
		if (!vcpu_stop(&vm->vcpus[i]))
			die("vCPU %d does not finish its request",
			    vm->vcpus[i].id);
		else if (vm->vcpus[i].exit != -EINTR)
			failed(tally, "vCPU %d ended with exit reason %d",
			       vm->vcpus[i].id, vm->vcpus[i].exit);
	/* What comes after the last that was wanted is checked, but not shown. */
	shown = *tally;
	while (reader_next(&rec))
		storm_record(vm, &rec, &pairs, tally);
	tally->snapshots = shown.snapshots;
	tally->valid = shown.valid;
	storm_check(vm, &pairs, tally);
}

/* All vCPUs ask for all at once, and all finish. */
void test_storm(const struct test *test, const struct options *options,
		struct tally *tally)
{
	int nr = test->data ? *(const int *)test->data : options->vcpus;
	struct vm *vm = vm_create(options->mode);
	struct vcpu *vcpu;
	int i;

	for (i = 0; i < nr; i++) {
		vcpu = vm_add_vcpu(vm, storm_id(i), host.cpus[i % 2]);
		storm_code(vcpu, nr);
		vcpu_make_runnable(vcpu);
		vcpu_setup(vcpu, true);
	}
	reader_drain();
	storm_run(test, vm, tally);
	vm_destroy(vm);
}

/* A target that spins with registers of its own */
static struct vcpu *add_spinner(struct vm *vm, int id)
{
	struct vcpu *vcpu = vm_add_vcpu(vm, id, host.cpus[1]);

	vcpu_begin(vcpu);
	prog_add(&vcpu->prog, OP_NOP, 0, 0);
	prog_add(&vcpu->prog, OP_JMP, 0, 0);
	prog_add(&vcpu->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, true);
	vcpu_start(vcpu);

	return vcpu;
}

#define ID_COMMON	3	/* in all VMs, with other registers in each */
#define ID_SECOND	7	/* only in the second VM of this process */
#define ID_FOREIGN	9	/* only in the other process's VM */

static void foreign_vm(enum mode mode, int ready, int end)
{
	struct vm *vm = vm_create(mode);
	char c = 0;

	add_spinner(vm, ID_COMMON);
	add_spinner(vm, ID_FOREIGN);
	if (write(ready, &c, 1) != 1)
		_exit(1);
	while (read(end, &c, 1) < 0 && errno == EINTR)
		;
	vm_destroy(vm);
	_exit(0);
}

/* Another process with a VM; it ends when the other end of *end is closed. */
static pid_t start_foreign(enum mode mode, int *end)
{
	int ready[2], stop[2];
	pid_t pid;
	char c;

	if (pipe(ready) || pipe(stop))
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		close(stop[1]);
		foreign_vm(mode, ready[1], stop[0]);
	}
	close(ready[1]);
	close(stop[0]);
	if (read(ready[0], &c, 1) != 1)
		die("the other process has no VM");
	close(ready[0]);
	*end = stop[1];

	return pid;
}

static void end_foreign(pid_t pid, int end)
{
	int status;

	close(end);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the other process failed");
}

/* A call that leads to no record */
static void ask_nothing(struct vcpu *caller, uint64_t rax, uint64_t rbx,
			long want, const char *what, struct tally *tally)
{
	long result;

	if (!request_raw(caller, rax, rbx, &result, tally))
		return;
	if (result != want)
		failed(tally, "%s gave %ld, not %ld", what, result, want);
	nothing_recorded(caller->vm, tally, what);
}

static void ask_known(struct vcpu *caller, struct vcpu *target,
		      struct tally *tally)
{
	struct expect expect = { .step = -1 };
	struct record rec;

	if (request(caller, target, &expect, &rec, tally))
		check_record(tally, &expect, &rec);
	nothing_recorded(caller->vm, tally, "a second record");
}

/* The first refusal of a VM is an event at once. */
static void check_refusal(struct vcpu *caller, struct tally *tally)
{
	struct record rec;
	long result;

	reader_drain();
	if (!request_raw(caller, host.hypercall_nr, ID_SECOND, &result, tally))
		return;
	while (reader_poll(&rec)) {
		if (rec.vm_pid != caller->vm->pid ||
		    rec.vm_fd != caller->vm->fd)
			continue;
		if (!rec.error || strcmp(rec.reason, "unknown-id") ||
		    rec.count != 1 ||
		    rec.caller_id != caller->id || rec.vcpu_id != ID_SECOND ||
		    rec.result != EINVAL_HC || result != EINVAL_HC)
			failed(tally, "a wrong event for an unknown id");
		return;
	}
	failed(tally, "no event for an unknown id");
}

/* A VM sees its own vCPUs alone. */
void test_isolation(const struct test *test, const struct options *options,
		    struct tally *tally)
{
	static const int unknown[] = {
		ID_SECOND, ID_FOREIGN, -1, INT_MAX, INT_MIN + 1, 255, 4096,
	};
	int end;
	pid_t pid = start_foreign(options->mode, &end);
	struct vm *first = vm_create(options->mode);
	struct vm *second = vm_create(options->mode);
	struct vcpu *first_caller = vm_add_vcpu(first, 0, -1);
	struct vcpu *second_caller = vm_add_vcpu(second, 0, -1);
	struct vcpu *first_common = add_spinner(first, ID_COMMON);
	struct vcpu *second_common = add_spinner(second, ID_COMMON);
	struct vcpu *second_own = add_spinner(second, ID_SECOND);
	unsigned int i = 0;

	caller_setup(first_caller);
	caller_setup(second_caller);
	check_refusal(first_caller, tally);
	while (!is_enough(test, tally) && !tally->failure[0]) {
		ask_nothing(first_caller, host.hypercall_nr,
			    (uint32_t)unknown[i++ % ARRAY_SIZE(unknown)],
			    EINVAL_HC, "an unknown id", tally);
		ask_known(first_caller, first_common, tally);
		if (!is_enough(test, tally))
			ask_known(second_caller, second_common, tally);
		if (!is_enough(test, tally))
			ask_known(second_caller, second_own, tally);
	}

	vm_destroy(first);
	vm_destroy(second);
	end_foreign(pid, end);
}

/* A 32-bit caller has only the low half of RAX, whatever is in the rest. */
static void ask_wide(struct vcpu *caller, struct tally *tally)
{
	struct record rec;
	long result;

	if (!request_raw(caller, host.hypercall_nr | 0xdeadULL << 32,
			 caller->id, &result, tally))
		return;
	if (result || !reader_poll(&rec) || rec.error ||
	    rec.vcpu_id != caller->id)
		failed(tally, "a narrow caller was not served: %ld", result);
}

/* The caller's hypercall is one of its nested guest: its own affair. */
static void code_nested_ask(struct vcpu *caller)
{
	struct prog *prog = &caller->prog;

	vcpu_begin(caller);
	prog_add(prog, OP_SET, REG(RAX), vcpu_nested_gpa(caller));
	prog_add(prog, OP_ENTER, 0, 0);
	prog_add(prog, OP_SET, REG(RAX), host.hypercall_nr);
	prog_add(prog, OP_SET, REG(RBX), caller->id);
	prog_add(prog, OP_LEAVE, 0, 0);
	prog_add(prog, OP_REWIND, 0, 0);
	prog_add(prog, OP_OUT, 0, 0);
}

/*
 * What a nested guest calls for reaches its hypervisor alone. The vCPU itself
 * is served again, once it has left the nested guest.
 */
void test_nested_call(const struct test *test, const struct options *options,
		      struct tally *tally)
{
	struct expect expect = { .want = test->state };
	struct vm *vm = vm_create(options->mode);
	struct vcpu *caller = vm_add_vcpu(vm, 0, -1);
	struct record rec;
	int exit;

	reader_drain();
	while (!is_enough(test, tally) && !tally->failure[0]) {
		code_nested_ask(caller);
		vcpu_make_runnable(caller);
		vcpu_setup(caller, true);
		exit = vcpu_run(caller);
		if (exit != KVM_EXIT_IO || !nested_called(caller))
			failed(tally, "the nested guest's call ended with exit reason %d",
			       exit);
		nothing_recorded(vm, tally, "a nested guest's call");

		caller_setup(caller);
		if (!request(caller, caller, &expect, &rec, tally))
			break;
		check_record(tally, &expect, &rec);
	}
	vm_destroy(vm);
}

/* What is not a request is refused, and what is leads to what it should. */
void test_refused(const struct test *test, const struct options *options,
		  struct tally *tally)
{
	struct vm *vm = vm_create(options->mode);
	struct vcpu *caller = vm_add_vcpu(vm, 0, -1);
	struct expect expect = { .want = test->state };
	uint64_t nr = host.hypercall_nr;
	struct record rec;

	caller_setup(caller);
	reader_drain();
	while (!is_enough(test, tally) && !tally->failure[0]) {
		ask_nothing(caller, nr, (uint32_t)VCPU_INFO_PROBE_ID, 0,
			    "a probe", tally);
		ask_nothing(caller, nr, (uint32_t)-1, EINVAL_HC,
			    "an unknown id", tally);
		ask_nothing(caller, nr + 2, 0, ENOSYS_HC, "another number",
			    tally);
		ask_nothing(caller, 4095, 0, ENOSYS_HC, "a small number",
			    tally);
		if (options->mode == MODE_64)
			ask_nothing(caller, nr | 1ULL << 63, 0, ENOSYS_HC,
				    "a number wider than 32 bits", tally);
		else
			ask_wide(caller, tally);
		if (!request(caller, caller, &expect, &rec, tally))
			break;
		check_record(tally, &expect, &rec);
	}
	vm_destroy(vm);
}
