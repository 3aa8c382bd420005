// SPDX-License-Identifier: GPL-2.0
/*
 * cli/host: what a vCPU does, and what follows for its VM.
 */
#include <errno.h>
#include <linux/kvm.h>

#include "vcpu-pair.h"

#include "common/compiler.h"

static void test_running(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 0x5000);
	exits(&pair, VCPU_INFO_COUNT_IRQ_EXITS, 250);
	assert_word(&pair, VCPU_RUNNING);
}

/* nohz_full: no exit at all, one loop of a process */
static void test_busy_process_is_running(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, USER_RIP, 100);

	(void)state;
	assert_word(&pair, VCPU_RUNNING);
}

static void test_spinning(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_IRQ_EXITS, 100000);
	exits(&pair, VCPU_INFO_COUNT_IRQ_WINDOW_EXITS, RULE_SPIN_EXITS);
	exits(&pair, VCPU_INFO_COUNT_NMI_WINDOW_EXITS, RULE_SPIN_EXITS);
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, RULE_SPIN_EXITS);
	assert_word(&pair, VCPU_SPINNING);
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, 1);
	assert_word(&pair, VCPU_RUNNING);
}

static void test_spinning_needs_the_cpu(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP,
				     RULE_BUSY);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 1);
	pair.second.vcpu.counts[VCPU_INFO_COUNT_HALT_WAIT_NS] += SECOND / 5;
	assert_word(&pair, VCPU_SPINNING);
	pair.second.run_ns -= SECOND / 100;
	assert_word(&pair, VCPU_RUNNING);
	pair.second.run_ns += SECOND / 100;
	pair.second.have_sched = false;
	assert_word(&pair, VCPU_RUNNING);
}

/* Without an exit in which it may sleep it has run, or wanted to, all the time. */
static void test_spinning_by_exits(void **state)
{
	static const unsigned int sleeps[] = {
		VCPU_INFO_COUNT_IO_EXITS, VCPU_INFO_COUNT_MMIO_EXITS,
		VCPU_INFO_COUNT_SIGNAL_EXITS, VCPU_INFO_COUNT_PF_TAKEN,
	};
	static const unsigned int halted[] = {
		VCPU_INFO_COUNT_HALT_WAIT_NS, VCPU_INFO_COUNT_HALT_POLL_SUCCESS_NS,
		VCPU_INFO_COUNT_HALT_POLL_FAIL_NS,
	};
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 13);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_IRQ_EXITS, 1427);
	exits(&pair, VCPU_INFO_COUNT_INSN_EMULATION, 905);
	assert_word(&pair, VCPU_SPINNING);
	pair.second.have_sched = false;
	assert_word(&pair, VCPU_SPINNING);
	for (size_t i = 0; i < ARRAY_SIZE(sleeps); i++) {
		pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 13);
		exits(&pair, sleeps[i], 1);
		assert_word(&pair, VCPU_RUNNING);
	}
	/* a halt that was short is none */
	pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 13);
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 1);
	for (size_t i = 0; i < ARRAY_SIZE(halted); i++) {
		pair.second.vcpu.counts[halted[i]] += SECOND * RULE_HALTED / 100;
		assert_word(&pair, VCPU_SPINNING);
		pair.second.vcpu.counts[halted[i]] += SECOND / 100;
		assert_word(&pair, VCPU_RUNNING);
		pair.second.vcpu.counts[halted[i]] = 0;
	}
	pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 13);
	pair.second.vcpu.state = VCPU_INFO_STATE_PREEMPTED;
	assert_word(&pair, VCPU_SPINNING);
	pair.second.vcpu.state = VCPU_INFO_STATE_IN_EXIT;
	assert_word(&pair, VCPU_RUNNING);
	pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 13);
	waits(&pair, RULE_STARVED_WAIT);
	assert_word(&pair, VCPU_STARVED);
}

