// SPDX-License-Identifier: GPL-2.0
/*
 * A copy of /proc/kallsyms: "ADDRESS TYPE NAME" and for modules "\t[MODULE]".
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "symbols.h"

/* Far more than any kernel has. */
#define MAX_SIZE	(256 << 20)

#define MAX_LINE	1024

/* One run over a file. */
struct loading {
	struct symbol_file *file;
	unsigned long line;
	unsigned long functions;
	bool any_address;
};

static bool bad_line(const struct loading *load, const char *why)
{
	msg_error("%s: line %lu %s", load->file->path, load->line, why);
	msg_hint("It has to be a copy of the guest's /proc/kallsyms.");
	return false;
}

/* "ffffffff81000000 T _stext": 16 digits, or 8 of a 32-bit guest */
static bool take_line(struct loading *load, char *line)
{
	size_t digits = strspn(line, "0123456789abcdef");
	char *name = line + digits + 3;
	unsigned long long address;
	char type;

	if ((digits != 16 && digits != 8) || line[digits] != ' ' ||
	    !isalpha((unsigned char)line[digits + 1]) ||
	    line[digits + 2] != ' ' || !isgraph((unsigned char)*name))
		return bad_line(load, "is not \"ADDRESS TYPE NAME\"");
	address = strtoull(line, NULL, 16);
	type = tolower((unsigned char)line[digits + 1]);
	load->any_address |= address;
	name[strcspn(name, "\t ")] = '\0';
	/* only code: data just ends what is before it */
	if (type != 't' && type != 'w')
		return symbol_file_add(load->file, NULL, address, 0, 0);
	load->functions++;
	return symbol_file_add(load->file, name, address, 0, UINT64_MAX);
}

static bool take_lines(struct loading *load, FILE *f)
{
	char line[MAX_LINE];
	size_t total = 0;

	while (fgets(line, sizeof(line), f)) {
		size_t len = strlen(line);

		load->line++;
		total += len;
		if (total > MAX_SIZE)
			return bad_line(load, "is past any kernel's last symbol");
		if (!len || line[len - 1] != '\n')
			return bad_line(load, feof(f) ? "is cut off" :
					"is too long");
		line[len - 1] = '\0';
		/* copied by way of another system */
		if (len > 1 && line[len - 2] == '\r')
			line[len - 2] = '\0';
		if (!take_line(load, line))
			return false;
	}
	if (!ferror(f))
		return true;
	msg_error("cannot read %s: %s", load->file->path, strerror(errno));
	return false;
}

static bool is_useful(const struct loading *load)
{
	if (load->functions && load->any_address)
		return true;
	if (load->functions) {
		msg_error("%s: all addresses are 0", load->file->path);
		msg_hint("Copy /proc/kallsyms as root of the guest, with kernel.kptr_restrict below 2.");
	} else {
		msg_error("%s: there is no function in it", load->file->path);
		msg_hint("It has to be a copy of the guest's /proc/kallsyms.");
	}
	return false;
}

bool kallsyms_load(struct symbol_file *file)
{
	struct loading load = { .file = file };
	FILE *f = fopen(file->path, "re");
	bool ok;

	if (!f) {
		msg_error("cannot open %s: %s", file->path, strerror(errno));
		return false;
	}
	ok = take_lines(&load, f) && is_useful(&load);
	fclose(f);
	return ok;
}
