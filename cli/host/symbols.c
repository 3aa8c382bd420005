// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "msg.h"
#include "num.h"
#include "symbols.h"

/* No function of a kernel is longer, if its size is not known. */
#define MAX_FUNCTION	(64 << 10)

/* How many symbols may start inside a function, before an address in it. */
#define MAX_INSIDE	64

static bool no_memory(char *err, size_t err_size)
{
	snprintf(err, err_size, "out of memory");
	return false;
}

static bool exists(const char *s, size_t len)
{
	char *path = strndup(s, len);
	bool yes = path && !access(path, F_OK);

	free(path);
	return yes;
}

/*
 * Where "@VM" starts, NULL if it does not. Both a path and a name may have an
 * "@": the longest path that exists is the file.
 */
static const char *find_vm(const char *s)
{
	const char *last = strrchr(s, '@');

	if (!last || exists(s, strlen(s)))
		return NULL;
	for (const char *at = last; at; at = memrchr(s, '@', at - s)) {
		if (exists(s, at - s))
			return at;
	}
	return last;
}

bool symbols_add(struct symbols *symbols, enum symbol_kind kind,
		 const char *s, char *err, size_t err_size)
{
	struct symbol_file file = { .kind = kind };
	const char *at = find_vm(s);
	struct symbol_file *bigger;

	if (!s[0] || at == s) {
		snprintf(err, err_size, "'%.60s' names no file: give FILE or FILE@VM",
			 s);
		return false;
	}
	if (at && !select_add_vm(&file.vm, at + 1, err, err_size))
		return false;
	file.path = strndup(s, at ? (size_t)(at - s) : strlen(s));
	bigger = reallocarray(symbols->files, symbols->nr + 1, sizeof(file));
	if (bigger)
		symbols->files = bigger;
	if (!bigger || !file.path) {
		select_free(&file.vm);
		free(file.path);
		return no_memory(err, err_size);
	}
	symbols->files[symbols->nr++] = file;
	return true;
}

bool symbols_set_offset(struct symbols *symbols, const char *s, char *err,
			size_t err_size)
{
	struct symbol_file *file = symbols->nr ?
				   &symbols->files[symbols->nr - 1] : NULL;
	const char *equals = strchr(s, '=');

	if (!file || file->kind != SYMBOLS_VMLINUX) {
		snprintf(err, err_size,
			 "--kaslr-offset has to follow the --guest-vmlinux that it is for");
		return false;
	}
	free(file->known);
	file->known = NULL;
	if (!equals && num_parse_u64(s, &file->offset))
		return true;
	if (!equals || equals == s ||
	    !num_parse_u64(equals + 1, &file->known_address)) {
		snprintf(err, err_size,
			 "'%.60s' is neither an offset (0x1c000000) nor SYMBOL=ADDRESS (_stext=0xffffffff9d000000)",
			 s);
		return false;
	}
	file->known = strndup(s, equals - s);
	return file->known || no_memory(err, err_size);
}

/* Names that linkers give to the place where code ends: nothing is in them. */
static bool is_end(const char *name)
{
	static const char * const ends[] = {
		"_etext", "_einittext", "_edata", "_end", "__bss_start",
	};
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (!strcmp(name, ends[i]))
			return true;
	}
	return len >= 8 && !strcmp(name + len - 8, "text_end");
}

bool symbol_file_add(struct symbol_file *file, const char *name,
		     uint64_t address, uint64_t size, uint64_t limit)
{
	struct symbol symbol = {
		.address = address,
		.end = size ? address + size : limit,
		.sized = size,
	};

	/* grow at 1, 2, 4, 8... */
	if (!(file->nr & (file->nr - 1))) {
		size_t room = file->nr ? 2 * file->nr : 1;
		struct symbol *bigger;

		bigger = reallocarray(file->symbols, room, sizeof(symbol));
		if (!bigger)
			goto no_memory;
		file->symbols = bigger;
	}
	if (name && !is_end(name)) {
		symbol.name = strdup(name);
		if (!symbol.name)
			goto no_memory;
	}
	file->symbols[file->nr++] = symbol;
	return true;
no_memory:
	msg_error("out of memory");
	return false;
}

/* By address; of those at one address first what has a size, then names. */
static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->sized != y->sized)
		return x->sized ? -1 : 1;
	if (!x->name != !y->name)
		return x->name ? -1 : 1;
	return x->name ? strcmp(x->name, y->name) : 0;
}

void symbol_file_sort(struct symbol_file *file)
{
	uint64_t next = UINT64_MAX;

	qsort(file->symbols, file->nr, sizeof(*file->symbols), compare);
	for (size_t i = file->nr; i-- > 0;) {
		struct symbol *symbol = &file->symbols[i];

		if (i + 1 < file->nr && symbol[1].address > symbol->address)
			next = symbol[1].address;
		if (symbol->sized)
			continue;
		if (symbol->end > next)
			symbol->end = next;
		if (symbol->end > symbol->address &&
		    symbol->end - symbol->address > MAX_FUNCTION)
			symbol->end = symbol->address + MAX_FUNCTION;
	}
}

bool symbols_load(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->nr; i++) {
		if (!symbol_file_read(&symbols->files[i]))
			return false;
		symbol_file_sort(&symbols->files[i]);
	}
	return true;
}

static bool is_in(const struct symbol *symbol, uint64_t address)
{
	return symbol->name && address >= symbol->address &&
	       address < symbol->end;
}

/* What starts last before the address, or a function around that. */
static const struct symbol *find(const struct symbol_file *file,
				 uint64_t address)
{
	size_t low = 0, high = file->nr;
	const struct symbol *symbol;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (file->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	symbol = &file->symbols[low - 1];
	while (symbol > file->symbols && symbol[-1].address == symbol->address)
		symbol--;
	if (is_in(symbol, address))
		return symbol;
	for (int i = 0; i < MAX_INSIDE && symbol-- > file->symbols; i++) {
		if (symbol->sized && is_in(symbol, address))
			return symbol;
	}
	return NULL;
}

const char *symbols_find(const struct symbols *symbols, int vm_pid, int vm_fd,
			 const char *vm_name, const char *vmm,
			 uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < symbols->nr; i++) {
		struct symbol_file *file = &symbols->files[i];
		uint64_t linked = address - file->offset;
		const struct symbol *symbol;

		if (!select_has_vm(&file->vm, vm_pid, vm_fd, vm_name, vmm))
			continue;
		symbol = find(file, linked);
		/* programs have the lower half of addresses */
		file->asked += address >> 63;
		if (!symbol)
			continue;
		file->found++;
		*offset = linked - symbol->address;
		return symbol->name;
	}
	return NULL;
}

void symbols_note_useless(const struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->nr; i++) {
		const struct symbol_file *file = &symbols->files[i];

		if (file->found || !file->asked)
			continue;
		msg_note("%s names none of the %" PRIu64 " kernel addresses that were looked up",
			 file->path, file->asked);
		msg_hint("It must match the guest's kernel%s its last boot.",
			 file->kind == SYMBOLS_VMLINUX ?
			 ", and --kaslr-offset" : " and");
	}
}

void symbols_free(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->nr; i++) {
		struct symbol_file *file = &symbols->files[i];

		for (size_t j = 0; j < file->nr; j++)
			free(file->symbols[j].name);
		free(file->symbols);
		free(file->path);
		free(file->known);
		select_free(&file->vm);
	}
	free(symbols->files);
	*symbols = (struct symbols){ 0 };
}
