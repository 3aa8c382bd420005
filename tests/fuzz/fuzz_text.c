// SPDX-License-Identifier: GPL-2.0
/*
 * The text of a trace file. What was decoded has to be in the text: no
 * register may be made up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "print/printer.h"
#include "trace/decode-text.h"

static void check_registers(const struct event *ev, const char *text,
			    size_t len)
{
	for (int i = 0; i < VCPU_INFO_NR_REGS; i++) {
		const struct field *field = &fields[FIELD_REGS + i];
		size_t name_len = strlen(field->name);
		bool found = false;

		if (!event_has(ev, FIELD_REGS + i))
			continue;
		for (size_t at = 1; at + name_len + 3 < len; at++) {
			if (text[at - 1] != ' ' ||
			    memcmp(text + at, field->name, name_len) ||
			    memcmp(text + at + name_len, "=0x", 3))
				continue;
			/* the text ends in a newline */
			found |= strtoull(text + at + name_len + 3, NULL,
					  16) == ev->val[FIELD_REGS + i];
		}
		if (!found)
			abort();
	}
}

static void print(const struct event *ev)
{
	const struct print_style style = { .out = stdout };
	const struct event_about about = { 0 };

	for (int format = FORMAT_TEXT; format <= FORMAT_CSV; format++) {
		struct printer *printer = printer_new(format, &style);

		if (!printer)
			abort();
		printer_event(printer, ev, &about);
		printer_free(printer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct event ev;

	while (size) {
		size_t len = text_entry_len(text, size);

		if (len > size)
			abort();
		if (!len)
			len = size;
		if (text_decode(text, len, &ev) == TEXT_EVENT) {
			if (!event_has_key(&ev))
				abort();
			check_registers(&ev, text, len);
			print(&ev);
		}
		text += len;
		size -= len;
	}
	return 0;
}
