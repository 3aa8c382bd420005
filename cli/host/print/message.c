// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "jsonout.h"
#include "print/message.h"
#include "text.h"
#include "trace-time.h"

static void print_line(FILE *out, uint64_t ts_ns, const char *text, int len)
{
	char line[GUEST_MESSAGE_SIZE];

	snprintf(line, sizeof(line), "%.*s", len, text);
	for (char *c = line; *c; c++) {
		if (*c == '\t')
			*c = ' ';
	}
	text_printable(line, sizeof(line), line);
	fprintf(out, "[%5llu.%06llu] %s\n",
		(unsigned long long)(ts_ns / NS_PER_SEC),
		(unsigned long long)(ts_ns % NS_PER_SEC / 1000), line);
}

void message_print_text(FILE *out, const struct guest_message *message)
{
	const char *text = message->text;

	do {
		size_t len = strcspn(text, "\n");

		print_line(out, message->ts_ns, text, len);
		text += len;
	} while (*text++ == '\n');
}

struct json_object *message_json(const struct guest_message *message)
{
	struct json_object *obj = json_new("message");

	json_add_uint(obj, "seq", message->seq);
	json_add_uint(obj, "ts", message->ts_ns);
	json_add_uint(obj, "level", message->level);
	json_add_uint(obj, "facility", message->facility);
	json_add_text(obj, "text", message->text);
	return obj;
}
