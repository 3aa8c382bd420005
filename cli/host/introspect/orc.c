// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "orc.h"
#include "unwind.h"

static const struct {
	uint8_t hash[ORC_HASH_SIZE];
	enum orc_format format;
} known[] = {
	{ { 0xfe, 0x5d, 0x32, 0xbf, 0x58, 0x1b, 0xd6, 0x3b, 0x2c, 0xa9,
	    0xa5, 0xc6, 0x5b, 0xa5, 0xa6, 0x25, 0xea, 0xb3, 0xfe, 0x24 },
	  ORC_6_4 },
	{ { 0x13, 0x7c, 0x36, 0xad, 0x76, 0x27, 0xc4, 0xdd, 0x55, 0x93,
	    0x21, 0x76, 0xbb, 0x0e, 0xcd, 0xbd, 0x50, 0x41, 0xfc, 0x82 },
	  ORC_7_0 },
};

enum orc_format guest_orc_format(const uint8_t *hash, const char *banner)
{
	int major, minor;

	if (!hash) {
		/* 6.3 has another layout, and 6.4 the hash */
		if (sscanf(banner, "Linux version %3d.%3d", &major, &minor) == 2 &&
		    ((major == 6 && minor <= 2) || (major == 5 && minor >= 8)))
			return ORC_6_1;
		return ORC_UNKNOWN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!memcmp(hash, known[i].hash, ORC_HASH_SIZE))
			return known[i].format;
	}
	return ORC_UNKNOWN;
}

static enum orc_base decode_base(enum orc_format format, unsigned int number)
{
	static const enum orc_base old[] = {
		ORC_BASE_UNDEFINED, ORC_BASE_PREV_SP, ORC_BASE_DX, ORC_BASE_DI,
		ORC_BASE_BP, ORC_BASE_SP, ORC_BASE_R10, ORC_BASE_R13,
		ORC_BASE_BP_INDIRECT, ORC_BASE_SP_INDIRECT,
	};
	static const enum orc_base new[] = {
		ORC_BASE_UNDEFINED, ORC_BASE_AX, ORC_BASE_DX, ORC_BASE_SP,
		ORC_BASE_BP, ORC_BASE_DI, ORC_BASE_R10, ORC_BASE_R13,
		ORC_BASE_PREV_SP, ORC_BASE_SP_INDIRECT, ORC_BASE_BP_INDIRECT,
	};

	if (format == ORC_7_0)
		return number < ARRAY_SIZE(new) ? new[number] : ORC_BASE_UNKNOWN;
	return number < ARRAY_SIZE(old) ? old[number] : ORC_BASE_UNKNOWN;
}

/* Two bits of type and one that says "end", where the base is undefined. */
static enum orc_type decode_old_type(unsigned int bits, enum orc_base base)
{
	static const enum orc_type types[] = {
		ORC_TYPE_CALL, ORC_TYPE_REGS, ORC_TYPE_REGS_PARTIAL,
		ORC_TYPE_UNKNOWN,
	};

	if (base == ORC_BASE_UNDEFINED)
		return bits >> 10 & 1 ? ORC_TYPE_END : ORC_TYPE_UNDEFINED;
	return types[bits >> 8 & 3];
}

static enum orc_type decode_type(unsigned int bits)
{
	static const enum orc_type types[] = {
		ORC_TYPE_UNDEFINED, ORC_TYPE_END, ORC_TYPE_CALL, ORC_TYPE_REGS,
		ORC_TYPE_REGS_PARTIAL, ORC_TYPE_UNKNOWN, ORC_TYPE_UNKNOWN,
		ORC_TYPE_UNKNOWN,
	};

	return types[bits >> 8 & 7];
}

struct orc_entry guest_orc_decode(enum orc_format format, const uint8_t *entry)
{
	struct orc_entry out;
	int16_t offsets[2];
	uint16_t bits;

	memcpy(offsets, entry, sizeof(offsets));
	memcpy(&bits, entry + 4, sizeof(bits));
	out.sp_offset = offsets[0];
	out.bp_offset = offsets[1];
	out.sp_base = decode_base(format, bits & 15);
	out.bp_base = decode_base(format, bits >> 4 & 15);
	if (format == ORC_6_1) {
		out.type = decode_old_type(bits, out.sp_base);
		out.exact = out.type != ORC_TYPE_CALL;
	} else {
		out.type = decode_type(bits);
		out.exact = bits >> 11 & 1;
	}
	return out;
}

bool guest_orc_find(const struct guest_orc *orc, uint64_t ip,
		    struct orc_entry *entry)
{
	uint32_t low = 0, high = orc->nr;

	/* of several at one address the last: others only fill gaps */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (orc->ips_at + 4 * (uint64_t)middle + (int64_t)orc->ips[middle] <= ip)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	*entry = guest_orc_decode(orc->format,
				  orc->entries + (size_t)ORC_ENTRY_SIZE * (low - 1));
	return true;
}

