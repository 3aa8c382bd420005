// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

	return send_all(fd, &answer, sizeof(answer)) && send_all(fd, data, len);
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

static bool serve_read(const struct remote_server *server,
		       const struct request *request, void *buffer)
{
	pid_t pid = server->pid;

	if (request->len > REMOTE_MAX || !request->len ||
	    !may_read(server, request->where, request->len))
		return false;
	if (!guest_memory_read_process(&pid, request->where, buffer, request->len))
		return send_answer(server->fd, NULL, 0);
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
	return true;
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

bool remote_ask(struct remote_server *server, const void *question, size_t len)
{
	return send_all(server->fd, question, len) && remote_serve(server);
}

bool remote_question(int fd, void *question, size_t len)
{
	return receive_all(fd, question, len);
}

bool remote_answer(int fd, const void *answer, size_t len)
{
	struct request request = { .kind = ANSWER, .len = len };

	return send_all(fd, &request, sizeof(request)) &&
	       send_all(fd, answer, len);
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
