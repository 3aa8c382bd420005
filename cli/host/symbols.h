/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names for addresses in guests' kernels.
 */
#ifndef HOST_SYMBOLS_H
#define HOST_SYMBOLS_H

#include "filter.h"

enum symbol_kind {
	SYMBOLS_KALLSYMS,	/* a guest's /proc/kallsyms */
	SYMBOLS_VMLINUX,	/* the ELF file of its kernel */
};

struct tep_handle;

/**
 * struct symbol_file - a file with symbols
 * @kind: what it is
 * @path: its path
 * @vm: which VMs it is for
 * @offset: what KASLR has added to the addresses in the file
 * @known: a symbol whose address in the guest is known, NULL if @offset is
 * @known_address: that address
 * @tep: the symbols, once they are loaded
 * @highest: the highest of their addresses
 */
struct symbol_file {
	enum symbol_kind kind;
	char *path;
	struct filter vm;
	uint64_t offset;
	char *known;
	uint64_t known_address;
	struct tep_handle *tep;
	uint64_t highest;
};

/* All zeroes is none. */
struct symbols {
	struct symbol_file *files;
	size_t nr;
};

/*
 * Add "FILE" or "FILE@VM", which is not opened yet, only looked for where both
 * have an "@". False with err set.
 */
bool symbols_add(struct symbols *symbols, enum symbol_kind kind,
		 const char *s, char *err, size_t err_size);

/* "OFFSET" or "SYMBOL=ADDRESS", for the vmlinux that was added last. */
bool symbols_set_offset(struct symbols *symbols, const char *s, char *err,
			size_t err_size);

/* Read the files. False if one is no use, which is said. */
bool symbols_load(struct symbols *symbols);

/* The function at an address of that VM, and how far in; NULL if unknown. */
const char *symbols_find(const struct symbols *symbols, int vm_pid, int vm_fd,
			 const char *vm_name, const char *vmm,
			 uint64_t address, uint64_t *offset);
void symbols_free(struct symbols *symbols);

/* For symbols_load(): read one file. */
bool kallsyms_load(struct symbol_file *file);
bool vmlinux_load(struct symbol_file *file);
void symbol_file_add(struct symbol_file *file, const char *name,
		     uint64_t address);

#endif /* HOST_SYMBOLS_H */
