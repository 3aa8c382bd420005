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

/* Its server finds the end of it when it next looks. */
void client_cut(struct client *client)
{
	client->cut = true;
	shutdown(client->socket, SHUT_RDWR);
}

void clients_cut_old(struct clients *clients, uint64_t age, uint64_t now)
{
	struct client *client = clients->oldest;

	for (; client && now - client->since >= age; client = client->next)
		if (!client->cut)
			client_cut(client);
}
