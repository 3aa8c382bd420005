// SPDX-License-Identifier: GPL-2.0
/*
 * The call tree of 'profile', and its bounds.
 */
#include "unit.h"

#include "profile/tree.h"
#include "support.h"

static const struct tree_frame chain[] = {
	{ "web", FRAME_VM }, { "running", FRAME_STATE }, { "a", FRAME_KERNEL },
	{ "b", FRAME_KERNEL }, { "a", FRAME_KERNEL },
};

static void tree_adds_up(void **state)
{
	uint32_t path[TREE_MAX_DEPTH + 1], node;
	struct tree tree;

	(void)state;
	assert_true(tree_init(&tree, 0, 0));
	node = tree_find(&tree, chain, 5);
	assert_int_equal(tree_find(&tree, chain, 5), node);
	tree_add(&tree, node, 10);
	tree_add(&tree, node, 5);
	tree_add(&tree, tree_find(&tree, chain, 3), 7);
	tree_sum(&tree);
	assert_int_equal(tree.nodes[0].total, 22);
	assert_int_equal(tree.nodes[node].total, 15);
	assert_int_equal(tree.nodes[node].samples, 2);
	assert_int_equal(tree_path(&tree, node, path), 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(tree_name(&tree, &tree.nodes[path[i]]),
				    chain[i].name);
	/* of the same name, and another kind */
	assert_int_not_equal(tree_find(&tree, (struct tree_frame[]){
		{ "web", FRAME_VM }, { "running", FRAME_IDLE } }, 2), path[1]);
	tree_free(&tree);
}

static void tree_cuts_depth(void **state)
{
	static struct tree_frame deep[TREE_MAX_DEPTH + 50];
	uint32_t path[TREE_MAX_DEPTH + 1], node;
	struct tree tree;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deep); i++)
		deep[i] = (struct tree_frame){ "f", FRAME_KERNEL };
	assert_true(tree_init(&tree, 0, 0));
	node = tree_find(&tree, deep, ARRAY_SIZE(deep));
	assert_int_equal(tree_path(&tree, node, path), TREE_MAX_DEPTH);
	tree_free(&tree);
}

/* Ten million stacks, none like another: nothing is lost, and memory stays small. */
static void ten_million_stacks(void **state)
{
	const uint32_t nr = 10000000, max = 10000;
	uint64_t others = 0;
	char name[16];
	struct tree_frame frames[] = {
		{ "web", FRAME_VM }, { "running", FRAME_STATE },
		{ name, FRAME_KERNEL }, { "leaf", FRAME_KERNEL },
	};
	struct tree tree;

	(void)state;
	assert_true(tree_init(&tree, max, 0));
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t left = i;

		for (size_t j = 0; j < 8; j++, left >>= 4)
			name[j] = 'a' + (left & 15);
		name[8] = '\0';
		tree_add(&tree, tree_find(&tree, frames, 4), 3);
	}
	tree_sum(&tree);
	assert_int_equal(tree.nodes[0].total, 3ULL * nr);
	assert_true(tree.nr <= 2 * max + 1);
	assert_true(tree.names_used < 32 << 20);
	for (uint32_t i = 1; i < tree.nr; i++) {
		if (tree.nodes[i].kind == FRAME_OTHER) {
			assert_string_equal(tree_name(&tree, &tree.nodes[i]), "[other]");
			others += tree.nodes[i].samples;
		}
	}
	assert_int_equal(others, tree.folded);
	/* two frames are common, two are each stack's own */
	assert_int_equal(tree.folded, nr - (max - 2) / 2);
	tree_free(&tree);
}

static void names_are_bounded(void **state)
{
	struct tree_frame frame = { NULL, FRAME_KERNEL };
	struct tree tree;
	char name[64];

	(void)state;
	assert_true(tree_init(&tree, 0, 1000));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "function_%d", i);
		frame.name = name;
		tree_add(&tree, tree_find(&tree, &frame, 1), 1);
	}
	assert_true(tree.names_used <= 1000);
	assert_true(tree.folded > 900);
	tree_sum(&tree);
	assert_int_equal(tree.nodes[0].total, 1000);
	tree_free(&tree);
}

static void tree_without_memory(void **state)
{
	struct tree tree;
	uint32_t node;

	(void)state;
	alloc_fail_next(ALLOC_CALLOC);
	assert_false(tree_init(&tree, 0, 0));
	alloc_fail_next(ALLOC_REALLOCARRAY);
	assert_false(tree_init(&tree, 0, 0));
	assert_true(tree_init(&tree, 100000, 0));
	for (int i = 0; i < 5000; i++) {
		char name[16];
		struct tree_frame frame = { name, FRAME_KERNEL };

		snprintf(name, sizeof(name), "%d", i);
		/* when it has to grow, the caller gets the time */
		alloc_fail_next(ALLOC_REALLOCARRAY);
		node = tree_find(&tree, &frame, 1);
		tree_add(&tree, node, 1);
	}
	tree_sum(&tree);
	assert_int_equal(tree.nodes[0].total, 5000);
	tree_free(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_adds_up),
		cmocka_unit_test(tree_cuts_depth),
		cmocka_unit_test(ten_million_stacks),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(tree_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
