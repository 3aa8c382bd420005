// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/textfile.h"

/* "DIR/.NAME.XXXXXX" */
static bool name_aside(char *aside, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!*name) {
		errno = EISDIR;
		return false;
	}
	if (snprintf(aside, size, "%.*s.%s.XXXXXX", (int)(name - path), path,
		     name) >= (int)size) {
		errno = ENAMETOOLONG;
		return false;
	}
	return true;
}

/* Everyone may read it: node-exporter is not root. */
static bool fill(struct collector *collector, int fd)
{
	FILE *f = fdopen(fd, "w");
	bool done;
	int err;

	if (!f) {
		err = errno;
		close(fd);
		errno = err;
		return false;
	}
	collector_write(collector, METRICS_TEXT, f);
	done = !fflush(f) && !ferror(f) && !fchmod(fd, 0644);
	err = errno;
	if (fclose(f) && done)
		return false;
	errno = err;
	return done;
}

bool textfile_write(struct collector *collector, const char *path)
{
	char aside[PATH_MAX];
	int fd, err;

	if (!name_aside(aside, sizeof(aside), path))
		return false;
	fd = mkostemp(aside, O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fill(collector, fd) && !rename(aside, path))
		return true;
	err = errno;
	unlink(aside);
	errno = err;
	return false;
}
