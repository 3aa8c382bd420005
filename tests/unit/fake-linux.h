/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of a guest with a small Linux kernel, made from nothing: page
 * tables, symbols, BTF, modules, tasks, stacks and unwind tables in the layouts of
 * several versions. Its RAM starts at 0 and goes on above 4 GiB, where its kernel
 * is. Used by unit tests and by the fuzzer.
 */
#ifndef UNIT_FAKE_LINUX_H
#define UNIT_FAKE_LINUX_H

#include "introspect/stack.h"

enum fake_version { FAKE_6_1, FAKE_6_12, FAKE_6_15, FAKE_7_0, NR_FAKE_VERSIONS };

/* Options, as bits. */
#define FAKE_LA57	0x01	/* five levels of page tables */
#define FAKE_KPTI	0x02	/* CPU 1, in user mode, has a table of its own */
#define FAKE_EARLY	0x04	/* the image is not write-protected yet */
#define FAKE_SEQUENCES	0x08	/* 6.1 with sequence numbers, as since 6.1.160 */

#define FAKE_TEXT	0xffffffff9c000000ULL
#define FAKE_MODULE	0xffffffffc0400000ULL
#define FAKE_SYMBOLS	700

/* The ring of the kernel's messages, which "prb" points to. */
#define FAKE_PRINTK	(FAKE_TEXT + 0x480000)

/* RAM: the size of what is at 0, and where the rest is. */
#define FAKE_LOW	(1UL << 20)
#define FAKE_HIGH_BASE	0x100000000ULL

/* Places in RAM, as offsets into it: what a fuzzer wants to change. */
struct fake_region {
	uint32_t offset;
	uint32_t len;
};

#define FAKE_MAX_REGIONS	32

struct fake_linux {
	uint8_t *ram;
	size_t size;
	struct guest_slot slots[2];
	struct guest_bytes bytes;
	struct guest_memory memory;
	/* of CPU 0, in an interrupt of a kernel thread, and 1, in user mode */
	struct guest_registers registers[2];
	/* the stack pointer of CPU 0, if an interrupt had just got to error_entry */
	uint64_t entry_sp;
	enum fake_version version;
	unsigned int options;
	/* where in RAM the next page is taken from */
	size_t next_page;
	struct fake_symbol {
		uint64_t address;
		char type;
		char name[48];
	} symbols[FAKE_SYMBOLS];
	size_t nr_symbols;
	struct fake_region regions[FAKE_MAX_REGIONS];
	size_t nr_regions;
};

/* fake-printk.c: an empty ring, of 8 descriptors and 256 bytes. */
void fake_printk_make(struct fake_linux *fake);

/*
 * Add a message as printk() does, over the oldest ones if there is no room. fits: a
 * block that ends with the ring stays there, as since Linux 6.18. Returns its id.
 */
uint64_t fake_printk(struct fake_linux *fake, unsigned int level, const char *text,
		     bool fits);

/* Where a message's descriptor is: its state, begin and next. */
uint64_t *fake_printk_desc(struct fake_linux *fake, uint64_t id);

/* Aborts on OOM. */
void fake_linux_make(struct fake_linux *fake, enum fake_version version,
		     unsigned int options);
void fake_linux_free(struct fake_linux *fake);

/* Its memory as that of a VM whose process is this one; aborts on OOM. */
void fake_slots(const struct fake_linux *fake, struct guest_memory *memory);

/* The guest's memory at a kernel address that is mapped. */
void *fake_at(struct fake_linux *fake, uint64_t va);

/* The table of 512 entries that maps the GiB of the image, 2 MiB each. */
uint64_t *fake_image_table(struct fake_linux *fake);

/* The address of a symbol; aborts if there is none. */
uint64_t fake_address(const struct fake_linux *fake, const char *name);

#endif /* UNIT_FAKE_LINUX_H */
