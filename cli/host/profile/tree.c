// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "profile/tree.h"

#define FIRST_ROOM	1024

/* A name that is stored once, by where it is in tree->names */
struct tree_name {
	uint32_t offset;
	uint32_t next;
};

static const struct {
	const char *word;
	const char *text;
} kinds[FRAME_NR_KINDS] = {
	[FRAME_VM] = { "vm", "VM" },
	[FRAME_STATE] = { "state", "running" },
	[FRAME_TASK] = { "task", "task" },
	[FRAME_KERNEL] = { "kernel", "kernel" },
	[FRAME_MODULE] = { "module", "module" },
	[FRAME_USER] = { "user", "user process" },
	[FRAME_IDLE] = { "idle", "idle" },
	[FRAME_VMM] = { "vmm", "waiting in the VMM" },
	[FRAME_PREEMPTED] = { "preempted", "preempted" },
	[FRAME_UNKNOWN] = { "unknown", "unknown" },
	[FRAME_OTHER] = { "other", "other" },
};

const char *frame_kind_word(enum frame_kind kind)
{
	return kinds[kind].word;
}

const char *frame_kind_text(enum frame_kind kind)
{
	return kinds[kind].text;
}

static uint32_t hash_mix(uint64_t value)
{
	return (value * 0x9e3779b97f4a7c15ULL) >> 32;
}

static uint32_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3ULL;
	return hash_mix(hash);
}

static uint32_t node_bucket(const struct tree *tree, uint32_t parent,
			    uint32_t name, unsigned int kind)
{
	return hash_mix(((uint64_t)parent << 32 | name) ^
			(uint64_t)kind << 58) & (tree->nr_buckets - 1);
}

/* A power of two, so that lists in buckets stay short */
static uint32_t buckets_for(uint32_t max)
{
	uint32_t nr = 64;

	while (nr < max && nr < 1U << 20)
		nr *= 2;
	return nr;
}

static bool grow(void **array, uint32_t *room, uint32_t needed, size_t size)
{
	uint32_t bigger = *room ? *room : FIRST_ROOM;
	void *moved;

	if (needed <= *room)
		return true;
	while (bigger < needed)
		bigger *= 2;
	moved = reallocarray(*array, bigger, size);
	if (!moved)
		return false;
	*array = moved;
	*room = bigger;
	return true;
}

#define NO_NAME	UINT32_MAX

/* Where a name is in names; NO_NAME if it is not there */
static uint32_t find_name(const struct tree *tree, const char *text,
			  uint32_t bucket)
{
	for (uint32_t i = tree->name_buckets[bucket]; i;
	     i = tree->name_list[i].next) {
		if (!strcmp(tree->names + tree->name_list[i].offset, text))
			return tree->name_list[i].offset;
	}
	return NO_NAME;
}

/* The same; it is added, unless there is no more room. */
static uint32_t add_name(struct tree *tree, const char *text)
{
	uint32_t bucket = hash_text(text) & (tree->nr_name_buckets - 1);
	uint32_t at = find_name(tree, text, bucket);
	size_t len = strlen(text) + 1;

	if (at != NO_NAME)
		return at;
	if (tree->nr_regular >= tree->max_nodes ||
	    len > tree->max_names - tree->names_used ||
	    !grow((void **)&tree->names, &tree->names_room,
		  tree->names_used + len, 1) ||
	    !grow((void **)&tree->name_list, &tree->name_list_room,
		  tree->nr_names + 1, sizeof(*tree->name_list)))
		return NO_NAME;
	at = tree->names_used;
	memcpy(tree->names + at, text, len);
	tree->names_used += len;
	tree->name_list[tree->nr_names] = (struct tree_name){
		.offset = at, .next = tree->name_buckets[bucket],
	};
	tree->name_buckets[bucket] = tree->nr_names++;
	return at;
}

static uint32_t add_node(struct tree *tree, uint32_t parent, uint32_t name,
			 enum frame_kind kind)
{
	uint32_t bucket = node_bucket(tree, parent, name, kind);
	uint32_t at = tree->nr;
	struct tree_node *node;

	if (!grow((void **)&tree->nodes, &tree->room, at + 1,
		  sizeof(*tree->nodes)))
		return 0;
	node = &tree->nodes[at];
	*node = (struct tree_node){
		.parent = parent, .name = name, .kind = kind,
		.depth = tree->nodes[parent].depth + 1,
		.sibling = tree->nodes[parent].child,
		.next = tree->buckets[bucket],
	};
	tree->nodes[parent].child = at;
	tree->buckets[bucket] = at;
	tree->nr++;
	return at;
}

