// SPDX-License-Identifier: GPL-2.0
/*
 * cli/host: what follows for a VM from what its vCPUs do.
 */
#include "unit.h"

#include "host/vcpu-rules.h"

static void assert_vm(struct vcpu_finding *findings, size_t nr,
		      enum vm_word want, int culprit)
{
	struct vm_finding vm;

	vm_rules(findings, nr, &vm);
	assert_string_equal(vm_word_name(vm.word), vm_word_name(want));
	assert_int_equal(vm.culprit, culprit);
}

static void test_vm_idle(void **state)
{
	struct vcpu_finding both[] = {
		{ .word = VCPU_IDLE }, { .word = VCPU_IDLE },
	};
	struct vcpu_finding one[] = {
		{ .word = VCPU_IDLE }, { .word = VCPU_RUNNING },
	};

	(void)state;
	assert_vm(both, 2, VM_IDLE, -1);
	assert_vm(one, 2, VM_NOTHING, -1);
	assert_vm(NULL, 0, VM_NOTHING, -1);
}

static void test_vm_paused(void **state)
{
	struct vcpu_finding all[] = {
		{ .word = VCPU_IN_VMM }, { .word = VCPU_NOT_STARTED },
		{ .word = VCPU_IN_VMM },
	};
	struct vcpu_finding some[] = {
		{ .word = VCPU_IN_VMM }, { .word = VCPU_RUNNING },
	};

	(void)state;
	assert_vm(all, 3, VM_PAUSED, -1);
	assert_int_equal(all[0].word, VCPU_PAUSED);
	assert_int_equal(all[1].word, VCPU_NOT_STARTED);
	assert_vm(some, 2, VM_NOTHING, -1);
	assert_int_equal(some[0].word, VCPU_IN_VMM);
}

static void test_vm_lock(void **state)
{
	struct vcpu_finding starved[] = {
		{ .word = VCPU_SPINNING,
		  .waits_in = "native_queued_spin_lock_slowpath" },
		{ .word = VCPU_IDLE }, { .word = VCPU_STARVED },
	};
	struct vcpu_finding lost[] = {
		{ .word = VCPU_SPINNING,
		  .waits_in = "smp_call_function_many_cond" },
		{ .word = VCPU_IDLE },
	};
	/* a guest that knows it is one waits halted */
	struct vcpu_finding held[] = {
		{ .word = VCPU_HALTED_OFF,
		  .waits_in = "__pv_queued_spin_lock_slowpath" },
		{ .word = VCPU_HALTED_OFF }, { .word = VCPU_IDLE },
	};
	struct vcpu_finding healthy[] = {
		{ .word = VCPU_HALTED_OFF,
		  .waits_in = "__pv_queued_spin_lock_slowpath" },
		{ .word = VCPU_RUNNING },
	};
	struct vcpu_finding loop[] = {
		{ .word = VCPU_SPINNING, .function = "delay_tsc" },
		{ .word = VCPU_IDLE },
	};
	/* interrupted while it waits, and no VM is idle all over */
	struct vcpu_finding busy[] = {
		{ .word = VCPU_RUNNING }, { .word = VCPU_HALTED_OFF },
		{ .word = VCPU_RUNNING, .waits_still = true,
		  .waits_in = "__pv_queued_spin_lock_slowpath" },
	};
	struct vcpu_finding contended[] = {
		{ .word = VCPU_RUNNING, .waits_still = true,
		  .waits_in = "native_queued_spin_lock_slowpath" },
		{ .word = VCPU_RUNNING },
	};
	struct vcpu_finding queued[] = {
		{ .word = VCPU_RUNNING, .waits_still = true,
		  .waits_in = "native_queued_spin_lock_slowpath" },
		{ .word = VCPU_STARVED, .waits_still = true,
		  .waits_in = "native_queued_spin_lock_slowpath" },
		{ .word = VCPU_STARVED, .run = 4 },
		{ .word = VCPU_STARVED, .run = 3 }, { .word = VCPU_STARVED, .run = 5 },
	};

	(void)state;
	assert_vm(starved, 3, VM_LOCK_HOLDER, 2);
	assert_vm(lost, 2, VM_LOCK_LOST, -1);
	assert_vm(held, 3, VM_LOCK_LOST, 1);
	assert_vm(healthy, 2, VM_NOTHING, -1);
	assert_vm(loop, 2, VM_NOTHING, -1);
	assert_vm(busy, 3, VM_LOCK_LOST, 1);
	busy[2].waits_still = false;
	assert_vm(busy, 3, VM_NOTHING, -1);
	assert_vm(contended, 2, VM_NOTHING, -1);
	contended[1] = contended[0];
	assert_vm(contended, 2, VM_NOTHING, -1);
	/* both halt in their wait, and have not moved */
	contended[0].kinds[EXIT_HALT] = 1;
	contended[0].have_changed = true;
	contended[0].changed = RULE_SPIN_REGS;
	assert_vm(contended, 2, VM_NOTHING, -1);
	contended[1] = contended[0];
	assert_vm(contended, 2, VM_LOCK_LOST, -1);
	contended[1].changed++;
	assert_vm(contended, 2, VM_NOTHING, -1);
	assert_vm(queued, 3, VM_LOCK_HOLDER, 2);
	assert_vm(queued, 2, VM_LOCK_HOLDER, 1);
	assert_vm(queued, 5, VM_LOCK_HOLDER, 3);
	/* it has hardly run, and could not have left */
	queued[1].run = RULE_OFF_CPU;
	assert_vm(queued + 1, 2, VM_STARVED, -1);
	queued[1].run++;
	assert_vm(queued + 1, 2, VM_LOCK_HOLDER, 1);
	/* no other one has what it waits for */
	assert_vm(queued + 1, 1, VM_STARVED, -1);
}

