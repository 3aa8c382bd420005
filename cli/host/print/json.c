// SPDX-License-Identifier: GPL-2.0
#include "jsonout.h"
#include "print/outbuf.h"
#include "print/value.h"
#include "text.h"

#define STRING(x)	#x
#define SCHEMA(x)	STRING(x)

#define FORMAT	(JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

#define START		"{\"schema\":" SCHEMA(JSON_SCHEMA) ",\"type\":"

/* The key of each field as it is printed: ",\"NAME\":". */
struct json {
	struct printer printer;
	struct {
		char text[SHORT_LEN];
		size_t len;
	} keys[EVENT_NR_KINDS][NR_FIELDS];
};

static inline void add_key(struct outbuf *line, const char *key)
{
	outbuf_text(line, ",\"");
	outbuf_text(line, key);
	outbuf_text(line, "\":");
}

/* Text that is not ours; NULL is null. */
static void add_string(struct outbuf *line, const char *text)
{
	char safe[TEXT_SIZE];

	if (!text) {
		outbuf_text(line, "null");
		return;
	}
	text_utf8(safe, sizeof(safe), text);
	outbuf_char(line, '"');
	for (const char *p = safe; *p; p++) {
		if (*p == '"' || *p == '\\')
			outbuf_char(line, '\\');
		outbuf_char(line, *p);
	}
	outbuf_char(line, '"');
}

/* A word of ours, which needs no escapes. */
static inline void add_word(struct outbuf *line, const char *word)
{
	outbuf_char(line, '"');
	outbuf_text(line, word);
	outbuf_char(line, '"');
}

static void add_text(struct outbuf *line, const char *key, const char *text)
{
	add_key(line, key);
	add_string(line, text);
}

static void add_uint(struct outbuf *line, const char *key, uint64_t val)
{
	add_key(line, key);
	outbuf_uint(line, val);
}

static void add_int(struct outbuf *line, const char *key, int64_t val)
{
	add_key(line, key);
	outbuf_int(line, val);
}

/* A name, or the number that has none in this version. */
static void add_name(struct outbuf *line, const char *name, uint64_t val)
{
	if (name)
		add_word(line, name);
	else
		outbuf_uint(line, val);
}

/* As a string: JSON's numbers are exact up to 53 bits only. */
static void add_hex(struct outbuf *line, uint64_t val)
{
	outbuf_char(line, '"');
	outbuf_hex(line, val);
	outbuf_char(line, '"');
}

static void add_reg(struct outbuf *line, const struct event *ev,
		    enum field_id id)
{
	uint64_t val;

	if (!event_reg(ev, id - FIELD_REGS, &val)) {
		outbuf_text(line, "null");
		return;
	}
	add_hex(line, val);
}

static void add_field(const struct json *json, struct outbuf *line,
		      const struct event *ev, enum field_id id)
{
	uint64_t val = ev->val[id];

	outbuf_short(line, json->keys[ev->kind][id].text,
		     json->keys[ev->kind][id].len);
	if (!event_has(ev, id)) {
		outbuf_text(line, "null");
		return;
	}
	switch (fields[id].type) {
	case FIELD_INT:
		outbuf_int(line, (int64_t)val);
		break;
	case FIELD_COUNT:
	case FIELD_BITS:
		outbuf_uint(line, val);
		break;
	case FIELD_REG:
		add_reg(line, ev, id);
		break;
	case FIELD_STATE:
		add_name(line, event_state_name(val), val);
		break;
	case FIELD_REASON:
		add_name(line, event_reason_name(val), val);
		break;
	case FIELD_WHY:
		add_name(line, event_why_name(val), val);
		break;
	case FIELD_HEX64:
		add_hex(line, val);
		break;
	}
}

static void add_flag_names(struct outbuf *line, const struct event *ev)
{
	const char *comma = "";

	add_key(line, "flag_names");
	outbuf_char(line, '[');
	for (unsigned int i = 0; event_flag_name(i); i++) {
		if (!(ev->val[FIELD_FLAGS] & (1ULL << i)))
			continue;
		outbuf_text(line, comma);
		add_word(line, event_flag_name(i));
		comma = ",";
	}
	outbuf_char(line, ']');
}

static void add_symbol(struct outbuf *line, const struct event_about *about)
{
	char symbol[SYMBOL_LEN];

	if (!about->symbol)
		return;
	value_symbol(symbol, sizeof(symbol), about);
	add_text(line, "rip_symbol", symbol);
	if (about->module)
		add_text(line, "rip_module", about->module);
}

static void add_object(struct outbuf *line, const char *key,
		       struct json_object *obj)
{
	add_key(line, key);
	outbuf_text(line, json_object_to_json_string_ext(obj, FORMAT));
	json_object_put(obj);
}

/* What runs there, and how it came there */
static void add_guest(struct outbuf *line, const struct event_about *about)
{
	struct json_object *obj;

	if (about->task && !about->stack)
		add_object(line, "task", stack_json_task(about->task));
	if (!about->stack)
		return;
	obj = json_object_new_object();
	stack_view_json(obj, about->stack);
	add_object(line, "stack", obj);
}

