/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86-64 page tables of a guest, with 4 or 5 levels.
 */
#ifndef INTROSPECT_PAGING_H
#define INTROSPECT_PAGING_H

#include "memory.h"

#define PAGING_CR0_PG		(1ULL << 31)
#define PAGING_CR4_LA57		(1ULL << 12)
#define PAGING_ADDRESS_MASK	0x000ffffffffff000ULL

/*
 * Tables that are kept of each level: one of another level, which each walk needs, too,
 * takes no place of theirs. Each miss costs a read, so this bounds nothing.
 */
#define PAGING_LEVELS		5
#define PAGING_CACHE		8

/* Entries that are read of a table that is new, a line of the host's cache */
#define PAGING_LINE		8

/**
 * struct paging_table - a table of the guest, or a part of one
 * @address: guest-physical
 * @first: of the entries that are there
 * @nr: of these; 0: none
 * @entries: as in the guest
 */
struct paging_table {
	uint64_t address;
	uint16_t first;
	uint16_t nr;
	uint64_t entries[512];
};

/**
 * struct guest_paging - an address space of the guest
 * @memory: where its tables are
 * @root: guest-physical address of the top-level table
 * @levels: 4, or 5 with CR4.LA57
 * @cache: tables that were read, those of the last level first
 *
 * Set memory, root and levels, and the rest to zero.
 */
struct guest_paging {
	struct guest_memory *memory;
	uint64_t root;
	int levels;
	struct paging_table cache[PAGING_LEVELS][PAGING_CACHE];
};

/**
 * struct guest_page - what is mapped at a virtual address
 * @address: guest-physical address
 * @left: bytes from there to the end of the page (4 KiB, 2 MiB or 1 GiB)
 * @writable: may be written
 * @executable: may be executed
 */
struct guest_page {
	uint64_t address;
	uint64_t left;
	bool writable;
	bool executable;
};

/* Look an address up. False if it is not mapped or a table cannot be read. */
bool guest_paging_walk(struct guest_paging *paging, uint64_t va,
		       struct guest_page *page);

/*
 * The first address of [*va, end) that is mapped. False if there is none, or
 * after *steps looks, which are counted down.
 */
bool guest_paging_next(struct guest_paging *paging, uint64_t *va, uint64_t end,
		       struct guest_page *page, unsigned long *steps);

/* Copy virtual memory; false if any byte of it cannot be had. */
bool guest_paging_read(struct guest_paging *paging, uint64_t va, void *to,
		       size_t len);

/*
 * Drop what was read of the tables: those of the last level only, which change
 * most often, or all.
 */
void guest_paging_forget(struct guest_paging *paging, bool all);

/* Where a guest's Linux kernel is, found by its page tables alone. */

/* Linux maps its image somewhere in this GiB, modules behind it. */
#define IMAGE_START	0xffffffff80000000ULL
#define IMAGE_END	0xffffffffc0000000ULL

/* More than any kernel has: text, rodata, data, init, each with holes. */
#define IMAGE_MAX_RUNS	64

/**
 * struct guest_run - a part of the image whose pages are mapped alike
 * @start: virtual address
 * @end: the first address behind it
 * @writable: whether its pages are
 * @executable: whether its pages are
 */
struct guest_run {
	uint64_t start;
	uint64_t end;
	bool writable;
	bool executable;
};

/**
 * struct guest_image - the mapped parts of the kernel
 * @text: where it starts, the kernel's _text
 * @runs: its parts in the order of addresses
 * @nr: their number; what comes after the first IMAGE_MAX_RUNS is left out
 */
struct guest_image {
	uint64_t text;
	struct guest_run runs[IMAGE_MAX_RUNS];
	size_t nr;
};

/* False if nothing is mapped where Linux has its image. */
bool guest_image_find(struct guest_paging *paging, struct guest_image *image);

#endif /* INTROSPECT_PAGING_H */
