/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events in a trace-cmd file.
 *
 * As a source, its clock is known if the file was recorded with --date: its times
 * then count from 1970.
 */
#ifndef HOST_TRACE_TRACE_FILE_H
#define HOST_TRACE_TRACE_FILE_H

#include "trace/source.h"

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
enum trace_file_status trace_file_open(int fd, struct trace_file **file,
				       struct trace_file_form *form);

/* Its events, each time all of them; source_close() closes the file. */
struct event_source *trace_file_source(struct trace_file *file);

#endif /* HOST_TRACE_TRACE_FILE_H */