bool guest_orc_plausible(const struct guest_orc *orc)
{
	uint32_t step = orc->nr / 4096 + 1, seen = 0, fits = 0;

	for (uint32_t i = 0; i < orc->nr; i += step) {
		struct orc_entry entry;

		entry = guest_orc_decode(orc->format,
					 orc->entries + (size_t)ORC_ENTRY_SIZE * i);
		seen++;
		fits += entry.sp_base == ORC_BASE_SP;
	}
	return seen && fits >= seen / 2;
}

void guest_orc_free(struct guest_orc *orc)
{
	free(orc->ips);
	free(orc->entries);
	*orc = (struct guest_orc){ 0 };
}

/* Tables are read when they are needed. */

/* The tables of Debian's kernels have 3 to 6 MB. */
#define LOAD_BYTES	(64UL << 20)
#define LOAD_READS	20000

#define MAX_MODULE_ENTRIES	200000

static void load(struct guest_kernel *kernel, struct guest_orc *orc,
		 uint64_t ips_at, uint64_t entries_at, uint64_t nr)
{
	orc->ips = calloc(nr, sizeof(*orc->ips));
	orc->entries = calloc(nr, ORC_ENTRY_SIZE);
	orc->ips_at = ips_at;
	orc->nr = nr;
	if (!orc->ips || !orc->entries ||
	    !guest_kernel_read(kernel, ips_at, orc->ips, nr * sizeof(*orc->ips)) ||
	    !guest_kernel_read(kernel, entries_at, orc->entries,
			       nr * ORC_ENTRY_SIZE) ||
	    !guest_orc_plausible(orc)) {
		guest_orc_free(orc);
		orc->tried = true;
	}
}

static enum orc_format read_format(struct guest_kernel *kernel)
{
	uint64_t start = kernel->addresses[SYM_START_ORC_HEADER];
	uint64_t len = kernel->addresses[SYM_STOP_ORC_HEADER] - start;
	uint8_t hash[ORC_HASH_SIZE];

	if (!start)
		return guest_orc_format(NULL, kernel->banner);
	if (len != sizeof(hash) ||
	    !guest_kernel_read(kernel, start, hash, sizeof(hash)))
		return ORC_UNKNOWN;
	return guest_orc_format(hash, kernel->banner);
}

static void load_kernel(struct guest_kernel *kernel)
{
	const uint64_t *at = kernel->addresses;
	uint64_t ips = at[SYM_STOP_ORC_IP] - at[SYM_START_ORC_IP];
	uint64_t entries = at[SYM_STOP_ORC] - at[SYM_START_ORC];

	guest_memory_allow(kernel->memory, LOAD_BYTES, LOAD_READS);
	kernel->orc.tried = true;
	kernel->orc.format = read_format(kernel);
	if (kernel->orc.format == ORC_UNKNOWN || !at[SYM_START_ORC_IP] ||
	    !at[SYM_START_ORC] || !ips || ips % 4 || entries % ORC_ENTRY_SIZE ||
	    ips / 4 != entries / ORC_ENTRY_SIZE || ips / 4 > ORC_MAX_ENTRIES)
		return;
	load(kernel, &kernel->orc, at[SYM_START_ORC_IP], at[SYM_START_ORC],
	     ips / 4);
}

static void load_module(struct guest_kernel *kernel, struct guest_module *module)
{
	struct guest_memory *memory = kernel->memory;
	uint64_t bytes = memory->bytes_left, reads = memory->reads_left;
	uint64_t nr, ips, entries;

	/* it happens in the middle of a walk, which has limits of its own */
	guest_memory_allow(memory, LOAD_BYTES, LOAD_READS);
	module->orc.tried = true;
	module->orc.format = kernel->orc.format;
	if (!guest_kernel_field(kernel, module->address, MODULE_NUM_ORCS, &nr) ||
	    !guest_kernel_field(kernel, module->address, MODULE_ORC_IP, &ips) ||
	    !guest_kernel_field(kernel, module->address, MODULE_ORC, &entries) ||
	    !nr || nr > MAX_MODULE_ENTRIES)
		nr = 0;
	if (nr)
		load(kernel, &module->orc, ips, entries, nr);
	guest_memory_allow(memory, bytes, reads);
}

static bool is_in(const struct guest_kernel *kernel, uint64_t ip,
		  enum guest_address_id start, enum guest_address_id end)
{
	return ip >= kernel->addresses[start] && ip < kernel->addresses[end];
}

const struct guest_orc *unwind_tables(struct guest_kernel *kernel, uint64_t ip,
				      enum guest_stack_end *why)
{
	struct guest_module *module;

	if (!kernel->orc.tried)
		load_kernel(kernel);
	*why = END_NO_TABLES;
	if (!kernel->orc.nr)
		return NULL;
	*why = END_NO_ENTRY;
	if (is_in(kernel, ip, SYM_STEXT, SYM_ETEXT) ||
	    is_in(kernel, ip, SYM_SINITTEXT, SYM_EINITTEXT))
		return &kernel->orc;
	module = guest_kernel_module(kernel, ip);
	if (!module)
		return NULL;
	if (!module->orc.tried)
		load_module(kernel, module);
	return module->orc.nr ? &module->orc : NULL;
}
