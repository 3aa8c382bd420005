// SPDX-License-Identifier: GPL-2.0
/*
 * Guest programs: a loop of steps, its machine code, and what it does to the
 * registers. A jump after each step that writes keeps an emulator from running
 * several steps between two looks at its interrupts.
 */
#include <string.h>

#include "oracle.h"

#define FLAG_PF	0x0004
#define FLAG_AF	0x0010
#define FLAG_ZF	0x0040
#define FLAG_SF	0x0080
#define FLAG_OF	0x0800

#define JUMP_LEN	5

static void emit(struct prog *prog, const void *bytes, size_t len)
{
	if (prog->len + len > sizeof(prog->code))
		die("a guest program is too long");
	memcpy(prog->code + prog->len, bytes, len);
	prog->len += len;
}

static void emit1(struct prog *prog, uint8_t byte)
{
	emit(prog, &byte, 1);
}

/* The prefix for an operand of full width: reg in ModRM.reg, rm in ModRM.rm */
static void emit_width(struct prog *prog, int reg, int rm)
{
	if (prog->mode == MODE_64)
		emit1(prog, 0x48 | (reg >> 3) << 2 | rm >> 3);
	else if (prog->mode == MODE_16)
		emit1(prog, 0x66);
}

static void emit_inc(struct prog *prog, int reg)
{
	emit_width(prog, 0, reg);
	emit1(prog, 0xff);
	emit1(prog, 0xc0 | (reg & 7));
}

static void emit_mov(struct prog *prog, int dst, int src)
{
	emit_width(prog, src, dst);
	emit1(prog, 0x89);
	emit1(prog, 0xc0 | (src & 7) << 3 | (dst & 7));
}

static void emit_set(struct prog *prog, int reg, uint32_t imm)
{
	if (reg > 7)
		emit1(prog, 0x41);
	if (prog->mode == MODE_16)
		emit1(prog, 0x66);
	emit1(prog, 0xb8 | (reg & 7));
	emit(prog, &imm, sizeof(imm));
}

/* An absolute address in all modes: below 64 KiB */
static void emit_store(struct prog *prog)
{
	emit_width(prog, REG_COUNTER, 0);
	emit1(prog, 0x89);
	switch (prog->mode) {
	case MODE_64:
		emit1(prog, REG_COUNTER << 3 | 4);
		emit1(prog, 0x25);
		emit(prog, &prog->counter_gpa, 4);
		break;
	case MODE_32:
		emit1(prog, REG_COUNTER << 3 | 5);
		emit(prog, &prog->counter_gpa, 4);
		break;
	case MODE_16:
		emit1(prog, REG_COUNTER << 3 | 6);
		emit(prog, &prog->counter_gpa, 2);
		break;
	}
}

static void emit_back(struct prog *prog)
{
	int32_t rel;

	if (prog->mode == MODE_16)
		emit1(prog, 0x66);
	emit1(prog, 0xe9);
	rel = prog->steps[prog->loop].off - (prog->len + sizeof(rel));
	emit(prog, &rel, sizeof(rel));
}

/*
 * VMRUN goes on behind itself once the nested guest is left, and VMLAUNCH is
 * told to: a jump over the nested guest's code is there.
 */
static void emit_enter(struct prog *prog)
{
	emit(prog, host.amd ? "\x0f\x01\xd8" : "\x0f\x01\xc2", ENTER_LEN);
	emit(prog, "\xe9\x00\x00\x00\x00", JUMP_LEN);
}

static void emit_call(struct prog *prog)
{
	emit(prog, host.amd ? "\x0f\x01\xd9" : "\x0f\x01\xc1", 3);
}

static struct step *add_step(struct prog *prog, enum op op, size_t off)
{
	struct step *step = &prog->steps[prog->nr++];

	if (prog->nr >= PROG_MAX_STEPS)
		die("a guest program has too many steps");
	*step = (struct step) { .op = op, .off = off };

	return step;
}

/* The step that follows is that jump. */
static void add_jump_over(struct prog *prog)
{
	size_t off = prog->steps[prog_entry(prog) - 1].off + ENTER_LEN;
	int32_t rel = prog->len - (off + JUMP_LEN);

	memcpy(prog->code + off + 1, &rel, sizeof(rel));
	add_step(prog, OP_JMP, off);
}

/* An instruction whose operand is in memory below 4 GiB */
static void emit_memory(struct prog *prog, const char *opcode, size_t len,
			uint32_t gpa)
{
	emit(prog, opcode, len);
	emit(prog, &gpa, sizeof(gpa));
}