/* The one that is starved in its idle task has no lock, but may have to answer. */
static void test_vm_starved_idle(void **state)
{
	struct vcpu_finding vcpus[] = {
		{ .word = VCPU_STARVED, .run = 25, .held_nothing = true },
		{ .word = VCPU_STARVED, .waits_in = "_raw_spin_lock" },
		{ .word = VCPU_SPINNING, .waits_still = true,
		  .waits_in = "__pv_queued_spin_lock_slowpath" },
	};

	(void)state;
	assert_vm(vcpus, 3, VM_LOCK_HOLDER, 1);
	vcpus[2].waits_in = "smp_call_function_many_cond";
	assert_vm(vcpus, 3, VM_LOCK_HOLDER, 0);
}

/* Each waits for the other one, and the host's CPUs are busy. */
static void test_vm_starved_deadlock(void **state)
{
	struct vcpu_finding vcpus[] = {
		{ .word = VCPU_STARVED, .run = 50, .waits_still = true,
		  .waits_in = "__pv_queued_spin_lock_slowpath" },
		{ .word = VCPU_SPINNING, .waits_still = true,
		  .waits_in = "__pv_queued_spin_lock_slowpath" },
	};

	(void)state;
	assert_vm(vcpus, 2, VM_LOCK_LOST, -1);
	vcpus[0].run = RULE_OFF_CPU;
	assert_vm(vcpus, 2, VM_LOCK_HOLDER, 0);
	/* one halts and spins by turns, and of a sample it has no registers */
	vcpus[0].word = VCPU_RUNNING;
	vcpus[0].kinds[EXIT_HALT] = 4;
	assert_vm(vcpus, 2, VM_NOTHING, -1);
	vcpus[0].looks = RULE_LOOKS / 2;
	assert_vm(vcpus, 2, VM_LOCK_LOST, -1);
}

static void leave(struct vcpu_finding *finding)
{
	for (int i = 0; i < RULE_LEFT; i++)
		vcpu_take_stay(finding, VCPU_HAS_LEFT);
}

/* Further looks have found it elsewhere. */
static void test_vm_moved_on(void **state)
{
	struct vcpu_finding vcpus[] = {
		{ .word = VCPU_SPINNING, .waits_still = true,
		  .waits_in = "smp_call_function_many_cond" },
		{ .word = VCPU_IDLE, .waits_still = true,
		  .waits_in = "__pv_queued_spin_lock_slowpath" },
		{ .word = VCPU_SPINNING, .panicked = true },
	};

	(void)state;
	assert_vm(vcpus, 2, VM_LOCK_LOST, -1);
	leave(&vcpus[0]);
	assert_int_equal(vcpus[0].word, VCPU_RUNNING);
	assert_vm(vcpus, 2, VM_NOTHING, -1);
	vcpus[0].word = VCPU_IDLE;
	assert_vm(vcpus, 2, VM_LOCK_LOST, -1);
	leave(&vcpus[1]);
	assert_int_equal(vcpus[1].word, VCPU_IDLE);
	assert_vm(vcpus, 2, VM_IDLE, -1);
	assert_vm(vcpus, 3, VM_PANICKED, 2);
	leave(&vcpus[2]);
	assert_vm(vcpus, 3, VM_NOTHING, -1);
}

