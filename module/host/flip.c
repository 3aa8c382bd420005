// SPDX-License-Identifier: GPL-2.0
/* See flip.h. */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/string.h>

#include "flip.h"
#include "snapshot.h"

#define NONE		-1
#define MOSTLY_INVALID	"mostly-invalid"

/* One bit of each register and field; RIP then points outside any test code. */
static const struct target {
	const char *name;
	size_t offset;
	size_t size;
	unsigned int bit;
} targets[] = {
#define REG(reg, name, bit)						\
	[VCPU_INFO_REG_##reg] = { #name,				\
	offsetof(struct vcpu_info_snapshot, regs[VCPU_INFO_REG_##reg]),	\
	sizeof(u64), bit }
#define FIELD(name, bit) { #name,					\
	offsetof(struct vcpu_info_snapshot, name),			\
	sizeof_field(struct vcpu_info_snapshot, name), bit }
#define FROM(name, bit) { #name,					\
	offsetof(struct vcpu_info_snapshot, from.name),			\
	sizeof_field(struct vcpu_info_snapshot, from.name), bit }
#define WHY(name, bit) { #name,						\
	offsetof(struct vcpu_info_snapshot, why.name),			\
	sizeof_field(struct vcpu_info_snapshot, why.name), bit }
	REG(RAX, rax, 4), REG(RCX, rcx, 4), REG(RDX, rdx, 4),
	REG(RBX, rbx, 4), REG(RSP, rsp, 4), REG(RBP, rbp, 4),
	REG(RSI, rsi, 4), REG(RDI, rdi, 4), REG(R8, r8, 4),
	REG(R9, r9, 4), REG(R10, r10, 4), REG(R11, r11, 4),
	REG(R12, r12, 4), REG(R13, r13, 4), REG(R14, r14, 4),
	REG(R15, r15, 4), REG(RIP, rip, 10), REG(RFLAGS, rflags, 4),
	REG(CR0, cr0, 4), REG(CR3, cr3, 4), REG(CR4, cr4, 4),
	REG(EFER, efer, 4),
	FROM(vm_pid, 4), FROM(vm_fd, 4), FROM(caller_id, 4),
	FIELD(vcpu_id, 4), FIELD(pid, 4), FIELD(ns_pid, 4), FIELD(cpu, 4),
	FIELD(valid, VCPU_INFO_REG_RAX), FIELD(state, 2), FIELD(flags, 0),
	FIELD(attempts, 7), FIELD(ns_level, 0),
	FIELD(exits, 24), FIELD(io_exits, 24), FIELD(mmio_exits, 24),
	FIELD(halt_exits, 24), FIELD(irq_exits, 24),
	FIELD(irq_window_exits, 24), FIELD(signal_exits, 24),
	FIELD(hypercalls, 24), WHY(cookie, 4), WHY(reason, 4),
	{ MOSTLY_INVALID },
};

static int test_flip = NONE;

/* By name, or by its place in the table: of a register its VCPU_INFO_REG_*. */
static int set_flip(const char *value, const struct kernel_param *kp)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (sysfs_streq(value, targets[i].name))
			break;
	if (i == ARRAY_SIZE(targets) &&
	    (kstrtoint(value, 0, &i) || i < NONE || i >= VCPU_INFO_NR_REGS))
		return -EINVAL;
	WRITE_ONCE(test_flip, i);
	return 0;
}

static int get_flip(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n",
		       test_flip < 0 ? "-1" : targets[test_flip].name);
}

static const struct kernel_param_ops flip_ops = {
	.set = set_flip,
	.get = get_flip,
};
module_param_cb(test_flip, &flip_ops, NULL, 0644);
MODULE_PARM_DESC(test_flip, "register or field that is falsified in each record; mostly-invalid: no register is valid in 19 of 20; -1: none");

static void make_mostly_invalid(struct vcpu_info_snapshot *snap)
{
	static atomic_t nr;

	if (atomic_inc_return(&nr) % 20 == 0)
		return;
	snap->valid = 0;
	memset(snap->regs, 0, sizeof(snap->regs));
}

/**
 * vcpu_info_flip() - flip the bit that the parameter test_flip names
 * @snap: a record about to be written; a register that is not valid is left
 *	alone
 */
void vcpu_info_flip(struct vcpu_info_snapshot *snap)
{
	int i = READ_ONCE(test_flip);
	const struct target *target;

	if (i < 0 || (i < VCPU_INFO_NR_REGS && !(snap->valid & BIT(i))))
		return;
	target = &targets[i];
	if (target->size)
		((u8 *)snap + target->offset)[target->bit / 8] ^=
			BIT(target->bit % 8);
	else
		make_mostly_invalid(snap);
}
