// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "exit-codes.h"
#include "msg.h"
#include "num.h"
#include "profile/diff.h"
#include "profile/output.h"
#include "profile/svg.h"

/* What numbers may add up to without being too much for nanoseconds */
#define MAX_US	(INT64_MAX / 1000)

#define HINT_FOLDED "'vcpu-info profile -o FILE.folded' makes such files."

static bool bad(char *err, size_t err_size, unsigned long line, const char *what)
{
	snprintf(err, err_size, "line %lu %s", line, what);
	return false;
}

/* "a;b;c": names are cut at semicolons, and made fit to be printed. */
static size_t split(char *text, struct tree_frame *frames)
{
	char *save = NULL;
	size_t nr = 0;

	for (char *name = strtok_r(text, ";", &save);
	     name && nr < TREE_MAX_DEPTH; name = strtok_r(NULL, ";", &save)) {
		text_utf8(name, strlen(name) + 1, name);
		frames[nr++] = (struct tree_frame){ name, FRAME_KERNEL };
	}
	return nr;
}

static void add_stack(struct tree *tree, const struct tree_frame *frames,
		      size_t nr, bool base, uint64_t ns)
{
	uint32_t node = tree_find(tree, frames, nr);

	if (base)
		tree->nodes[node].base += ns;
	else
		tree_add(tree, node, ns);
}

/* One line, without its end; adds its number to *total. */
static bool take_line(struct tree *tree, char *line, bool base,
		      long long *total)
{
	static struct tree_frame frames[TREE_MAX_DEPTH];
	char *space = strrchr(line, ' ');
	long long us;
	size_t nr;

	if (!space || !num_parse_int(space + 1, 0, MAX_US - *total, &us))
		return false;
	*space = '\0';
	nr = split(line, frames);
	if (!nr)
		return false;
	add_stack(tree, frames, nr, base, us * 1000);
	*total += us;
	return true;
}

static bool take_lines(struct tree *tree, FILE *in, bool base, char *line,
		       char *err, size_t err_size)
{
	unsigned long number = 0;
	long long total = 0;

	while (fgets(line, DIFF_MAX_LINE, in)) {
		size_t len = strlen(line);

		number++;
		if (len && line[len - 1] == '\n')
			line[len - 1] = '\0';
		else if (!feof(in))
			return bad(err, err_size, number,
				   "is too long, or has a NUL");
		if (!take_line(tree, line, base, &total))
			return bad(err, err_size, number,
				   "has not the form 'FRAME;FRAME;... NUMBER'");
	}
	if (ferror(in)) {
		snprintf(err, err_size, "%s", strerror(errno));
		return false;
	}
	if (!total)
		snprintf(err, err_size, "it has no time in it");
	return total;
}

bool diff_read(struct tree *tree, FILE *in, bool base, char *err,
	       size_t err_size)
{
	char *line = malloc(DIFF_MAX_LINE);
	bool ok;

	if (!line) {
		snprintf(err, err_size, "out of memory");
		return false;
	}
	ok = take_lines(tree, in, base, line, err, err_size);
	free(line);
	return ok;
}

static bool read_file(struct tree *tree, const char *path, bool base)
{
	FILE *in = fopen(path, "re");
	char err[200];
	bool ok;

	if (!in) {
		msg_error("cannot open %s: %s", path, strerror(errno));
		msg_hint(HINT_FOLDED);
		return false;
	}
	ok = diff_read(tree, in, base, err, sizeof(err));
	if (!ok) {
		msg_error("%s: %s", path, err);
		msg_hint(HINT_FOLDED);
	}
	fclose(in);
	return ok;
}

static bool write_flame(FILE *out, const void *flame)
{
	return svg_write_flame(out, flame);
}

/* What is no longer there has no width in the picture. */
static uint64_t vanished(const struct tree *tree)
{
	uint64_t ns = 0;

	for (uint32_t i = 1; i < tree->nr; i++) {
		if (!tree->nodes[i].total)
			ns += tree->nodes[i].base;
	}
	return ns;
}

static int write_diff(struct tree *tree, const char *before, const char *after,
		      const char *output)
{
	char title[2 * TEXT_SIZE], name[TEXT_SIZE], note[160];
	char *const notes[] = { note };
	const struct svg_flame flame = {
		.tree = tree, .title = title, .notes = notes, .nr_notes = 1,
		.compare = true,
	};
	bool done;

	tree_sum(tree);
	text_utf8(name, sizeof(name), basename(after));
	snprintf(title, sizeof(title), "%s", name);
	text_utf8(name, sizeof(name), basename(before));
	snprintf(title + strlen(title), sizeof(title) - strlen(title),
		 " compared to %s", name);
	snprintf(note, sizeof(note),
		 "before: %.3f s; after: %.3f s; %.2f %% of before was in stacks that are gone",
		 (double)tree->nodes[0].base_total / NS_PER_SEC,
		 (double)tree->nodes[0].total / NS_PER_SEC,
		 profile_percent(vanished(tree), tree->nodes[0].base_total));
	done = output ? output_file(output, write_flame, &flame) :
			svg_write_flame(stdout, &flame);
	if (done)
		return EXIT_OK;
	msg_error("cannot write %s: %s", output ? output : "the picture",
		  strerror(errno));
	return EXIT_FAILED;
}

int diff_files(const char *before, const char *after, const char *output)
{
	int exit_code = EXIT_FAILED;
	struct tree tree;

	if (!tree_init(&tree, 0, 0)) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	if (read_file(&tree, before, true) && read_file(&tree, after, false))
		exit_code = write_diff(&tree, before, after, output);
	tree_free(&tree);
	return exit_code;
}
