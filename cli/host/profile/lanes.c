// SPDX-License-Identifier: GPL-2.0
/*
 * A timeline as a picture: a lane for each vCPU, its state in colours, with a pin for
 * each moment at which its guest said something, and below how many VM exits it took.
 * The time is cut into as many columns as can be told apart; each has the state in which
 * most of it was spent.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "compiler.h"
#include "duration.h"
#include "profile/svg.h"
#include "profile/timeline.h"

#define COLUMNS		980
#define LABEL		(SVG_WIDTH - SVG_PAD - COLUMNS)
#define HEAD		40
#define LANE		48
#define STATE_HEIGHT	18
#define EXITS_HEIGHT	20
#define PIN_HEIGHT	6
#define FOOT		60

/* States, and one for user mode */
#define NR_STATES	(PROFILE_NR_STATES + 1)

/* How many marks at one place are named */
#define MAX_NAMED	5

#define MARK_COLOUR	"#000"
#define ALARM_COLOUR	"#c00"

/**
 * struct columns - a lane
 * @ns: time by column and state
 * @exits: VM exits by column and kind; those of a longer time are spread
 */
struct columns {
	uint64_t ns[COLUMNS][NR_STATES];
	double exits[COLUMNS][EXIT_NR_KINDS];
};

static uint64_t column_start(const struct timeline *timeline, unsigned int at)
{
	uint64_t wall = timeline->to - timeline->from;

	return timeline->from + wall / COLUMNS * at + wall % COLUMNS * at / COLUMNS;
}

static unsigned int column_of(const struct timeline *timeline, uint64_t when)
{
	uint64_t wall = timeline->to - timeline->from;
	unsigned int at;

	if (when <= timeline->from || !wall)
		return 0;
	at = (double)(when - timeline->from) / (double)wall * COLUMNS;
	return at < COLUMNS ? at : COLUMNS - 1;
}

/* How much of a time is in a column */
static uint64_t overlap(const struct timeline *timeline, unsigned int at,
			uint64_t from, uint64_t to)
{
	uint64_t start = column_start(timeline, at);
	uint64_t end = column_start(timeline, at + 1);

	start = from > start ? from : start;
	end = to < end ? to : end;
	return end > start ? end - start : 0;
}

static void add_piece(const struct timeline *timeline,
		      const struct timeline_piece *piece, struct columns *columns)
{
	unsigned int state = piece->user && piece->state == PROFILE_RUNNING ?
			     PROFILE_NR_STATES : piece->state;

	for (unsigned int at = column_of(timeline, piece->from);
	     at <= column_of(timeline, piece->to); at++)
		columns->ns[at][state] += overlap(timeline, at, piece->from,
						  piece->to);
}

static void add_count(const struct timeline *timeline,
		      const struct timeline_count *count, struct columns *columns)
{
	double wall = (double)(count->to - count->from);

	for (unsigned int at = column_of(timeline, count->from);
	     at <= column_of(timeline, count->to); at++) {
		double part = (double)overlap(timeline, at, count->from,
					      count->to) / wall;

		for (int i = 0; i < EXIT_NR_KINDS; i++)
			columns->exits[at][i] += count->exits[i] * part;
	}
}

/* The state that a column is drawn in; NR_STATES if there is none */
static unsigned int main_state(const struct columns *columns, unsigned int at)
{
	unsigned int best = NR_STATES;
	uint64_t most = 0;

	for (unsigned int i = 0; i < NR_STATES; i++) {
		if (columns->ns[at][i] > most) {
			most = columns->ns[at][i];
			best = i;
		}
	}
	return best;
}

static enum frame_kind kind_of(unsigned int state)
{
	if (state == PROFILE_NR_STATES)
		return FRAME_USER;
	if (state == PROFILE_RUNNING)
		return FRAME_KERNEL;
	if (state == PROFILE_EXIT)
		return FRAME_TASK;
	return profile_state_kind(state);
}

static const char *state_text(unsigned int state)
{
	return state == PROFILE_NR_STATES ? "running (user)" :
					    profile_state_text(state);
}

static void put_states(FILE *out, const struct columns *columns, unsigned int y)
{
	unsigned int start = 0;

	for (unsigned int at = 1; at <= COLUMNS; at++) {
		unsigned int state = main_state(columns, start);

		if (at < COLUMNS && main_state(columns, at) == state)
			continue;
		if (state < NR_STATES) {
			fprintf(out, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" fill=\"",
				LABEL + start, y, at - start, STATE_HEIGHT);
			svg_colour(out, kind_of(state), 0);
			fprintf(out, "\"><title>%s</title></rect>\n",
				state_text(state));
		}
		start = at;
	}
}