/* What a copy is at is in RCX, RSI and RDI, and what calls it has counters, too. */
static void test_work_is_not_spinning(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RCX, 4096);
	set_reg(&pair.second, VCPU_INFO_REG_RSI, 8192);
	set_reg(&pair.second, VCPU_INFO_REG_RDI, 12288);
	assert_int_equal(judge(&pair).changed, RULE_SPIN_REGS);
	assert_word(&pair, VCPU_SPINNING);
	set_reg(&pair.second, VCPU_INFO_REG_R15, 16384);
	assert_int_equal(judge(&pair).changed, RULE_SPIN_REGS + 1);
	assert_word(&pair, VCPU_RUNNING);

	/* of what is not known nothing can be said */
	set_both(&pair, VCPU_INFO_REG_R15, 0);
	assert_true(judge(&pair).have_changed);
	pair.first.vcpu.valid &= ~(1U << VCPU_INFO_REG_R15);
	assert_false(judge(&pair).have_changed);
	assert_word(&pair, VCPU_RUNNING);
}

static void test_spinning_place(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP - RULE_SPIN_BYTES);
	assert_word(&pair, VCPU_SPINNING);
	set_reg(&pair.second, VCPU_INFO_REG_RIP,
		KERNEL_RIP - RULE_SPIN_BYTES - 1);
	assert_word(&pair, VCPU_RUNNING);
	pair.first.function = "native_queued_spin_lock_slowpath";
	pair.second.function = "native_queued_spin_lock_slowpath";
	assert_word(&pair, VCPU_SPINNING);
	pair.first.function = "memcpy";
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 1);
	assert_word(&pair, VCPU_RUNNING);
}

/* By the stack it is seen in an interrupt, too. */
static void test_spinning_interrupted(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RSP, STACK - 512);
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	pair.first.waits_in = "native_queued_spin_lock_slowpath";
	assert_word(&pair, VCPU_RUNNING);
	pair.second.waits_in = "native_queued_spin_lock_slowpath";
	assert_word(&pair, VCPU_SPINNING);
	pair.second.waits_in = "smp_call_function_many_cond";
	assert_word(&pair, VCPU_RUNNING);
}

/* What an interrupt has put aside tells as well, at either sample. */
static void test_spinning_under_an_interrupt(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	struct vcpu_place aside = { .valid = pair.first.vcpu.valid };

	(void)state;
	memcpy(aside.regs, pair.first.vcpu.regs, sizeof(aside.regs));
	set_reg(&pair.second, VCPU_INFO_REG_RSP, STACK - 512);
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	set_reg(&pair.second, VCPU_INFO_REG_R12, 4096);
	assert_word(&pair, VCPU_RUNNING);
	assert_int_equal(judge(&pair).changed, 1);
	pair.second.aside = &aside;
	assert_word(&pair, VCPU_SPINNING);
	assert_int_equal(judge(&pair).changed, 0);
	aside.regs[VCPU_INFO_REG_RSP]++;
	assert_word(&pair, VCPU_RUNNING);
	aside.regs[VCPU_INFO_REG_RSP]--;

	/* at both */
	pair.first.aside = &aside;
	set_reg(&pair.first, VCPU_INFO_REG_RIP, KERNEL_RIP + 8192);
	assert_word(&pair, VCPU_SPINNING);
	aside.regs[VCPU_INFO_REG_RIP] = USER_RIP;
	assert_word(&pair, VCPU_RUNNING);
}

static void test_interrupting_functions(void **state)
{
	(void)state;
	assert_true(vcpu_interrupted_by("asm_sysvec_apic_timer_interrupt"));
	assert_true(vcpu_interrupted_by("asm_sysvec_call_function_single"));
	assert_true(vcpu_interrupted_by("asm_common_interrupt"));
	assert_true(vcpu_interrupted_by("asm_exc_nmi"));
	/* on its way back */
	assert_true(vcpu_interrupted_by("error_return"));
	assert_true(vcpu_interrupted_by("restore_regs_and_return_to_kernel"));
	assert_false(vcpu_interrupted_by("asm_exc_page_fault"));
	assert_false(vcpu_interrupted_by("asm_exc_general_protection"));
	assert_false(vcpu_interrupted_by(""));
}

