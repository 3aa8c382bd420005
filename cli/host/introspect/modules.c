// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define MAX_MODULES		1024
#define MAX_STRUCT_MODULE	16384
#define MAX_MODULE_SYMBOLS	200000
#define MAX_SYMBOLS		1000000
#define MAX_STRINGS		(16U << 20)
#define MAX_NAME		512
#define MAX_EXPORTS		20000

#define STATE_UNFORMED		3

/**
 * struct loading - one run over the list of modules
 * @kernel: whose they are
 * @symbols_left: how many symbols may still be read
 * @copy: the struct module that is looked at
 */
struct loading {
	struct guest_kernel *kernel;
	size_t symbols_left;
	uint8_t copy[MAX_STRUCT_MODULE];
};

/* An integer out of the copy; 0 if it is not known or not inside. */
static uint64_t get(const struct loading *load, enum guest_field_id id)
{
	const struct guest_field *field = &load->kernel->layout.fields[id];
	uint64_t value = 0;

	if (field->known && field->size <= sizeof(value) &&
	    (uint64_t)field->offset + field->size <= MAX_STRUCT_MODULE)
		memcpy(&value, load->copy + field->offset, field->size);
	return value;
}

static void add_range(struct guest_module *module, uint64_t start,
		      uint64_t text_size, uint64_t size)
{
	/* modules are in the upper GiB, whose end is the address space's */
	if (!start || !size || size > (1U << 30) || start < IMAGE_START ||
	    start + size < start || module->nr_ranges == GUEST_MODULE_RANGES)
		return;
	module->ranges[module->nr_ranges++] = (struct guest_module_range){
		.start = start,
		.text_end = start + (text_size < size ? text_size : size),
		.end = start + size,
	};
}

static void read_ranges(const struct loading *load, struct guest_module *module)
{
	const struct guest_field *fields = load->kernel->layout.fields;
	const struct guest_field *mem = &fields[MODULE_MEM];
	uint32_t each = fields[MEMORY].size;

	module->nr_ranges = 0;
	add_range(module, get(load, MODULE_CORE_BASE),
		  get(load, MODULE_CORE_TEXT_SIZE), get(load, MODULE_CORE_SIZE));
	add_range(module, get(load, MODULE_INIT_BASE),
		  get(load, MODULE_INIT_SIZE), get(load, MODULE_INIT_SIZE));
	if (!mem->known || !fields[MEMORY_BASE].known ||
	    !fields[MEMORY_SIZE].known || each < 16 ||
	    fields[MEMORY_BASE].offset > each - 8 ||
	    fields[MEMORY_SIZE].offset > each - 4)
		return;
	for (uint32_t at = 0; at + each <= mem->size; at += each) {
		uint64_t offset = (uint64_t)mem->offset + at, base;
		uint32_t size;

		if (offset + each > MAX_STRUCT_MODULE)
			break;
		memcpy(&base, load->copy + offset + fields[MEMORY_BASE].offset, 8);
		memcpy(&size, load->copy + offset + fields[MEMORY_SIZE].offset, 4);
		add_range(module, base, size, size);
	}
}

/* Read an array of n elements, to be freed. NULL if it cannot be had. */
static void *read_array(struct guest_kernel *kernel, uint64_t at, size_t n,
			size_t each)
{
	void *data = calloc(n ? n : 1, each);

	if (data && guest_kernel_read(kernel, at, data, n * each))
		return data;
	free(data);
	return NULL;
}

/* The strings up to the one that starts last; its end may lack. */
static char *read_strings(struct guest_kernel *kernel, uint64_t at,
			  const Elf64_Sym *symtab, size_t n, size_t *len)
{
	uint64_t last = 0;
	char *strings;

	for (size_t i = 0; i < n; i++) {
		if (symtab[i].st_name > last)
			last = symtab[i].st_name;
	}
	if (last > MAX_STRINGS)
		return NULL;
	/* what is behind the last name may not be mapped */
	*len = last + MAX_NAME;
	strings = malloc(*len + 1);
	if (!strings)
		return NULL;
	if (!guest_kernel_read(kernel, at, strings, *len)) {
		*len = ((at + last) | (GUEST_PAGE_SIZE - 1)) + 1 - at;
		if (*len > last + MAX_NAME ||
		    !guest_kernel_read(kernel, at, strings, *len)) {
			free(strings);
			return NULL;
		}
	}
	strings[*len] = '\0';
	return strings;
}

