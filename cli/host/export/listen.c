// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "export/listen.h"
#include "num.h"

#define BACKLOG	128

static bool copy(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size)
		return false;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return true;
}

/* Digits of either family; an IPv6 address has to be in brackets. */
static bool is_host(const char *host, bool in_brackets)
{
	struct in6_addr addr;

	return inet_pton(in_brackets ? AF_INET6 : AF_INET, host, &addr) == 1;
}

static bool parse_tcp(const char *text, struct listen_address *address)
{
	const char *colon = strrchr(text, ':');
	bool in_brackets = text[0] == '[';
	const char *host = text + in_brackets;
	long long port;
	size_t len;

	if (!colon || !num_parse_int(colon + 1, 1, 65535, &port))
		return false;
	snprintf(address->port, sizeof(address->port), "%d", (int)port);
	if (colon == text)
		return copy(address->host, sizeof(address->host), "127.0.0.1",
			    9);
	len = colon - host;
	if (in_brackets && (!len || host[--len] != ']'))
		return false;
	return copy(address->host, sizeof(address->host), host, len) &&
	       is_host(address->host, in_brackets);
}

bool listen_parse(const char *text, struct listen_address *address)
{
	*address = (struct listen_address){ .kind = LISTEN_TCP };
	if (!strcmp(text, "systemd")) {
		address->kind = LISTEN_SYSTEMD;
		return true;
	}
	if (text[0] != '/')
		return parse_tcp(text, address);
	address->kind = LISTEN_UNIX;
	return text[1] &&
	       copy(address->path, sizeof(address->path), text, strlen(text));
}

bool listen_is_public(const struct listen_address *address)
{
	return address->kind == LISTEN_TCP &&
	       strncmp(address->host, "127.", 4) &&
	       strcmp(address->host, "::1");
}

static int fail(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

static int open_tcp(const struct listen_address *address)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *info;
	const int on = 1;
	int fd;

	if (getaddrinfo(address->host, address->port, &hints, &info)) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd >= 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	     bind(fd, info->ai_addr, info->ai_addrlen) || listen(fd, BACKLOG)))
		fd = fail(fd);
	freeaddrinfo(info);
	return fd;
}

/* A socket that refuses connections is left over. */
static void remove_stale(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (!lstat(addr->sun_path, &st) && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) &&
	    errno == ECONNREFUSED)
		unlink(addr->sun_path);
	close(fd);
}

static int open_unix(const struct listen_address *address)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t before;
	int fd, bound;

	memcpy(addr.sun_path, address->path, sizeof(addr.sun_path));
	remove_stale(&addr);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	before = umask(0117);
	bound = bind(fd, (const struct sockaddr *)&addr, sizeof(addr));
	umask(before);
	return bound || listen(fd, BACKLOG) ? fail(fd) : fd;
}

static int open_systemd(void)
{
	int fd = SD_LISTEN_FDS_START;

	if (sd_listen_fds(1) != 1 ||
	    sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
		errno = EINVAL;
		return -1;
	}
	return fcntl(fd, F_SETFL, O_NONBLOCK) ? fail(fd) : fd;
}

int listen_open(const struct listen_address *address)
{
	switch (address->kind) {
	case LISTEN_UNIX:
		return open_unix(address);
	case LISTEN_SYSTEMD:
		return open_systemd();
	default:
		return open_tcp(address);
	}
}

void listen_remove(const struct listen_address *address)
{
	if (address->kind == LISTEN_UNIX)
		unlink(address->path);
}
