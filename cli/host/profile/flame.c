// SPDX-License-Identifier: GPL-2.0
/*
 * Flame graphs: a box for each frame, as wide as its share of the time, above that of
 * its caller.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "profile/output.h"
#include "profile/svg.h"

#define INNER		(SVG_WIDTH - 2 * SVG_PAD)
#define CHAR_WIDTH	7.25

/* A box that is narrower, in pixels, could not be seen. */
#define MIN_WIDTH	0.1

#define HEAD		36
#define FOOT		64

/* Shares that differ by so much, in percent, have the deepest red or blue. */
#define FULL_DIFFERENCE	10.0

/**
 * struct layout - where the boxes are
 * @flame: what is drawn
 * @order: nodes, callers before what they call, then by name
 * @start: of each node, where it starts; in nanoseconds from the left
 * @samples: of each node, how many are of it or of what it calls
 * @depth: of the deepest one that is drawn
 * @hidden: nodes that are too narrow
 */
struct layout {
	const struct svg_flame *flame;
	uint32_t *order;
	uint64_t *start;
	uint64_t *samples;
	unsigned int depth;
	uint32_t hidden;
};

static int compare_nodes(const void *a, const void *b, void *arg)
{
	const struct tree *tree = arg;
	const struct tree_node *x = &tree->nodes[*(const uint32_t *)a];
	const struct tree_node *y = &tree->nodes[*(const uint32_t *)b];

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->name != y->name)
		return strcmp(tree_name(tree, x), tree_name(tree, y));
	return (int)x->kind - (int)y->kind;
}

static double width_of(const struct tree *tree, uint64_t ns)
{
	uint64_t total = tree->nodes[0].total;

	return total ? (double)ns * INNER / (double)total : 0;
}

static void count_samples(struct layout *layout)
{
	const struct tree *tree = layout->flame->tree;

	for (uint32_t i = tree->nr - 1; i; i--) {
		layout->samples[i] += tree->nodes[i].samples;
		layout->samples[tree->nodes[i].parent] += layout->samples[i];
	}
}

/* A node's index is higher than that of its caller, which so has its place first. */
static bool make_layout(struct layout *layout)
{
	const struct tree *tree = layout->flame->tree;
	uint64_t *next = calloc(tree->nr, sizeof(*next));

	layout->order = calloc(tree->nr, sizeof(*layout->order));
	layout->start = calloc(tree->nr, sizeof(*layout->start));
	layout->samples = calloc(tree->nr, sizeof(*layout->samples));
	if (!next || !layout->order || !layout->start || !layout->samples) {
		free(next);
		return false;
	}
	count_samples(layout);
	for (uint32_t i = 0; i < tree->nr; i++)
		layout->order[i] = i;
	/* the root stays the first */
	qsort_r(layout->order + 1, tree->nr - 1, sizeof(*layout->order),
		compare_nodes, (void *)tree);
	for (uint32_t i = 1; i < tree->nr; i++) {
		uint32_t at = layout->order[i];
		const struct tree_node *node = &tree->nodes[at];

		layout->start[at] = next[node->parent];
		next[at] = layout->start[at];
		next[node->parent] += node->total;
		if (width_of(tree, node->total) < MIN_WIDTH)
			layout->hidden++;
		else if (node->depth > layout->depth)
			layout->depth = node->depth;
	}
	free(next);
	return true;
}

static double base_share(const struct tree *tree, const struct tree_node *node)
{
	return profile_percent(node->base_total, tree->nodes[0].base_total);
}

static void put_tip(FILE *out, const struct layout *layout,
		    uint32_t at)
{
	const struct tree *tree = layout->flame->tree;
	const struct tree_node *node = &tree->nodes[at];
	double share = profile_percent(node->total, tree->nodes[0].total);

	fputs("<title>", out);
	svg_text(out, tree_name(tree, node));
	if (layout->flame->compare)
		fprintf(out, " \xe2\x80\x93 %.2f %%, was %.2f %% (%+.2f)", share,
			base_share(tree, node),
			share - base_share(tree, node));
	else
		fprintf(out, " \xe2\x80\x93 %.2f %%, %.3f s, %" PRIu64 " samples (%s)",
			share, (double)node->total / 1e9, layout->samples[at],
			frame_kind_text(node->kind));
	fputs("</title>", out);
}

/* Grey for no difference, red for more, blue for less */
static void put_difference(FILE *out, double difference)
{
	double part = (difference < 0 ? -difference : difference) / FULL_DIFFERENCE;
	/* a small one has to be seen, too */
	int pale = 225 - (int)(175 * (part > 1 ? 1 : part));

	if (part < 0.001)
		fputs("#e8e8e8", out);
	else if (difference > 0)
		fprintf(out, "#ff%02x%02x", pale, pale);
	else
		fprintf(out, "#%02x%02xff", pale, pale);
}

static void put_fill(FILE *out, const struct layout *layout,
		     const struct tree_node *node)
{
	const struct tree *tree = layout->flame->tree;
	unsigned int hash = 0;

	if (layout->flame->compare) {
		put_difference(out, profile_percent(node->total,
						    tree->nodes[0].total) -
			       base_share(tree, node));
		return;
	}
	/* so that neighbours can be told apart */
	for (const char *at = tree_name(tree, node); *at; at++)
		hash = hash * 31 + (unsigned char)*at;
	svg_colour(out, node->kind, (int)(hash % 16) - 8);
}

