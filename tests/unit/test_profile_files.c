// SPDX-License-Identifier: GPL-2.0
/*
 * 'profile': comparisons of folded stacks, timelines, and what pictures do with names.
 */
#include <json.h>

#include "unit.h"

#include "cmd/commands.h"
#include "profile/diff.h"
#include "profile/output.h"
#include "profile/svg.h"
#include "profile/timeline.h"
#include "support.h"

static enum opt_outcome parse(struct profile_params *params, struct opt_parser *op,
			      int argc, const char *const *args)
{
	static char *argv[8];

	argv[0] = (char *)"profile";
	for (int i = 0; i < argc; i++)
		argv[i + 1] = (char *)args[i];
	argv[argc + 1] = NULL;
	return profile_parse(op, argc + 1, argv, params);
}

static void options(void **state)
{
	static const struct {
		const char *args[5];
		int argc;
		const char *err;
	} bad[] = {
		{ { "--diff", "a" }, 2, "--diff takes two files: BEFORE AFTER" },
		{ { "--diff", "a", "b", "c" }, 4, "--diff takes two files: BEFORE AFTER" },
		{ { "--diff", "a", "b", "--vm=web" }, 4, "--diff takes files, no VMs" },
		{ { "--diff", "a", "b", "--timeline=x.svg" }, 4, "--diff takes files, no" },
		{ { "--diff", "a", "b", "-ox.txt" }, 4, "--diff makes a picture" },
		{ { "--timeline=x" }, 1, "--timeline: 'x' has no suffix .svg or .json" },
		{ { "--timeline=.svg" }, 1, "--timeline: '.svg' has no suffix" },
	};
	struct profile_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(&params, &op, 4, (const char *[]){
		"--diff", "a", "b", "-ox.svg" }), OPT_RUN);
	assert_string_equal(params.before, "a");
	assert_string_equal(params.after, "b");
	assert_int_equal(params.format, PROFILE_FORMAT_SVG);
	assert_int_equal(parse(&params, &op, 3, (const char *[]){
		"--diff", "a", "b" }), OPT_RUN);
	assert_int_equal(params.format, PROFILE_FORMAT_SVG);
	assert_int_equal(parse(&params, &op, 1, (const char *[]){
		"--timeline=x.json" }), OPT_RUN);
	assert_int_equal(params.format, PROFILE_FORMAT_NONE);
	assert_int_equal(parse(&params, &op, 2, (const char *[]){
		"--timeline=x.svg", "-op.folded" }), OPT_RUN);
	assert_int_equal(params.format, PROFILE_FORMAT_FOLDED);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(&params, &op, bad[i].argc, bad[i].args), OPT_BAD);
		assert_memory_equal(op.err, bad[i].err, strlen(bad[i].err));
		select_free(&params.select);
	}
}

static bool read_text(struct tree *tree, const char *text, size_t len, bool base,
		      char *err)
{
	FILE *in = fmemopen((void *)text, len, "r");
	bool ok = diff_read(tree, in, base, err, 100);

	fclose(in);
	return ok;
}

static void folded_is_read(void **state)
{
	static const char before[] = "web;a b;c 500\nweb;a b 250\nweb;d 250\n";
	static const char after[] = "web;a b;c 100\nweb;a b;\033[1m 300\nweb;a b;c 0\n";
	struct tree tree;
	char err[100];
	uint32_t node;

	(void)state;
	assert_true(tree_init(&tree, 0, 0));
	assert_true(read_text(&tree, before, sizeof(before) - 1, true, err));
	assert_true(read_text(&tree, after, sizeof(after) - 1, false, err));
	tree_sum(&tree);
	assert_int_equal(tree.nodes[0].base_total, 1000000);
	assert_int_equal(tree.nodes[0].total, 400000);
	node = tree_find(&tree, (struct tree_frame[]){
		{ "web", FRAME_KERNEL }, { "a b", FRAME_KERNEL },
		{ "?[1m", FRAME_KERNEL } }, 3);
	assert_int_equal(tree.nodes[node].total, 300000);
	assert_int_equal(tree.nodes[node].base_total, 0);
	tree_free(&tree);
}

