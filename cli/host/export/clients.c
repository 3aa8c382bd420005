// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <sys/socket.h>

#include "export/clients.h"

struct client *clients_add(struct clients *clients,
			   struct MHD_Connection *connection, int socket,
			   uint64_t now)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->connection = connection;
	client->socket = socket;
	client->since = now;
	client->before = clients->newest;
	if (clients->newest)
		clients->newest->next = client;
	else
		clients->oldest = client;
	clients->newest = client;
	clients->nr++;
	return client;
}

void clients_remove(struct clients *clients, struct client *client)
{
	if (client->before)
		client->before->next = client->next;
	else
		clients->oldest = client->next;
	if (client->next)
		client->next->before = client->before;
	else
		clients->newest = client->before;
	clients->nr--;
	clients->nr_cut -= client->cut;
	free(client);
}

struct client *clients_victim(const struct clients *clients, uint64_t grace,
			      uint64_t now)
{
	struct client *client;

	for (client = clients->oldest; client; client = client->next)
		if (!client->asked && !client->cut)
			return client;
	for (client = clients->oldest; client; client = client->next)
		if (!client->cut && now - client->since >= grace)
			return client;
	return NULL;
}

void client_cut(struct clients *clients, struct client *client)
{
	client->cut = true;
	clients->nr_cut++;
	shutdown(client->socket, SHUT_RDWR);
}

void clients_make_room(struct clients *clients, size_t max, uint64_t grace,
		       uint64_t now)
{
	struct client *victim;

	while (clients->nr - clients->nr_cut > max) {
		victim = clients_victim(clients, grace, now);
		if (!victim)
			return;
		client_cut(clients, victim);
	}
}

void clients_cut_old(struct clients *clients, uint64_t age, uint64_t now)
{
	struct client *client = clients->oldest;

	for (; client && now - client->since >= age; client = client->next)
		if (!client->cut)
			client_cut(clients, client);
}

void clients_cut_reader(struct clients *clients, enum metrics_format format,
			uint64_t grace, uint64_t now)
{
	struct client *client = clients->oldest;

	for (; client && now - client->since >= grace; client = client->next) {
		if (client->cut || !client->reads || client->format != format)
			continue;
		client_cut(clients, client);
		return;
	}
}
