// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool.h"

/* Not /tmp, which is often in memory */
#define DIRECTORY	"/var/tmp"

const char *spool_directory(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && dir[0] ? dir : DIRECTORY;
}

static int open_unnamed(void)
{
	const char *dir = spool_directory();
	char path[PATH_MAX];
	int fd;

	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* not every file system has that: overlayfs lacked it until 6.1 */
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	if (snprintf(path, sizeof(path), "%s/vcpu-info.XXXXXX", dir) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

/* False and errno */
static bool copy(int in, int out, uint64_t max)
{
	char buf[1 << 16];
	uint64_t total = 0;
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf)))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		total += n;
		if (total > max) {
			errno = EFBIG;
			return false;
		}
		if (!write_all(out, buf, n))
			return false;
	}
	return !lseek(out, 0, SEEK_SET);
}

int spool_copy(int in, uint64_t max)
{
	int out = open_unnamed();
	int err;

	if (out < 0 || copy(in, out, max))
		return out;
	err = errno;
	close(out);
	errno = err;
	return -1;
}
