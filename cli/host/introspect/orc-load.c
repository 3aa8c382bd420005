// SPDX-License-Identifier: GPL-2.0
/*
 * Read the unwind tables of a kernel and of its modules when they are needed.
 */
#include <stdlib.h>
#include <string.h>

#include "unwind.h"

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