static uint32_t lookup(const struct tree *tree, uint32_t parent, uint32_t name,
		       enum frame_kind kind)
{
	uint32_t at = tree->buckets[node_bucket(tree, parent, name, kind)];

	while (at && (tree->nodes[at].parent != parent ||
		      tree->nodes[at].name != name ||
		      tree->nodes[at].kind != kind))
		at = tree->nodes[at].next;
	return at;
}

static uint32_t get_child(struct tree *tree, uint32_t parent,
			  const struct tree_frame *frame)
{
	uint32_t name = add_name(tree, frame->name), at;

	if (name == NO_NAME)
		return 0;
	at = lookup(tree, parent, name, frame->kind);
	if (at || tree->nr_regular >= tree->max_nodes)
		return at;
	at = add_node(tree, parent, name, frame->kind);
	tree->nr_regular += at != 0;
	return at;
}

/* There is at most one for each other node, so that they are bounded, too. */
static uint32_t get_other(struct tree *tree, uint32_t parent)
{
	/* its name is the first after the root's */
	const uint32_t name = 1;
	uint32_t at = lookup(tree, parent, name, FRAME_OTHER);

	return at ? at : add_node(tree, parent, name, FRAME_OTHER);
}

uint32_t tree_find(struct tree *tree, const struct tree_frame *frames, size_t nr)
{
	uint32_t at = 0;

	if (nr > TREE_MAX_DEPTH)
		nr = TREE_MAX_DEPTH;
	for (size_t i = 0; i < nr; i++) {
		uint32_t child = get_child(tree, at, &frames[i]);

		if (!child) {
			child = get_other(tree, at);
			/* out of memory: then the caller has it all */
			return child ? child : at;
		}
		at = child;
	}
	return at;
}

void tree_add(struct tree *tree, uint32_t node, uint64_t ns)
{
	tree->nodes[node].self += ns;
	tree->nodes[node].samples++;
	tree->folded += tree->nodes[node].kind == FRAME_OTHER;
}

/* Callers come before what they call. */
void tree_sum(struct tree *tree)
{
	for (uint32_t i = 0; i < tree->nr; i++) {
		tree->nodes[i].total = tree->nodes[i].self;
		tree->nodes[i].base_total = tree->nodes[i].base;
	}
	for (uint32_t i = tree->nr - 1; i; i--) {
		struct tree_node *node = &tree->nodes[i];
		struct tree_node *parent = &tree->nodes[node->parent];

		parent->total += node->total;
		parent->base_total += node->base_total;
	}
}

const char *tree_name(const struct tree *tree, const struct tree_node *node)
{
	return tree->names + node->name;
}

size_t tree_path(const struct tree *tree, uint32_t node,
		 uint32_t path[TREE_MAX_DEPTH + 1])
{
	size_t nr = tree->nodes[node].depth;

	for (size_t i = nr; i; i--) {
		path[i - 1] = node;
		node = tree->nodes[node].parent;
	}
	return nr;
}

bool tree_init(struct tree *tree, uint32_t max_nodes, uint32_t max_names)
{
	*tree = (struct tree){
		.max_nodes = max_nodes ? max_nodes : TREE_MAX_NODES,
		.max_names = max_names ? max_names : TREE_MAX_NAMES,
	};
	tree->nr_buckets = buckets_for(tree->max_nodes);
	tree->nr_name_buckets = buckets_for(tree->max_nodes);
	tree->buckets = calloc(tree->nr_buckets, sizeof(*tree->buckets));
	tree->name_buckets = calloc(tree->nr_name_buckets,
				    sizeof(*tree->name_buckets));
	/* name 0 ends the lists in buckets; the root's is empty */
	tree->nr_names = 1;
	if (tree->buckets && tree->name_buckets &&
	    grow((void **)&tree->nodes, &tree->room, 1, sizeof(*tree->nodes)) &&
	    grow((void **)&tree->name_list, &tree->name_list_room, 1,
		 sizeof(*tree->name_list)) &&
	    add_name(tree, "") == 0 && add_name(tree, TREE_OTHER) == 1) {
		tree->nodes[0] = (struct tree_node){ 0 };
		tree->nr = 1;
		return true;
	}
	tree_free(tree);
	return false;
}

void tree_free(struct tree *tree)
{
	free(tree->nodes);
	free(tree->buckets);
	free(tree->names);
	free(tree->name_list);
	free(tree->name_buckets);
	*tree = (struct tree){ 0 };
}