static bool add_symbol(struct guest_symtab *table, uint64_t address, char type,
		       const char *name, size_t room)
{
	struct guest_symbol *symbol = &table->symbols[table->nr];
	size_t len = strnlen(name, room < MAX_NAME ? room : MAX_NAME);

	symbol->address = address;
	symbol->type = isalpha((unsigned char)type) ? tolower((unsigned char)type) : '?';
	symbol->name = table->names_len;
	if (!guest_symtab_add_name(table, name, len))
		return false;
	table->nr++;
	return true;
}

static bool fill_symtab(struct guest_symtab *table, const Elf64_Sym *symtab,
			const char *types, size_t n, const char *strings,
			size_t strings_len)
{
	/* names may share bytes, or all be the same one */
	uint64_t room = (uint64_t)n * 64 + strings_len;

	if (!guest_symtab_init(table, n, room))
		return false;
	for (size_t i = 0; i < n; i++) {
		uint32_t name = symtab[i].st_name;

		if (symtab[i].st_shndx == SHN_UNDEF || name >= strings_len ||
		    !strings[name])
			continue;
		if (!add_symbol(table, symtab[i].st_value, types[i],
				strings + name, strings_len - name))
			break;
	}
	return guest_symtab_sort(table);
}

/*
 * /proc/kallsyms has the types of exported symbols in upper case, and no others;
 * up to 6.x not even of those that are for GPL modules only.
 */
static void mark_exports(struct loading *load, struct guest_symtab *table)
{
	uint32_t each = load->kernel->layout.fields[EXPORT].size;
	uint64_t at = get(load, MODULE_SYMS), n = get(load, MODULE_NUM_SYMS);
	uint8_t *data;

	/* three 32-bit offsets, the first that of the value */
	if (!at || !n || n > MAX_EXPORTS || each != 12)
		return;
	data = read_array(load->kernel, at, n, each);
	for (uint64_t i = 0; data && i < n; i++) {
		struct guest_name name;
		int32_t offset;
		uint64_t value;

		memcpy(&offset, data + i * each, sizeof(offset));
		value = at + i * each + (int64_t)offset;
		if (!guest_symtab_find(table, value, UINT64_MAX, &name) ||
		    name.offset)
			continue;
		for (size_t j = name.symbol - table->symbols; j < table->nr; j++) {
			struct guest_symbol *symbol = &table->symbols[j];

			if (symbol->address == value && symbol->type >= 'a' &&
			    symbol->type <= 'z')
				symbol->type -= 'a' - 'A';
			if (symbol->address != value || table->by_address)
				break;
		}
	}
	free(data);
}

static void read_symbols(struct loading *load, struct guest_module *module)
{
	struct guest_kernel *kernel = load->kernel;
	uint64_t kallsyms = get(load, MODULE_KALLSYMS);
	uint64_t symtab_at, n, strings_at, types_at;
	size_t strings_len = 0;
	Elf64_Sym *symtab = NULL;
	char *types = NULL, *strings = NULL;

	if (!kallsyms ||
	    !guest_kernel_field(kernel, kallsyms, KALLSYMS_SYMTAB, &symtab_at) ||
	    !guest_kernel_field(kernel, kallsyms, KALLSYMS_NUM, &n) ||
	    !guest_kernel_field(kernel, kallsyms, KALLSYMS_STRTAB, &strings_at) ||
	    !guest_kernel_field(kernel, kallsyms, KALLSYMS_TYPETAB, &types_at) ||
	    n > MAX_MODULE_SYMBOLS || n > load->symbols_left)
		return;
	load->symbols_left -= n;
	symtab = read_array(kernel, symtab_at, n, sizeof(*symtab));
	types = read_array(kernel, types_at, n, 1);
	if (symtab && types)
		strings = read_strings(kernel, strings_at, symtab, n, &strings_len);
	if (strings && fill_symtab(&module->symbols, symtab, types, n, strings,
				   strings_len))
		mark_exports(load, &module->symbols);
	free(symtab);
	free(types);
	free(strings);
}

