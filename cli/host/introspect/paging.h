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

/* Tables that are kept. Each miss costs a read, so this bounds nothing. */
#define PAGING_CACHE		32

/**
 * struct guest_paging - an address space of the guest
 * @memory: where its tables are
 * @root: guest-physical address of the top-level table
 * @levels: 4, or 5 with CR4.LA57
 * @cache: tables that were read
 *
 * Set memory, root and levels, and the rest to zero.
 */
struct guest_paging {
	struct guest_memory *memory;
	uint64_t root;
	int levels;
	struct paging_table {
		bool valid;
		bool leaf;
		uint64_t address;
		uint64_t entries[512];
	} cache[PAGING_CACHE];
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

#endif /* INTROSPECT_PAGING_H */
