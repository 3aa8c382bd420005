// SPDX-License-Identifier: GPL-2.0
/*
 * A VMM's command line. Each argument becomes a line that a terminal can be given, and a
 * secret stays out, whatever is around it, before it and in it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/redact.h"
#include "fuzz.h"

#define MARK	"TopSecret"

/* The command line that is being built */
struct line {
	char *bytes;
	size_t len;
};

static void put(struct line *line, const void *bytes, size_t len)
{
	if (len)
		memcpy(line->bytes + line->len, bytes, len);
	line->len += len;
}

/* As a part of a value of QEMU's, whose commas are doubled, without some characters */
static void put_value(struct line *line, const uint8_t *data, size_t size,
		      const char *without)
{
	for (size_t i = 0; i < size; i++) {
		if (!data[i] || strchr(without, data[i]))
			continue;
		put(line, &data[i], 1);
		if (data[i] == ',')
			put(line, ",", 1);
	}
}

static void check(const struct line *line)
{
	size_t arguments = 0, lines = 0, len = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	redact_command_line(out, line->bytes, line->len);
	if (fclose(out))
		abort();
	for (size_t i = 0; i < line->len; i++)
		arguments += !line->bytes[i];
	for (size_t i = 0; i < len; i++) {
		lines += text[i] == '\n';
		if (iscntrl((unsigned char)text[i]) && text[i] != '\n')
			abort();
	}
	if (lines != arguments || memmem(text, len, MARK, strlen(MARK)))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char object[] = "\0-object\0secret,id=s,data=" MARK ",format=raw";
	static const char password[] = "password=", url[] = "file=https://me:";
	struct line line;

	if (memmem(data, size, MARK, strlen(MARK)))
		return 0;
	line.bytes = malloc(2 * size + 128);
	if (!line.bytes)
		abort();

	line.len = 0;
	put(&line, data, size);
	put(&line, object, sizeof(object));
	check(&line);

	line.len = 0;
	put(&line, password, strlen(password));
	put_value(&line, data, size, "");
	put(&line, MARK, sizeof(MARK));
	check(&line);

	line.len = 0;
	put(&line, url, strlen(url));
	put_value(&line, data, size, " \t\r\n\"");
	put(&line, MARK "@host", sizeof(MARK "@host"));
	check(&line);
	free(line.bytes);
	return 0;
}
