/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events in a file of trace-cmd's.
 */
#ifndef HOST_TRACEDAT_H
#define HOST_TRACEDAT_H

#include "timebase.h"

struct tracedat;

enum tracedat_status {
	TRACEDAT_OK,
	TRACEDAT_BAD_FILE,	/* not a trace-cmd file, or truncated */
	TRACEDAT_VERSION,	/* of a version that is not known */
	TRACEDAT_COMPRESSION,	/* compressed with what libtracecmd lacks */
	TRACEDAT_NO_EVENTS,	/* knows nothing of our events */
	TRACEDAT_NO_MEMORY,
};

/**
 * struct tracedat_form - what the start of a file says of the rest
 * @version: its version, "" if it is not a trace-cmd file
 * @compression: name of its compression, "" for none
 */
struct tracedat_form {
	char version[16];
	char compression[32];
};

/*
 * From a file that is open, which is closed. form is filled in as far as the
 * file can be read.
 */
enum tracedat_status tracedat_open(int fd, struct tracedat **dat,
				   struct tracedat_form *form);
void tracedat_close(struct tracedat *dat);

/**
 * struct tracedat_tally - what reading met besides events
 * @bad: events of ours that could not be understood
 * @lost: events of any kind that were lost when the file was recorded
 * @lost_unknown: and there were more
 */
struct tracedat_tally {
	uint64_t bad;
	uint64_t lost;
	bool lost_unknown;
};

/*
 * Hand over all events, the oldest first, until found() returns false. False
 * if the file cannot be read on.
 */
bool tracedat_read(struct tracedat *dat,
		   bool (*found)(const struct event *ev, void *arg), void *arg,
		   struct tracedat_tally *tally);

/*
 * The clock of the file, which is known if it was recorded with --date: its
 * times then count from 1970.
 */
void tracedat_clock(const struct tracedat *dat, struct timebase *tb);

/* Name of the process, if the file knows it. */
const char *tracedat_comm(void *dat, int pid);

#endif /* HOST_TRACEDAT_H */
