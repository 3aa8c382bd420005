// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "profile/output.h"
#include "profile/timeline.h"

static const struct {
	const char *suffix;
	bool (*write)(FILE *out, const void *timeline);
} formats[] = {
	{ ".json", timeline_write_trace },
	{ ".svg", timeline_write_svg },
};

/* Room for one more; false if there is none. */
static bool more(void **array, uint32_t nr, uint32_t *room, uint32_t max,
		 size_t size)
{
	uint32_t bigger = *room ? 2 * *room : 1024;
	void *moved;

	if (nr >= max)
		return false;
	if (nr < *room)
		return true;
	moved = reallocarray(*array, bigger, size);
	if (!moved)
		return false;
	*array = moved;
	*room = bigger;
	return true;
}

static struct timeline_lane *find_lane(const struct timeline *timeline, int pid,
				       int fd, int id)
{
	for (uint32_t i = 0; i < timeline->nr_lanes; i++) {
		struct timeline_lane *lane = &timeline->lanes[i];

		if (lane->id == id && lane->pid == pid && lane->fd == fd)
			return lane;
	}
	return NULL;
}

static uint32_t first_lane(const struct timeline *timeline, int pid, int fd)
{
	uint32_t i = 0;

	while (i < timeline->nr_lanes && (timeline->lanes[i].pid != pid ||
					  timeline->lanes[i].fd != fd))
		i++;
	return i;
}

static struct timeline_lane *get_lane(struct timeline *timeline,
				      const struct profile_vm *vm,
				      struct profile_vcpu *known, uint64_t since)
{
	struct timeline_lane *lanes, *lane;

	if (known->lane)
		return &timeline->lanes[known->lane - 1];
	lanes = reallocarray(timeline->lanes, timeline->nr_lanes + 1,
			     sizeof(*lanes));
	if (!lanes)
		return NULL;
	timeline->lanes = lanes;
	lane = &lanes[timeline->nr_lanes];
	*lane = (struct timeline_lane){
		.pid = vm->pid, .fd = vm->fd, .id = known->id, .since = since,
		.counted = known->seen,
		.vm = first_lane(timeline, vm->pid, vm->fd),
	};
	timeline->nr_lanes++;
	text_copy(lane->name, sizeof(lane->name), vm->frame);
	known->lane = timeline->nr_lanes;
	return lane;
}

static void add_piece(struct timeline *timeline, struct timeline_lane *lane,
		      const struct timeline_piece *piece)
{
	struct timeline_piece *last =
		lane->last ? &timeline->pieces[lane->last - 1] : NULL;

	if (last && last->state == piece->state && last->user == piece->user &&
	    last->to == piece->from) {
		last->to = piece->to;
		return;
	}
	if (!more((void **)&timeline->pieces, timeline->nr_pieces,
		  &timeline->pieces_room,
		  timeline->max_pieces ? timeline->max_pieces :
					 TIMELINE_MAX_PIECES, sizeof(*piece))) {
		timeline->left_out++;
		return;
	}
	timeline->pieces[timeline->nr_pieces++] = *piece;
	lane->last = timeline->nr_pieces;
}

/* Exits since they were counted last */
static void add_count(struct timeline *timeline, struct timeline_lane *lane,
		      uint64_t to)
{
	struct vcpu_observation first = { .vcpu = lane->counted };
	struct vcpu_observation second = { .vcpu = lane->latest };
	struct timeline_count *count;
	struct vcpu_finding finding;

	/* a sample that is used again has its old time */
	first.vcpu.time_ns = lane->since;
	second.vcpu.time_ns = to;
	if (!more((void **)&timeline->counts, timeline->nr_counts,
		  &timeline->counts_room, TIMELINE_MAX_COUNTS,
		  sizeof(*timeline->counts))) {
		timeline->left_out++;
		return;
	}
	vcpu_rules(&first, &second, &finding);
	count = &timeline->counts[timeline->nr_counts++];
	*count = (struct timeline_count){
		.from = lane->since, .to = to, .lane = lane - timeline->lanes,
	};
	for (int i = 0; i < EXIT_NR_KINDS; i++)
		count->exits[i] = finding.kinds[i] < UINT32_MAX ?
				  finding.kinds[i] : UINT32_MAX;
	lane->since = to;
	lane->counted = lane->latest;
}

