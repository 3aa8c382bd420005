// SPDX-License-Identifier: GPL-2.0
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collect/archive.h"

#define MAX_NAME	256

/* Entries looked at: what collect writes has one for each thread and less. */
#define MAX_ENTRIES	100000

struct archive_out {
	struct archive *archive;
	char directory[64];
	char *path;
	char *part;	/* where it is until it is complete; NULL: no more */
	int fd;
};

/* rename() would put a file in the place of a device such as /dev/null. */
static bool can_replace(const char *path)
{
	struct stat st;

	if (stat(path, &st) || S_ISREG(st.st_mode))
		return true;
	errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
	return false;
}

static bool open_part(struct archive_out *out)
{
	if (asprintf(&out->part, "%s" ARCHIVE_PART "XXXXXX", out->path) < 0) {
		out->part = NULL;
		errno = ENOMEM;
		return false;
	}
	out->fd = mkostemp(out->part, O_CLOEXEC);
	if (out->fd >= 0)
		return true;
	free(out->part);
	out->part = NULL;
	return false;
}

bool archive_can_write(const char *path)
{
	struct archive_out out = { .path = (char *)path };

	if (!can_replace(path) || !open_part(&out))
		return false;
	close(out.fd);
	unlink(out.part);
	free(out.part);
	return true;
}

/* libarchive's number may be one of its own, or none. */
static bool failed(struct archive *archive)
{
	int err = archive_errno(archive);

	errno = err > 0 ? err : EIO;
	return false;
}

static bool begin(struct archive_out *out)
{
	struct archive *archive = archive_write_new();

	out->archive = archive;
	if (!archive) {
		errno = ENOMEM;
		return false;
	}
	/* a warning means that it would run another program for it */
	if (archive_write_add_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
	    archive_write_open_fd(archive, out->fd) != ARCHIVE_OK)
		return failed(archive);
	return true;
}

struct archive_out *archive_create(const char *path, const char *directory)
{
	struct archive_out *out = calloc(1, sizeof(*out));
	int err;

	if (!out)
		return NULL;
	out->fd = -1;
	out->path = strdup(path);
	snprintf(out->directory, sizeof(out->directory), "%s", directory);
	if (out->path && can_replace(path) && open_part(out) &&
	    begin(out))
		return out;
	err = errno;
	archive_close(out);
	errno = err;
	return NULL;
}

static bool add_header(struct archive_out *out, const char *name, uint64_t size)
{
	struct archive_entry *entry = archive_entry_new();
	char path[MAX_NAME];
	bool added;

	if (!entry) {
		errno = ENOMEM;
		return false;
	}
	snprintf(path, sizeof(path), "%s/%s", out->directory, name);
	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_mtime(entry, time(NULL), 0);
	archive_entry_set_size(entry, size);
	added = archive_write_header(out->archive, entry) == ARCHIVE_OK;
	archive_entry_free(entry);
	return added || failed(out->archive);
}

static bool add_data(struct archive_out *out, const void *data, size_t size)
{
	return archive_write_data(out->archive, data, size) ==
	       (la_ssize_t)size || failed(out->archive);
}

bool archive_add(struct archive_out *out, const char *name, const void *data,
		 size_t size)
{
	return add_header(out, name, size) && add_data(out, data, size);
}

bool archive_add_fd(struct archive_out *out, const char *name, int fd)
{
	char buf[65536];
	struct stat st;
	off_t at = 0;
	ssize_t n;

	if (fstat(fd, &st))
		return false;
	if (!st.st_size)
		return true;
	if (!add_header(out, name, st.st_size))
		return false;
	for (; at < st.st_size; at += n) {
		off_t left = st.st_size - at;

		n = pread(fd, buf, left < (off_t)sizeof(buf) ? left :
			  (off_t)sizeof(buf), at);
		if (!n)
			errno = EIO;
		if (n <= 0 || !add_data(out, buf, n))
			return false;
	}
	return true;
}