/* MOV to a VMCB. A VMCS is in memory only between VMCLEAR and VMPTRLD. */
static void add_rewind(struct prog *prog, uint32_t imm)
{
	uint32_t pointer = prog->nested_gpa + NESTED_POINTER;
	uint32_t rip = HIGH_BASE + imm;

	if (!host.amd) {
		emit_memory(prog, "\x66\x0f\xc7\x34\x25", 5, pointer);
		add_step(prog, OP_NOP, prog->len);
	}
	emit_memory(prog, "\x48\xc7\x04\x25", 4, prog->nested_gpa +
		    (host.amd ? VMCB_RIP : VMCS12_RIP));
	emit(prog, &rip, sizeof(rip));
	if (!host.amd) {
		add_step(prog, OP_NOP, prog->len);
		emit_memory(prog, "\x0f\xc7\x34\x25", 4, pointer);
	}
}

void prog_begin(struct prog *prog, enum mode mode, uint32_t counter_gpa)
{
	memset(prog, 0, sizeof(*prog));
	prog->counter_gpa = counter_gpa;
	prog->mode = mode;
}

void prog_add(struct prog *prog, enum op op, int reg, uint32_t imm)
{
	struct step *step = add_step(prog, op, prog->len);

	step->reg = reg;
	step->imm = imm;

	switch (op) {
	case OP_NOP:
		emit1(prog, 0x90);
		break;
	case OP_JMP:
		emit(prog, "\xeb\x00", 2);
		break;
	case OP_INC:
		emit_inc(prog, reg);
		break;
	case OP_MOV:
		emit_mov(prog, reg, REG_COUNTER);
		break;
	case OP_SET:
		emit_set(prog, reg, imm);
		break;
	case OP_STORE:
		emit_store(prog);
		break;
	case OP_CR3:
		emit(prog, "\x0f\x22\xd8", 3);
		break;
	case OP_LOAD:
		emit(prog, "\x8a\x07", 2);
		break;
	case OP_CPUID:
		emit(prog, "\x0f\xa2", 2);
		break;
	case OP_CALL:
		emit_call(prog);
		break;
	case OP_HLT:
		emit1(prog, 0xf4);
		break;
	case OP_OUT:
		emit1(prog, 0xe6);
		emit1(prog, PORT_DONE);
		break;
	case OP_ENTER:
		emit_enter(prog);
		break;
	case OP_LEAVE:
		emit_call(prog);
		add_jump_over(prog);
		break;
	case OP_REWIND:
		add_rewind(prog, imm);
		break;
	case OP_BACK:
		emit_back(prog);
		break;
	}
}

/* Counts, and copies the count to all GPRs, one after the other. */
void prog_add_lockstep(struct prog *prog)
{
	int nr = prog->mode == MODE_64 ? NR_GPRS : 8;
	int reg;

	prog_add(prog, OP_INC, REG_COUNTER, 0);
	prog_add(prog, OP_JMP, 0, 0);
	prog_add(prog, OP_STORE, 0, 0);
	prog_add(prog, OP_JMP, 0, 0);
	for (reg = 0; reg < nr; reg++) {
		if (reg == REG_COUNTER)
			continue;
		prog_add(prog, OP_MOV, reg, 0);
		prog_add(prog, OP_JMP, 0, 0);
	}
}

/* Whether a step of the program itself leads to VM exits, each time */
bool prog_exits(const struct prog *prog)
{
	enum op op;
	int i;

	for (i = 0; i < prog->nr; i++) {
		op = prog->steps[i].op;
		if (op == OP_CPUID || op == OP_CALL || op == OP_HLT ||
		    op == OP_OUT)
			return true;
	}

	return false;
}

/* The step that counts, or -1 */
static int counting_step(const struct prog *prog)
{
	int i;

	for (i = 0; i < prog->nr; i++)
		if (prog->steps[i].op == OP_INC)
			return i;

	return -1;
}

bool prog_counts(const struct prog *prog)
{
	return counting_step(prog) >= 0;
}

/* The first step of the nested guest, or -1 */
int prog_entry(const struct prog *prog)
{
	int i;

	for (i = 0; i < prog->nr; i++)
		if (prog->steps[i].op == OP_ENTER)
			return i + 1;

	return -1;
}

