/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small files of procfs and sysfs.
 */
#ifndef HOST_HOST_FILE_H
#define HOST_HOST_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

/* A directory that stands for "/" from now on, for tests; "" for none. */
void host_file_set_root(const char *root);

/* A path as it is below that directory. False if it is too long. */
__printf(3, 4)
bool host_file_path(char *path, size_t size, const char *fmt, ...);

/* The file's first line without its newline; false if it cannot be read. */
__printf(3, 4)
bool host_file_line(char *line, size_t size, const char *fmt, ...);

/*
 * All of the file, up to size, without the newline at its end; false if it
 * cannot be read. A process may have newlines in its name.
 */
__printf(3, 4)
bool host_file_text(char *text, size_t size, const char *fmt, ...);

/* The file's first bytes; returns how many, 0 if it cannot be read. */
__printf(3, 4) size_t
	host_file_bytes(char *buf, size_t size, const char *fmt, ...);

/* Whether anything has that path. */
__printf(1, 2)
bool host_file_exists(const char *fmt, ...);

/* The directory, for closedir(); NULL and errno if it cannot be read. */
DIR *host_file_dir(const char *fmt, ...) __printf(1, 2);

/* Whether a line of the file contains the text. */
bool host_file_contains(const char *path, const char *text);

/* Write the file in one piece: 0 or a negative errno number. */
int host_file_write(const char *path, const char *text);

#endif /* HOST_HOST_FILE_H */
