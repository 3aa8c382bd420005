// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "duration.h"
#include "export/families.h"
#include "text.h"

static const char *suffix_of(const struct family *family)
{
	switch (family->type) {
	case FAMILY_COUNTER:
		return "_total";
	case FAMILY_INFO:
		return "_info";
	default:
		return "";
	}
}

/* The text format has no type for what only informs. */
static const char *type_of(const struct family_writer *writer)
{
	if (writer->family->type == FAMILY_COUNTER)
		return "counter";
	if (writer->family->type == FAMILY_INFO &&
	    writer->format == METRICS_OPENMETRICS)
		return "info";
	return "gauge";
}

void family_start(struct family_writer *writer, enum metrics_format format,
		  FILE *out)
{
	outbuf_start(&writer->line, out);
	writer->format = format;
	writer->family = NULL;
}

void family_finish(struct family_writer *writer)
{
	if (writer->format == METRICS_OPENMETRICS)
		outbuf_text(&writer->line, "# EOF\n");
	outbuf_write(&writer->line);
}

/* "# WHAT NAME TEXT": in the text format what is declared is the sample's name */
static void declare(struct family_writer *writer, const char *what,
		    const char *text)
{
	outbuf_text(&writer->line, what);
	outbuf_text(&writer->line, writer->family->name);
	if (writer->format == METRICS_TEXT)
		outbuf_text(&writer->line, suffix_of(writer->family));
	outbuf_char(&writer->line, ' ');
	outbuf_text(&writer->line, text);
	outbuf_char(&writer->line, '\n');
}

void family_begin(struct family_writer *writer, const struct family *family)
{
	writer->family = family;
	declare(writer, "# TYPE ", type_of(writer));
	if (family->unit && writer->format == METRICS_OPENMETRICS)
		declare(writer, "# UNIT ", family->unit);
	declare(writer, "# HELP ", family->help);
}

void sample_begin(struct family_writer *writer)
{
	outbuf_text(&writer->line, writer->family->name);
	outbuf_text(&writer->line, suffix_of(writer->family));
	writer->has_labels = false;
}

static void label_name(struct family_writer *writer, const char *name)
{
	struct outbuf *line = &writer->line;

	outbuf_char(line, writer->has_labels ? ',' : '{');
	writer->has_labels = true;
	outbuf_text(line, name);
	outbuf_bytes(line, "=\"", 2);
}

void sample_labels(struct family_writer *writer, const char *text, size_t len)
{
	outbuf_char(&writer->line, '{');
	outbuf_bytes(&writer->line, text, len);
	writer->has_labels = true;
}

size_t label_escape(char *dst, const char *src)
{
	size_t len = 0;

	for (; *src; src++) {
		if (*src == '"' || *src == '\\')
			dst[len++] = '\\';
		dst[len++] = *src;
	}
	dst[len] = '\0';
	return len;
}

void sample_label(struct family_writer *writer, const char *name,
		  const char *value, size_t size)
{
	char fit[TEXT_SIZE], escaped[2 * TEXT_SIZE];
	size_t len;

	text_utf8(fit, size < sizeof(fit) ? size : sizeof(fit), value);
	label_name(writer, name);
	len = label_escape(escaped, fit);
	outbuf_bytes(&writer->line, escaped, len);
	outbuf_char(&writer->line, '"');
}

void sample_label_int(struct family_writer *writer, const char *name,
		      int64_t value)
{
	label_name(writer, name);
	outbuf_int(&writer->line, value);
	outbuf_char(&writer->line, '"');
}

static void end_labels(struct family_writer *writer)
{
	if (writer->has_labels)
		outbuf_char(&writer->line, '}');
	outbuf_char(&writer->line, ' ');
}

void sample_uint(struct family_writer *writer, uint64_t value)
{
	end_labels(writer);
	outbuf_uint(&writer->line, value);
	outbuf_char(&writer->line, '\n');
}

void sample_ns(struct family_writer *writer, uint64_t ns)
{
	char digits[DIGITS_LEN];
	uint64_t rest = ns % NS_PER_SEC;
	size_t len = 10;

	end_labels(writer);
	outbuf_uint(&writer->line, ns / NS_PER_SEC);
	digits[0] = '.';
	for (size_t i = 9; i; i--, rest /= 10)
		digits[i] = '0' + rest % 10;
	while (digits[len - 1] == '0')
		len--;
	if (len > 1)
		outbuf_bytes(&writer->line, digits, len);
	outbuf_char(&writer->line, '\n');
}

void family_uint(struct family_writer *writer, const struct family *family,
		 uint64_t value)
{
	family_begin(writer, family);
	sample_begin(writer);
	sample_uint(writer, value);
}