/* Whether a step is the nested guest's */
bool prog_nested(const struct prog *prog, int step)
{
	bool nested = false;
	int i;

	for (i = 0; i < step; i++)
		if (prog->steps[i].op == OP_ENTER ||
		    prog->steps[i].op == OP_LEAVE)
			nested = !nested;

	return nested;
}

uint64_t prog_rip(const struct prog *prog, int step)
{
	return prog->rip + prog->steps[step].off;
}

static uint64_t in_width(const struct prog *prog, uint64_t value)
{
	return prog->mode == MODE_64 ? value : (uint32_t)value;
}

static void increment(const struct prog *prog, struct regs *regs, int reg)
{
	uint64_t top = prog->mode == MODE_64 ? 1ULL << 63 : 1ULL << 31;
	uint64_t value = in_width(prog, regs->r[reg] + 1);
	uint64_t flags = regs->r[REG(RFLAGS)];

	flags &= ~(FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF);
	if (!__builtin_parity(value & 0xff))
		flags |= FLAG_PF;
	if (!(value & 0xf))
		flags |= FLAG_AF;
	if (!value)
		flags |= FLAG_ZF;
	if (value & top)
		flags |= FLAG_SF;
	if (value == top)
		flags |= FLAG_OF;
	regs->r[reg] = value;
	regs->r[REG(RFLAGS)] = flags;
}

/* What each level has of its own. SVM has RAX among it, VMX does not. */
static void change_level(struct regs *regs, struct regs *other)
{
	static const int own[] = {
		REG(RSP), REG(RFLAGS), REG(CR0), REG(CR3), REG(CR4), REG(EFER),
		REG(RAX),
	};
	unsigned int nr = ARRAY_SIZE(own) - !host.amd;
	uint64_t value;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		value = regs->r[own[i]];
		regs->r[own[i]] = other->r[own[i]];
		other->r[own[i]] = value;
	}
}

static void do_step(const struct prog *prog, const struct step *step,
		    struct regs *regs, struct regs *other)
{
	switch (step->op) {
	case OP_INC:
		increment(prog, regs, step->reg);
		break;
	case OP_MOV:
		regs->r[step->reg] = regs->r[REG_COUNTER];
		break;
	case OP_SET:
		regs->r[step->reg] = step->imm;
		break;
	case OP_CR3:
		regs->r[REG(CR3)] = regs->r[REG(RAX)];
		break;
	case OP_LOAD:
		regs->r[REG(RAX)] &= ~0xffULL;
		break;
	case OP_CPUID:
		regs->r[REG(RAX)] = prog->cpuid[0];
		regs->r[REG(RBX)] = prog->cpuid[1];
		regs->r[REG(RCX)] = prog->cpuid[2];
		regs->r[REG(RDX)] = prog->cpuid[3];
		break;
	case OP_CALL:
		regs->r[REG(RAX)] = 0;
		break;
	case OP_ENTER:
		change_level(regs, other);
		break;
	case OP_LEAVE:
		change_level(regs, other);
		if (!host.amd)
			regs->r[REG(RFLAGS)] = RFLAGS_FIXED;
		break;
	default:
		break;
	}
}

static void do_steps(const struct prog *prog, struct regs *regs,
		     struct regs *other, int first, int end)
{
	int i;

	for (i = first; i < end; i++)
		do_step(prog, &prog->steps[i], regs, other);
}

/**
 * prog_state() - the registers at a place in the program
 * @prog: program
 * @init: registers that it began with
 * @counter: what REG_COUNTER holds; it tells how often the loop has run
 * @step: the step that comes next
 * @again: whether a loop that does not count has run at least once
 * @out: the registers
 *
 * Return: false if @counter cannot be at @step.
 */
bool prog_state(const struct prog *prog, const struct regs *init,
		uint64_t counter, int step, int again, struct regs *out)
{
	int counting = counting_step(prog);
	struct regs other = prog->nested;
	uint64_t loops = again;
	int first = 0;

	*out = *init;
	if (counting >= 0) {
		loops = in_width(prog, counter - init->r[REG_COUNTER]);
		if (step > counting && loops-- == 0)
			return false;
	}
	if (loops) {
		if (counting >= 0)
			out->r[REG_COUNTER] = in_width(prog, loops - 1 +
						       init->r[REG_COUNTER]);
		do_steps(prog, out, &other, 0, prog->nr);
		first = prog->loop;
		if (step < first)
			return false;
	}
	do_steps(prog, out, &other, first, step);
	out->r[REG(RIP)] = prog_rip(prog, step);

	return true;
}
