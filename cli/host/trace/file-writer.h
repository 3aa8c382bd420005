/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes a file that trace-cmd, KernelShark and trace-file.h read: version 6, as
 * in trace-cmd.dat.v6(5).
 */
#ifndef HOST_TRACE_FILE_WRITER_H
#define HOST_TRACE_FILE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_writer;

/**
 * struct file_formats - what the kernel says of the data; texts of tracefs
 * @header_page: of a sub-buffer
 * @header_event: of a record
 * @events: of each of our events, NULL for one that there is not
 * @subbuf_size: bytes of a sub-buffer
 * @clock_offset_ns: what to add to a time to get the time of day
 */
struct file_formats {
	char *header_page;
	char *header_event;
	char *events[2];
	size_t subbuf_size;
	uint64_t clock_offset_ns;
};

/*
 * For a path, which is created, for its owner alone, or cut. NULL, and errno, if that
 * fails; ESPIPE if it is a pipe, a socket or a terminal: the file has offsets in it.
 */
struct file_writer *file_writer_open(const char *path);

/* A sub-buffer of a CPU as it was read. False and errno if it cannot be kept. */
bool file_writer_add(struct file_writer *writer, int cpu, const void *data,
		     size_t size, size_t subbuf_size);

/* The name of a process or thread; the first one counts. False on OOM. */
bool file_writer_add_name(struct file_writer *writer, int pid,
			  const char *name);

/* Whether there is a name for it already. */
bool file_writer_has_name(const struct file_writer *writer, int pid);

/* All is there: write the file. False and errno if that fails. */
bool file_writer_finish(struct file_writer *writer,
			const struct file_formats *formats);
void file_writer_free(struct file_writer *writer);

#endif /* HOST_TRACE_FILE_WRITER_H */
