// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks to be read by people, in the manner of Xen's xenctx. Columns are
 * fixed, so that blocks can be compared by eye.
 */
#include <inttypes.h>
#include <string.h>

#include "compiler.h"
#include "fmt-value.h"
#include "text.h"

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

/* Escape sequences (ECMA-48) of what stands out. */
#define BOLD	"\033[1m"
#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define YELLOW	"\033[33m"
#define BLUE	"\033[34m"
#define PLAIN	"\033[0m"

static void paint(const struct fmt *fmt, const char *color)
{
	if (fmt->color)
		fputs(color, fmt->out);
}

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

static void print_name(const struct fmt *fmt, const struct event *ev,
		       enum field_id id, const char *color)
{
	char text[VALUE_LEN];
	bool known = value_field(text, ev, id);

	paint(fmt, color);
	fputs(known ? text : UNKNOWN, fmt->out);
	paint(fmt, PLAIN);
}

static void print_vm(const struct fmt *fmt, const struct event *ev,
		     const struct fmt_about *about)
{
	const char *name = about->vm ?: about->vmm;
	char safe[128];

	paint(fmt, BOLD);
	fprintf(fmt->out, "VM %d:%d ", event_int(ev, FIELD_VM_PID),
		event_int(ev, FIELD_VM_FD));
	if (name) {
		text_printable(safe, sizeof(safe), name);
		fprintf(fmt->out, "(%s)", safe);
	} else {
		fputs(about->vmm_gone ? "(gone)" : "(" UNKNOWN ")", fmt->out);
	}
	paint(fmt, PLAIN);
}

static void print_time(const struct fmt *fmt, const struct event *ev,
		       const struct fmt_about *about)
{
	static const char * const words[] = {
		[TIME_TRACE] = "ts", [TIME_WALL] = "at", [TIME_AGE] = "age",
	};
	bool is_age = fmt->time == TIME_AGE;
	char text[VALUE_LEN];
	bool known;

	known = value_time(text, ev, about, fmt->time);
	fprintf(fmt->out, " %s %s%s", words[fmt->time], text,
		known && is_age ? "s" : "");
}

static const char *state_color(const struct event *ev)
{
	switch (ev->val[FIELD_STATE_NR]) {
	case VCPU_INFO_STATE_SELF:
	case VCPU_INFO_STATE_GUEST:
		return GREEN;
	case VCPU_INFO_STATE_HALTED:
		return BLUE;
	default:
		return YELLOW;
	}
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
static void print_flags(const struct fmt *fmt, const struct event *ev)
{
	static const char * const words[] = {
		"registers are of a nested guest",
		"an instruction waits for the VMM to finish it",
		"registers may not belong together",
	};
	uint64_t flags = ev->val[FIELD_FLAGS];
	const char *before = "  note: ";
	FILE *out = fmt->out;

	if (!flags)
		return;
	paint(fmt, YELLOW);
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
	paint(fmt, PLAIN);
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

/* What the counts grew by since the vCPU's record before. */
static void print_delta(FILE *out, const struct exit_delta *delta)
{
	double rate;

	if (delta->state == DELTA_RESET)
		fputs("  since the record before: counts started afresh\n", out);
	if (delta->state != DELTA_OK)
		return;
	fputs("  since the record before:", out);
	if (exit_rate(delta, 0, &rate))
		fprintf(out, " %.1f exits/s,", rate);
	fprintf(out, " exits +%" PRIu64, delta->count[0]);
	for (size_t i = 0; i < ARRAY_SIZE(exit_kinds); i++) {
		unsigned int kind = exit_kinds[i].id - FIELD_EXITS;

		if (delta->known & (1U << kind) && delta->count[kind])
			fprintf(out, ", %s +%" PRIu64, exit_kinds[i].name,
				delta->count[kind]);
	}
	fputc('\n', out);
}

static void print_symbol(FILE *out, const struct fmt_about *about)
{
	char symbol[160];

	value_symbol(symbol, sizeof(symbol), about);
	if (symbol[0])
		fprintf(out, "  at %s\n", symbol);
}

static void print_record(const struct fmt *fmt, const struct event *ev,
			 const struct fmt_about *about)
{
	FILE *out = fmt->out;

	print_vm(fmt, ev, about);
	print_int(out, " vCPU ", ev, FIELD_VCPU_ID);
	print_int(out, " thread ", ev, FIELD_PID);
	fputc(' ', out);
	print_name(fmt, ev, FIELD_STATE_NR, state_color(ev));
	print_time(fmt, ev, about);
	print_count(out, " exits ", ev, FIELD_EXITS);
	fputc('\n', out);

	print_flags(fmt, ev);
	print_symbol(out, about);
	print_reg(out, ev, VCPU_INFO_REG_RIP);
	print_rflags(out, ev);
	print_regs(out, ev, gprs, ARRAY_SIZE(gprs));
	print_regs(out, ev, control_regs, ARRAY_SIZE(control_regs));
	print_exits(out, ev);
	if (about->delta)
		print_delta(out, about->delta);
	print_origin(out, ev);
}

static void print_error(const struct fmt *fmt, const struct event *ev,
			const struct fmt_about *about)
{
	FILE *out = fmt->out;

	print_vm(fmt, ev, about);
	print_int(out, " vCPU ", ev, FIELD_VCPU_ID);
	fputs(" error ", out);
	print_name(fmt, ev, FIELD_REASON_NR, RED);
	print_time(fmt, ev, about);
	print_count(out, " requests ", ev, FIELD_ERROR_COUNT);
	fputc('\n', out);
	print_int(out, "  asked by vCPU ", ev, FIELD_CALLER_ID);
	print_int(out, ", result ", ev, FIELD_RESULT);
	fputc('\n', out);
}

void fmt_text_event(const struct fmt *fmt, const struct event *ev,
		    const struct fmt_about *about)
{
	if (ev->kind == EVENT_RECORD)
		print_record(fmt, ev, about);
	else
		print_error(fmt, ev, about);
	print_extra(fmt->out, ev);
}
