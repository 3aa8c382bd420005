/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Symbols of a kernel or of one of its modules.
 */
#ifndef INTROSPECT_SYMTAB_H
#define INTROSPECT_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct guest_symbol - a name for an address
 * @address: virtual address
 * @name: offset into the table's names
 * @type: as in /proc/kallsyms
 */
struct guest_symbol {
	uint64_t address;
	uint32_t name;
	char type;
};

/**
 * struct guest_symtab - symbols in the order the guest has them
 * @symbols: the symbols
 * @nr: their number
 * @names: NUL-terminated names, printable ASCII only
 * @names_len: bytes of @names in use
 * @names_room: bytes allocated
 * @by_address: indices of @symbols sorted by address, then as they come; NULL
 *	where that is their order
 */
struct guest_symtab {
	struct guest_symbol *symbols;
	size_t nr;
	char *names;
	size_t names_len;
	size_t names_room;
	uint32_t *by_address;
};

/**
 * struct guest_name - what an address is in
 * @symbol: the symbol, NULL if there is none
 * @name: its name
 * @offset: bytes from its start
 * @size: bytes to the next symbol's start or the end of what holds it
 */
struct guest_name {
	const struct guest_symbol *symbol;
	const char *name;
	uint64_t offset;
	uint64_t size;
};

/* Room for nr symbols and names_room bytes of names. False on OOM. */
bool guest_symtab_init(struct guest_symtab *table, size_t nr,
		       size_t names_room);

/* Append a name of len bytes; what is not printable becomes '?'. False if full. */
bool guest_symtab_add_name(struct guest_symtab *table, const char *name,
			   size_t len);

/* The same of one that consists of what guest_symtab_printable() has made. */
bool guest_symtab_add_printable(struct guest_symtab *table, const char *name,
				size_t len);

/* Copy bytes; what is not printable becomes '?'. */
void guest_symtab_printable(char *to, const char *from, size_t len);

/* Call it when all symbols are in. False on OOM. */
bool guest_symtab_sort(struct guest_symtab *table);

/* What is at the address; end is where the last symbol ends. */
bool guest_symtab_find(const struct guest_symtab *table, uint64_t address,
		       uint64_t end, struct guest_name *name);

/* The first symbol of that name, or NULL. */
const struct guest_symbol *guest_symtab_get(const struct guest_symtab *table,
					    const char *name);

/* The address of the first symbol of that name, 0 if there is none. */
uint64_t guest_symtab_address(const struct guest_symtab *table,
			      const char *name);

void guest_symtab_free(struct guest_symtab *table);

#endif /* INTROSPECT_SYMTAB_H */