/* As much of a name as fits; the whole is in the tooltip. */
static void put_label(FILE *out, const char *name, double width)
{
	size_t room = width > 6 ? (size_t)((width - 6) / CHAR_WIDTH) : 0;
	char text[TEXT_SIZE];

	if (room < 3)
		return;
	text_copy(text, sizeof(text), name);
	if (strlen(text) > room) {
		text_copy(text, room - 1 < sizeof(text) ? room - 1 : sizeof(text),
			  name);
		strcat(text, "..");
	}
	svg_text(out, text);
}

static void put_box(FILE *out, const struct layout *layout, uint32_t at)
{
	const struct tree *tree = layout->flame->tree;
	const struct tree_node *node = &tree->nodes[at];
	double x = SVG_PAD + width_of(tree, layout->start[at]);
	double width = width_of(tree, node->total);
	unsigned int y = HEAD + SVG_LINE * (layout->flame->nr_notes +
					    layout->depth - node->depth);

	if (width < MIN_WIDTH)
		return;
	fprintf(out, "<g class=\"f\" data-d=\"%u\" data-n=\"", node->depth);
	svg_text(out, tree_name(tree, node));
	fputs("\">", out);
	put_tip(out, layout, at);
	fprintf(out, "<rect x=\"%.3f\" y=\"%u\" width=\"%.3f\" height=\"%d\" rx=\"2\" fill=\"",
		x, y, width, SVG_LINE - 1);
	put_fill(out, layout, node);
	fprintf(out, "\"/><text x=\"%.3f\" y=\"%u\">", x + 3, y + 13);
	put_label(out, tree_name(tree, node), width);
	fputs("</text></g>\n", out);
}

static void put_foot(FILE *out, const struct layout *layout, unsigned int y)
{
	static const enum frame_kind kinds[] = {
		FRAME_TASK, FRAME_KERNEL, FRAME_MODULE, FRAME_USER, FRAME_IDLE,
		FRAME_VMM, FRAME_PREEMPTED, FRAME_UNKNOWN, FRAME_NR_KINDS
	};

	if (layout->flame->compare)
		fprintf(out, "<text x=\"%d\" y=\"%u\">red: a larger share than before; blue: a smaller one</text>\n",
			SVG_PAD, y);
	else
		svg_legend(out, y, kinds);
	fprintf(out, "<text class=\"n\" id=\"info\" x=\"%d\" y=\"%u\">", SVG_PAD,
		y + 20);
	if (layout->hidden)
		fprintf(out, "%" PRIu32 " frames are too narrow to be drawn",
			layout->hidden);
	fputs("</text>\n", out);
}

/* They do nothing without the script, which makes them visible. */
static void put_buttons(FILE *out)
{
	fprintf(out,
		"<text class=\"b\" id=\"reset\" x=\"%d\" y=\"22\" visibility=\"hidden\">reset zoom</text>\n"
		"<text class=\"b\" id=\"search\" x=\"%d\" y=\"22\" visibility=\"hidden\">search</text>\n",
		SVG_WIDTH - 190, SVG_WIDTH - 70);
}

static void put_notes(FILE *out, const struct svg_flame *flame)
{
	for (size_t i = 0; i < flame->nr_notes; i++) {
		fprintf(out, "<text class=\"n\" x=\"%d\" y=\"%zu\">", SVG_PAD,
			HEAD + 6 + SVG_LINE * i);
		svg_text(out, flame->notes[i]);
		fputs("</text>\n", out);
	}
}

bool svg_write_flame(FILE *out, const struct svg_flame *flame)
{
	struct layout layout = { .flame = flame };
	bool done = make_layout(&layout);
	unsigned int foot;

	if (done) {
		foot = HEAD + SVG_LINE * (flame->nr_notes + layout.depth);
		svg_begin(out, foot + FOOT, flame->title);
		put_notes(out, flame);
		put_buttons(out);
		for (uint32_t i = 1; i < flame->tree->nr; i++)
			put_box(out, &layout, layout.order[i]);
		put_foot(out, &layout, foot + 24);
		fprintf(out, "<script><![CDATA[\n%s]]></script>\n</svg>\n",
			svg_script);
	}
	free(layout.order);
	free(layout.start);
	free(layout.samples);
	return done;
}

struct notes {
	char *lines[16];
	size_t nr;
};

static void keep_note(void *arg, const char *text)
{
	struct notes *notes = arg;

	if (notes->nr < ARRAY_SIZE(notes->lines)) {
		notes->lines[notes->nr] = strdup(text);
		if (notes->lines[notes->nr])
			notes->nr++;
	}
}

static void make_title(char *title, size_t size, const struct profile *profile)
{
	size_t vcpus = 0;

	for (size_t i = 0; i < profile->nr; i++)
		vcpus += profile->vms[i].nr;
	snprintf(title, size, "%s%s: %zu vCPU%s, %.1f s at %u Hz",
		 profile->nr ? profile->vms[0].frame : "",
		 profile->nr > 1 ? " and others" : "", vcpus,
		 vcpus == 1 ? "" : "s",
		 (double)(profile->ended - profile->started) / 1e9,
		 profile->frequency);
}

bool profile_write_svg(FILE *out, const void *arg)
{
	const struct profile *profile = arg;
	struct notes notes = { .nr = 0 };
	char title[2 * TEXT_SIZE];
	struct svg_flame flame = {
		.tree = &profile->tree, .title = title, .notes = notes.lines,
	};
	bool done;

	make_title(title, sizeof(title), profile);
	profile_remarks(profile, keep_note, &notes);
	flame.nr_notes = notes.nr;
	done = svg_write_flame(out, &flame);
	for (size_t i = 0; i < notes.nr; i++)
		free(notes.lines[i]);
	return done;
}
