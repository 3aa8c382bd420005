/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Metrics over HTTP, by two processes: this one collects, and its child, which has no
 * privileges, talks to clients. Whatever a client does, it is not done to this one.
 */
#ifndef HOST_EXPORT_SERVER_H
#define HOST_EXPORT_SERVER_H

#include "export/collector.h"
#include "export/listen.h"

/* Serve until a signal comes; the exit code. web_config may be NULL. */
int server_run(struct collector *collector,
	       const struct listen_address *address, const char *web_config);

#endif /* HOST_EXPORT_SERVER_H */
