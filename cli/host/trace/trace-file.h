/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events in a file of trace-cmd's.
 */
#ifndef HOST_TRACE_TRACE_FILE_H
#define HOST_TRACE_TRACE_FILE_H

#include "trace-time.h"

struct trace_file;

enum trace_file_status {
	TRACE_FILE_OK,
	TRACE_FILE_BAD, /* not a trace-cmd file, or truncated */
	TRACE_FILE_VERSION, /* of a version that is not known */
	TRACE_FILE_COMPRESSION, /* compressed with what libtracecmd lacks */
	TRACE_FILE_NO_EVENTS, /* knows nothing of our events */
	TRACE_FILE_NO_MEMORY,
};

/**
 * struct trace_file_form - what the start of a file says of the rest
 * @version: its version, "" if it is not a trace-cmd file
 * @compression: name of its compression, "" for none
 */
struct trace_file_form {
	char version[16];
	char compression[32];
};

/*
 * From a file that is open, which is closed. form is filled in as far as the
 * file can be read.
 */
enum trace_file_status trace_file_open(int fd, struct trace_file **dat,
				       struct trace_file_form *form);
void trace_file_close(struct trace_file *dat);

/**
 * struct trace_file_tally - what reading met besides events
 * @bad: events of ours that could not be understood
 * @lost: events of any kind that were lost when the file was recorded
 * @lost_unknown: and there were more
 */
struct trace_file_tally {
	uint64_t bad;
	uint64_t lost;
	bool lost_unknown;
};

/*
 * Hand over all events, the oldest first, until found() returns false. False
 * if the file cannot be read on.
 */
bool trace_file_read(struct trace_file *dat,
		     bool (*found)(const struct event *ev, void *arg),
		     void *arg, struct trace_file_tally *tally);

/*
 * The clock of the file, which is known if it was recorded with --date: its
 * times then count from 1970.
 */
void trace_file_clock(const struct trace_file *dat, struct timebase *tb);

/* Name of the process, if the file knows it. */
const char *trace_file_comm(void *dat, int pid);

#endif /* HOST_TRACE_TRACE_FILE_H */