bool archive_commit(struct archive_out *out)
{
	if (archive_write_close(out->archive) != ARCHIVE_OK)
		return failed(out->archive);
	if (fsync(out->fd) || rename(out->part, out->path))
		return false;
	free(out->part);
	out->part = NULL;
	return true;
}

void archive_close(struct archive_out *out)
{
	if (!out)
		return;
	if (out->archive)
		archive_write_free(out->archive);
	if (out->fd >= 0)
		close(out->fd);
	if (out->part)
		unlink(out->part);
	free(out->part);
	free(out->path);
	free(out);
}

bool archive_is(int fd)
{
	static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	unsigned char start[sizeof(zstd)];

	return pread(fd, start, sizeof(start), 0) == sizeof(start) &&
	       !memcmp(start, zstd, sizeof(zstd));
}

/* "DIRECTORY/NAME", or as tar may write it, "./DIRECTORY/NAME" */
static bool is_named(struct archive_entry *entry, const char *name)
{
	const char *path = archive_entry_pathname(entry);
	const char *slash;

	if (!path || archive_entry_filetype(entry) != AE_IFREG)
		return false;
	if (!strncmp(path, "./", 2))
		path += 2;
	slash = strchr(path, '/');
	return slash && !strcmp(slash + 1, name);
}

/* Of the files before the one that is wanted no more is decompressed. */
#define MAX_SKIPPED	(4ULL << 30)

/* One entry's data, to a file or, -1, to nowhere; *left is what there may still be. */
static enum archive_status copy_data(struct archive *archive, uint64_t *left,
				     int out)
{
	char buf[65536];
	la_ssize_t n;

	while ((n = archive_read_data(archive, buf, sizeof(buf))) > 0) {
		if ((uint64_t)n > *left)
			return ARCHIVE_LARGE;
		*left -= n;
		if (out >= 0 && write(out, buf, n) != n)
			return ARCHIVE_SYSTEM;
	}
	return n ? ARCHIVE_BAD : ARCHIVE_READ;
}

/* libarchive, asked for the next header, would read over any amount of data. */
static enum archive_status find_and_copy(struct archive *archive,
					 const char *name, uint64_t max, int out)
{
	enum archive_status copied;
	struct archive_entry *entry;
	uint64_t skipped = MAX_SKIPPED;
	int status;

	for (int i = 0; i < MAX_ENTRIES; i++) {
		status = archive_read_next_header(archive, &entry);
		if (status == ARCHIVE_EOF)
			return i ? ARCHIVE_LACKS : ARCHIVE_BAD;
		if (status != ARCHIVE_OK)
			return ARCHIVE_BAD;
		if (is_named(entry, name))
			return copy_data(archive, &max, out);
		copied = copy_data(archive, &skipped, -1);
		if (copied != ARCHIVE_READ)
			return copied;
	}
	return ARCHIVE_LACKS;
}

enum archive_status archive_read_file(int fd, const char *name, size_t max,
				      int out)
{
	struct archive *archive = archive_read_new();
	enum archive_status status;

	if (!archive) {
		errno = ENOMEM;
		return ARCHIVE_SYSTEM;
	}
	if (archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    archive_read_open_fd(archive, fd, 65536) != ARCHIVE_OK)
		status = ARCHIVE_BAD;
	else
		status = find_and_copy(archive, name, max, out);
	archive_read_free(archive);
	return status;
}

const char *archive_strerror(enum archive_status status)
{
	switch (status) {
	case ARCHIVE_READ:
		return "is read";
	case ARCHIVE_BAD:
		return "is damaged, or was not written by 'vcpu-info collect': try 'zstd -t'";
	case ARCHIVE_LACKS:
		return "has no such file in it: was it written by 'vcpu-info collect'?";
	case ARCHIVE_LARGE:
		return "has files in it that are too large";
	case ARCHIVE_SYSTEM:
		break;
	}
	return strerror(errno);
}
