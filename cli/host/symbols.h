/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names for addresses in guests' kernels.
 */
#ifndef HOST_SYMBOLS_H
#define HOST_SYMBOLS_H

#include "select.h"

enum symbol_kind {
	SYMBOLS_KALLSYMS,	/* a guest's /proc/kallsyms */
	SYMBOLS_VMLINUX,	/* the ELF file of its kernel */
};

/**
 * struct symbol - where something starts
 * @address: its first address
 * @end: the first address behind it
 * @sized: the file says so; otherwise it ends where the next one starts
 * @name: its name; NULL for what is no code and only ends what is before it
 */
struct symbol {
	uint64_t address;
	uint64_t end;
	bool sized;
	char *name;
};

/**
 * struct symbol_file - a file with symbols
 * @kind: what it is
 * @path: its path
 * @vm: which VMs it is for
 * @offset: what KASLR has added to the addresses in the file
 * @known: a symbol whose address in the guest is known, NULL if @offset is
 * @known_address: that address
 * @symbols: the symbols by address, once they are loaded
 * @nr: their number
 * @asked: addresses in kernels that were looked up
 * @found: those that were in it
 */
struct symbol_file {
	enum symbol_kind kind;
	char *path;
	struct select vm;
	uint64_t offset;
	char *known;
	uint64_t known_address;
	struct symbol *symbols;
	size_t nr;
	uint64_t asked;
	uint64_t found;
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

/* Print a note about each file that has not named anything it was asked for. */
void symbols_note_useless(const struct symbols *symbols);
void symbols_free(struct symbols *symbols);

/*
 * For symbols_load(): have a child without privileges read one file. False after a
 * message.
 */
bool symbol_file_read(struct symbol_file *file);

/* What the child does. False after a message. */
bool symbol_file_parse(struct symbol_file *file, int fd);

/* After it: sort the symbols by address, as symbols_find() needs them. */
void symbol_file_sort(struct symbol_file *file);

/*
 * A symbol of a file. size is 0 if it is not known, limit where it has to end
 * then, and name NULL if it is no code. False and a message on OOM.
 */
bool symbol_file_add(struct symbol_file *file, const char *name,
		     uint64_t address, uint64_t size, uint64_t limit);

#endif /* HOST_SYMBOLS_H */