/* Linux halts a CPU that is taken offline, with interrupts off. */
static void test_offline(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_HALTED, KERNEL_RIP, 0);

	(void)state;
	set_reg(&pair.first, VCPU_INFO_REG_RFLAGS, 2);
	set_reg(&pair.second, VCPU_INFO_REG_RFLAGS, 2);
	pair.first.offline = true;
	assert_word(&pair, VCPU_HALTED_OFF);
	pair.second.offline = true;
	assert_word(&pair, VCPU_NOT_STARTED);
	assert_true(vcpu_offline_in("hlt_play_dead"));
	assert_false(vcpu_offline_in("do_idle"));
}

/* An interrupt in it has slept once, but it had or wanted a CPU all the time. */
static void test_busy_by_waiting(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, RULE_BUSY - 40);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 1);
	pair.second.vcpu.counts[VCPU_INFO_COUNT_HALT_WAIT_NS] = SECOND / 5;
	assert_word(&pair, VCPU_RUNNING);
	waits(&pair, 40);
	assert_word(&pair, VCPU_SPINNING);
	waits(&pair, 39);
	assert_word(&pair, VCPU_RUNNING);
}

/* Found twice where it waits, it does, though it was busy for less than a word asks. */
static void test_waits_still(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 10);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 10);
	pair.second.vcpu.counts[VCPU_INFO_COUNT_HALT_WAIT_NS] = SECOND / 2;
	pair.first.waits_in = "__pv_queued_spin_lock_slowpath";
	assert_false(judge(&pair).waits_still);
	pair.second.waits_in = "__pv_queued_spin_lock_slowpath";
	assert_true(judge(&pair).waits_still);
	assert_word(&pair, VCPU_RUNNING);

	/* preempted both times by chance, and asleep in between */
	pair.first.vcpu.state = VCPU_INFO_STATE_PREEMPTED;
	pair.second.vcpu.state = VCPU_INFO_STATE_PREEMPTED;
	pair.second.run_ns = pair.first.run_ns;
	assert_word(&pair, VCPU_RUNNING);
	pair.second.waits_in = "csd_lock_wait";
	assert_word(&pair, VCPU_STARVED);
}

/* It waits in parts, with other registers each time. */
static void test_panic_spins(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 4096);
	pair.first.panicked = true;
	assert_word(&pair, VCPU_RUNNING);
	pair.second.panicked = true;
	assert_word(&pair, VCPU_SPINNING);
	assert_true(judge(&pair).panicked);
	assert_true(vcpu_panics_in("panic"));
	assert_true(vcpu_panics_in("vpanic"));
	assert_false(vcpu_panics_in("panic_other_cpus_shutdown"));
	assert_false(vcpu_panics_in(""));
}

/* Each PAUSE of one that waits for a lock may be an exit. */
static void test_spinning_with_exits(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, 50000);
	assert_word(&pair, VCPU_EXIT_LOOP);
	pair.first.waits_in = "native_queued_spin_lock_slowpath";
	pair.second.waits_in = "native_queued_spin_lock_slowpath";
	assert_word(&pair, VCPU_SPINNING);
}

/* An interrupt of a loop that waits for a moment is no wait of the loop. */
static void test_begins_to_wait(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	pair.second.waits_in = "_raw_spin_lock";
	assert_string_equal(judge(&pair).waits_in, "_raw_spin_lock");
	pair.first.whole_stack = true;
	assert_null(judge(&pair).waits_in);
	pair.first.waits_in = "_raw_spin_lock";
	assert_string_equal(judge(&pair).waits_in, "_raw_spin_lock");
}

/* Where no CPU has a lock of the kernel */
static void test_held_nothing(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 50);

	(void)state;
	assert_false(judge(&pair).held_nothing);
	pair.first.user = true;
	assert_true(judge(&pair).held_nothing);
	pair.first.user = false;
	pair.second.idle_task = true;
	assert_false(judge(&pair).held_nothing);
	pair.second.vcpu.state = VCPU_INFO_STATE_HALTED;
	assert_true(judge(&pair).held_nothing);
	/* an interrupt may have found it there */
	pair.second.waits_in = "_raw_spin_lock";
	assert_false(judge(&pair).held_nothing);
}

