/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ORC: what the kernel's own unwinder knows of each instruction's stack.
 */
#ifndef INTROSPECT_ORC_H
#define INTROSPECT_ORC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORC_HASH_SIZE	20
#define ORC_ENTRY_SIZE	6

/* More than any kernel has. */
#define ORC_MAX_ENTRIES	(4U << 20)

/* How entries are laid out: each kernel says so by a hash, but for the oldest. */
enum orc_format {
	ORC_UNKNOWN,
	ORC_6_1,	/* no hash: up to 6.2 */
	ORC_6_4,	/* fe5d32bf...: up to 6.x */
	ORC_7_0,	/* 137c36ad... */
};

/* What a value is relative to; not the guest's numbers. */
enum orc_base {
	ORC_BASE_UNDEFINED, ORC_BASE_PREV_SP, ORC_BASE_AX, ORC_BASE_DX,
	ORC_BASE_DI, ORC_BASE_BP, ORC_BASE_SP, ORC_BASE_R10, ORC_BASE_R13,
	ORC_BASE_BP_INDIRECT, ORC_BASE_SP_INDIRECT, ORC_BASE_UNKNOWN,
};

enum orc_type {
	ORC_TYPE_UNDEFINED,	/* no way to go on */
	ORC_TYPE_END,		/* nothing to go on to */
	ORC_TYPE_CALL,		/* a return address */
	ORC_TYPE_REGS,		/* struct pt_regs */
	ORC_TYPE_REGS_PARTIAL,	/* what an exception pushes */
	ORC_TYPE_UNKNOWN,
};

/**
 * struct orc_entry - how to get from an instruction's frame to the one above
 * @sp_base: what the stack pointer above is relative to
 * @sp_offset: bytes from it
 * @bp_base: what the place of the saved frame pointer is relative to
 * @bp_offset: bytes from it
 * @type: what is there
 * @exact: the address above is an instruction that is yet to run
 */
struct orc_entry {
	enum orc_base sp_base;
	int16_t sp_offset;
	enum orc_base bp_base;
	int16_t bp_offset;
	enum orc_type type;
	bool exact;
};

/**
 * struct guest_orc - unwind tables of a kernel or module
 * @tried: they were asked for; nr is 0 if that failed
 * @format: how entries are laid out
 * @ips_at: address of @ips in the guest, which they are relative to
 * @ips: where each entry begins to be valid, sorted
 * @entries: ORC_ENTRY_SIZE bytes each
 * @nr: their number
 */
struct guest_orc {
	bool tried;
	enum orc_format format;
	uint64_t ips_at;
	int32_t *ips;
	uint8_t *entries;
	uint32_t nr;
};

/* The format of a kernel with that hash (NULL: it has none) and that banner. */
enum orc_format guest_orc_format(const uint8_t *hash, const char *banner);

/* Decode an entry. */
struct orc_entry guest_orc_decode(enum orc_format format, const uint8_t *entry);

/* Find the entry of an instruction. False if there is none. */
bool guest_orc_find(const struct guest_orc *orc, uint64_t ip,
		    struct orc_entry *entry);

/*
 * Whether entries look like what their format says: most are relative to the
 * stack pointer.
 */
bool guest_orc_plausible(const struct guest_orc *orc);

void guest_orc_free(struct guest_orc *orc);

#endif /* INTROSPECT_ORC_H */
