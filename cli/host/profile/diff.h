/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two profiles as folded stacks, and what differs.
 */
#ifndef HOST_PROFILE_DIFF_H
#define HOST_PROFILE_DIFF_H

#include <stdio.h>

#include "profile/tree.h"

/* No line of folded stacks may be longer. */
#define DIFF_MAX_LINE	(1U << 20)

/*
 * Add folded stacks to a tree: to the base of nodes, or to their time. Numbers are taken
 * for microseconds. False with err set, without the file's name, if it is no such file.
 */
bool diff_read(struct tree *tree, FILE *in, bool base, char *err,
	       size_t err_size);

/*
 * Read two files, and write how the second one differs to the file output, or to
 * standard output if that is NULL. Prints what is wrong; the exit code.
 */
int diff_files(const char *before, const char *after, const char *output);

#endif /* HOST_PROFILE_DIFF_H */