static void test_waiting_functions(void **state)
{
	(void)state;
	assert_true(vcpu_waits_in("native_queued_spin_lock_slowpath"));
	assert_true(vcpu_waits_in("__pv_queued_spin_lock_slowpath"));
	assert_true(vcpu_waits_in("_raw_spin_lock_irqsave"));
	assert_true(vcpu_waits_in("smp_call_function_many_cond"));
	assert_true(vcpu_waits_for_lock("queued_write_lock_slowpath"));
	assert_false(vcpu_waits_for_lock("smp_call_function_many_cond"));
	assert_false(vcpu_waits_for_lock(NULL));
	assert_false(vcpu_waits_in("_raw_spin_unlock_irqrestore"));
	assert_false(vcpu_waits_in("do_idle"));
	assert_false(vcpu_waits_in(""));
	assert_false(vcpu_waits_in(NULL));
}

/* The same function again and again, but called anew */
static void test_spinning_stack(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RSP, STACK - 8);
	assert_word(&pair, VCPU_RUNNING);
}

/* A guest of its own kind, at low addresses: a process could not do that */
static void test_spinning_with_interrupts_off(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, USER_RIP, 100);

	(void)state;
	set_both(&pair, VCPU_INFO_REG_RFLAGS, IF_OFF);
	assert_word(&pair, VCPU_SPINNING);
}

/* CR0 is not known of each vCPU that lost its CPU. */
static void test_paging(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_PREEMPTED, KERNEL_RIP, 50);
	const uint32_t cr0 = 1U << VCPU_INFO_REG_CR0;

	(void)state;
	assert_true(judge(&pair).have_paging && judge(&pair).paging);
	pair.second.vcpu.valid &= ~cr0;
	assert_true(judge(&pair).have_paging && judge(&pair).paging);
	set_reg(&pair.second, VCPU_INFO_REG_RIP, 0xfd09a);
	assert_false(judge(&pair).have_paging);
	set_reg(&pair.second, VCPU_INFO_REG_CR0, 0x11);
	assert_true(judge(&pair).have_paging && !judge(&pair).paging);
}

/*
 * One sample of an exit is compared with another of anything else: memory has the
 * registers of that exit, but may have parts of two.
 */
static void test_torn_spins(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 20);
	struct vcpu_place aside = { .valid = pair.first.vcpu.valid };

	(void)state;
	memcpy(aside.regs, pair.first.vcpu.regs, sizeof(aside.regs));
	exits(&pair, VCPU_INFO_COUNT_IRQ_EXITS, 100);
	assert_word(&pair, VCPU_SPINNING);
	make_torn(&pair.second);
	assert_word(&pair, VCPU_SPINNING);
	assert_int_equal(judge(&pair).changed, 0);
	assert_false(judge(&pair).have_rip);
	pair.second.vcpu.regs[VCPU_INFO_REG_RAX]++;
	pair.second.vcpu.regs[VCPU_INFO_REG_RBX]++;
	pair.second.vcpu.regs[VCPU_INFO_REG_RCX]++;
	assert_word(&pair, VCPU_SPINNING);
	pair.second.vcpu.regs[VCPU_INFO_REG_RDX]++;
	assert_word(&pair, VCPU_RUNNING);
	pair.second.vcpu.regs[VCPU_INFO_REG_RDX]--;

	/* a process of which memory has an exit of the kernel, long ago */
	set_reg(&pair.first, VCPU_INFO_REG_RIP, USER_RIP);
	assert_word(&pair, VCPU_RUNNING);
	pair.first.aside = &aside;
	assert_word(&pair, VCPU_SPINNING);
	pair.first.aside = NULL;
	set_reg(&pair.first, VCPU_INFO_REG_RIP, KERNEL_RIP);
	make_torn(&pair.first);
	assert_word(&pair, VCPU_RUNNING);
	assert_false(judge(&pair).have_changed);
}

