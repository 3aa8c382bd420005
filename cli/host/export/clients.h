/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connections of an HTTP server, the oldest first, and which of them have to go.
 */
#ifndef HOST_EXPORT_CLIENTS_H
#define HOST_EXPORT_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/metrics.h"

struct MHD_Connection;

/**
 * struct client - a connection
 * @connection: it
 * @socket: its socket
 * @since: when it came
 * @asked: its request has come whole
 * @waiting: for a text that is being written
 * @answered: it has waited for one, or for too long
 * @reads: it has been given one, not compressed
 * @format: of that text
 * @cut: its socket was shut down
 */
struct client {
	struct client *next;
	struct client *before;
	struct MHD_Connection *connection;
	int socket;
	uint64_t since;
	bool asked;
	bool waiting;
	bool answered;
	bool reads;
	enum metrics_format format;
	bool cut;
};

/* All of them; all zeroes is none. */
struct clients {
	struct client *oldest;
	struct client *newest;
	size_t nr;
	size_t nr_cut;
};

/* NULL on OOM */
struct client *clients_add(struct clients *clients,
			   struct MHD_Connection *connection, int socket,
			   uint64_t now);
void clients_remove(struct clients *clients, struct client *client);

/* Shut its socket down: its server finds the end of it when it next looks. */
void client_cut(struct clients *clients, struct client *client);

/*
 * Which one has to make room: the oldest that has not asked yet, else the oldest that
 * has had its grace; NULL: none.
 */
struct client *clients_victim(const struct clients *clients, uint64_t grace,
			      uint64_t now);

/* Cut such victims off until at most so many are left, or there is none. */
void clients_make_room(struct clients *clients, size_t max, uint64_t grace,
		       uint64_t now);

/* Cut off all that are older. */
void clients_cut_old(struct clients *clients, uint64_t age, uint64_t now);

/* Cut off the oldest that reads a text of that format and has had its grace. */
void clients_cut_reader(struct clients *clients, enum metrics_format format,
			uint64_t grace, uint64_t now);

#endif /* HOST_EXPORT_CLIENTS_H */
