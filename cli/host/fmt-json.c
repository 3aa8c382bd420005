// SPDX-License-Identifier: GPL-2.0
#include "fmt-value.h"
#include "jsonout.h"
#include "text.h"

/* A name, or the number that has none in this version. */
static void add_name(struct json_object *obj, const char *key,
		     const char *name, uint64_t val)
{
	if (name)
		json_add_text(obj, key, name);
	else
		json_add_uint(obj, key, val);
}

static void add_reg(struct json_object *obj, const struct event *ev,
		    enum field_id id)
{
	uint64_t val;

	if (event_reg(ev, id - FIELD_REGS, &val))
		json_add_hex(obj, fields[id].name, val);
	else
		json_add_null(obj, fields[id].name);
}

static void add_field(struct json_object *obj, const struct event *ev,
		      enum field_id id)
{
	const char *key = fields[id].name;
	uint64_t val = ev->val[id];

	if (!event_has(ev, id)) {
		json_add_null(obj, key);
		return;
	}
	switch (fields[id].type) {
	case FIELD_INT:
		json_add_int(obj, key, (int64_t)val);
		break;
	case FIELD_COUNT:
	case FIELD_BITS:
		json_add_uint(obj, key, val);
		break;
	case FIELD_REG:
		add_reg(obj, ev, id);
		break;
	case FIELD_STATE:
		add_name(obj, key, event_state_name(val), val);
		break;
	case FIELD_REASON:
		add_name(obj, key, event_reason_name(val), val);
		break;
	}
}

static void add_flag_names(struct json_object *obj, const struct event *ev)
{
	struct json_object *names = json_object_new_array();

	for (unsigned int i = 0; event_flag_name(i); i++) {
		const char *name = event_flag_name(i);

		if (ev->val[FIELD_FLAGS] & (1ULL << i))
			json_object_array_add(names,
					      json_object_new_string(name));
	}
	json_object_object_add(obj, "flag_names", names);
}

static void add_wall(struct json_object *obj, const struct fmt_about *about)
{
	char utc[VALUE_LEN];

	if (about->wall_known)
		value_utc(utc, about->wall_ns);
	json_add_text(obj, "time", about->wall_known ? utc : NULL);
}

static void add_symbol(struct json_object *obj, const struct fmt_about *about)
{
	char symbol[160];

	if (!about->symbol)
		return;
	value_symbol(symbol, sizeof(symbol), about);
	json_add_text(obj, "rip_symbol", symbol);
}

/* What the counts grew by; null where that is not known. */
static void add_delta(struct json_object *obj, const struct exit_delta *delta)
{
	static const char * const states[] = {
		[DELTA_FIRST] = "first", [DELTA_OK] = "ok",
		[DELTA_RESET] = "reset",
	};
	struct json_object *sub = json_object_new_object();

	json_add_text(sub, "state", states[delta->state]);
	if (delta->ns)
		json_add_uint(sub, "ns", delta->ns);
	else
		json_add_null(sub, "ns");
	for (int i = 0; i < NR_EXIT_KINDS; i++) {
		const char *key = fields[FIELD_EXITS + i].name;

		if (delta->state == DELTA_OK && delta->known & (1U << i))
			json_add_uint(sub, key, delta->count[i]);
		else
			json_add_null(sub, key);
	}
	json_object_object_add(obj, "delta", sub);
}

/* Where and when the event was written, and what we know besides. */
static void add_about(struct json_object *obj, const struct event *ev,
		      const struct fmt_about *about)
{
	json_add_uint(obj, "ts", ev->ts);
	json_add_text(obj, "ts_unit", ev->ts_is_ns ? "ns" : "ticks");
	if (about->age_known)
		json_add_uint(obj, "age_ns", about->age_ns);
	else
		json_add_null(obj, "age_ns");
	add_wall(obj, about);
	json_add_text(obj, "vm_name", about->vm);
	json_add_text(obj, "vmm_comm", about->vmm);
	json_add_text(obj, "caller_comm", ev->comm);
	json_add_int(obj, "caller_pid", ev->thread);
	json_add_int(obj, "caller_cpu", ev->trace_cpu);
}

/* Fields of a newer module, as they were written. */
static void add_extra(struct json_object *obj, const struct event *ev)
{
	struct json_object *extra = json_object_new_object();
	char name[sizeof(ev->extra[0].name)];

	for (unsigned int i = 0; i < ev->nr_extra; i++) {
		text_printable(name, sizeof(name), ev->extra[i].name);
		json_add_text(extra, name, ev->extra[i].value);
	}
	json_object_object_add(obj, "unknown_fields", extra);
}

void fmt_json_event(const struct fmt *fmt, const struct event *ev,
		    const struct fmt_about *about)
{
	bool is_record = ev->kind == EVENT_RECORD;
	struct json_object *obj = json_new(is_record ? "record" : "error");

	add_about(obj, ev, about);
	for (int id = 0; id < NR_FIELDS; id++) {
		if (fields[id].kinds & (1U << ev->kind))
			add_field(obj, ev, id);
	}
	if (is_record)
		add_flag_names(obj, ev);
	add_symbol(obj, about);
	if (about->delta)
		add_delta(obj, about->delta);
	if (ev->nr_extra)
		add_extra(obj, ev);
	json_print(fmt->out, obj);
}

void fmt_json_lost(const struct fmt *fmt, const struct fmt_lost *lost)
{
	struct json_object *obj = json_new("lost");

	json_add_uint(obj, "overrun", lost->overrun);
	json_add_uint(obj, "commit_overrun", lost->commit_overrun);
	json_add_uint(obj, "dropped", lost->dropped);
	json_add_uint(obj, "undecodable", lost->undecodable);
	json_print(fmt->out, obj);
}