static void test_starved(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_PREEMPTED, KERNEL_RIP, 20);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 0x1000);
	waits(&pair, RULE_STARVED_WAIT);
	assert_word(&pair, VCPU_STARVED);
	assert_int_equal(judge(&pair).wait, RULE_STARVED_WAIT);
	waits(&pair, RULE_STARVED_WAIT - 1);
	assert_word(&pair, VCPU_RUNNING);
}

/* Two share a CPU fairly: each gets what can be had. */
static void test_half_is_not_starved(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_PREEMPTED, KERNEL_RIP, 50);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 0x1000);
	waits(&pair, 50);
	assert_word(&pair, VCPU_RUNNING);
}

static void test_over_its_quota(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_PREEMPTED, KERNEL_RIP, RULE_OFF_CPU);

	(void)state;
	set_reg(&pair.second, VCPU_INFO_REG_RIP, KERNEL_RIP + 0x1000);
	assert_word(&pair, VCPU_STARVED);
	pair.second.vcpu.state = VCPU_INFO_STATE_GUEST;
	assert_word(&pair, VCPU_RUNNING);
}

/* The scheduler counts a wait when it has ended. */
static void test_waits_for_long(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, RULE_OFF_CPU);

	(void)state;
	pair.second.vcpu.state = VCPU_INFO_STATE_PREEMPTED;
	exits(&pair, VCPU_INFO_COUNT_IRQ_EXITS, 4);
	assert_word(&pair, VCPU_STARVED);
	pair.second.run_ns += SECOND / 100;
	assert_word(&pair, VCPU_SPINNING);
	pair.second.run_ns -= SECOND / 100;
	/* it has got one again, but not all of the wait was counted */
	pair.second.vcpu.state = VCPU_INFO_STATE_GUEST;
	assert_word(&pair, VCPU_SPINNING);
	waits(&pair, RULE_OFF_CPU_WAIT);
	assert_word(&pair, VCPU_STARVED);
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, 1);
	assert_word(&pair, VCPU_RUNNING);
	pair.second.vcpu.state = VCPU_INFO_STATE_PREEMPTED;
	assert_word(&pair, VCPU_RUNNING);
}

static void test_in_vmm(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_USER, KERNEL_RIP, 0);
	struct vcpu_finding finding;

	(void)state;
	pair.second.vcpu.have |= VCPU_INFO_HAVE_EXIT;
	pair.second.vcpu.exit_reason = KVM_EXIT_IO;
	finding = judge(&pair);
	assert_int_equal(finding.word, VCPU_IN_VMM);
	assert_true(finding.have_exit);
	assert_int_equal(finding.exit_reason, KVM_EXIT_IO);
	exits(&pair, VCPU_INFO_COUNT_IO_EXITS, 1);
	assert_word(&pair, VCPU_RUNNING);
}

static void test_not_started(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_HALTED, 0xfff0, 0);

	(void)state;
	set_both(&pair, VCPU_INFO_REG_CR0, 0x60000010);
	assert_word(&pair, VCPU_NOT_STARTED);
	set_both(&pair, VCPU_INFO_REG_CR0, 0x60000011);
	assert_word(&pair, VCPU_IDLE);
	pair = make_pair(VCPU_INFO_STATE_NEVER_RUN, 0xfff0, 0);
	assert_word(&pair, VCPU_NOT_STARTED);
}

static void test_nested(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	pair.second.vcpu.flags = VCPU_INFO_F_NESTED;
	assert_word(&pair, VCPU_SPINNING);
	pair.first.vcpu.flags = VCPU_INFO_F_NESTED;
	assert_word(&pair, VCPU_NESTED);
}

static void test_protected(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_PROTECTED, 0, 50);

	(void)state;
	assert_word(&pair, VCPU_PROTECTED);
}

static void test_unknown(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);

	(void)state;
	pair.second.vcpu.result = -ENOENT;
	assert_word(&pair, VCPU_UNKNOWN);
	pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	pair.first.vcpu.have = 0;
	assert_word(&pair, VCPU_UNKNOWN);
	pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	pair.second.vcpu.time_ns = pair.first.vcpu.time_ns;
	assert_word(&pair, VCPU_UNKNOWN);
	assert_false(judge(&pair).have_sched);
	/* the samples in the wrong order */
	pair.second.vcpu.time_ns--;
	assert_word(&pair, VCPU_UNKNOWN);
}

