/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Printers, one for each format.
 */
#ifndef HOST_FMT_H
#define HOST_FMT_H

#include <stdio.h>

#include "event.h"

/**
 * struct fmt_about - what is not in the event but printed with it
 * @vmm: name of the VM's process, NULL if it is gone
 * @age_known: whether @age_ns is
 * @age_ns: how long ago the event was
 */
struct fmt_about {
	const char *vmm;
	bool age_known;
	uint64_t age_ns;
};

/**
 * struct fmt_lost - events that are not in the output
 * @overrun: overwritten by newer ones
 * @commit_overrun: lost because a writer was interrupted too often
 * @dropped: found no room
 * @undecodable: there, but not understood
 */
struct fmt_lost {
	uint64_t overrun;
	uint64_t commit_overrun;
	uint64_t dropped;
	uint64_t undecodable;
};

/* Readable blocks. */
void fmt_text_event(FILE *out, const struct event *ev,
		    const struct fmt_about *about);

/* One object a line. */
void fmt_json_event(FILE *out, const struct event *ev,
		    const struct fmt_about *about);
void fmt_json_lost(FILE *out, const struct fmt_lost *lost);

#endif /* HOST_FMT_H */
