/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own symbol table (kernel/kallsyms.c), as it is in memory.
 *
 * Nothing says where it is. It is found by the token table, which has the
 * strings "0" to "9" in a row, and believed only if it decodes without a fault:
 * walking all names must yield the stored markers, and the symbol _text must be
 * where the image starts.
 *
 * Layouts, each table aligned to 8 or 4 bytes:
 *   6.1     offsets[N], relative_base, N, names, markers, (sequence numbers,)
 *           tokens, token index
 *   6.4     N, names, markers, tokens, token index, offsets[N], relative_base
 *   6.15    the same, and per-CPU symbols are no longer absolute
 *   7.x     the same without relative_base: offsets are relative to themselves
 */
#ifndef INTROSPECT_KALLSYMS_H
#define INTROSPECT_KALLSYMS_H

#include "paging.h"
#include "symtab.h"

/* No kernel has more symbols, nor tables of more bytes in front of the tokens. */
#define KALLSYMS_MAX_SYMBOLS	2000000
#define KALLSYMS_MAX_TABLES	(24U << 20)

/*
 * Find and decode the table. False if there is none that passes all tests, or
 * on OOM. The caller frees the symbols.
 */
bool guest_kallsyms_load(struct guest_paging *paging,
			 const struct guest_image *image,
			 struct guest_symtab *symbols);

#endif /* INTROSPECT_KALLSYMS_H */
