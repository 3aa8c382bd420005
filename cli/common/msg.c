// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "text.h"

static const char *program = "vcpu-info";

void msg_set_program(const char *name)
{
	program = name;
}

static void print(const char *before, const char *after, const char *fmt,
		  va_list ap)
{
	char *text;

	/* what was printed so far comes first, also when both are one file */
	fflush(stdout);
	fprintf(stderr, "%s%s", before, after);
	if (vasprintf(&text, fmt, ap) >= 0) {
		/* it may contain names from anywhere; '?' makes it no longer */
		text_printable(text, strlen(text) + 1, text);
		fputs(text, stderr);
		free(text);
	}
	fputc('\n', stderr);
}

void msg_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(program, ": ", fmt, ap);
	va_end(ap);
}

void msg_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(program, ": ", fmt, ap);
	va_end(ap);
}

void msg_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print("", "  ", fmt, ap);
	va_end(ap);
}

/* Of standard output. */
static int first_errno;

void outerr_note(void)
{
	if (!first_errno && ferror(stdout))
		first_errno = errno;
}

int outerr_get(void)
{
	return first_errno;
}
