// SPDX-License-Identifier: GPL-2.0
/*
 * Comma-separated values as in RFC 4180, but for lines that end in a newline.
 */
#include <inttypes.h>
#include <string.h>

#include "fmt-value.h"
#include "text.h"

#define BEFORE \
	"type,ts,ts_unit,time,vm_name,vmm_comm,caller_comm,caller_pid,caller_cpu"

void fmt_csv_header(const struct fmt *fmt)
{
	fputs(BEFORE, fmt->out);
	for (int id = 0; id < NR_FIELDS; id++)
		fprintf(fmt->out, ",%s", fields[id].name);
	fputs(",rip_symbol,unknown_fields\n", fmt->out);
}

/* Text that is not ours; NULL is empty. */
static void print_text(FILE *out, const char *text)
{
	char safe[512];

	fputc(',', out);
	if (!text)
		return;
	text_printable(safe, sizeof(safe), text);
	if (!strpbrk(safe, ",\"")) {
		fputs(safe, out);
		return;
	}
	fputc('"', out);
	for (const char *p = safe; *p; p++) {
		if (*p == '"')
			fputc('"', out);
		fputc(*p, out);
	}
	fputc('"', out);
}

static void print_extra(FILE *out, const struct event *ev)
{
	char text[512] = "";
	size_t len = 0;

	for (unsigned int i = 0; i < ev->nr_extra; i++) {
		const struct event_extra *extra = &ev->extra[i];

		len += snprintf(text + len, sizeof(text) - len, "%s%s=%s",
				i ? ";" : "", extra->name, extra->value);
		if (len >= sizeof(text))
			break;
	}
	print_text(out, text);
}

void fmt_csv_event(const struct fmt *fmt, const struct event *ev,
		   const struct fmt_about *about)
{
	char utc[VALUE_LEN] = "";
	FILE *out = fmt->out;
	char symbol[160];

	if (about->wall_known)
		value_utc(utc, about->wall_ns);
	value_symbol(symbol, sizeof(symbol), about);
	fprintf(out, "%s,%" PRIu64 ",%s,%s",
		ev->kind == EVENT_RECORD ? "record" : "error", ev->ts,
		ev->ts_is_ns ? "ns" : "ticks", utc);
	print_text(out, about->vm);
	print_text(out, about->vmm);
	print_text(out, ev->comm);
	fprintf(out, ",%d,%d", ev->thread, ev->trace_cpu);
	for (int id = 0; id < NR_FIELDS; id++) {
		char value[VALUE_LEN];

		value_field(value, ev, id);
		fprintf(out, ",%s", value);
	}
	print_text(out, symbol);
	print_extra(out, ev);
	fputc('\n', out);
}
