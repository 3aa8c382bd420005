/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What comes from a pipe, in a file: who reads it goes back and forth.
 */
#ifndef HOST_SPOOL_H
#define HOST_SPOOL_H

#include <stdint.h>

/* Where that file is: $TMPDIR or else /var/tmp. */
const char *spool_directory(void);

/*
 * Copy a pipe to its end, max bytes at the most, to a file that has no name: it is
 * gone with this process, however that ends. Returns a descriptor at its beginning,
 * or -1 and errno, which is EFBIG if there was more.
 */
int spool_copy(int in, uint64_t max);

#endif /* HOST_SPOOL_H */