static double exits_of(const struct columns *columns, unsigned int at)
{
	double sum = 0;

	for (int i = 0; i < EXIT_NR_KINDS; i++)
		sum += columns->exits[at][i];
	return sum;
}

/* "1200 exits/s: io 1000 halt 200" */
static void put_exits_tip(FILE *out, const double *exits, double per_second)
{
	double sum = 0;

	for (int i = 0; i < EXIT_NR_KINDS; i++)
		sum += exits[i];
	fprintf(out, "<title>%.0f exits/s:", sum * per_second);
	for (int i = 0; i < EXIT_NR_KINDS; i++) {
		if (exits[i] * per_second >= 1)
			fprintf(out, " %s %.0f", exit_kind_name(i),
				exits[i] * per_second);
	}
	fputs("</title>", out);
}

/* Whether two columns have as many exits of each kind, as far as it can be seen */
static bool same_exits(const struct columns *columns, unsigned int a,
		       unsigned int b, double per_second)
{
	for (int i = 0; i < EXIT_NR_KINDS; i++) {
		double x = columns->exits[a][i] * per_second;
		double y = columns->exits[b][i] * per_second;

		if (x - y >= 1 || y - x >= 1)
			return false;
	}
	return true;
}

/* Bars, as high as the lane with the most exits has them at the most */
static void put_exits(FILE *out, const struct timeline *timeline,
		      const struct columns *columns, unsigned int y, double most)
{
	double per_second = (double)NS_PER_SEC * COLUMNS /
			    (double)(timeline->to - timeline->from);
	unsigned int start = 0;

	for (unsigned int at = 1; at <= COLUMNS; at++) {
		double height = exits_of(columns, start) / most * EXITS_HEIGHT;

		if (at < COLUMNS && same_exits(columns, start, at, per_second))
			continue;
		if (height >= 0.2) {
			fprintf(out, "<rect x=\"%u\" y=\"%.1f\" width=\"%u\" height=\"%.1f\" fill=\"#567\">",
				LABEL + start, y + EXITS_HEIGHT - height,
				at - start, height);
			put_exits_tip(out, columns->exits[start], per_second);
			fputs("</rect>\n", out);
		}
		start = at;
	}
}

/* Its head is above y, and its needle goes down from there. */
static void put_pin(FILE *out, unsigned int x, unsigned int y, int needle, bool alarm)
{
	fprintf(out, "<path d=\"M%u %uh6l-2 %dv%dh-2v-%dz\" fill=\"%s\">", x - 3,
		y - PIN_HEIGHT, PIN_HEIGHT, needle, needle, alarm ? ALARM_COLOUR : MARK_COLOUR);
}

/* "0.250000 s: mark 0x1267" */
static void put_mark_tip(FILE *out, const struct timeline *timeline,
			 const struct timeline_mark *mark)
{
	double ns = (double)(mark->at - timeline->from);
	char text[40];

	fprintf(out, "%.6f s: %s 0x%" PRIx64, ns / NS_PER_SEC,
		timeline_mark_name(mark, text, sizeof(text)), mark->cookie);
	if (mark->caller >= 0 && mark->caller != timeline->lanes[mark->lane].id)
		fprintf(out, ", said vCPU %d", mark->caller);
}

/* Those that are at one place are one pin. How many there are of them is returned. */
static uint32_t put_marks_at(FILE *out, const struct timeline *timeline,
			     uint32_t first)
{
	const struct timeline_mark *marks = &timeline->marks[first];
	unsigned int at = column_of(timeline, marks->at);
	uint32_t nr = 0;
	bool alarm = false;

	while (first + nr < timeline->nr_marks &&
	       marks[nr].lane == marks->lane &&
	       column_of(timeline, marks[nr].at) == at)
		alarm |= event_why_is_alarm(marks[nr++].why);
	put_pin(out, LABEL + at, HEAD + LANE * marks->lane, STATE_HEIGHT,
		alarm);
	fputs("<title>", out);
	for (uint32_t i = 0; i < nr && i < MAX_NAMED; i++) {
		if (i)
			fputc('\n', out);
		put_mark_tip(out, timeline, &marks[i]);
	}
	if (nr > MAX_NAMED)
		fprintf(out, "\nand %" PRIu32 " more", nr - MAX_NAMED);
	fputs("</title></path>\n", out);
	return nr;
}

