/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file of the module vcpu_info, as it is installed for a kernel.
 */
#ifndef HOST_MODULE_FILE_H
#define HOST_MODULE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Its path, as depmod has found it; false if it has not. */
bool module_file_find(char *path, size_t size, const char *release);

enum module_file_signature {
	SIGNATURE_UNKNOWN, /* it cannot be read or decompressed */
	SIGNATURE_NONE,
	SIGNATURE_THERE,
};

/* Whether it is signed. */
enum module_file_signature module_file_signature(const char *path);

#endif /* HOST_MODULE_FILE_H */
