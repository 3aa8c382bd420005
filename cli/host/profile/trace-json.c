// SPDX-License-Identifier: GPL-2.0
/*
 * A timeline in the format of Chrome's trace viewer, which Perfetto reads, too: VMs are
 * processes, vCPUs are threads, states are complete events ("X"), VM exits counters
 * ("C"), and what guests say instants ("i"). Times are microseconds.
 */
#include <stdlib.h>

#include "jsonout.h"
#include "profile/timeline.h"

static struct json_object *event(const struct timeline *timeline,
				 uint32_t lane, const char *phase,
				 const char *name)
{
	struct json_object *obj = json_object_new_object();

	json_add_text(obj, "ph", phase);
	json_add_text(obj, "name", name);
	json_add_int(obj, "pid", timeline->lanes[lane].pid);
	/* of all VMs, for a process may have several */
	json_add_int(obj, "tid", lane + 1);
	return obj;
}

static void add_object(struct json_object *obj, const char *key,
		       struct json_object *val)
{
	if (json_object_object_add(obj, key, val))
		abort();
}

static void add_time(struct json_object *obj, const char *key, uint64_t ns)
{
	char text[40];

	snprintf(text, sizeof(text), "%llu.%03llu",
		 (unsigned long long)(ns / 1000),
		 (unsigned long long)(ns % 1000));
	add_object(obj, key, json_object_new_double_s((double)ns / 1000, text));
}

static void put(FILE *out, struct json_object *obj, bool *first)
{
	if (!*first)
		fputs(",\n", out);
	*first = false;
	fputs(json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN |
					     JSON_C_TO_STRING_NOSLASHESCAPE), out);
	json_object_put(obj);
}

/* What a VM or vCPU is called */
static void put_name(FILE *out, const struct timeline *timeline, uint32_t lane,
		     const char *what, const char *name, bool *first)
{
	struct json_object *obj = event(timeline, lane, "M", what);
	struct json_object *args = json_object_new_object();

	json_add_text(args, "name", name);
	add_object(obj, "args", args);
	put(out, obj, first);
}

static void put_piece(FILE *out, const struct timeline *timeline,
		      const struct timeline_piece *piece, bool *first)
{
	struct json_object *obj = event(timeline, piece->lane, "X",
					timeline_piece_name(piece));

	json_add_text(obj, "cat", "vcpu");
	add_time(obj, "ts", piece->from - timeline->from);
	add_time(obj, "dur", piece->to - piece->from);
	put(out, obj, first);
}

/* Per second, so that the height does not depend on how long they were counted. */
static void put_count(FILE *out, const struct timeline *timeline,
		      const struct timeline_count *count, bool *first)
{
	struct json_object *args = json_object_new_object(), *obj;
	double seconds = (double)(count->to - count->from) / 1e9;
	char name[64];

	snprintf(name, sizeof(name), "exits/s of vCPU %d",
		 timeline->lanes[count->lane].id);
	obj = event(timeline, count->lane, "C", name);
	for (int i = 0; i < EXIT_NR_KINDS; i++)
		json_add_int(args, exit_kind_name(i),
			     (int64_t)(count->exits[i] / seconds));
	add_time(obj, "ts", count->from - timeline->from);
	add_object(obj, "args", args);
	put(out, obj, first);
}

static void put_mark(FILE *out, const struct timeline *timeline,
		     const struct timeline_mark *mark, bool *first)
{
	struct json_object *args = json_object_new_object(), *obj;
	char text[40];
	const char *name = timeline_mark_name(mark, text, sizeof(text));

	obj = event(timeline, mark->lane, "i", name);
	json_add_text(obj, "cat", "guest");
	json_add_text(obj, "s", "t");
	add_time(obj, "ts", mark->at - timeline->from);
	json_add_text(args, "reason", name);
	json_add_hex(args, "cookie", mark->cookie);
	if (mark->caller >= 0)
		json_add_int(args, "caller_id", mark->caller);
	add_object(obj, "args", args);
	put(out, obj, first);
}

/* Readers pass over it. */
static void put_notes(FILE *out, const struct timeline *timeline)
{
	struct json_object *obj = json_object_new_object();

	json_add_text(obj, "clock", "CLOCK_MONOTONIC");
	json_add_uint(obj, "start_ns", timeline->from);
	json_add_uint(obj, "pieces_left_out", timeline->left_out);
	json_add_uint(obj, "marks_left_out", timeline->marks_left_out);
	fprintf(out, "\"otherData\":%s,",
		json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN));
	json_object_put(obj);
}

bool timeline_write_trace(FILE *out, const void *arg)
{
	const struct timeline *timeline = arg;
	bool first = true;
	char name[64];

	fputs("{\"displayTimeUnit\":\"ms\",", out);
	put_notes(out, timeline);
	fputs("\"traceEvents\":[\n", out);
	for (uint32_t i = 0; i < timeline->nr_lanes; i++) {
		put_name(out, timeline, i, "process_name",
			 timeline->lanes[i].name, &first);
		snprintf(name, sizeof(name), "vCPU %d", timeline->lanes[i].id);
		put_name(out, timeline, i, "thread_name", name, &first);
	}
	for (uint32_t i = 0; i < timeline->nr_pieces; i++)
		put_piece(out, timeline, &timeline->pieces[i], &first);
	for (uint32_t i = 0; i < timeline->nr_counts; i++)
		put_count(out, timeline, &timeline->counts[i], &first);
	for (uint32_t i = 0; i < timeline->nr_marks; i++)
		put_mark(out, timeline, &timeline->marks[i], &first);
	fputs("\n]}\n", out);
	return true;
}