/* What the counts grew by; null where that is not known. */
static void add_delta(struct outbuf *line, const struct exit_delta *delta)
{
	static const char * const states[] = {
		[DELTA_FIRST] = "first", [DELTA_OK] = "ok",
		[DELTA_RESET] = "reset",
	};

	outbuf_text(line, ",\"delta\":{\"state\":");
	add_word(line, states[delta->state]);
	if (delta->ns)
		add_uint(line, "ns", delta->ns);
	else
		add_text(line, "ns", NULL);
	for (int i = 0; i < NR_EXIT_KINDS; i++) {
		const char *key = fields[FIELD_EXITS + i].name;

		if (delta->state == DELTA_OK && delta->known & (1U << i))
			add_uint(line, key, delta->count[i]);
		else
			add_text(line, key, NULL);
	}
	outbuf_char(line, '}');
}

/* Where and when the event was written, and what we know besides. */
static void add_about(struct outbuf *line, const struct event *ev,
		      const struct event_about *about)
{
	char utc[VALUE_LEN];

	add_uint(line, "ts", ev->ts);
	add_key(line, "ts_unit");
	add_word(line, ev->ts_is_ns ? "ns" : "ticks");
	if (about->age_known)
		add_uint(line, "age_ns", about->age_ns);
	else
		add_text(line, "age_ns", NULL);
	if (about->wall_known)
		value_utc(utc, about->wall_ns);
	add_text(line, "time", about->wall_known ? utc : NULL);
	add_text(line, "vm_name", about->vm);
	add_text(line, "vmm_comm", about->vmm);
	add_text(line, "caller_comm", ev->comm);
	add_int(line, "caller_pid", ev->thread);
	add_int(line, "caller_cpu", ev->trace_cpu);
}

/* For a port or an address what it is; null for the other. */
static void add_exit_addr(struct outbuf *line, const struct event_exit *exit,
			  const char *key, bool is_this)
{
	if (!exit->has_addr || !is_this) {
		add_text(line, key, NULL);
		return;
	}
	add_key(line, key);
	add_hex(line, exit->addr);
}

static void add_exit(struct outbuf *line, const struct event_exit *exit)
{
	const char *access = exit->write ? "write" : "read";

	outbuf_text(line, ",\"userspace_exit\":{\"reason\":");
	add_name(line, exit->name, exit->reason);
	add_exit_addr(line, exit, "port", exit->port);
	add_exit_addr(line, exit, "gpa", !exit->port);
	if (exit->has_addr)
		add_uint(line, "len", exit->len);
	else
		add_text(line, "len", NULL);
	add_text(line, "access", exit->has_addr ? access : NULL);
	outbuf_char(line, '}');
}

/* Fields of a newer module, as they were written. */
static void add_extra(struct outbuf *line, const struct event *ev)
{
	outbuf_text(line, ",\"unknown_fields\":{");
	for (unsigned int i = 0; i < ev->nr_extra; i++) {
		if (i)
			outbuf_char(line, ',');
		add_string(line, ev->extra[i].name);
		outbuf_char(line, ':');
		add_string(line, ev->extra[i].value);
	}
	outbuf_char(line, '}');
}

static void print_event(struct printer *printer, const struct event *ev,
			const struct event_about *about)
{
	const struct json *json = (const struct json *)printer;
	bool is_record = ev->kind == EVENT_RECORD;
	struct outbuf line;

	outbuf_start(&line, printer->style.out);
	outbuf_text(&line, is_record ? START "\"record\"" : START "\"error\"");
	add_about(&line, ev, about);
	for (int id = 0; id < NR_FIELDS; id++) {
		if (fields[id].kinds & (1U << ev->kind))
			add_field(json, &line, ev, id);
	}
	if (is_record)
		add_flag_names(&line, ev);
	add_symbol(&line, about);
	add_guest(&line, about);
	if (about->delta)
		add_delta(&line, about->delta);
	if (ev->exit.known)
		add_exit(&line, &ev->exit);
	if (ev->nr_extra)
		add_extra(&line, ev);
	outbuf_text(&line, "}\n");
	outbuf_write(&line);
}

static void print_losses(struct printer *printer, const struct losses *losses)
{
	struct json_object *obj = json_new("lost");

	json_add_uint(obj, "overrun", losses->overrun);
	json_add_uint(obj, "commit_overrun", losses->commit_overrun);
	json_add_uint(obj, "dropped", losses->dropped);
	json_add_uint(obj, "undecodable", losses->undecodable);
	json_print(printer->style.out, obj);
}

static void init_key(struct json *json, enum event_kind kind, int id)
{
	json->keys[kind][id].len =
		snprintf(json->keys[kind][id].text,
			 sizeof(json->keys[kind][id].text), ",\"%s\":",
			 field_name(&fields[id], kind));
}

static bool init(struct printer *printer)
{
	struct json *json = (struct json *)printer;

	for (int kind = 0; kind < EVENT_NR_KINDS; kind++) {
		for (int id = 0; id < NR_FIELDS; id++)
			init_key(json, kind, id);
	}
	return true;
}

const struct printer_ops json_printer = {
	.size = sizeof(struct json),
	.init = init,
	.event = print_event,
	.losses = print_losses,
};
