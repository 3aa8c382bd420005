// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include "msg.h"

static const char *program = "vcpu-info";

void msg_set_program(const char *name)
{
	program = name;
}

static void print(const char *before, const char *after, const char *fmt,
		  va_list ap)
{
	/* what was printed so far comes first, also when both are one file */
	fflush(stdout);
	fprintf(stderr, "%s%s", before, after);
	vfprintf(stderr, fmt, ap);
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
