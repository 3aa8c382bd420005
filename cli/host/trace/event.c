// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "compiler.h"
#include "trace/event.h"

#define IN_RECORD	(1U << EVENT_RECORD)
#define IN_ERROR	(1U << EVENT_ERROR)
#define IN_BOTH		(IN_RECORD | IN_ERROR)

/* so that a field's bit fits into struct event's present */
_Static_assert(NR_VALUES <= 64, "too many fields for a bitmap of 64 bits");

const struct field fields[NR_FIELDS] = {
	[FIELD_VM_PID] = { "vm_pid", FIELD_INT, IN_BOTH },
	[FIELD_VM_FD] = { "vm_fd", FIELD_INT, IN_BOTH },
	[FIELD_CALLER_ID] = { "caller_id", FIELD_INT, IN_BOTH },
	[FIELD_VCPU_ID] = { "vcpu_id", FIELD_INT, IN_BOTH },
	[FIELD_PID] = { "pid", FIELD_INT, IN_RECORD },
	[FIELD_NS_PID] = { "ns_pid", FIELD_INT, IN_RECORD },
	[FIELD_NS_LEVEL] = { "ns_level", FIELD_COUNT, IN_RECORD },
	[FIELD_CPU] = { "cpu", FIELD_INT, IN_RECORD },
	[FIELD_STATE_NR] = { "state", FIELD_STATE, IN_RECORD },
	[FIELD_FLAGS] = { "flags", FIELD_BITS, IN_RECORD },
	[FIELD_ATTEMPTS] = { "attempts", FIELD_COUNT, IN_RECORD },
	[FIELD_VALID] = { "valid", FIELD_BITS, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RAX] = { "rax", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RCX] = { "rcx", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RDX] = { "rdx", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RBX] = { "rbx", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RSP] = { "rsp", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RBP] = { "rbp", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RSI] = { "rsi", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RDI] = { "rdi", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_R8] = { "r8", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_R9] = { "r9", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_R10] = { "r10", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_R11] = { "r11", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_R12] = { "r12", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_R13] = { "r13", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_R14] = { "r14", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_R15] = { "r15", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RIP] = { "rip", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_RFLAGS] = { "rflags", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_CR0] = { "cr0", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_CR3] = { "cr3", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_CR4] = { "cr4", FIELD_REG, IN_RECORD },
	[FIELD_REGS + VCPU_INFO_REG_EFER] = { "efer", FIELD_REG, IN_RECORD },
	[FIELD_EXITS] = { "exits", FIELD_COUNT, IN_RECORD },
	[FIELD_IO_EXITS] = { "io_exits", FIELD_COUNT, IN_RECORD },
	[FIELD_MMIO_EXITS] = { "mmio_exits", FIELD_COUNT, IN_RECORD },
	[FIELD_HALT_EXITS] = { "halt_exits", FIELD_COUNT, IN_RECORD },
	[FIELD_IRQ_EXITS] = { "irq_exits", FIELD_COUNT, IN_RECORD },
	[FIELD_IRQ_WINDOW_EXITS] = { "irq_window_exits", FIELD_COUNT,
				     IN_RECORD },
	[FIELD_SIGNAL_EXITS] = { "signal_exits", FIELD_COUNT, IN_RECORD },
	[FIELD_HYPERCALLS] = { "hypercalls", FIELD_COUNT, IN_RECORD },
	[FIELD_RESULT] = { "result", FIELD_INT, IN_ERROR },
	[FIELD_REASON_NR] = { "reason", FIELD_REASON, IN_ERROR },
	[FIELD_ERROR_COUNT] = { "count", FIELD_COUNT, IN_ERROR },
	/* an error has a reason of its own, that of the refusal */
	[FIELD_WHY_NR] = { "request_reason", FIELD_WHY, IN_BOTH, "reason" },
	[FIELD_COOKIE] = { "cookie", FIELD_HEX64, IN_BOTH },
};

/* The names are those of the module's trace.h. */
static const char * const states[] = {
	[VCPU_INFO_STATE_SELF] = "self",
	[VCPU_INFO_STATE_GUEST] = "guest",
	[VCPU_INFO_STATE_HALTED] = "halted",
	[VCPU_INFO_STATE_PREEMPTED] = "preempted",
	[VCPU_INFO_STATE_USER] = "user",
	[VCPU_INFO_STATE_IN_EXIT] = "in-exit",
	[VCPU_INFO_STATE_NEVER_RUN] = "never-run",
	[VCPU_INFO_STATE_PROTECTED] = "protected",
};

