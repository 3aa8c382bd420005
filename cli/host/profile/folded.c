// SPDX-License-Identifier: GPL-2.0
/*
 * Folded stacks: a line a stack, frames from the outermost inwards with semicolons
 * between them, and the microseconds that were spent there.
 */
#include <inttypes.h>

#include "profile/output.h"

/* What separates frames must not be in one. */
static void put_name(FILE *out, const char *name)
{
	for (; *name; name++)
		putc(*name == ';' ? ':' : *name, out);
}

static void put_stack(FILE *out, const struct tree *tree, uint32_t node)
{
	uint32_t path[TREE_MAX_DEPTH + 1];
	size_t nr = tree_path(tree, node, path);

	for (size_t i = 0; i < nr; i++) {
		if (i)
			putc(';', out);
		put_name(out, tree_name(tree, &tree->nodes[path[i]]));
	}
}

bool profile_write_folded(FILE *out, const void *arg)
{
	const struct profile *profile = arg;
	const struct tree *tree = &profile->tree;

	for (uint32_t i = 1; i < tree->nr; i++) {
		uint64_t us = (tree->nodes[i].self + 500) / 1000;

		if (!us)
			continue;
		put_stack(out, tree, i);
		fprintf(out, " %" PRIu64 "\n", us);
	}
	return true;
}
