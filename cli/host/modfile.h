/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file of the module vcpu_info, as it is installed for a kernel.
 */
#ifndef HOST_MODFILE_H
#define HOST_MODFILE_H

#include <stdbool.h>
#include <stddef.h>

/* Its path, as depmod has found it; false if it has not. */
bool modfile_find(char *path, size_t size, const char *release);

enum modfile_signature {
	SIGNATURE_UNKNOWN,	/* it cannot be read or decompressed */
	SIGNATURE_NONE,
	SIGNATURE_THERE,
};

/* Whether it is signed. */
enum modfile_signature modfile_signature(const char *path);

#endif /* HOST_MODFILE_H */
