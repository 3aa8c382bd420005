// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "duration.h"
#include "msg.h"
#include "profile/marks.h"
#include "profile/timeline.h"
#include "trace/own-instance.h"

/* Those that say why */
#define FILTER		"reason > 0"

/* Some 800 records of a CPU, and as many are read at a time */
#define BUFFER_KB	256
#define PERIOD_NS	(250 * NS_PER_MS)

static void give_up(const char *why)
{
	msg_note("guests' marks are not in the timeline: %s", why);
}

void marks_begin(struct marks *marks, struct timeline *timeline)
{
	struct timebase tb;
	const char *why;

	*marks = (struct marks){ .timeline = timeline };
	if (!own_open_reasons("profile", BUFFER_KB, FILTER, &marks->own, &why)) {
		marks->own = NULL;
		give_up(why);
		return;
	}
	/* then it is the clock of the samples, too */
	source_clock(own_source(marks->own), &tb);
	if (tb.known)
		return;
	source_close(own_source(marks->own));
	marks->own = NULL;
	give_up("tracefs has no clock \"mono\"");
}

static bool take_event(const struct event *ev, void *arg)
{
	struct marks *marks = arg;

	timeline_add_mark(marks->timeline, ev);
	return true;
}

void marks_take(struct marks *marks, uint64_t now)
{
	if (!marks->own || now < marks->next)
		return;
	marks->next = now + PERIOD_NS;
	if (source_read(own_source(marks->own), take_event, marks))
		return;
	give_up(strerror(errno));
	source_close(own_source(marks->own));
	marks->own = NULL;
}

bool marks_end(struct marks *marks)
{
	struct losses losses;

	if (!marks->own)
		return true;
	own_pause(marks->own);
	if (!own_drain(marks->own, take_event, marks))
		give_up(strerror(errno));
	source_losses(own_source(marks->own), &losses);
	marks->timeline->marks_left_out += losses_unread(&losses) +
					   losses.undecodable;
	return source_close(own_source(marks->own));
}
