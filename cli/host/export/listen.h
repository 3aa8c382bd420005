/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where an HTTP server listens.
 */
#ifndef HOST_EXPORT_LISTEN_H
#define HOST_EXPORT_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

enum listen_kind {
	LISTEN_TCP,
	LISTEN_UNIX,
	LISTEN_SYSTEMD,	/* the socket that systemd hands over (sd_listen_fds(3)) */
};

/**
 * struct listen_address - an address
 * @kind: what kind of
 * @host: LISTEN_TCP: the address in digits
 * @port: LISTEN_TCP: the port in digits, from 1 to 65535
 * @path: LISTEN_UNIX: the socket's path
 */
struct listen_address {
	enum listen_kind kind;
	char host[46];
	char port[6];
	char path[108];
};

/*
 * ":PORT" (on 127.0.0.1), "ADDR:PORT", "[ADDR]:PORT", "/PATH" or "systemd". Names are
 * not looked up. False if it is none of them.
 */
bool listen_parse(const char *text, struct listen_address *address);

/* Whether others than this host's own users can get there. */
bool listen_is_public(const struct listen_address *address);

/*
 * A socket that listens and does not block; -1 and errno, EINVAL if systemd has handed
 * over no socket, or several. A Unix socket is its owner's and group's (0660); one that
 * nobody listens to any more is replaced.
 */
int listen_open(const struct listen_address *address);

/* Remove the Unix socket. */
void listen_remove(const struct listen_address *address);

#endif /* HOST_EXPORT_LISTEN_H */
