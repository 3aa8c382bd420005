// SPDX-License-Identifier: GPL-2.0
/*
 * Folded stacks of another program, and the picture that is made of them.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "profile/diff.h"
#include "profile/svg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *in = fmemopen((void *)data, size, "r");
	FILE *out = fopen("/dev/null", "w");
	struct svg_flame flame = { .title = "fuzz", .compare = size & 1 };
	struct tree tree;
	char err[100];

	if (!in || !out || !tree_init(&tree, 64, 4096))
		abort();
	if (!diff_read(&tree, in, true, err, sizeof(err)) && !err[0])
		abort();
	rewind(in);
	if (diff_read(&tree, in, false, err, sizeof(err))) {
		tree_sum(&tree);
		if (!tree.nodes[0].total ||
		    tree.nodes[0].total != tree.nodes[0].base_total)
			abort();
		flame.tree = &tree;
		if (!svg_write_flame(out, &flame))
			abort();
	}
	tree_free(&tree);
	fclose(out);
	fclose(in);
	return 0;
}
