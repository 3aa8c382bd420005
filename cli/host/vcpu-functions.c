// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "compiler.h"
#include "vcpu-functions.h"

bool vcpu_waits_for_lock(const char *function)
{
	static const char * const parts[] = {
		"spin_lock", "queued_read_lock", "queued_write_lock",
	};
	size_t i;

	for (i = 0; function && i < ARRAY_SIZE(parts); i++)
		if (strstr(function, parts[i]))
			return true;

	return false;
}

bool vcpu_waits_in(const char *function)
{
	return vcpu_waits_for_lock(function) ||
	       (function && (strstr(function, "smp_call_function") ||
			     strstr(function, "csd_lock")));
}

/* The second has its loop since Linux 6.18. */
bool vcpu_panics_in(const char *function)
{
	return !strcmp(function, "panic") || !strcmp(function, "vpanic");
}

bool vcpu_offline_in(const char *function)
{
	return strstr(function, "play_dead");
}

bool vcpu_interrupted_by(const char *function)
{
	/* the last ones enter and leave exceptions as well (arch/x86/entry/entry_64.S) */
	static const char * const starts[] = {
		"asm_sysvec_", "asm_exc_nmi", "irq_entries_start", "ret_from_intr",
		"error_entry", "error_return", "irq_return", "native_iret",
		"restore_regs_and_return_to_kernel",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(function, starts[i], strlen(starts[i])))
			return true;

	return strstr(function, "_interrupt");
}
