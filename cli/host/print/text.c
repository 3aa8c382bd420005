// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks to be read by people, in the manner of Xen's xenctx. Columns are
 * fixed, so that blocks can be compared by eye.
 */
#include "compiler.h"
#include "print/outbuf.h"
#include "print/value.h"
#include "text.h"

/* Bits of RFLAGS that have a name, from the top; IOPL is a number. */
static const struct {
	unsigned int bit;
	char name[4];
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

/* Before each register's value: its name, which ends in the last column. */
#define LABEL_LEN 9

struct text {
	struct printer printer;
	char labels[VCPU_INFO_NR_REGS][LABEL_LEN + 1];
};

/* What is printed, and how. */
struct block {
	struct outbuf line;
	const struct text *text;
	const struct print_style *style;
};

static inline void add(struct block *out, const char *text)
{
	outbuf_text(&out->line, text);
}

/* Text that is not ours. */
static void add_safe(struct block *out, const char *text)
{
	char safe[TEXT_SIZE];

	text_printable(safe, sizeof(safe), text);
	add(out, safe);
}

static void paint(struct block *out, const char *color)
{
	if (out->style->color)
		add(out, color);
}

static void add_int(struct block *out, const char *before,
		    const struct event *ev, enum field_id id)
{
	add(out, before);
	if (event_has(ev, id))
		outbuf_int(&out->line, event_int(ev, id));
	else
		add(out, UNKNOWN);
}

static void add_count(struct block *out, const char *before,
		      const struct event *ev, enum field_id id)
{
	add(out, before);
	if (event_has(ev, id))
		outbuf_uint(&out->line, ev->val[id]);
	else
		add(out, UNKNOWN);
}

static void add_name(struct block *out, const struct event *ev,
		     enum field_id id, const char *color)
{
	char text[VALUE_LEN];
	bool known = value_field(text, ev, id);

	paint(out, color);
	add(out, known ? text : UNKNOWN);
	paint(out, PLAIN);
}

static void add_vm(struct block *out, const struct event *ev,
		   const struct event_about *about)
{
	const char *name = about->vm ?: about->vmm;

	paint(out, BOLD);
	add_int(out, "VM ", ev, FIELD_VM_PID);
	add_int(out, ":", ev, FIELD_VM_FD);
	add(out, " (");
	if (name)
		add_safe(out, name);
	else
		add(out, about->vmm_gone ? "gone" : UNKNOWN);
	add(out, ")");
	paint(out, PLAIN);
}

static void add_time(struct block *out, const struct event *ev,
		     const struct event_about *about)
{
	static const char * const words[] = {
		[TIME_TRACE] = " ts ", [TIME_WALL] = " at ",
		[TIME_AGE] = " age ",
	};
	enum time_format time = out->style->time;
	char text[VALUE_LEN];
	bool known;

	known = value_time(text, ev, about, time);
	add(out, words[time]);
	add(out, text);
	if (known && time == TIME_AGE)
		add(out, "s");
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

/* "     rip ffffffff81a3c2eb": names and values end below each other */
static void add_reg(struct block *out, const struct event *ev,
		    unsigned int reg)
{
	char text[SHORT_LEN] = "";
	uint64_t val;

	memcpy(text, out->text->labels[reg], LABEL_LEN);
	if (event_reg(ev, reg, &val)) {
		digits_hex16(text + LABEL_LEN, val);
	} else {
		memset(text + LABEL_LEN, ' ', 15);
		text[LABEL_LEN + 15] = UNKNOWN[0];
	}
	outbuf_short(&out->line, text, LABEL_LEN + 16);
}

static void add_regs(struct block *out, const struct event *ev,
		     const unsigned char *regs, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		add_reg(out, ev, regs[i]);
		if (i % 3 == 2 || i + 1 == nr)
			add(out, "\n");
	}
}

static void add_rflags(struct block *out, const struct event *ev)
{
	uint64_t val;

	add_reg(out, ev, VCPU_INFO_REG_RFLAGS);
	if (event_reg(ev, VCPU_INFO_REG_RFLAGS, &val)) {
		add(out, " [");
		for (size_t i = 0; i < ARRAY_SIZE(rflags_bits); i++) {
			if (!(val & (1ULL << rflags_bits[i].bit)))
				continue;
			add(out, " ");
			add(out, rflags_bits[i].name);
		}
		add(out, " ] IOPL=");
		outbuf_uint(&out->line, val >> 12 & 3);
	}
	add(out, "\n");
}

/* What has to be known before the registers are believed. */
static void add_flags(struct block *out, const struct event *ev)
{
	static const char * const words[] = {
		"registers are of a nested guest",
		"an instruction waits for the VMM to finish it",
		"registers may not belong together",
	};
	uint64_t flags = ev->val[FIELD_FLAGS];
	const char *before = "  note: ";

	if (!flags)
		return;
	paint(out, YELLOW);
	for (unsigned int i = 0; flags; i++, flags >>= 1) {
		if (!(flags & 1))
			continue;
		add(out, before);
		if (i < ARRAY_SIZE(words)) {
			add(out, words[i]);
		} else {
			add(out, "unknown flag ");
			outbuf_hex(&out->line, 1ULL << i);
		}
		before = "; ";
	}
	paint(out, PLAIN);
	add(out, "\n");
}

static void add_exits(struct block *out, const struct event *ev)
{
	add(out, "  exits:");
	for (size_t i = 0; i < ARRAY_SIZE(exit_kinds); i++) {
		add(out, i ? ", " : " ");
		add(out, exit_kinds[i].name);
		add_count(out, " ", ev, exit_kinds[i].id);
	}
	add(out, "\n");
}

/* Who asked: a vCPU, or the host, which has no number. */
static void add_caller(struct block *out, const struct event *ev)
{
	if (event_has(ev, FIELD_CALLER_ID) && event_int(ev, FIELD_CALLER_ID) < 0)
		add(out, "  asked by the host");
	else
		add_int(out, "  asked by vCPU ", ev, FIELD_CALLER_ID);
}

static void add_origin(struct block *out, const struct event *ev)
{
	add_caller(out, ev);
	add_int(out, ", host CPU ", ev, FIELD_CPU);
	add_count(out, ", attempts ", ev, FIELD_ATTEMPTS);
	if (event_has(ev, FIELD_NS_LEVEL) && ev->val[FIELD_NS_LEVEL]) {
		add_int(out, ", PID in its namespace ", ev, FIELD_NS_PID);
		add_count(out, " (level ", ev, FIELD_NS_LEVEL);
		add(out, ")");
	}
	add(out, "\n");
}

/* What the VMM is at for it. The VMM can write there what it likes. */
static void add_exit(struct block *out, const struct event_exit *exit)
{
	add(out, "  left KVM_RUN for ");
	if (exit->name)
		add(out, exit->name);
	else
		outbuf_uint(&out->line, exit->reason);
	if (exit->has_addr) {
		add(out, ": ");
		outbuf_uint(&out->line, exit->len);
		add(out, exit->write ? "-byte write" : "-byte read");
		add(out, exit->port ? " at port " : " at address ");
		outbuf_hex(&out->line, exit->addr);
	}
	add(out, "\n");
}

/* Fields of a newer module. */
static void add_extra(struct block *out, const struct event *ev)
{
	for (unsigned int i = 0; i < ev->nr_extra; i++) {
		add(out, "  ");
		add_safe(out, ev->extra[i].name);
		add(out, "=");
		add_safe(out, ev->extra[i].value);
		add(out, "\n");
	}
}

/* What the counts grew by since the vCPU's record before. */
static void add_delta(struct block *out, const struct exit_delta *delta)
{
	char text[VALUE_LEN];
	double rate;

	if (delta->state == DELTA_RESET)
		add(out, "  since the record before: counts started afresh\n");
	if (delta->state != DELTA_OK)
		return;
	add(out, "  since the record before:");
	if (exit_rate(delta, 0, &rate)) {
		snprintf(text, sizeof(text), " %.1f exits/s,", rate);
		add(out, text);
	}
	add(out, " exits +");
	outbuf_uint(&out->line, delta->count[0]);
	for (size_t i = 0; i < ARRAY_SIZE(exit_kinds); i++) {
		unsigned int kind = exit_kinds[i].id - FIELD_EXITS;

		if (!(delta->known & (1U << kind)) || !delta->count[kind])
			continue;
		add(out, ", ");
		add(out, exit_kinds[i].name);
		add(out, " +");
		outbuf_uint(&out->line, delta->count[kind]);
	}
	add(out, "\n");
}

/* Why the guest asked, if it said so; trouble stands out. */
static void add_why(struct block *out, const struct event *ev,
		    const char *before, const char *between)
{
	if (!event_says_why(ev))
		return;
	add(out, before);
	add_name(out, ev, FIELD_WHY_NR,
		 event_why_is_alarm(ev->val[FIELD_WHY_NR]) ? RED : BOLD);
	if (!event_has(ev, FIELD_COOKIE))
		return;
	add(out, between);
	outbuf_hex(&out->line, ev->val[FIELD_COOKIE]);
}

static void add_why_line(struct block *out, const struct event *ev)
{
	add_why(out, ev, "  reason: ", ", cookie ");
	if (event_says_why(ev))
		add(out, "\n");
}

static void add_symbol(struct block *out, const struct event_about *about)
{
	char symbol[SYMBOL_LEN];

	value_place(symbol, sizeof(symbol), about);
	if (!symbol[0])
		return;
	add(out, "  at ");
	add_safe(out, symbol);
	add(out, "\n");
}

static void add_record(struct block *out, const struct event *ev,
		       const struct event_about *about)
{
	add_vm(out, ev, about);
	add_int(out, " vCPU ", ev, FIELD_VCPU_ID);
	add_int(out, " thread ", ev, FIELD_PID);
	add(out, " ");
	add_name(out, ev, FIELD_STATE_NR, state_color(ev));
	add_time(out, ev, about);
	add_count(out, " exits ", ev, FIELD_EXITS);
	add(out, "\n");

	add_why_line(out, ev);
	add_flags(out, ev);
	add_symbol(out, about);
	add_reg(out, ev, VCPU_INFO_REG_RIP);
	add_rflags(out, ev);
	add_regs(out, ev, gprs, ARRAY_SIZE(gprs));
	add_regs(out, ev, control_regs, ARRAY_SIZE(control_regs));
	add_exits(out, ev);
	if (about->delta)
		add_delta(out, about->delta);
	add_origin(out, ev);
}

static void add_error(struct block *out, const struct event *ev,
		      const struct event_about *about)
{
	add_vm(out, ev, about);
	add_int(out, " vCPU ", ev, FIELD_VCPU_ID);
	add(out, " error ");
	add_name(out, ev, FIELD_REASON_NR, RED);
	add_time(out, ev, about);
	add_count(out, " requests ", ev, FIELD_ERROR_COUNT);
	add_int(out, "\n  asked by vCPU ", ev, FIELD_CALLER_ID);
	add_int(out, ", result ", ev, FIELD_RESULT);
	add(out, "\n");
	add_why_line(out, ev);
}

static void print_event(struct printer *printer, const struct event *ev,
			const struct event_about *about)
{
	struct block out;

	out.style = &printer->style;
	out.text = (const struct text *)printer;
	outbuf_start(&out.line, printer->style.out);
	if (ev->kind == EVENT_RECORD)
		add_record(&out, ev, about);
	else
		add_error(&out, ev, about);
	if (ev->exit.known)
		add_exit(&out, &ev->exit);
	add_extra(&out, ev);
	outbuf_write(&out.line);
	if (about->stack)
		stack_view_text(printer->style.out, about->stack);
}

static bool init(struct printer *printer)
{
	struct text *text = (struct text *)printer;

	for (int reg = 0; reg < VCPU_INFO_NR_REGS; reg++)
		snprintf(text->labels[reg], sizeof(text->labels[reg]), "%*s ",
			 LABEL_LEN - 1, fields[FIELD_REGS + reg].name);
	return true;
}

const struct printer_ops text_printer = {
	.size = sizeof(struct text),
	.init = init,
	.event = print_event,
};

/*
 * One line: what is compared from record to record comes first and has nearly
 * always the same width.
 */
static void add_rip(struct block *out, const struct event *ev,
		    const struct event_about *about)
{
	char text[SYMBOL_LEN];

	value_field(text, ev, FIELD_REGS + VCPU_INFO_REG_RIP);
	add(out, " rip ");
	add(out, text[0] ? text : UNKNOWN);
	value_place(text, sizeof(text), about);
	if (!text[0])
		return;
	add(out, " ");
	add_safe(out, text);
}

static void add_chain(struct block *out, const struct stack_view *view)
{
	char text[TEXT_SIZE];

	add(out, " stack ");
	if (view->stack)
		stack_chain(text, sizeof(text), view->stack->frames,
			    view->stack->nr);
	add_safe(out, view->stack ? text : UNKNOWN);
}

static void add_rate(struct block *out, const struct exit_delta *delta)
{
	char text[VALUE_LEN];
	double rate;

	if (!exit_rate(delta, 0, &rate))
		return;
	snprintf(text, sizeof(text), " (%.1f/s)", rate);
	add(out, text);
}

static void add_line(struct block *out, const struct event *ev,
		     const struct event_about *about)
{
	bool is_record = ev->kind == EVENT_RECORD;
	char time[VALUE_LEN];

	value_time(time, ev, about, out->style->time);
	add(out, time);
	add(out, " ");
	add_vm(out, ev, about);
	add_int(out, " vCPU ", ev, FIELD_VCPU_ID);
	add(out, is_record ? " " : " error ");
	if (is_record) {
		add_name(out, ev, FIELD_STATE_NR, state_color(ev));
		add_why(out, ev, " reason ", " cookie ");
		add_count(out, " exits ", ev, FIELD_EXITS);
		if (about->delta)
			add_rate(out, about->delta);
		add_rip(out, ev, about);
		if (about->stack)
			add_chain(out, about->stack);
	} else {
		add_name(out, ev, FIELD_REASON_NR, RED);
		add_count(out, " requests ", ev, FIELD_ERROR_COUNT);
		add_int(out, " asked by vCPU ", ev, FIELD_CALLER_ID);
		add_why(out, ev, " reason ", " cookie ");
	}
	add(out, "\n");
}

static void print_line(struct printer *printer, const struct event *ev,
		       const struct event_about *about)
{
	struct block out;

	out.style = &printer->style;
	out.text = NULL;	/* no registers in a line */
	outbuf_start(&out.line, printer->style.out);
	add_line(&out, ev, about);
	outbuf_write(&out.line);
}

const struct printer_ops line_printer = {
	.size = sizeof(struct printer),
	.event = print_line,
};
