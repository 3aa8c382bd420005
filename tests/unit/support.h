/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What several unit tests need: a directory that stands for "/", captured
 * output, and golden files.
 */
#ifndef UNIT_SUPPORT_H
#define UNIT_SUPPORT_H

#include <stddef.h>

#include "compiler.h"

/* A new empty directory below $TMPDIR or /tmp. Free with tree_remove(). */
char *tree_make(void);
void tree_remove(char *root);

/* Write a file below root, with the directories above it. */
__printf(3, 4)
void tree_write(const char *root, const char *path, const char *fmt, ...);

/* The same for bytes of any kind. */
void tree_bytes(const char *root, const char *path, const void *data,
		size_t len);

/* A symbolic link below root. */
void tree_link(const char *root, const char *path, const char *target);

/* A process that is 100 s old if the machine is up for 130. */
void tree_process(const char *root, int pid, const char *comm,
		  const char *cmdline, size_t len);

/* Copy tests/unit/data/NAME to a file below root. */
void tree_copy(const char *root, const char *path, const char *name);

/* Delete a file or an empty directory below root. */
void tree_delete(const char *root, const char *path);

/* The contents of tests/unit/data/NAME, with a NUL after them; to be freed. */
char *data_read(const char *name, size_t *len);

/* What a call printed; free with captured_free(). */
struct captured {
	int ret;
	char *out;
	char *err;
};

struct captured capture(int (*fn)(void *arg), void *arg);
void captured_free(struct captured *cap);

/*
 * Have the next call of one of these return NULL; none of them fails otherwise.
 * Only calls from our own code are counted.
 */
enum alloc_function {
	ALLOC_CALLOC,
	ALLOC_REALLOCARRAY,
	ALLOC_TSEARCH,
	NR_ALLOC_FUNCTIONS,
};

void alloc_fail_next(enum alloc_function function);

/*
 * Fail unless the text is that of golden/NAME; with UPDATE_GOLDEN in the
 * environment write it there instead.
 */
void golden_check(const char *name, const char *text);

/* In the place of libsystemd's, where the Makefile says so. */
struct iovec;
int __wrap_sd_journal_sendv_with_location(const char *file, const char *line,
					  const char *func,
					  const struct iovec *iov, int n);

#endif /* UNIT_SUPPORT_H */
