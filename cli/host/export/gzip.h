/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_EXPORT_GZIP_H
#define HOST_EXPORT_GZIP_H

#include <stdbool.h>
#include <stddef.h>

/* All of a file, from its beginning, as gzip has it; to be freed. NULL on failure. */
void *gzip_file(int fd, size_t *len);

#endif /* HOST_EXPORT_GZIP_H */
