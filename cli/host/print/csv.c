// SPDX-License-Identifier: GPL-2.0
/*
 * Comma-separated values as in RFC 4180, but for lines that end in a newline. Both
 * kinds of events share a column for each field, so that "reason" is that of a
 * refusal, and why the guest asked is "request_reason" for records, too.
 */
#include <string.h>

#include "print/outbuf.h"
#include "print/value.h"
#include "text.h"

#define BEFORE \
	"type,ts,ts_unit,time,vm_name,vmm_comm,caller_comm,caller_pid,caller_cpu"

/* Columns are not moved: fields from here on came later than what follows fields. */
#define LATER_FIELDS FIELD_WHY_NR

struct csv {
	struct printer printer;
	bool started;
};

static void print_header(FILE *out, bool stacks)
{
	fputs(BEFORE, out);
	for (int id = 0; id < LATER_FIELDS; id++)
		fprintf(out, ",%s", fields[id].name);
	fputs(",rip_symbol,unknown_fields", out);
	fputs(stacks ? ",stack" : "", out);
	for (int id = LATER_FIELDS; id < NR_FIELDS; id++)
		fprintf(out, ",%s", fields[id].name);
	fputc('\n', out);
}

/* Text that is not ours; NULL is empty. */
static void add_text(struct outbuf *line, const char *text)
{
	char safe[TEXT_SIZE];

	outbuf_char(line, ',');
	if (!text)
		return;
	text_utf8(safe, sizeof(safe), text);
	if (!strpbrk(safe, ",\"")) {
		outbuf_text(line, safe);
		return;
	}
	outbuf_char(line, '"');
	for (const char *p = safe; *p; p++) {
		if (*p == '"')
			outbuf_char(line, '"');
		outbuf_char(line, *p);
	}
	outbuf_char(line, '"');
}

static void add_extra(struct outbuf *line, const struct event *ev)
{
	char text[TEXT_SIZE] = "";
	size_t len = 0;

	if (!ev->nr_extra) {
		outbuf_char(line, ',');
		return;
	}
	for (unsigned int i = 0; i < ev->nr_extra; i++) {
		const struct event_extra *extra = &ev->extra[i];

		len += snprintf(text + len, sizeof(text) - len, "%s%s=%s",
				i ? ";" : "", extra->name, extra->value);
		if (len >= sizeof(text))
			break;
	}
	add_text(line, text);
}

static void add_stack(struct outbuf *line, const struct stack_view *view)
{
	char text[TEXT_SIZE] = "";

	if (view && view->stack)
		stack_chain(text, sizeof(text), view->stack->frames,
			    view->stack->nr);
	add_text(line, text[0] ? text : NULL);
}

static void add_fields(struct outbuf *line, const struct event *ev, int id,
		       int end)
{
	char text[VALUE_LEN];

	for (; id < end; id++) {
		char *to;

		outbuf_char(line, ',');
		to = outbuf_room(line, sizeof(text));
		if (to)
			line->len += value_put(to, ev, id);
		else
			outbuf_bytes(line, text, value_put(text, ev, id));
	}
}

static void print_event(struct printer *printer, const struct event *ev,
			const struct event_about *about)
{
	struct csv *csv = (struct csv *)printer;
	char text[VALUE_LEN];
	char symbol[SYMBOL_LEN];
	struct outbuf line;

	if (!csv->started)
		print_header(printer->style.out, printer->style.stacks);
	csv->started = true;
	outbuf_start(&line, printer->style.out);
	outbuf_text(&line, ev->kind == EVENT_RECORD ? "record," : "error,");
	outbuf_uint(&line, ev->ts);
	outbuf_text(&line, ev->ts_is_ns ? ",ns," : ",ticks,");
	if (about->wall_known) {
		value_utc(text, about->wall_ns);
		outbuf_text(&line, text);
	}
	add_text(&line, about->vm);
	add_text(&line, about->vmm);
	add_text(&line, ev->comm);
	outbuf_char(&line, ',');
	outbuf_int(&line, ev->thread);
	outbuf_char(&line, ',');
	outbuf_int(&line, ev->trace_cpu);
	add_fields(&line, ev, 0, LATER_FIELDS);
	value_symbol(symbol, sizeof(symbol), about);
	add_text(&line, symbol[0] ? symbol : NULL);
	add_extra(&line, ev);
	if (printer->style.stacks)
		add_stack(&line, about->stack);
	add_fields(&line, ev, LATER_FIELDS, NR_FIELDS);
	outbuf_char(&line, '\n');
	outbuf_write(&line);
}

const struct printer_ops csv_printer = {
	.size = sizeof(struct csv),
	.event = print_event,
};