static void bad_folded(void **state)
{
	static const struct {
		const char *text;
		const char *err;
	} bad[] = {
		{ "a;b 0\n", "it has no time in it" },
		{ "a;b\n", "line 1 has not the form" },
		{ "a 1\n\n", "line 2 has not the form" },
		{ "a;b -1\n", "line 1 has not the form" },
		{ "a;b 9223372036854775\na 1\n", "line 2 has not the form" },
		{ ";; 1\n", "line 1 has not the form" },
		{ "a;b 1x\n", "line 1 has not the form" },
	};
	static char long_line[DIFF_MAX_LINE + 10];
	struct tree tree;
	char err[100];

	(void)state;
	assert_true(tree_init(&tree, 0, 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(read_text(&tree, bad[i].text, strlen(bad[i].text),
				       false, err));
		assert_memory_equal(err, bad[i].err, strlen(bad[i].err));
	}
	memset(long_line, 'a', sizeof(long_line) - 1);
	assert_false(read_text(&tree, long_line, sizeof(long_line) - 1, false, err));
	assert_string_equal(err, "line 1 is too long, or has a NUL");
	assert_false(read_text(&tree, "a\0b 1\n", 6, false, err));
	tree_free(&tree);
}

static int compare(void *arg)
{
	const char *root = arg;
	char before[200], after[200];

	snprintf(before, sizeof(before), "%s/before", root);
	snprintf(after, sizeof(after), "%s/after", root);
	return diff_files(before, after, NULL);
}

static void diff_says_what_is_wrong(void **state)
{
	char *root = tree_make();
	struct captured cap;

	(void)state;
	cap = capture(compare, root);
	assert_int_equal(cap.ret, 1);
	assert_non_null(strstr(cap.err, "cannot open "));
	assert_non_null(strstr(cap.err, "-o FILE.folded"));
	captured_free(&cap);
	tree_write(root, "/before", "web;a 700\nweb;b 300\n");
	tree_write(root, "/after", "not folded\n");
	cap = capture(compare, root);
	assert_int_equal(cap.ret, 1);
	assert_non_null(strstr(cap.err, "line 1 has not the form"));
	assert_string_equal(cap.out, "");
	captured_free(&cap);
	tree_write(root, "/after", "web;a 500\nweb;<&> 500\n");
	cap = capture(compare, root);
	assert_int_equal(cap.ret, 0);
	/* less is blue, more is red */
	assert_non_null(strstr(cap.out, "50.00 %, was 70.00 % (-20.00)</title>"));
	assert_non_null(strstr(cap.out, "fill=\"#3232ff\""));
	assert_non_null(strstr(cap.out, "&lt;&amp;&gt; \xe2\x80\x93 50.00 %, was 0.00 % (+50.00)"));
	assert_non_null(strstr(cap.out, "fill=\"#ff3232\""));
	assert_non_null(strstr(cap.out, "30.00 % of before was in stacks that are gone"));
	captured_free(&cap);
	tree_remove(root);
}

static int print_text(void *arg)
{
	svg_text(stdout, arg);
	return 0;
}

static void names_in_pictures(void **state)
{
	struct captured cap = capture(print_text, (void *)
		"<a href='x'>&\"\x01\x7f\t\xef\xbf\xbf]]>\xc3\xa9");

	(void)state;
	assert_string_equal(cap.out,
			    "&lt;a href=&#39;x&#39;&gt;&amp;&quot;????]]&gt;\xc3\xa9");
	captured_free(&cap);
}

struct said {
	uint64_t ts;
	int fd;
	int caller;
	int vcpu;
	uint64_t why;
	uint64_t cookie;
};

static void add_mark(struct timeline *timeline, const struct said *said)
{
	struct event ev;

	event_clear(&ev);
	ev.ts = said->ts;
	ev.ts_is_ns = true;
	event_set(&ev, FIELD_VM_PID, 100);
	event_set(&ev, FIELD_VM_FD, said->fd);
	if (said->caller >= 0)
		event_set(&ev, FIELD_CALLER_ID, said->caller);
	event_set(&ev, FIELD_VCPU_ID, said->vcpu);
	event_set(&ev, FIELD_WHY_NR, said->why);
	event_set(&ev, FIELD_COOKIE, said->cookie);
	timeline_add_mark(timeline, &ev);
}

/*
 * Two marks at one place of the picture, a panic of both, seven marks at one place, a
 * reason of a newer guest; and what is not to be there: from before and after, for no
 * reason, of another VM, and of a vCPU that is not sampled.
 */
static const struct said marks[] = {
	{ 1499500000, 10, 3, 3, VCPU_INFO_WHY_MARK, 1 },
	{ 1250000000, 10, 0, 0, VCPU_INFO_WHY_MARK, ~0ULL },
	{ 1250100000, 10, 0, 0, VCPU_INFO_WHY_MARK, 2 },
	{ 1750000001, 10, 3, 0, VCPU_INFO_WHY_PANIC, 77 },
	{ 1750000002, 10, 3, 3, VCPU_INFO_WHY_PANIC, 77 },
	{ 1900000000, 10, -1, 3, VCPU_INFO_WHY_MARK, 11 },
	{ 1900000100, 10, -1, 3, VCPU_INFO_WHY_MARK, 12 },
	{ 1900000200, 10, -1, 3, VCPU_INFO_WHY_MARK, 13 },
	{ 1900000300, 10, -1, 3, VCPU_INFO_WHY_MARK, 14 },
	{ 1900000400, 10, -1, 3, VCPU_INFO_WHY_MARK, 15 },
	{ 1900000500, 10, -1, 3, VCPU_INFO_WHY_MARK, 16 },
	{ 1900000600, 10, -1, 3, VCPU_INFO_WHY_MARK, 17 },
	{ 1000000000, 10, 0, 0, 4711, 5 },
	{ 999999999, 10, 0, 0, VCPU_INFO_WHY_MARK, 100 },
	{ 2000000001, 10, 0, 0, VCPU_INFO_WHY_MARK, 101 },
	{ 1500000000, 10, 0, 0, VCPU_INFO_WHY_NONE, 102 },
	{ 1500000000, 11, 0, 0, VCPU_INFO_WHY_MARK, 103 },
	{ 1500000000, 10, 0, 1, VCPU_INFO_WHY_MARK, 104 },
};

#define NR_MARKS_WITHIN	13

/* A VM with two vCPUs, 100 samples each, 10 ms from one to the next */
static void make_timeline(struct timeline *timeline, uint32_t max_pieces)
{
	const struct profile_vm vm = { .pid = 100, .fd = 10, .frame = "w<e>b" };
	struct profile_vcpu vcpus[2] = { { .id = 0 }, { .id = 3 } };
	const uint64_t start = 1000000000;

	*timeline = (struct timeline){ .max_pieces = max_pieces };
	for (int i = 0; i < 100; i++) {
		for (int j = 0; j < 2; j++) {
			struct vcpu_info_host_vcpu *seen = &vcpus[j].seen;

			seen->have = VCPU_INFO_HAVE_STATE;
			seen->state = i < 50 ? VCPU_INFO_STATE_GUEST :
					       VCPU_INFO_STATE_HALTED;
			seen->counts[VCPU_INFO_COUNT_EXITS] = 20 * i * j;
			seen->counts[VCPU_INFO_COUNT_IO_EXITS] = 5 * i * j;
			vcpus[j].list.user = i < 25;
			vcpus[j].last = start + (i + 1) * 10000000;
			timeline_add(timeline, &vm, &vcpus[j],
				     start + i * 10000000);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		add_mark(timeline, &marks[i]);
	timeline_finish(timeline, start, start + 1000000000);
}

static void timelines(void **state)
{
	struct timeline timeline;
	uint64_t exits = 0, io = 0;

	(void)state;
	make_timeline(&timeline, 0);
	assert_int_equal(timeline.nr_lanes, 2);
	/* user, kernel, halted of each */
	assert_int_equal(timeline.nr_pieces, 6);
	assert_int_equal(timeline.left_out, 0);
	assert_string_equal(timeline_piece_name(&timeline.pieces[0]), "running (user)");
	assert_int_equal(timeline.pieces[0].to - timeline.pieces[0].from, 250000000);
	assert_int_equal(timeline.pieces[5].to, timeline.to);
	for (uint32_t i = 0; i < timeline.nr_counts; i++) {
		for (int j = 0; j < EXIT_NR_KINDS; j++)
			exits += timeline.counts[i].exits[j];
		io += timeline.counts[i].exits[EXIT_IO];
	}
	assert_int_equal(exits, 99 * 20);
	assert_int_equal(io, 99 * 5);
	timeline_free(&timeline);
	make_timeline(&timeline, 3);
	assert_int_equal(timeline.nr_pieces, 3);
	assert_true(timeline.left_out > 0);
	timeline_free(&timeline);
}

/* A guest that says something without end has a bound, and others are as they were. */
static void marks_without_end(void **state)
{
	struct said said = { 1500000000, 10, 0, 0, VCPU_INFO_WHY_MARK, 0 };
	const struct profile_vm other = { .pid = 100, .fd = 11, .frame = "other" };
	struct profile_vcpu vcpu = { .id = 0, .last = 1600000000 };
	struct timeline timeline;

	(void)state;
	make_timeline(&timeline, 0);
	assert_int_equal(timeline.nr_marks, NR_MARKS_WITHIN);
	for (uint32_t i = 1; i < timeline.nr_marks; i++)
		assert_true(timeline.marks[i - 1].lane < timeline.marks[i].lane ||
			    (timeline.marks[i - 1].lane == timeline.marks[i].lane &&
			     timeline.marks[i - 1].at <= timeline.marks[i].at));
	timeline_free(&timeline);
	make_timeline(&timeline, 0);
	for (int i = 0; i < 100000; i++) {
		said.vcpu = i % 2 ? 3 : 0;
		add_mark(&timeline, &said);
	}
	assert_in_range(timeline.nr_marks, TIMELINE_MAX_MARKS - 2,
			TIMELINE_MAX_MARKS + 3);
	assert_in_range(timeline.marks_left_out, 100000 - TIMELINE_MAX_MARKS,
			100000 - TIMELINE_MAX_MARKS + 12);
	timeline.marks_left_out = 0;
	timeline.nr_marks = 0;
	said.why = VCPU_INFO_WHY_PANIC;
	for (int i = 0; i < 2000; i++)
		add_mark(&timeline, &said);
	assert_in_range(timeline.nr_marks, TIMELINE_MAX_WORDS - 3, TIMELINE_MAX_WORDS);
	assert_int_equal(timeline.nr_marks + timeline.marks_left_out, 2000);
	timeline.marks_left_out = 0;
	timeline_add(&timeline, &other, &vcpu, 1000000000);
	said.fd = 11;
	said.vcpu = 0;
	add_mark(&timeline, &said);
	assert_int_equal(timeline.marks_left_out, 0);
	timeline_free(&timeline);
}

static int print_trace(void *arg)
{
	return !timeline_write_trace(stdout, arg);
}

/* For tests/check-readers.sh */
static void files_for_readers(void **state)
{
	static const char *const names[] = { "timeline.json", "timeline.svg" };
	const char *dir = getenv("PROFILE_FILES");
	struct timeline timeline;
	char path[4096];

	(void)state;
	make_timeline(&timeline, 0);
	for (size_t i = 0; dir && i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_true(timeline_write(&timeline, path));
	}
	timeline_free(&timeline);
}

static int print_svg(void *arg)
{
	return !timeline_write_svg(stdout, arg);
}

static void timeline_files(void **state)
{
	struct timeline timeline;
	struct json_object *trace, *events;
	struct captured cap;
	int phases[128] = { 0 };

	(void)state;
	make_timeline(&timeline, 0);
	cap = capture(print_trace, &timeline);
	assert_int_equal(cap.ret, 0);
	trace = json_tokener_parse(cap.out);
	assert_non_null(trace);
	assert_true(json_object_object_get_ex(trace, "traceEvents", &events));
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i);
		struct json_object *phase;

		assert_true(json_object_object_get_ex(event, "ph", &phase));
		phases[json_object_get_string(phase)[0] & 127]++;
	}
	assert_int_equal(phases['M'], 4);
	assert_int_equal(phases['X'], 6);
	assert_int_equal(phases['C'], timeline.nr_counts);
	assert_int_equal(phases['i'], NR_MARKS_WITHIN);
	assert_non_null(strstr(cap.out, "{\"ph\":\"i\",\"name\":\"mark\",\"pid\":100,\"tid\":2,\"cat\":\"guest\",\"s\":\"t\",\"ts\":499500.000,\"args\":{\"reason\":\"mark\",\"cookie\":\"0x1\",\"caller_id\":3}}"));
	assert_non_null(strstr(cap.out, "\"ts\":750000.001,\"args\":{\"reason\":\"panic\",\"cookie\":\"0x4d\",\"caller_id\":3}}"));
	assert_non_null(strstr(cap.out, "\"ts\":0.000,\"args\":{\"reason\":\"reason 4711\",\"cookie\":\"0x5\",\"caller_id\":0}}"));
	assert_non_null(strstr(cap.out, "\"cookie\":\"0x11\"}}"));
	assert_non_null(strstr(cap.out, "\"start_ns\":1000000000,\"pieces_left_out\":0,\"marks_left_out\":0}"));
	assert_non_null(strstr(cap.out, "\"ts\":500000.000,\"dur\":500000.000"));
	json_object_put(trace);
	captured_free(&cap);
	cap = capture(print_svg, &timeline);
	assert_int_equal(cap.ret, 0);
	golden_check("timeline.svg", cap.out);
	captured_free(&cap);
	timeline_free(&timeline);
	/* nothing at all */
	cap = capture(print_svg, &timeline);
	assert_int_equal(cap.ret, 0);
	captured_free(&cap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(folded_is_read),
		cmocka_unit_test(bad_folded),
		cmocka_unit_test(diff_says_what_is_wrong),
		cmocka_unit_test(names_in_pictures),
		cmocka_unit_test(timelines),
		cmocka_unit_test(timeline_files),
		cmocka_unit_test(marks_without_end),
		cmocka_unit_test(files_for_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
