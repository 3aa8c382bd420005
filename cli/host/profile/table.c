// SPDX-License-Identifier: GPL-2.0
/*
 * A profile as text: each vCPU's time by state, then the frames with the most time of
 * their own.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "profile/output.h"

#define MAX_ROWS	40

/* Time of all frames of one name and kind */
struct row {
	const char *name;
	const char *vm;
	enum frame_kind kind;
	uint64_t self;
	uint64_t total;
};

static void put_remark(void *arg, const char *text)
{
	fprintf(arg, "  %s\n", text);
}

static void put_head(FILE *out, const struct profile *profile)
{
	uint64_t wall = profile->ended - profile->started;

	fprintf(out, "%" PRIu64 ".%03" PRIu64 " s at %u Hz: %" PRIu64
		" samples in %" PRIu64 " rounds\n",
		(uint64_t)(wall / NS_PER_SEC),
		(uint64_t)(wall % NS_PER_SEC / NS_PER_MS), profile->frequency,
		profile->samples, profile->rounds);
	profile_remarks(profile, put_remark, out);
}

static void put_vcpu(FILE *out, const struct profile_vm *vm,
		     const struct profile_vcpu *vcpu)
{
	uint64_t total = vcpu->last - vcpu->first;
	char name[TEXT_SIZE], padded[TEXT_SIZE];

	text_printable(name, sizeof(name), vm->frame);
	text_pad(padded, sizeof(padded), name, 20, false);
	fprintf(out, "%s %5d %8.3f", padded, vcpu->id,
		(double)total / NS_PER_SEC);
	for (int i = 0; i < PROFILE_NR_STATES; i++)
		fprintf(out, " %9.1f", profile_percent(vcpu->states[i], total));
	fprintf(out, " %9.1f\n", profile_percent(vcpu->user, total));
}

static void put_vcpus(FILE *out, const struct profile *profile)
{
	fprintf(out, "\n%-20s %5s %8s", "VM", "vCPU", "SECONDS");
	for (int i = 0; i < PROFILE_NR_STATES; i++)
		fprintf(out, " %9s", profile_state_word(i));
	fprintf(out, " %9s\n", "(user)");
	for (size_t i = 0; i < profile->nr; i++) {
		for (size_t j = 0; j < profile->vms[i].nr; j++)
			put_vcpu(out, &profile->vms[i], &profile->vms[i].vcpus[j]);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->vm, y->vm);

	if (!order)
		order = strcmp(x->name, y->name);
	return order ? order : (int)x->kind - (int)y->kind;
}

static int by_self(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return by_name(a, b);
}

/* Whether a caller has the same name and kind: it counts the time already. */
static bool recurs(const struct tree *tree, const struct tree_node *node)
{
	for (uint32_t at = node->parent; at; at = tree->nodes[at].parent) {
		if (tree->nodes[at].name == node->name &&
		    tree->nodes[at].kind == node->kind)
			return true;
	}
	return false;
}

static const char *vm_of(const struct tree *tree, uint32_t node)
{
	while (tree->nodes[node].depth > 1)
		node = tree->nodes[node].parent;
	return tree_name(tree, &tree->nodes[node]);
}

/* A row for each frame's name; the frames of VMs and states are no functions. */
static size_t make_rows(const struct tree *tree, struct row *rows)
{
	size_t nr = 0, kept = 0;

	for (uint32_t i = 1; i < tree->nr; i++) {
		const struct tree_node *node = &tree->nodes[i];

		if (node->depth < 2)
			continue;
		rows[nr++] = (struct row){
			.name = tree_name(tree, node), .vm = vm_of(tree, i),
			.kind = node->kind, .self = node->self,
			.total = recurs(tree, node) ? 0 : node->total,
		};
	}
	qsort(rows, nr, sizeof(*rows), by_name);
	for (size_t i = 0; i < nr; i++) {
		if (kept && !by_name(&rows[kept - 1], &rows[i])) {
			rows[kept - 1].self += rows[i].self;
			rows[kept - 1].total += rows[i].total;
		} else {
			rows[kept++] = rows[i];
		}
	}
	qsort(rows, kept, sizeof(*rows), by_self);
	return kept;
}

static void put_rows(FILE *out, const struct profile *profile,
		     const struct row *rows, size_t nr)
{
	uint64_t total = profile->tree.nodes[0].total;
	char name[TEXT_SIZE], padded[TEXT_SIZE];

	fprintf(out, "\n%7s %7s  %-18s %-12s %s\n", "SELF %", "TOTAL %", "KIND",
		"VM", "FRAME");
	for (size_t i = 0; i < nr && i < MAX_ROWS && rows[i].self; i++) {
		text_printable(name, sizeof(name), rows[i].vm);
		text_pad(padded, sizeof(padded), name, 12, false);
		text_printable(name, sizeof(name), rows[i].name);
		fprintf(out, "%7.2f %7.2f  %-18s %s %s\n",
			profile_percent(rows[i].self, total),
			profile_percent(rows[i].total, total),
			frame_kind_text(rows[i].kind), padded, name);
	}
}

bool profile_write_text(FILE *out, const void *arg)
{
	const struct profile *profile = arg;
	struct row *rows = calloc(profile->tree.nr, sizeof(*rows));

	if (!rows)
		return false;
	put_head(out, profile);
	put_vcpus(out, profile);
	put_rows(out, profile, rows, make_rows(&profile->tree, rows));
	free(rows);
	return true;
}
