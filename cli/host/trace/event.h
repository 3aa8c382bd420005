/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An event as the rest of the program sees it, wherever it came from: the
 * decoders fill it, the printers print it, and neither knows the other.
 */
#ifndef HOST_TRACE_EVENT_H
#define HOST_TRACE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vcpu_info_abi.h"

enum event_kind {
	EVENT_RECORD,		/* vcpu_info:vcpu_info */
	EVENT_ERROR,		/* vcpu_info:vcpu_info_error */
	EVENT_NR_KINDS,
};

enum field_type {
	FIELD_INT,		/* signed, 32 bits */
	FIELD_COUNT,		/* unsigned */
	FIELD_BITS,		/* a mask of bits */
	FIELD_REG,		/* a register, good only if valid says so */
	FIELD_STATE,		/* VCPU_INFO_STATE_* */
	FIELD_REASON,		/* VCPU_INFO_REASON_* */
	FIELD_WHY,		/* VCPU_INFO_WHY_* */
	FIELD_HEX64,		/* any 64 bits */
};

/* Every field that this version knows, in the order they are printed. */
enum field_id {
	FIELD_VM_PID,
	FIELD_VM_FD,
	FIELD_CALLER_ID,
	FIELD_VCPU_ID,
	FIELD_PID,
	FIELD_NS_PID,
	FIELD_NS_LEVEL,
	FIELD_CPU,
	FIELD_STATE_NR,
	FIELD_FLAGS,
	FIELD_ATTEMPTS,
	FIELD_VALID,
	FIELD_REGS,		/* + VCPU_INFO_REG_* */
	FIELD_EXITS = FIELD_REGS + VCPU_INFO_NR_REGS,
	FIELD_IO_EXITS,
	FIELD_MMIO_EXITS,
	FIELD_HALT_EXITS,
	FIELD_IRQ_EXITS,
	FIELD_IRQ_WINDOW_EXITS,
	FIELD_SIGNAL_EXITS,
	FIELD_HYPERCALLS,
	FIELD_RESULT,
	FIELD_REASON_NR,
	FIELD_ERROR_COUNT,
	FIELD_WHY_NR,
	FIELD_COOKIE,
	NR_FIELDS,
	/* no fields of a trace event, but values that go with one */
	FIELD_RUN_NS = NR_FIELDS,	/* the thread's time on a host CPU */
	FIELD_WAIT_NS,			/* and its time of waiting for one */
	NR_VALUES,
};

/**
 * struct field - what is known of a field
 * @name: its name in the trace
 * @record_name: its name in a record, if that is another; NULL: it is not
 * @type: how its value reads
 * @kinds: in which events it is, a bit for each event_kind
 */
struct field {
	const char *name;
	enum field_type type;
	unsigned int kinds;
	const char *record_name;
};

extern const struct field fields[NR_FIELDS];

/* A field that a newer module has and this version does not know. */
#define EVENT_MAX_EXTRA	16

struct event_extra {
	char name[32];
	char value[32];
};

/**
 * struct event_exit - what a vCPU in its VMM has left KVM_RUN for
 * @known: whether that is known: only the host's own requests tell
 * @reason: KVM_EXIT_*
 * @name: its name, NULL if this version does not know it
 * @has_addr: whether the rest is known: the access that the VMM has to carry out
 * @port: @addr is an I/O port, else it is guest-physical
 * @write: the guest writes
 * @len: bytes
 * @addr: the address
 */
struct event_exit {
	bool known;
	unsigned int reason;
	const char *name;
	bool has_addr;
	bool port;
	bool write;
	unsigned int len;
	uint64_t addr;
};

struct process;

/**
 * struct event - one event
 * @kind: which of the events it is
 * @comm: name of the thread that wrote it: the vCPU that asked
 * @thread: PID of that thread
 * @trace_cpu: host CPU it was written on
 * @ts: when, in the trace instance's clock
 * @ts_is_ns: whether that clock counts nanoseconds
 * @present: a bit for each field_id that the event had
 * @val: values by field_id, sign-extended to 64 bits; 0 if not present
 * @exit: what it has left KVM_RUN for
 * @vmm: its VM's process, good until the event was taken; NULL: to be looked up
 * @nr_extra: fields that this version does not know
 * @extra: those fields
 */
struct event {
	enum event_kind kind;
	char comm[17];
	int thread;
	int trace_cpu;
	uint64_t ts;
	bool ts_is_ns;
	uint64_t present;
	uint64_t val[NR_VALUES];
	struct event_exit exit;
	const struct process *vmm;
	unsigned int nr_extra;
	struct event_extra extra[EVENT_MAX_EXTRA];
};

/* Make it one without any fields. Most of it is room for what nearly none has. */
static inline void event_clear(struct event *ev)
{
	memset(ev, 0, offsetof(struct event, extra));
}

/* The bytes of it that mean something */
static inline size_t event_size(const struct event *ev)
{
	return offsetof(struct event, extra) +
	       ev->nr_extra * sizeof(ev->extra[0]);
}

static inline bool event_has(const struct event *ev, enum field_id id)
{
	return ev->present & (1ULL << id);
}

static inline int event_int(const struct event *ev, enum field_id id)
{
	return (int)ev->val[id];
}

static inline void event_set(struct event *ev, enum field_id id, uint64_t val)
{
	ev->present |= 1ULL << id;
	ev->val[id] = val;
}

/* Whether the event says which vCPU of which VM it is about. */
bool event_has_key(const struct event *ev);

/* By vm_pid, vm_fd and vcpu_id, for sorting: <0, 0 or >0. */
int event_compare(const struct event *a, const struct event *b);

/* A register that was captured; false if it is not known. */
bool event_reg(const struct event *ev, unsigned int reg, uint64_t *val);

/* Its name in that kind of event. */
static inline const char *field_name(const struct field *field,
				     enum event_kind kind)
{
	return kind == EVENT_RECORD && field->record_name ? field->record_name :
							    field->name;
}

/* The field of that name, if that kind of event has it; -1 if it has not. */
int event_find_field(enum event_kind kind, const char *name, size_t len);

/* The kind of event that has this name in the trace; -1 for none. */
int event_find_kind(const char *name, size_t len);

/* Name of a state or reason, NULL for one that this version does not know. */
const char *event_state_name(uint64_t state);
const char *event_reason_name(uint64_t reason);
const char *event_why_name(uint64_t why);

/* The value of a name; false for an unknown one. */
bool event_state_value(const char *name, uint64_t *state);
bool event_reason_value(const char *name, uint64_t *reason);
bool event_why_value(const char *name, uint64_t *why);

/* Whether the event says why the guest asked: then the cookie means something. */
static inline bool event_says_why(const struct event *ev)
{
	return ev->val[FIELD_WHY_NR] != VCPU_INFO_WHY_NONE;
}

/* Whether a guest that says so is in trouble. */
static inline bool event_why_is_alarm(uint64_t why)
{
	return why >= VCPU_INFO_WHY_PANIC && why <= VCPU_INFO_WHY_HUNG_TASK;
}

/* Name of bit nr of the field flags, NULL past the last known. */
const char *event_flag_name(unsigned int nr);

/* Keep a field that this version does not know; what does not fit is cut. */
void event_add_extra(struct event *ev, const char *name, size_t name_len,
		     const char *value, size_t value_len);

#endif /* HOST_TRACE_EVENT_H */
