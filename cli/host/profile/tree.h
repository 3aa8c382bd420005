/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A call tree with time in it, of bounded size: when it is full, what does not fit
 * is added up in frames named "[other]", one below each frame that lacks something.
 */
#ifndef HOST_PROFILE_TREE_H
#define HOST_PROFILE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Frames of a stack, with those that say whose it is. What is deeper is cut off. */
#define TREE_MAX_DEPTH	300

/* The limits of a tree that was not given others */
#define TREE_MAX_NODES	(1U << 18)
#define TREE_MAX_NAMES	(32U << 20)

#define TREE_OTHER	"[other]"

/* What a frame is; the colours of pictures follow it. */
enum frame_kind {
	FRAME_VM,		/* a VM or a vCPU */
	FRAME_STATE,		/* of a vCPU that runs */
	FRAME_TASK,		/* a task of the guest */
	FRAME_KERNEL,		/* a function of the guest's kernel */
	FRAME_MODULE,		/* of one of its modules */
	FRAME_USER,		/* user mode */
	FRAME_IDLE,		/* halted: the state, and all frames there */
	FRAME_VMM,		/* the same: waiting for the VMM */
	FRAME_PREEMPTED,	/* the same: without a host CPU */
	FRAME_UNKNOWN,		/* nothing can be told */
	FRAME_OTHER,		/* what did not fit in */
	FRAME_NR_KINDS
};

/* One word for programs, and for people. */
const char *frame_kind_word(enum frame_kind kind);
const char *frame_kind_text(enum frame_kind kind);

/**
 * struct tree_frame - a frame of a stack
 * @name: what it is called, printable UTF-8
 * @kind: what it is
 */
struct tree_frame {
	const char *name;
	enum frame_kind kind;
};

/**
 * struct tree_node - a frame of the tree; the first one is the root
 * @parent: index of its caller
 * @child: of its first callee, 0: none
 * @sibling: of the next one of the same caller, 0: none
 * @next: of the next one in the same bucket
 * @name: where its name is
 * @kind: enum frame_kind
 * @depth: 0 for the root
 * @samples: how many ended here
 * @self: nanoseconds that ended here
 * @total: and those of all below; after tree_sum()
 * @base: of comparisons: @self of what it is compared to
 * @base_total: and @total
 */
struct tree_node {
	uint32_t parent;
	uint32_t child;
	uint32_t sibling;
	uint32_t next;
	uint32_t name;
	uint16_t kind;
	uint16_t depth;
	uint64_t samples;
	uint64_t self;
	uint64_t total;
	uint64_t base;
	uint64_t base_total;
};

/**
 * struct tree - a call tree
 * @nodes: frames; a parent comes before its children
 * @nr: how many
 * @folded: samples that ended in a frame "[other]"
 * @max_nodes: no more frames than this, without those named "[other]"
 * @max_names: no more bytes of names
 */
struct tree {
	struct tree_node *nodes;
	uint32_t nr;
	uint64_t folded;
	uint32_t max_nodes;
	uint32_t max_names;
	/* what follows is tree.c's */
	uint32_t room;
	uint32_t nr_regular;
	uint32_t *buckets;
	uint32_t nr_buckets;
	char *names;
	uint32_t names_used;
	uint32_t names_room;
	struct tree_name *name_list;
	uint32_t nr_names;
	uint32_t name_list_room;
	uint32_t *name_buckets;
	uint32_t nr_name_buckets;
};

/* False if there is no memory even for an empty one. */
bool tree_init(struct tree *tree, uint32_t max_nodes, uint32_t max_names);
void tree_free(struct tree *tree);

/*
 * The node of a stack, from the outermost frame inwards, which is added if it is
 * new. If it does not fit, that is the "[other]" of the innermost frame that does.
 */
uint32_t tree_find(struct tree *tree, const struct tree_frame *frames, size_t nr);

/* Time that was spent in a node. */
void tree_add(struct tree *tree, uint32_t node, uint64_t ns);

/* Fill in the totals of all nodes. */
void tree_sum(struct tree *tree);

const char *tree_name(const struct tree *tree, const struct tree_node *node);

/* The nodes from the outermost frame to this one, without the root. */
size_t tree_path(const struct tree *tree, uint32_t node,
		 uint32_t path[TREE_MAX_DEPTH + 1]);

#endif /* HOST_PROFILE_TREE_H */
