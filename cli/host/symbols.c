// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event-parse.h>

#include "msg.h"
#include "num.h"
#include "symbols.h"

/* Farther than that from its start nothing is inside a function. */
#define MAX_OFFSET	(1 << 20)

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
	if (at && !filter_add_vm(&file.vm, at + 1, err, err_size))
		return false;
	file.path = strndup(s, at ? (size_t)(at - s) : strlen(s));
	bigger = reallocarray(symbols->files, symbols->nr + 1, sizeof(file));
	if (bigger)
		symbols->files = bigger;
	if (!bigger || !file.path) {
		filter_free(&file.vm);
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

void symbol_file_add(struct symbol_file *file, const char *name,
		     uint64_t address)
{
	/* fails for one that is there twice, which is good enough */
	tep_register_function(file->tep, (char *)name, address, NULL);
	if (address > file->highest)
		file->highest = address;
}

static bool load_file(struct symbol_file *file)
{
	bool ok = file->kind == SYMBOLS_KALLSYMS ? kallsyms_load(file) :
						   vmlinux_load(file);

	/* libtraceevent takes a function to end where the next one starts */
	if (ok && file->highest < UINT64_MAX - MAX_OFFSET)
		symbol_file_add(file, "", file->highest + MAX_OFFSET);
	return ok;
}

bool symbols_load(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->nr; i++) {
		struct symbol_file *file = &symbols->files[i];

		file->tep = tep_alloc();
		if (!file->tep) {
			msg_error("out of memory");
			return false;
		}
		if (!load_file(file))
			return false;
	}
	return true;
}

const char *symbols_find(const struct symbols *symbols, int vm_pid, int vm_fd,
			 const char *vm_name, const char *vmm,
			 uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < symbols->nr; i++) {
		const struct symbol_file *file = &symbols->files[i];
		uint64_t linked = address - file->offset;
		const char *name;

		if (!filter_match_vm(&file->vm, vm_pid, vm_fd, vm_name, vmm))
			continue;
		name = tep_find_function(file->tep, linked);
		if (!name || !name[0])
			continue;
		*offset = linked - tep_find_function_address(file->tep,
							     linked);
		if (*offset < MAX_OFFSET)
			return name;
	}
	return NULL;
}

void symbols_free(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->nr; i++) {
		struct symbol_file *file = &symbols->files[i];

		free(file->path);
		free(file->known);
		filter_free(&file->vm);
		tep_free(file->tep);
	}
	free(symbols->files);
	*symbols = (struct symbols){ 0 };
}
