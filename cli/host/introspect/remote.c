// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "remote.h"

enum { READ = 1, SAMPLE, ANSWER };

/* How often to ask whether to go on waiting, and for how long at the most. */
#define STOP_MS		500
#define MAX_WAITS	240

struct request {
	uint32_t kind;
	int32_t vcpu_id;
	uint64_t where;
	uint64_t len;
};

/* Before the data: how many bytes, 0 if there is nothing to be had. */
struct answer {
	uint64_t len;
};

static bool send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

/* Both in one call, or as much as there is room for */
static bool send_two(int fd, const void *a, size_t a_len, const void *b,
		     size_t b_len)
{
	struct iovec parts[] = {
		{ .iov_base = (void *)a, .iov_len = a_len },
		{ .iov_base = (void *)b, .iov_len = b_len },
	};
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
	size_t sent = n < 0 ? 0 : n;

	if (n < 0 && errno != EINTR)
		return false;
	if (sent < a_len)
		return send_all(fd, (const char *)a + sent, a_len - sent) &&
		       send_all(fd, b, b_len);
	sent -= a_len;
	return send_all(fd, (const char *)b + sent, b_len - sent);
}

static bool receive_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len) {
		ssize_t n = recv(fd, at, len, MSG_WAITALL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

static bool send_answer(int fd, const void *data, size_t len)
{
	struct answer answer = { .len = len };

	return send_two(fd, &answer, sizeof(answer), data, len);
}

/* Only memory of the guest, not the rest of what the process has. */
static bool may_read(const struct remote_server *server, uint64_t where,
		     uint64_t len)
{
	for (size_t i = 0; i < server->nr_slots; i++) {
		const struct guest_slot *slot = &server->slots[i];

		if (where >= slot->where && where - slot->where < slot->size)
			return len <= slot->size - (where - slot->where);
	}
	return false;
}

/* What was asked for this time is wanted the next time, too. */
static void note_read(struct remote_reads *ahead, uint64_t where, uint64_t len)
{
	if (!ahead || ahead->nr == REMOTE_AHEAD || len > REMOTE_AHEAD_LEN ||
	    len > REMOTE_AHEAD_BYTES - ahead->bytes)
		return;
	ahead->ranges[ahead->nr++] = (struct remote_range){ where, len };
	ahead->bytes += len;
}

static bool serve_read(const struct remote_server *server,
		       const struct request *request, void *buffer)
{
	pid_t pid = server->pid;

	if (request->len > REMOTE_MAX || !request->len ||
	    !may_read(server, request->where, request->len))
		return false;
	if (!guest_memory_read_process(&pid, request->where, buffer, request->len))
		return send_answer(server->fd, NULL, 0);
	note_read(server->ahead, request->where, request->len);
	return send_answer(server->fd, buffer, request->len);
}

static bool serve_sample(const struct remote_server *server,
			 const struct request *request)
{
	struct vcpu_info_host_vcpu *vcpus = NULL;
	size_t nr = 0;
	bool done;

	if (!server->sample(server->arg, request->vcpu_id, &vcpus, &nr))
		nr = 0;
	if (nr > REMOTE_MAX_VCPUS)
		nr = REMOTE_MAX_VCPUS;
	done = send_answer(server->fd, vcpus, nr * sizeof(*vcpus));
	free(vcpus);
	return done;
}

static bool take_answer(struct remote_server *server,
			const struct request *request)
{
	if (!server->answer || !request->len ||
	    request->len > server->answer_size ||
	    !receive_all(server->fd, server->answer, request->len))
		return false;
	server->answer_len = request->len;
	server->used = request->where;
	return true;
}

/* Those that were of no use are not read again. */
static void keep_used(struct remote_reads *ahead, uint32_t nr, uint32_t used)
{
	struct remote_reads kept = { 0 };

	for (uint32_t i = 0; i < ahead->nr; i++) {
		if (i >= nr || used & 1U << i)
			note_read(&kept, ahead->ranges[i].where,
				  ahead->ranges[i].len);
	}
	*ahead = kept;
}

/* Until there is something to read; false if it is not worth waiting for. */
static bool wait_for_request(const struct remote_server *server)
{
	struct pollfd poll_fd = { .fd = server->fd, .events = POLLIN };

	if (!server->stop)
		return true;
	for (int i = 0; i < MAX_WAITS && !server->stop(); i++) {
		if (poll(&poll_fd, 1, STOP_MS) > 0)
			return true;
	}
	return false;
}

bool remote_serve(struct remote_server *server)
{
	/* asked for many times a second, it must not be mapped anew each time */
	static _Thread_local uint8_t buffer[REMOTE_MAX];
	struct request request;
	bool more = true, answered = false;

	while (more && wait_for_request(server) &&
	       receive_all(server->fd, &request, sizeof(request))) {
		switch (request.kind) {
		case READ:
			more = serve_read(server, &request, buffer);
			break;
		case SAMPLE:
			more = serve_sample(server, &request);
			break;
		case ANSWER:
			answered = take_answer(server, &request);
			more = false;
			break;
		default:
			more = false;
		}
	}
	return answered;
}

/* All in one call; if some of it cannot be read any more, nothing is. */
static void read_ahead(const struct remote_server *server,
		       struct remote_reads *ahead, void *data)
{
	struct iovec remote[REMOTE_AHEAD];
	struct iovec local = { .iov_base = data, .iov_len = ahead->bytes };

	for (uint32_t i = 0; i < ahead->nr; i++) {
		const struct remote_range *range = &ahead->ranges[i];

		if (!may_read(server, range->where, range->len)) {
			*ahead = (struct remote_reads){ 0 };
			return;
		}
		remote[i].iov_base = (void *)(uintptr_t)range->where;
		remote[i].iov_len = range->len;
	}
	if (ahead->nr && process_vm_readv(server->pid, &local, 1, remote, ahead->nr,
					  0) != (ssize_t)ahead->bytes)
		*ahead = (struct remote_reads){ 0 };
}

bool remote_ask(struct remote_server *server, const void *question, size_t len)
{
	static _Thread_local uint8_t message[REMOTE_MAX];
	struct remote_reads none = { 0 };
	struct remote_reads *ahead = server->ahead ? server->ahead : &none;
	const size_t head = len + sizeof(*ahead);
	uint32_t nr;
	bool done;

	if (head > sizeof(message) - REMOTE_AHEAD_BYTES)
		return false;
	read_ahead(server, ahead, message + head);
	memcpy(message, question, len);
	memcpy(message + len, ahead, sizeof(*ahead));
	nr = ahead->nr;
	done = send_all(server->fd, message, head + ahead->bytes) &&
	       remote_serve(server);
	if (done)
		keep_used(ahead, nr, server->used);
	return done;
}

bool remote_question(struct remote_client *client, void *question, size_t len)
{
	client->used = 0;
	return receive_all(client->fd, question, len) &&
	       receive_all(client->fd, &client->ahead, sizeof(client->ahead)) &&
	       receive_all(client->fd, client->data, client->ahead.bytes);
}

bool remote_answer(struct remote_client *client, const void *answer, size_t len)
{
	struct request request = {
		.kind = ANSWER, .len = len, .where = client->used,
	};

	return send_two(client->fd, &request, sizeof(request), answer, len);
}

bool remote_client_read(void *context, uint64_t where, void *to, size_t len)
{
	struct remote_client *client = context;
	const uint8_t *data = client->data;

	for (uint32_t i = 0; i < client->ahead.nr; i++) {
		const struct remote_range *range = &client->ahead.ranges[i];

		if (range->where == where && range->len == len) {
			memcpy(to, data, len);
			client->used |= 1U << i;
			return true;
		}
		data += range->len;
	}
	return remote_read(&client->fd, where, to, len);
}

bool remote_read(void *context, uint64_t where, void *to, size_t len)
{
	int fd = *(int *)context;
	char *at = to;

	while (len) {
		struct request request = {
			.kind = READ, .where = where,
			.len = len < REMOTE_MAX ? len : REMOTE_MAX,
		};
		struct answer answer;

		if (!send_all(fd, &request, sizeof(request)) ||
		    !receive_all(fd, &answer, sizeof(answer)) ||
		    answer.len != request.len ||
		    !receive_all(fd, at, request.len))
			return false;
		where += request.len;
		at += request.len;
		len -= request.len;
	}
	return true;
}

bool remote_sample(int fd, int vcpu_id, struct vcpu_info_host_vcpu **vcpus,
		   size_t *nr)
{
	struct request request = { .kind = SAMPLE, .vcpu_id = vcpu_id };
	struct answer answer;

	*vcpus = NULL;
	*nr = 0;
	if (!send_all(fd, &request, sizeof(request)) ||
	    !receive_all(fd, &answer, sizeof(answer)) || !answer.len ||
	    answer.len % sizeof(**vcpus) ||
	    answer.len / sizeof(**vcpus) > REMOTE_MAX_VCPUS)
		return false;
	*vcpus = malloc(answer.len);
	if (*vcpus && receive_all(fd, *vcpus, answer.len)) {
		*nr = answer.len / sizeof(**vcpus);
		return true;
	}
	free(*vcpus);
	*vcpus = NULL;
	return false;
}
