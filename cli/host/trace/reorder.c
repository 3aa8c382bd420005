// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "trace/reorder.h"

#define FIRST_SIZE	4096

/* Before each record in a lane, at any alignment. */
struct head {
	uint64_t ts;
	size_t size;
};

/* Records of one CPU, first in first out. */
struct lane {
	char *buf;
	size_t start, end, size;
	uint64_t newest;
	bool cut;
};

struct reorder {
	uint64_t newest;	/* of all that was ever read */
	uint64_t seen;		/* the same when the last round ended */
	uint64_t safe;		/* nothing older than that can come */
	unsigned int nr;
	struct lane lanes[];
};

struct reorder *reorder_new(unsigned int nr)
{
	struct reorder *ro;

	ro = calloc(1, sizeof(*ro) + nr * sizeof(ro->lanes[0]));
	if (ro)
		ro->nr = nr;
	return ro;
}

void reorder_free(struct reorder *ro)
{
	for (unsigned int i = 0; ro && i < ro->nr; i++)
		free(ro->lanes[i].buf);
	free(ro);
}

/* Room for so many bytes behind those that wait. */
static bool make_room(struct lane *lane, size_t bytes)
{
	size_t size = lane->size ?: FIRST_SIZE;
	char *buf;

	if (lane->end + bytes <= lane->size)
		return true;
	if (lane->start) {
		lane->end -= lane->start;
		memmove(lane->buf, lane->buf + lane->start, lane->end);
		lane->start = 0;
	}
	/* half of it free, so that moving is rare */
	while (size < 2 * (lane->end + bytes))
		size *= 2;
	if (size == lane->size)
		return true;
	buf = realloc(lane->buf, size);
	if (!buf)
		return false;
	lane->buf = buf;
	lane->size = size;
	return true;
}

bool reorder_add(struct reorder *ro, const struct reorder_rec *rec)
{
	const struct head head = { .ts = rec->ts, .size = rec->size };
	struct lane *lane = &ro->lanes[rec->cpu];

	if (!make_room(lane, sizeof(head) + rec->size))
		return false;
	memcpy(lane->buf + lane->end, &head, sizeof(head));
	memcpy(lane->buf + lane->end + sizeof(head), rec->data, rec->size);
	lane->end += sizeof(head) + rec->size;
	lane->newest = rec->ts;
	if (rec->ts > ro->newest)
		ro->newest = rec->ts;
	return true;
}

void reorder_cut(struct reorder *ro, unsigned int cpu)
{
	ro->lanes[cpu].cut = true;
}

void reorder_round(struct reorder *ro)
{
	ro->safe = ro->seen;
	ro->seen = ro->newest;
	for (unsigned int i = 0; i < ro->nr; i++) {
		struct lane *lane = &ro->lanes[i];

		if (lane->cut && lane->newest < ro->safe)
			ro->safe = lane->newest;
		lane->cut = false;
	}
}

void reorder_all(struct reorder *ro)
{
	ro->seen = ro->newest;
	ro->safe = UINT64_MAX;
}

bool reorder_holds(const struct reorder *ro)
{
	for (unsigned int i = 0; i < ro->nr; i++) {
		if (ro->lanes[i].start != ro->lanes[i].end)
			return true;
	}
	return false;
}

bool reorder_next(struct reorder *ro, struct reorder_rec *rec)
{
	struct lane *oldest = NULL;
	struct head first, head;

	for (unsigned int i = 0; i < ro->nr; i++) {
		struct lane *lane = &ro->lanes[i];

		if (lane->start == lane->end)
			continue;
		memcpy(&head, lane->buf + lane->start, sizeof(head));
		if (!oldest || head.ts < first.ts) {
			oldest = lane;
			first = head;
		}
	}
	if (!oldest || first.ts > ro->safe)
		return false;
	*rec = (struct reorder_rec){
		.ts = first.ts,
		.cpu = oldest - ro->lanes,
		.data = oldest->buf + oldest->start + sizeof(first),
		.size = first.size,
	};
	oldest->start += sizeof(first) + first.size;
	return true;
}
