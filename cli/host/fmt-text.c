// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks to be read by people, in the manner of Xen's xenctx. Columns are
 * fixed, so that blocks can be compared by eye.
 */
#include <inttypes.h>
#include <string.h>

#include "compiler.h"
#include "fmt.h"
#include "text.h"

#define NS_PER_SEC	1000000000ULL

/* Bits of RFLAGS that have a name, from the top; IOPL is a number. */
static const struct {
	unsigned int bit;
	const char *name;
} rflags_bits[] = {
	{ 21, "ID" }, { 20, "VIP" }, { 19, "VIF" }, { 18, "AC" },
	{ 17, "VM" }, { 16, "RF" }, { 14, "NT" }, { 11, "OF" },
	{ 10, "DF" }, { 9, "IF" }, { 8, "TF" }, { 7, "SF" },
	{ 6, "ZF" }, { 4, "AF" }, { 2, "PF" }, { 0, "CF" },
};

/* The order of Xen's and QEMU's dumps. */
static const unsigned char gprs[] = {
	VCPU_INFO_REG_RAX, VCPU_INFO_REG_RBX, VCPU_INFO_REG_RCX,
	VCPU_INFO_REG_RDX, VCPU_INFO_REG_RSI, VCPU_INFO_REG_RDI,
	VCPU_INFO_REG_RBP, VCPU_INFO_REG_RSP, VCPU_INFO_REG_R8,
	VCPU_INFO_REG_R9, VCPU_INFO_REG_R10, VCPU_INFO_REG_R11,
	VCPU_INFO_REG_R12, VCPU_INFO_REG_R13, VCPU_INFO_REG_R14,
	VCPU_INFO_REG_R15,
};

static const unsigned char control_regs[] = {
	VCPU_INFO_REG_CR0, VCPU_INFO_REG_CR3, VCPU_INFO_REG_CR4,
	VCPU_INFO_REG_EFER,
};

static const struct {
	enum field_id id;
	const char *name;
} exit_kinds[] = {
	{ FIELD_IO_EXITS, "io" },
	{ FIELD_MMIO_EXITS, "mmio" },
	{ FIELD_HALT_EXITS, "halt" },
	{ FIELD_IRQ_EXITS, "irq" },
	{ FIELD_IRQ_WINDOW_EXITS, "irq-window" },
	{ FIELD_SIGNAL_EXITS, "signal" },
	{ FIELD_HYPERCALLS, "hypercalls" },
};

/* "not known", where a number or a register would stand */
#define UNKNOWN	"-"

static void print_int(FILE *out, const char *before, const struct event *ev,
		      enum field_id id)
{
	if (event_has(ev, id))
		fprintf(out, "%s%d", before, event_int(ev, id));
	else
		fprintf(out, "%s" UNKNOWN, before);
}

static void print_count(FILE *out, const char *before,
			const struct event *ev, enum field_id id)
{
	if (event_has(ev, id))
		fprintf(out, "%s%" PRIu64, before, ev->val[id]);
	else
		fprintf(out, "%s" UNKNOWN, before);
}

/* A name, or the number that has none in this version. */
static void print_name(FILE *out, const struct event *ev, enum field_id id,
		       const char *(*name_of)(uint64_t val))
{
	const char *name;

	if (!event_has(ev, id)) {
		fputs(UNKNOWN, out);
		return;
	}
	name = name_of(ev->val[id]);
	if (name)
		fputs(name, out);
	else
		fprintf(out, "0x%" PRIx64, ev->val[id]);
}

static void print_vm(FILE *out, const struct event *ev,
		     const struct fmt_about *about)
{
	char name[64];

	fprintf(out, "VM %d:%d ", event_int(ev, FIELD_VM_PID),
		event_int(ev, FIELD_VM_FD));
	if (about->vmm) {
		text_printable(name, sizeof(name), about->vmm);
		fprintf(out, "(%s)", name);
	} else {
		fputs("(gone)", out);
	}
}

static void print_age(FILE *out, const struct fmt_about *about)
{
	if (about->age_known)
		fprintf(out, " age %" PRIu64 ".%03us",
			(uint64_t)(about->age_ns / NS_PER_SEC),
			(unsigned int)(about->age_ns % NS_PER_SEC / 1000000));
	else
		fputs(" age " UNKNOWN, out);
}

static void print_reg(FILE *out, const struct event *ev, unsigned int reg)
{
	const char *name = fields[FIELD_REGS + reg].name;
	uint64_t val;

	if (event_reg(ev, reg, &val))
		fprintf(out, "  %6s %016" PRIx64, name, val);
	else
		fprintf(out, "  %6s %16s", name, UNKNOWN);
}