static void read_name(const struct loading *load, char *name)
{
	const struct guest_field *field = &load->kernel->layout.fields[MODULE_NAME];
	size_t len = field->size < GUEST_MODULE_NAME ? field->size : GUEST_MODULE_NAME;

	memset(name, 0, GUEST_MODULE_NAME);
	if (field->offset > MAX_STRUCT_MODULE - GUEST_MODULE_NAME)
		return;
	memcpy(name, load->copy + field->offset, len);
	name[GUEST_MODULE_NAME - 1] = '\0';
	for (; *name; name++) {
		if (*name <= ' ' || *name > '~')
			*name = '?';
	}
}

/* Copy the struct module that a list entry is in. */
static bool read_module(struct loading *load, uint64_t entry, uint64_t *address,
			uint64_t *next)
{
	const struct guest_field *fields = load->kernel->layout.fields;
	const struct guest_field *list = &fields[MODULE_LIST];

	if (fields[MODULE].size > MAX_STRUCT_MODULE ||
	    (uint64_t)list->offset + 8 > fields[MODULE].size)
		return false;
	*address = entry - list->offset;
	if (!guest_kernel_read(load->kernel, *address, load->copy,
			       fields[MODULE].size))
		return false;
	memcpy(next, load->copy + list->offset, sizeof(*next));
	return true;
}

static void free_module(struct guest_module *module)
{
	guest_symtab_free(&module->symbols);
	guest_orc_free(&module->orc);
}

/* Read a module, or take over what is known of it. */
static void take_module(struct loading *load, struct guest_module *module,
			uint64_t address, struct guest_module *known,
			size_t nr_known)
{
	struct guest_module fresh = { .address = address };

	read_name(load, fresh.name);
	read_ranges(load, &fresh);
	for (size_t i = 0; i < nr_known; i++) {
		if (known[i].address == address &&
		    !memcmp(known[i].name, fresh.name, sizeof(fresh.name)) &&
		    known[i].nr_ranges == fresh.nr_ranges &&
		    !memcmp(known[i].ranges, fresh.ranges, sizeof(fresh.ranges))) {
			*module = known[i];
			known[i] = (struct guest_module){ 0 };
			return;
		}
	}
	read_symbols(load, &fresh);
	*module = fresh;
}

bool guest_modules_load(struct guest_kernel *kernel, bool always)
{
	const struct guest_field *fields = kernel->layout.fields;
	uint64_t head = kernel->addresses[SYM_MODULES], entry, address;
	struct guest_module *known = kernel->modules;
	size_t nr_known = kernel->nr_modules;
	struct loading *load;

	if (!kernel->has_layout || !head || !fields[MODULE_LIST].known ||
	    !fields[MODULE].size ||
	    !guest_kernel_read(kernel, head, &entry, sizeof(entry)))
		return false;
	load = calloc(1, sizeof(*load));
	kernel->modules = calloc(MAX_MODULES, sizeof(*kernel->modules));
	kernel->nr_modules = 0;
	if (load && kernel->modules) {
		load->kernel = kernel;
		load->symbols_left = MAX_SYMBOLS;
		while (entry != head && kernel->nr_modules < MAX_MODULES &&
		       read_module(load, entry, &address, &entry)) {
			if (get(load, MODULE_STATE) == STATE_UNFORMED)
				continue;
			take_module(load, &kernel->modules[kernel->nr_modules++],
				    address, known, always ? 0 : nr_known);
		}
	}
	for (size_t i = 0; i < nr_known; i++)
		free_module(&known[i]);
	free(known);
	free(load);
	return kernel->modules;
}

void guest_modules_free(struct guest_kernel *kernel)
{
	for (size_t i = 0; i < kernel->nr_modules; i++)
		free_module(&kernel->modules[i]);
	free(kernel->modules);
	kernel->modules = NULL;
	kernel->nr_modules = 0;
}
