// SPDX-License-Identifier: GPL-2.0
/*
 * rescheduler: has a task preempted, or held up, in a function: just before its first
 * VMREAD, where kvm_intel has said already that it knows a register, and does not yet;
 * or where the function begins. Only tasks of the oracle, but not the one that asks. It
 * is preempted where the kernel may be, there or later.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define MAX_FUNCTION	128	/* bytes that are looked through */
#define MAX_INSN	15
#define STEP_US		100

static char *function = "vmx_get_rflags";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "the function");

static bool at_entry;
module_param(at_entry, bool, 0444);
MODULE_PARM_DESC(at_entry, "where it begins, not at its first VMREAD");

static uint spin_us;
module_param(spin_us, uint, 0444);
MODULE_PARM_DESC(spin_us, "take so long there; 0: be preempted");

static ulong hits;
module_param(hits, ulong, 0444);
MODULE_PARM_DESC(hits, "how often a task came there");

/* An interrupt of this CPU's own, on whose way back the task can be preempted */
static void reschedule(struct irq_work *work)
{
	set_tsk_need_resched(current);
	set_preempt_need_resched();
}

static struct irq_work work = IRQ_WORK_INIT_HARD(reschedule);

static int at_probe(struct kprobe *probe, struct pt_regs *regs)
{
	uint us = spin_us;

	if (strcmp(current->comm, "oracle") || thread_group_leader(current))
		return 0;
	hits++;
	if (!us)
		irq_work_queue(&work);
	for (; us >= STEP_US; us -= STEP_US)
		udelay(STEP_US);

	return 0;
}

/* That there is one has the instruction executed by itself, not a copy jumped to. */
static void after_probe(struct kprobe *probe, struct pt_regs *regs,
			unsigned long flags)
{
}

static struct kprobe probe = {
	.pre_handler = at_probe,
	.post_handler = after_probe,
};

/* Where the function's first VMREAD is; 0 if it has none */
static unsigned int find_vmread(const u8 *code)
{
	unsigned int i;

	for (i = 1; i < MAX_FUNCTION; i++)
		if (code[i - 1] == 0x0f && code[i] == 0x78)
			return i - 1;

	return 0;
}

static int read_function(u8 *code)
{
	struct kprobe start = { .symbol_name = function };
	int err;

	err = register_kprobe(&start);
	if (err)
		return err;
	unregister_kprobe(&start);

	return copy_from_kernel_nofault(code, start.addr, MAX_FUNCTION);
}

/* Kprobes take an address only if an instruction begins there. */
static int probe_before(unsigned int offset)
{
	unsigned int len;
	int err = -ENOENT;

	for (len = 1; len <= MAX_INSN && len < offset; len++) {
		probe.addr = NULL;
		probe.symbol_name = function;
		probe.offset = offset - len;
		err = register_kprobe(&probe);
		if (!err)
			break;
	}

	return err;
}

static int probe_vmread(void)
{
	u8 code[MAX_FUNCTION];
	unsigned int offset;
	int err;

	err = read_function(code);
	if (err)
		return err;
	offset = find_vmread(code);
	err = offset ? probe_before(offset) : -ENOENT;
	if (err)
		pr_info("no place for a probe in %s(): error %d\n", function, err);
	else
		pr_info("%s()+%u, before the VMREAD at %u\n", function,
			probe.offset, offset);

	return err;
}

static int __init rescheduler_init(void)
{
	if (!at_entry)
		return probe_vmread();

	probe.symbol_name = function;
	return register_kprobe(&probe);
}

static void __exit rescheduler_exit(void)
{
	unregister_kprobe(&probe);
	irq_work_sync(&work);
}

module_init(rescheduler_init);
module_exit(rescheduler_exit);

MODULE_DESCRIPTION("Has tasks preempted, or held up, in a function");
MODULE_LICENSE("GPL");