void timeline_add(struct timeline *timeline, const struct profile_vm *vm,
		  struct profile_vcpu *known, uint64_t since)
{
	struct timeline_lane *lane = get_lane(timeline, vm, known, since);
	struct timeline_piece piece = {
		.from = since, .to = known->last, .lane = known->lane - 1,
		.state = profile_state_of(&known->seen), .user = known->list.user,
	};

	if (!lane) {
		timeline->left_out++;
		return;
	}
	lane->latest = known->seen;
	add_piece(timeline, lane, &piece);
	if (known->last - lane->since >= TIMELINE_EXITS_NS)
		add_count(timeline, lane, known->last);
	if (timeline->to < known->last)
		timeline->to = known->last;
}

/* Room for one more of the lane's VM; NULL if there is none. */
static uint32_t *room_of(const struct timeline *timeline,
			 const struct timeline_lane *lane, uint64_t why)
{
	struct timeline_lane *vm = &timeline->lanes[lane->vm];

	if (why == VCPU_INFO_WHY_MARK)
		return vm->marks < TIMELINE_MAX_MARKS ? &vm->marks : NULL;
	return vm->words < TIMELINE_MAX_WORDS ? &vm->words : NULL;
}

void timeline_add_mark(struct timeline *timeline, const struct event *ev)
{
	const struct timeline_lane *lane;
	uint32_t *used;

	if (ev->kind != EVENT_RECORD || !event_says_why(ev) ||
	    !event_has_key(ev) || !ev->ts_is_ns)
		return;
	lane = find_lane(timeline, event_int(ev, FIELD_VM_PID),
			 event_int(ev, FIELD_VM_FD), event_int(ev, FIELD_VCPU_ID));
	if (!lane)
		return;
	used = room_of(timeline, lane, ev->val[FIELD_WHY_NR]);
	if (!used || !more((void **)&timeline->marks, timeline->nr_marks,
			   &timeline->marks_room, UINT32_MAX,
			   sizeof(*timeline->marks))) {
		timeline->marks_left_out++;
		return;
	}
	++*used;
	timeline->marks[timeline->nr_marks++] = (struct timeline_mark){
		.at = ev->ts, .cookie = ev->val[FIELD_COOKIE],
		.why = ev->val[FIELD_WHY_NR], .lane = lane - timeline->lanes,
		.caller = event_has(ev, FIELD_CALLER_ID) ?
			  event_int(ev, FIELD_CALLER_ID) : -1,
	};
}

static int compare_marks(const void *a, const void *b)
{
	const struct timeline_mark *x = a, *y = b;

	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void finish_marks(struct timeline *timeline)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < timeline->nr_marks; i++) {
		const struct timeline_mark *mark = &timeline->marks[i];

		if (mark->at >= timeline->from && mark->at <= timeline->to)
			timeline->marks[kept++] = *mark;
	}
	timeline->nr_marks = kept;
	if (kept)
		qsort(timeline->marks, kept, sizeof(*timeline->marks),
		      compare_marks);
}

void timeline_finish(struct timeline *timeline, uint64_t from, uint64_t to)
{
	timeline->from = from;
	timeline->to = to;
	finish_marks(timeline);
	for (uint32_t i = 0; i < timeline->nr_lanes; i++) {
		struct timeline_lane *lane = &timeline->lanes[i];

		if (lane->last && timeline->pieces[lane->last - 1].to > lane->since)
			add_count(timeline, lane,
				  timeline->pieces[lane->last - 1].to);
	}
}

void timeline_free(struct timeline *timeline)
{
	free(timeline->lanes);
	free(timeline->pieces);
	free(timeline->counts);
	free(timeline->marks);
	*timeline = (struct timeline){ 0 };
}

const char *timeline_piece_name(const struct timeline_piece *piece)
{
	if (piece->user && piece->state == PROFILE_RUNNING)
		return "running (user)";
	return profile_state_text(piece->state);
}

const char *timeline_mark_name(const struct timeline_mark *mark, char *text,
			       size_t size)
{
	const char *name = event_why_name(mark->why);

	if (name)
		return name;
	snprintf(text, size, "reason %" PRIu64, mark->why);
	return text;
}

static int format_of(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		size_t end = strlen(formats[i].suffix);

		if (len > end && !strcmp(path + len - end, formats[i].suffix))
			return i;
	}
	return -1;
}

bool timeline_has_format(const char *path)
{
	return format_of(path) >= 0;
}

bool timeline_write(const struct timeline *timeline, const char *path)
{
	return output_file(path, formats[format_of(path)].write, timeline);
}
