// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host-file.h"

static const char *host_root = "";

void host_file_set_root(const char *root)
{
	host_root = root;
}

__printf(3, 0)
static bool make_path(char *path, size_t size, const char *fmt, va_list ap)
{
	size_t len = strlen(host_root);
	int n;

	if (len >= size)
		return false;
	memcpy(path, host_root, len);
	n = vsnprintf(path + len, size - len, fmt, ap);
	return n >= 0 && (size_t)n < size - len;
}

bool host_file_path(char *path, size_t size, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = make_path(path, size, fmt, ap);
	va_end(ap);
	return ok;
}

/* Up to size bytes of it; 0 if it is empty or cannot be read. */
__printf(3, 0)
static size_t read_file(char *buf, size_t size, const char *fmt, va_list ap)
{
	char path[PATH_MAX];
	size_t len = 0;
	ssize_t n;
	int fd;

	if (!make_path(path, sizeof(path), fmt, ap))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	/* procfs may hand it over in parts */
	do {
		n = read(fd, buf + len, size - len);
		if (n > 0)
			len += n;
	} while (len < size && (n > 0 || (n < 0 && errno == EINTR)));
	close(fd);
	return len;
}

size_t host_file_bytes(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = read_file(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

bool host_file_line(char *line, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = read_file(line, size - 1, fmt, ap);
	va_end(ap);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return len;
}

bool host_file_text(char *text, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = read_file(text, size - 1, fmt, ap);
	va_end(ap);
	text[len] = '\0';
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return len;
}

bool host_file_exists(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = make_path(path, sizeof(path), fmt, ap);
	va_end(ap);
	return ok && !access(path, F_OK);
}

DIR *host_file_dir(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = make_path(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (ok)
		return opendir(path);
	errno = ENAMETOOLONG;
	return NULL;
}

bool host_file_contains(const char *path, const char *text)
{
	char full[PATH_MAX];
	char *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *f;

	f = host_file_path(full, sizeof(full), "%s", path) ? fopen(full, "re") :
							     NULL;
	if (!f)
		return false;
	while (!found && getline(&line, &size, f) >= 0)
		found = strstr(line, text);
	free(line);
	fclose(f);
	return found;
}

int host_file_write(const char *path, const char *text)
{
	char full[PATH_MAX];
	int err = 0;
	int fd;

	if (!host_file_path(full, sizeof(full), "%s", path))
		return -ENAMETOOLONG;
	fd = open(full, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}