static const char * const reasons[] = {
	[VCPU_INFO_REASON_UNKNOWN_ID] = "unknown-id",
	[VCPU_INFO_REASON_POLICY] = "policy",
	[VCPU_INFO_REASON_RATE_LIMIT] = "rate-limit",
	[VCPU_INFO_REASON_NESTED] = "nested",
};

static const char * const whys[] = {
	[VCPU_INFO_WHY_NONE] = "none",
	[VCPU_INFO_WHY_MARK] = "mark",
	[VCPU_INFO_WHY_PANIC] = "panic",
	[VCPU_INFO_WHY_OOPS] = "oops",
	[VCPU_INFO_WHY_SOFT_LOCKUP] = "soft-lockup",
	[VCPU_INFO_WHY_HARD_LOCKUP] = "hard-lockup",
	[VCPU_INFO_WHY_HUNG_TASK] = "hung-task",
	[VCPU_INFO_WHY_SYSRQ] = "sysrq",
	[VCPU_INFO_WHY_REBOOT] = "reboot",
	[VCPU_INFO_WHY_HALT] = "halt",
};

static const char * const flag_names[] = {
	"nested", "emulation", "torn",
};

bool event_has_key(const struct event *ev)
{
	return event_has(ev, FIELD_VM_PID) && event_has(ev, FIELD_VM_FD) &&
	       event_has(ev, FIELD_VCPU_ID);
}

int event_compare(const struct event *a, const struct event *b)
{
	static const enum field_id key[] = {
		FIELD_VM_PID, FIELD_VM_FD, FIELD_VCPU_ID,
	};

	for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
		int x = event_int(a, key[i]);
		int y = event_int(b, key[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

bool event_reg(const struct event *ev, unsigned int reg, uint64_t *val)
{
	if (!event_has(ev, FIELD_REGS + reg) || !event_has(ev, FIELD_VALID))
		return false;
	*val = ev->val[FIELD_REGS + reg];
	return ev->val[FIELD_VALID] & (1ULL << reg);
}

static bool same(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && !memcmp(name, s, len);
}

int event_find_field(enum event_kind kind, const char *name, size_t len)
{
	for (int i = 0; i < NR_FIELDS; i++) {
		if ((fields[i].kinds & (1U << kind)) &&
		    same(field_name(&fields[i], kind), name, len))
			return i;
	}
	return -1;
}

int event_find_kind(const char *name, size_t len)
{
	if (same(VCPU_INFO_EVENT, name, len))
		return EVENT_RECORD;
	if (same(VCPU_INFO_EVENT_ERROR, name, len))
		return EVENT_ERROR;
	return -1;
}

static bool find_name(const char * const *names, size_t nr, const char *name,
		      uint64_t *val)
{
	for (size_t i = 0; i < nr; i++) {
		if (names[i] && !strcmp(names[i], name)) {
			*val = i;
			return true;
		}
	}
	return false;
}

const char *event_state_name(uint64_t state)
{
	return state < ARRAY_SIZE(states) ? states[state] : NULL;
}

const char *event_reason_name(uint64_t reason)
{
	return reason < ARRAY_SIZE(reasons) ? reasons[reason] : NULL;
}

const char *event_why_name(uint64_t why)
{
	return why < ARRAY_SIZE(whys) ? whys[why] : NULL;
}

bool event_state_value(const char *name, uint64_t *state)
{
	return find_name(states, ARRAY_SIZE(states), name, state);
}

bool event_reason_value(const char *name, uint64_t *reason)
{
	return find_name(reasons, ARRAY_SIZE(reasons), name, reason);
}

bool event_why_value(const char *name, uint64_t *why)
{
	return find_name(whys, ARRAY_SIZE(whys), name, why);
}

const char *event_flag_name(unsigned int nr)
{
	return nr < ARRAY_SIZE(flag_names) ? flag_names[nr] : NULL;
}

static void copy_cut(char *dst, size_t size, const char *src, size_t len)
{
	snprintf(dst, size, "%.*s", (int)len, src);
}

void event_add_extra(struct event *ev, const char *name, size_t name_len,
		     const char *value, size_t value_len)
{
	struct event_extra *extra;

	if (ev->nr_extra == EVENT_MAX_EXTRA)
		return;
	extra = &ev->extra[ev->nr_extra++];
	copy_cut(extra->name, sizeof(extra->name), name, name_len);
	copy_cut(extra->value, sizeof(extra->value), value, value_len);
}