static void put_marks(FILE *out, const struct timeline *timeline)
{
	for (uint32_t i = 0; i < timeline->nr_marks; )
		i += put_marks_at(out, timeline, i);
}

static void put_lane(FILE *out, const struct timeline *timeline, uint32_t lane,
		     const struct columns *columns, double most)
{
	unsigned int y = HEAD + LANE * lane;
	char name[64];

	text_copy(name, 20, timeline->lanes[lane].name);
	fprintf(out, "<text x=\"%d\" y=\"%u\">", SVG_PAD, y + 13);
	svg_text(out, name);
	fprintf(out, " vCPU %d</text>\n", timeline->lanes[lane].id);
	fprintf(out, "<text class=\"n\" x=\"%d\" y=\"%u\">exits</text>\n",
		SVG_PAD, y + 34);
	put_states(out, columns, y);
	if (most > 0)
		put_exits(out, timeline, columns, y + STATE_HEIGHT + 2, most);
}

static void put_axis(FILE *out, const struct timeline *timeline, double most)
{
	double seconds = (double)(timeline->to - timeline->from) / NS_PER_SEC;
	unsigned int y = HEAD + LANE * timeline->nr_lanes;

	for (int i = 0; i <= 10; i++)
		fprintf(out, "<text class=\"n\" x=\"%d\" y=\"%u\" text-anchor=\"%s\">%.2f s</text>\n",
			LABEL + COLUMNS / 10 * i, y + 10,
			i == 10 ? "end" : "middle", seconds * i / 10);
	fprintf(out, "<text class=\"n\" x=\"%d\" y=\"%u\">highest bar: %.0f exits/s; %" PRIu64
		" pieces and %" PRIu64 " marks left out</text>\n", LABEL, y + 50,
		seconds > 0 ? most * COLUMNS / seconds : 0, timeline->left_out,
		timeline->marks_left_out);
}

static void put_legend(FILE *out, unsigned int y, bool marks)
{
	static const unsigned int order[] = {
		PROFILE_RUNNING, PROFILE_NR_STATES, PROFILE_EXIT, PROFILE_HALTED,
		PROFILE_PREEMPTED, PROFILE_VMM, PROFILE_UNKNOWN,
	};
	unsigned int x = LABEL;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		fprintf(out, "<rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" fill=\"",
			x, y - 10);
		svg_colour(out, kind_of(order[i]), 0);
		fprintf(out, "\"/><text x=\"%u\" y=\"%u\">%s</text>\n", x + 16, y,
			state_text(order[i]));
		x += 130;
	}
	if (!marks)
		return;
	put_pin(out, x + 3, y - 10 + PIN_HEIGHT, 6, false);
	fprintf(out, "</path><text x=\"%u\" y=\"%u\">mark</text>\n", x + 10, y);
}

static struct columns *fill(const struct timeline *timeline)
{
	struct columns *lanes = calloc(timeline->nr_lanes + 1, sizeof(*lanes));

	for (uint32_t i = 0; lanes && i < timeline->nr_pieces; i++)
		add_piece(timeline, &timeline->pieces[i],
			  &lanes[timeline->pieces[i].lane]);
	for (uint32_t i = 0; lanes && i < timeline->nr_counts; i++)
		add_count(timeline, &timeline->counts[i],
			  &lanes[timeline->counts[i].lane]);
	return lanes;
}

static double most_exits(const struct columns *lanes, uint32_t nr)
{
	double most = 0;

	for (uint32_t i = 0; i < nr; i++) {
		for (unsigned int at = 0; at < COLUMNS; at++) {
			if (exits_of(&lanes[i], at) > most)
				most = exits_of(&lanes[i], at);
		}
	}
	return most;
}

bool timeline_write_svg(FILE *out, const void *arg)
{
	const struct timeline *timeline = arg;
	struct columns *lanes = fill(timeline);
	unsigned int foot = HEAD + LANE * timeline->nr_lanes;
	double most;

	if (!lanes)
		return false;
	most = most_exits(lanes, timeline->nr_lanes);
	svg_begin(out, foot + FOOT, "What vCPUs did when");
	for (uint32_t i = 0; i < timeline->nr_lanes; i++)
		put_lane(out, timeline, i, &lanes[i], most);
	put_marks(out, timeline);
	put_axis(out, timeline, most);
	put_legend(out, foot + 32, timeline->nr_marks);
	fputs("</svg>\n", out);
	free(lanes);
	return true;
}