/* MMIO is emulated, and a page fault before: one exit each */
static void test_kinds_add_up(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	struct vcpu_finding finding;
	uint64_t sum = 0;
	int i;

	(void)state;
	exits(&pair, VCPU_INFO_COUNT_MMIO_EXITS, 100);
	exits(&pair, VCPU_INFO_COUNT_HALT_EXITS, 30);
	pair.second.vcpu.counts[VCPU_INFO_COUNT_INSN_EMULATION] = 100;
	pair.second.vcpu.counts[VCPU_INFO_COUNT_PF_TAKEN] = 20;
	pair.second.vcpu.counts[VCPU_INFO_COUNT_EXITS] += 25;
	finding = judge(&pair);
	assert_int_equal(finding.kinds[EXIT_MMIO], 100);
	assert_int_equal(finding.kinds[EXIT_HALT], 30);
	assert_int_equal(finding.kinds[EXIT_PAGE_FAULT], 20);
	assert_int_equal(finding.kinds[EXIT_EMULATION], 5);
	assert_int_equal(finding.kinds[EXIT_OTHER], 0);
	for (i = 0; i < EXIT_NR_KINDS; i++)
		sum += finding.kinds[i];
	assert_int_equal(sum, finding.exits);
}

/* Whoever answers for a vCPU may count anything. */
static void test_counts_that_shrink(void **state)
{
	struct pair pair = make_pair(VCPU_INFO_STATE_GUEST, KERNEL_RIP, 100);
	struct vcpu_finding finding;

	(void)state;
	pair.first.vcpu.counts[VCPU_INFO_COUNT_EXITS] = 1000;
	pair.first.run_ns = UINT64_MAX;
	pair.second.wait_ns = UINT64_MAX;
	finding = judge(&pair);
	assert_int_equal(finding.exits, 0);
	assert_int_equal(finding.run, 0);
	assert_int_equal(finding.wait, 100);
}

static void test_every_name(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < VCPU_NR_WORDS; i++)
		assert_non_null(vcpu_word_name(i));
	for (i = 0; i < VM_NR_WORDS; i++)
		assert_non_null(vm_word_name(i));
	for (i = 0; i < EXIT_NR_KINDS; i++)
		assert_non_null(exit_kind_name(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_busy_process_is_running),
		cmocka_unit_test(test_spinning),
		cmocka_unit_test(test_spinning_needs_the_cpu),
		cmocka_unit_test(test_spinning_by_exits),
		cmocka_unit_test(test_work_is_not_spinning),
		cmocka_unit_test(test_spinning_under_an_interrupt),
		cmocka_unit_test(test_interrupting_functions),
		cmocka_unit_test(test_offline),
		cmocka_unit_test(test_busy_by_waiting),
		cmocka_unit_test(test_waits_still),
		cmocka_unit_test(test_panic_spins),
		cmocka_unit_test(test_spinning_place),
		cmocka_unit_test(test_spinning_stack),
		cmocka_unit_test(test_spinning_with_interrupts_off),
		cmocka_unit_test(test_paging),
		cmocka_unit_test(test_torn_spins),
		cmocka_unit_test(test_starved),
		cmocka_unit_test(test_half_is_not_starved),
		cmocka_unit_test(test_over_its_quota),
		cmocka_unit_test(test_waits_for_long),
		cmocka_unit_test(test_in_vmm),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_kinds_add_up),
		cmocka_unit_test(test_counts_that_shrink),
		cmocka_unit_test(test_spinning_interrupted),
		cmocka_unit_test(test_spinning_with_exits),
		cmocka_unit_test(test_begins_to_wait),
		cmocka_unit_test(test_held_nothing),
		cmocka_unit_test(test_waiting_functions),
		cmocka_unit_test(test_every_name),
	};

	return cmocka_run_group_tests_name("vcpu_rules", tests, NULL, NULL);
}
