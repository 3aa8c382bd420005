// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "symtab.h"

bool guest_symtab_init(struct guest_symtab *table, size_t nr,
		       size_t names_room)
{
	*table = (struct guest_symtab){ .names_room = names_room };
	table->symbols = calloc(nr ? nr : 1, sizeof(*table->symbols));
	/* calloc() would touch what may be far more than the names need */
	table->names = malloc(names_room ? names_room : 1);
	if (table->symbols && table->names)
		return true;
	guest_symtab_free(table);
	return false;
}

void guest_symtab_printable(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i] > ' ' && from[i] <= '~' ? from[i] : '?';
}

bool guest_symtab_add_printable(struct guest_symtab *table, const char *name,
				size_t len)
{
	char *to = table->names + table->names_len;

	if (len >= table->names_room - table->names_len)
		return false;
	memcpy(to, name, len);
	to[len] = '\0';
	table->names_len += len + 1;
	return true;
}

bool guest_symtab_add_name(struct guest_symtab *table, const char *name,
			   size_t len)
{
	char *to = table->names + table->names_len;

	if (!guest_symtab_add_printable(table, name, len))
		return false;
	guest_symtab_printable(to, to, len);
	return true;
}

static int compare(const void *a, const void *b, void *symbols)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct guest_symbol *s = symbols;

	if (s[i].address != s[j].address)
		return s[i].address < s[j].address ? -1 : 1;
	return i < j ? -1 : 1;
}

bool guest_symtab_sort(struct guest_symtab *table)
{
	size_t i;

	free(table->by_address);
	table->by_address = NULL;
	for (i = 1; i < table->nr; i++) {
		if (table->symbols[i].address < table->symbols[i - 1].address)
			break;
	}
	if (i >= table->nr)
		return true;
	table->by_address = calloc(table->nr, sizeof(*table->by_address));
	if (!table->by_address)
		return false;
	for (i = 0; i < table->nr; i++)
		table->by_address[i] = i;
	qsort_r(table->by_address, table->nr, sizeof(*table->by_address),
		compare, table->symbols);
	return true;
}

static const struct guest_symbol *nth(const struct guest_symtab *table,
				      size_t i)
{
	return &table->symbols[table->by_address ? table->by_address[i] : i];
}

/* The number of symbols whose addresses are below the limit. */
static size_t count_below(const struct guest_symtab *table, uint64_t limit)
{
	size_t low = 0, high = table->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (nth(table, middle)->address < limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool guest_symtab_find(const struct guest_symtab *table, uint64_t address,
		       uint64_t end, struct guest_name *name)
{
	size_t next, first;

	*name = (struct guest_name){ 0 };
	if (address >= end)
		return false;
	next = count_below(table, address + 1);
	if (!next)
		return false;
	if (next < table->nr && nth(table, next)->address < end)
		end = nth(table, next)->address;
	/* of several names at one address the kernel takes the first, too */
	first = next - 1;
	if (first && nth(table, first - 1)->address == nth(table, first)->address)
		first = count_below(table, nth(table, first)->address);
	name->symbol = nth(table, first);
	name->name = table->names + name->symbol->name;
	name->offset = address - name->symbol->address;
	name->size = end - name->symbol->address;
	return true;
}

const struct guest_symbol *guest_symtab_get(const struct guest_symtab *table,
					    const char *name)
{
	for (size_t i = 0; i < table->nr; i++) {
		const char *other = table->names + table->symbols[i].name;

		if (other[0] == name[0] && !strcmp(other, name))
			return &table->symbols[i];
	}
	return NULL;
}

uint64_t guest_symtab_address(const struct guest_symtab *table,
			      const char *name)
{
	const struct guest_symbol *symbol = guest_symtab_get(table, name);

	return symbol ? symbol->address : 0;
}

void guest_symtab_free(struct guest_symtab *table)
{
	free(table->symbols);
	free(table->names);
	free(table->by_address);
	*table = (struct guest_symtab){ 0 };
}