static void print_regs(FILE *out, const struct event *ev,
		       const unsigned char *regs, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		print_reg(out, ev, regs[i]);
		if (i % 3 == 2 || i + 1 == nr)
			fputc('\n', out);
	}
}

static void print_rflags(FILE *out, const struct event *ev)
{
	uint64_t val;

	print_reg(out, ev, VCPU_INFO_REG_RFLAGS);
	if (event_reg(ev, VCPU_INFO_REG_RFLAGS, &val)) {
		fputs(" [", out);
		for (size_t i = 0; i < ARRAY_SIZE(rflags_bits); i++) {
			if (val & (1ULL << rflags_bits[i].bit))
				fprintf(out, " %s", rflags_bits[i].name);
		}
		fprintf(out, " ] IOPL=%u", (unsigned int)(val >> 12 & 3));
	}
	fputc('\n', out);
}

/* What has to be known before the registers are believed. */
static void print_flags(FILE *out, const struct event *ev)
{
	static const char * const words[] = {
		"registers are of a nested guest",
		"an instruction waits for the VMM to finish it",
		"registers may not belong together",
	};
	uint64_t flags = ev->val[FIELD_FLAGS];
	const char *before = "  note: ";

	for (unsigned int i = 0; flags; i++, flags >>= 1) {
		if (!(flags & 1))
			continue;
		if (i < ARRAY_SIZE(words))
			fprintf(out, "%s%s", before, words[i]);
		else
			fprintf(out, "%sunknown flag 0x%llx", before,
				1ULL << i);
		before = "; ";
	}
	if (ev->val[FIELD_FLAGS])
		fputc('\n', out);
}

static void print_exits(FILE *out, const struct event *ev)
{
	fputs("  exits:", out);
	for (size_t i = 0; i < ARRAY_SIZE(exit_kinds); i++) {
		fprintf(out, "%s%s", i ? ", " : " ", exit_kinds[i].name);
		print_count(out, " ", ev, exit_kinds[i].id);
	}
	fputc('\n', out);
}

static void print_origin(FILE *out, const struct event *ev)
{
	print_int(out, "  asked by vCPU ", ev, FIELD_CALLER_ID);
	print_int(out, ", host CPU ", ev, FIELD_CPU);
	print_count(out, ", attempts ", ev, FIELD_ATTEMPTS);
	if (event_has(ev, FIELD_NS_LEVEL) && ev->val[FIELD_NS_LEVEL]) {
		print_int(out, ", PID in its namespace ", ev, FIELD_NS_PID);
		print_count(out, " (level ", ev, FIELD_NS_LEVEL);
		fputc(')', out);
	}
	fputc('\n', out);
}

/* Fields of a newer module. */
static void print_extra(FILE *out, const struct event *ev)
{
	for (unsigned int i = 0; i < ev->nr_extra; i++) {
		char name[sizeof(ev->extra[i].name)];
		char value[sizeof(ev->extra[i].value)];

		text_printable(name, sizeof(name), ev->extra[i].name);
		text_printable(value, sizeof(value), ev->extra[i].value);
		fprintf(out, "  %s=%s\n", name, value);
	}
}

static void print_record(FILE *out, const struct event *ev,
			 const struct fmt_about *about)
{
	print_vm(out, ev, about);
	print_int(out, " vCPU ", ev, FIELD_VCPU_ID);
	print_int(out, " thread ", ev, FIELD_PID);
	fputc(' ', out);
	print_name(out, ev, FIELD_STATE_NR, event_state_name);
	print_age(out, about);
	print_count(out, " exits ", ev, FIELD_EXITS);
	fputc('\n', out);

	print_flags(out, ev);
	print_reg(out, ev, VCPU_INFO_REG_RIP);
	print_rflags(out, ev);
	print_regs(out, ev, gprs, ARRAY_SIZE(gprs));
	print_regs(out, ev, control_regs, ARRAY_SIZE(control_regs));
	print_exits(out, ev);
	print_origin(out, ev);
}

static void print_error(FILE *out, const struct event *ev,
			const struct fmt_about *about)
{
	print_vm(out, ev, about);
	print_int(out, " vCPU ", ev, FIELD_VCPU_ID);
	fputs(" error ", out);
	print_name(out, ev, FIELD_REASON_NR, event_reason_name);
	print_age(out, about);
	print_count(out, " requests ", ev, FIELD_ERROR_COUNT);
	fputc('\n', out);
	print_int(out, "  asked by vCPU ", ev, FIELD_CALLER_ID);
	print_int(out, ", result ", ev, FIELD_RESULT);
	fputc('\n', out);
}

void fmt_text_event(FILE *out, const struct event *ev,
		    const struct fmt_about *about)
{
	if (ev->kind == EVENT_RECORD)
		print_record(out, ev, about);
	else
		print_error(out, ev, about);
	print_extra(out, ev);
}