/* Who was idle or in user mode meanwhile has no lock; who was not may have it. */
static void test_vm_held_nothing(void **state)
{
	struct vcpu_finding vcpus[] = {
		{ .word = VCPU_SPINNING, .waits_still = true,
		  .waits_in = "native_queued_spin_lock_slowpath" },
		{ .word = VCPU_RUNNING },
	};

	(void)state;
	assert_vm(vcpus, 2, VM_NOTHING, -1);
	vcpus[1].held_nothing = true;
	assert_vm(vcpus, 2, VM_LOCK_LOST, -1);
	/* but it has to answer calls */
	vcpus[0].waits_in = "smp_call_function_many_cond";
	assert_vm(vcpus, 2, VM_NOTHING, -1);
	/* a whole VM that lacks CPUs is not idle all over for that */
	vcpus[0] = (struct vcpu_finding){ .word = VCPU_STARVED };
	assert_vm(vcpus, 2, VM_NOTHING, -1);
}

static void test_vm_panicked(void **state)
{
	struct vcpu_finding all[] = {
		{ .word = VCPU_HALTED_OFF },
		{ .word = VCPU_SPINNING, .panicked = true },
	};

	(void)state;
	assert_vm(all, 2, VM_PANICKED, 1);
	/* its VMM may stop it then */
	all[0].word = VCPU_IN_VMM;
	all[1].word = VCPU_IN_VMM;
	assert_vm(all, 2, VM_PAUSED, -1);
}

static void test_vm_starved(void **state)
{
	struct vcpu_finding all[] = {
		{ .word = VCPU_STARVED }, { .word = VCPU_IDLE },
		{ .word = VCPU_NOT_STARTED },
	};
	struct vcpu_finding one[] = {
		{ .word = VCPU_STARVED }, { .word = VCPU_RUNNING },
	};

	(void)state;
	assert_vm(all, 2, VM_STARVED, -1);
	assert_vm(all, 3, VM_STARVED, -1);
	assert_vm(one, 2, VM_NOTHING, -1);
}

static void test_vm_hung(void **state)
{
	struct vcpu_finding all[] = {
		{ .word = VCPU_HALTED_OFF }, { .word = VCPU_SPINNING },
		{ .word = VCPU_NOT_STARTED },
	};
	struct vcpu_finding one[] = {
		{ .word = VCPU_SPINNING }, { .word = VCPU_IDLE },
	};

	(void)state;
	assert_vm(all, 2, VM_HUNG, -1);
	assert_vm(all, 3, VM_HUNG, -1);
	assert_vm(one, 2, VM_NOTHING, -1);
}

static void test_vm_cpu_missing(void **state)
{
	struct vcpu_finding one[] = {
		{ .word = VCPU_RUNNING }, { .word = VCPU_NOT_STARTED },
	};
	struct vcpu_finding all[] = {
		{ .word = VCPU_NOT_STARTED }, { .word = VCPU_NOT_STARTED },
	};

	(void)state;
	assert_vm(one, 2, VM_CPU_MISSING, 1);
	assert_vm(all, 2, VM_NOTHING, -1);
}

/* Linux with maxcpus=1: its firmware has started the other, and parked it. */
static void test_vm_cpu_parked(void **state)
{
	struct vcpu_finding parked[] = {
		{ .word = VCPU_IDLE, .have_paging = true, .paging = true },
		{ .word = VCPU_HALTED_OFF, .have_paging = true },
	};
	struct vcpu_finding off[] = {
		{ .word = VCPU_IDLE, .have_paging = true, .paging = true },
		{ .word = VCPU_HALTED_OFF, .have_paging = true, .paging = true },
	};
	struct vcpu_finding firmware[] = {
		{ .word = VCPU_RUNNING, .have_paging = true },
		{ .word = VCPU_HALTED_OFF, .have_paging = true },
	};
	struct vcpu_finding unknown[] = {
		{ .word = VCPU_IDLE, .have_paging = true, .paging = true },
		{ .word = VCPU_HALTED_OFF },
	};

	(void)state;
	assert_vm(parked, 2, VM_CPU_MISSING, 1);
	assert_int_equal(parked[1].word, VCPU_NOT_STARTED);
	assert_vm(off, 2, VM_NOTHING, -1);
	assert_vm(firmware, 2, VM_NOTHING, -1);
	assert_vm(unknown, 2, VM_NOTHING, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vm_idle),
		cmocka_unit_test(test_vm_paused),
		cmocka_unit_test(test_vm_lock),
		cmocka_unit_test(test_vm_starved_idle),
		cmocka_unit_test(test_vm_starved_deadlock),
		cmocka_unit_test(test_vm_moved_on),
		cmocka_unit_test(test_vm_held_nothing),
		cmocka_unit_test(test_vm_panicked),
		cmocka_unit_test(test_vm_starved),
		cmocka_unit_test(test_vm_hung),
		cmocka_unit_test(test_vm_cpu_missing),
		cmocka_unit_test(test_vm_cpu_parked),
	};

	return cmocka_run_group_tests_name("vm_rules", tests, NULL, NULL);
}
