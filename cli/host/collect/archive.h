/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file that 'vcpu-info collect' writes: a tar archive compressed by zstd, of
 * files in one directory. By libarchive.
 */
#ifndef HOST_COLLECT_ARCHIVE_H
#define HOST_COLLECT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

/* Names of files that other commands read. */
#define ARCHIVE_TRACE		"trace.dat"
#define ARCHIVE_DIAGNOSIS	"diagnosis.txt"
#define ARCHIVE_DIAGNOSIS_JSON	"diagnosis.json"

/* Until it is complete a file has this and six characters after its name. */
#define ARCHIVE_PART		".tmp."

struct archive_out;

/*
 * Begin a file at that path, with a directory of a name for all that comes. It is
 * written beside it and has its name only when it is complete; only its owner may
 * read it. NULL and errno if that is not possible.
 */
struct archive_out *archive_create(const char *path, const char *directory);

/*
 * Whether archive_create() could begin one now; nothing is left of that. False and errno
 * if not: ESPIPE if there is a device, a pipe or the like, which it does not replace.
 */
bool archive_can_write(const char *path);

/* Add a file. False and errno if it could not be written. */
bool archive_add(struct archive_out *out, const char *name, const void *data,
		 size_t size);

/*
 * The same for all that is in a file, of any size, whatever its offset. Nothing is added
 * if it is empty.
 */
bool archive_add_fd(struct archive_out *out, const char *name, int fd);

/* The end: have the file at its path. False and errno if it could not be written. */
bool archive_commit(struct archive_out *out);

/* Free it; what is not committed is removed. */
void archive_close(struct archive_out *out);

enum archive_status {
	ARCHIVE_READ,
	ARCHIVE_BAD,		/* no such archive, or damaged */
	ARCHIVE_LACKS,		/* it has no such file */
	ARCHIVE_LARGE,		/* it, or what comes before it, is too large */
	ARCHIVE_SYSTEM,		/* errno */
};

/* Whether the file begins as such an archive does; its offset stays. */
bool archive_is(int fd);

/*
 * Read one of the files of an archive, of at most so many bytes, and write it to
 * another file. Of others before it at most 4 GiB are decompressed. The archive is not
 * to be trusted: use a child (sandbox.h).
 */
enum archive_status archive_read_file(int fd, const char *name, size_t max,
				      int out);

/* What that means, for a message that begins with the archive's name. */
const char *archive_strerror(enum archive_status status);

#endif /* HOST_COLLECT_ARCHIVE_H */
