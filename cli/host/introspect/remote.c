// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "remote.h"
#include "turn.h"

enum { READ = 1, SAMPLE, SAMPLE_STACK, ANSWERS };

/* How often to ask whether to go on waiting, and for how long at the most. */
#define STOP_MS		500
#define MAX_WAITS	240

/*
 * Whose turn it is: that of the side that asks, once it has the answers; the same
 * side's, which has to read and is asked for that by the socket; the other one's, with
 * so many questions; nobody's any more; or that of the process which reads what comes
 * with the questions.
 */
enum { TURN_ANSWERED, TURN_READS, TURN_END, TURN_AHEAD, TURN_QUESTIONS };

/* What that process is to do: nothing; read ahead and ask; serve the socket. */
enum { JOB_NONE, JOB_ASK, JOB_SERVE };

/* How often to look whether the other side is still there */
#define ANSWER_MS	REMOTE_STALL_CHECK_MS
#define MAX_ANSWER_WAITS	(MAX_WAITS * STOP_MS / ANSWER_MS)
#define QUESTION_MS	2000

/*
 * @which: the vCPU of a sample, or the question of a read. For a stack @where and @len
 * are the page table's address and levels.
 */
struct request {
	uint32_t kind;
	int32_t which;
	uint64_t where;
	uint64_t len;
};

/*
 * How many bytes, 0 if there is nothing to be had. Those of samples come behind it, those
 * of a read are in the memory that both have.
 */
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

static struct remote_reads *ahead_of(const struct remote_server *server,
				     int32_t which)
{
	return which >= 0 && which < (int32_t)REMOTE_QUESTIONS ?
		       server->ahead[which] : NULL;
}

/* Behind the questions */
static uint8_t *room_for_reads(struct remote_slot *shared)
{
	return (uint8_t *)(shared + REMOTE_QUESTIONS);
}

/* The parent sees by that whether a read takes long. */
static void count_read(const struct remote_server *server)
{
	if (server->job)
		__atomic_add_fetch(&server->job->reading, 1, __ATOMIC_RELEASE);
}

static bool serve_read(const struct remote_server *server,
		       const struct request *request)
{
	struct answer answer = { .len = request->len };
	pid_t pid = server->pid;
	bool done;

	if (request->len > REMOTE_MAX || !request->len ||
	    !may_read(server, request->where, request->len))
		return false;
	count_read(server);
	done = guest_memory_read_process(&pid, request->where,
					 room_for_reads(server->shared),
					 request->len);
	count_read(server);
	if (!done)
		answer.len = 0;
	else
		note_read(ahead_of(server, request->which), request->where,
			  request->len);
	return send_all(server->fd, &answer, sizeof(answer));
}

static bool serve_sample(const struct remote_server *server,
			 const struct request *request)
{
	struct vcpu_info_host_vcpu *vcpus = NULL;
	size_t nr = 0;
	bool done;

	if (!server->sample(server->arg, request->which, &vcpus, &nr))
		nr = 0;
	if (nr > REMOTE_MAX_VCPUS)
		nr = REMOTE_MAX_VCPUS;
	done = send_answer(server->fd, vcpus, nr * sizeof(*vcpus));
	free(vcpus);
	return done;
}

static bool serve_sample_stack(const struct remote_server *server,
			       const struct request *request)
{
	struct vcpu_info_host_stack stack = { 0 };
	struct vcpu_info_host_vcpu vcpu;
	struct answer answer = { 0 };
	size_t len;

	if (!server->sample_stack || request->len > 5 ||
	    !server->sample_stack(server->arg, request->which, request->where,
				  request->len, &vcpu, &stack))
		return send_answer(server->fd, NULL, 0);
	len = offsetof(struct vcpu_info_host_stack, data) + stack.len;
	answer.len = sizeof(vcpu) + len;
	return send_two(server->fd, &answer, sizeof(answer), &vcpu, sizeof(vcpu)) &&
	       send_all(server->fd, &stack, len);
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
	struct request request;
	bool more = true, answered = false;

	while (more && wait_for_request(server) &&
	       receive_all(server->fd, &request, sizeof(request))) {
		switch (request.kind) {
		case READ:
			more = serve_read(server, &request);
			break;
		case SAMPLE:
			more = serve_sample(server, &request);
			break;
		case SAMPLE_STACK:
			more = serve_sample_stack(server, &request);
			break;
		case ANSWERS:
			answered = true;
			more = false;
			break;
		default:
			more = false;
		}
	}
	return answered;
}

#define SHARED	(REMOTE_QUESTIONS * sizeof(struct remote_slot) + REMOTE_MAX)

struct remote_slot *remote_share(void)
{
	void *shared = mmap(NULL, SHARED, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (shared == MAP_FAILED)
		return NULL;
	return shared;
}

void remote_unshare(struct remote_slot *shared)
{
	if (shared)
		munmap(shared, SHARED);
}

void remote_hide(struct remote_slot *shared, bool hidden)
{
	madvise(shared, SHARED, hidden ? MADV_DONTFORK : MADV_DOFORK);
}

static void forget(struct remote_reads *ahead)
{
	if (ahead)
		*ahead = (struct remote_reads){ 0 };
}

/* What is no longer the guest's is not read. */
static uint32_t add_ranges(const struct remote_server *server,
			   struct remote_reads *ahead, struct iovec *remote)
{
	for (uint32_t i = 0; i < ahead->nr; i++) {
		const struct remote_range *range = &ahead->ranges[i];

		if (!may_read(server, range->where, range->len)) {
			forget(ahead);
			return 0;
		}
		remote[i].iov_base = (void *)(uintptr_t)range->where;
		remote[i].iov_len = range->len;
	}
	return ahead->nr;
}

/*
 * For all questions in one call. If some of it cannot be read any more, neither is
 * what comes after it.
 */
static void read_ahead(const struct remote_server *server, uint32_t nr)
{
	struct iovec remote[REMOTE_QUESTIONS * REMOTE_AHEAD];
	struct iovec local[REMOTE_QUESTIONS] = { 0 };
	uint32_t nr_remote = 0;
	ssize_t done = 0;

	for (uint32_t i = 0; i < nr; i++) {
		struct remote_reads *ahead = server->ahead[i];

		if (ahead)
			nr_remote += add_ranges(server, ahead, remote + nr_remote);
		local[i].iov_base = server->shared[i].data;
		local[i].iov_len = ahead ? ahead->bytes : 0;
	}
	count_read(server);
	if (nr_remote)
		done = process_vm_readv(server->pid, local, nr, remote, nr_remote, 0);
	count_read(server);
	for (uint32_t i = 0; i < nr; i++) {
		done -= local[i].iov_len;
		if (done < 0)
			forget(server->ahead[i]);
	}
}

/* Nothing more will come. */
static bool hung_up(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0 && poll_fd.revents & (POLLHUP | POLLNVAL);
}

uint32_t remote_reading(const struct remote_server *server)
{
	return server->job ? __atomic_load_n(&server->job->reading,
					     __ATOMIC_ACQUIRE) : 0;
}

bool remote_stalls(struct remote_server *server)
{
	if (remote_reading(server) & 1)
		server->stalls++;
	server->stalled = server->stalls >= REMOTE_STALL_MS / REMOTE_STALL_CHECK_MS;
	return server->stalled;
}

static bool has_ended(pid_t child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid;
}

/* Whether waiting for answers makes sense. */
static bool goes_on(struct remote_server *server)
{
	return !hung_up(server->fd) && !(server->stop && server->stop()) &&
	       !remote_stalls(server) &&
	       !(server->job && has_ended(server->reader));
}

/* The same as remote_serve(), by the process that reads */
static bool have_served(struct remote_server *server)
{
	struct remote_job *job = server->job;

	turn_give(&job->turn, JOB_SERVE, TURN_ANSWERS);
	for (unsigned int i = 0; i < MAX_ANSWER_WAITS; i++) {
		if (turn_wait(&job->turn, JOB_SERVE, ANSWER_MS, TURN_ASKS))
			return job->answered;
		/* the other side ends it by hanging up, too */
		if (!goes_on(server))
			return false;
	}
	return false;
}

/* The other side may write there whatever it likes: no more than so many times. */
static bool wait_for_answers(struct remote_server *server)
{
	const uint32_t *turn = &server->shared->turn;

	for (unsigned int i = 0; i < MAX_ANSWER_WAITS; i++) {
		uint32_t now = turn_now(turn);

		if (now == TURN_ANSWERED)
			return true;
		if (now == TURN_READS)
			return server->job ? have_served(server) :
					     remote_serve(server);
		if (!turn_wait(turn, now, ANSWER_MS, TURN_ASKS) && !goes_on(server))
			return false;
	}
	return false;
}

static void put_questions(struct remote_server *server, uint32_t nr,
			  uint32_t *asked)
{
	read_ahead(server, nr);
	for (uint32_t i = 0; i < nr; i++) {
		struct remote_slot *slot = &server->shared[i];

		forget(&slot->ahead);
		asked[i] = 0;
		if (server->ahead[i]) {
			slot->ahead = *server->ahead[i];
			asked[i] = server->ahead[i]->nr;
		}
		slot->used = 0;
		slot->answer_len = 0;
	}
	turn_give(&server->shared->turn, TURN_QUESTIONS + nr, TURN_ANSWERS);
}

/* It gives the turn to the other side, not back to us: that is one switch less. */
static void have_put(struct remote_server *server, uint32_t nr)
{
	struct remote_job *job = server->job;

	job->nr = nr;
	memcpy(job->ahead, server->ahead, sizeof(job->ahead));
	turn_set(&server->shared->turn, TURN_AHEAD);
	turn_give(&job->turn, JOB_ASK, TURN_ANSWERS);
}

void remote_read_for(struct remote_server *server)
{
	struct remote_job *job = server->job;

	for (;;) {
		switch (turn_now(&job->turn)) {
		case JOB_ASK:
			memcpy(server->ahead, job->ahead, sizeof(job->ahead));
			/* before the answers come, and with them the next job */
			turn_set(&job->turn, JOB_NONE);
			put_questions(server, job->nr, job->asked);
			break;
		case JOB_SERVE:
			job->answered = remote_serve(server);
			turn_give(&job->turn, JOB_NONE, TURN_ASKS);
			break;
		default:
			turn_wait(&job->turn, JOB_NONE, QUESTION_MS,
				  TURN_ANSWERS);
		}
	}
}

bool remote_ask(struct remote_server *server, uint32_t nr)
{
	uint32_t own[REMOTE_QUESTIONS];
	const uint32_t *asked = server->job ? server->job->asked : own;

	server->stalls = 0;
	if (server->job)
		have_put(server, nr);
	else
		put_questions(server, nr, own);
	if (!wait_for_answers(server))
		return false;
	for (uint32_t i = 0; i < nr; i++) {
		if (server->ahead[i])
			keep_used(server->ahead[i], asked[i],
				  server->shared[i].used);
	}
	return true;
}

const void *remote_answer_of(const struct remote_server *server, uint32_t which,
			     size_t *len)
{
	const struct remote_slot *slot = &server->shared[which];

	/* once: the other side may change it at any time */
	*len = __atomic_load_n(&slot->answer_len, __ATOMIC_RELAXED);
	if (*len && *len <= sizeof(slot->answer))
		return slot->answer;
	*len = 0;
	return NULL;
}

void remote_end(struct remote_server *server)
{
	turn_give(&server->shared->turn, TURN_END, TURN_ANSWERS);
}

bool remote_wait(struct remote_client *client)
{
	const uint32_t *turn = &client->shared->turn;
	uint32_t now;

	client->at = 0;
	client->by_socket = false;
	while ((now = turn_now(turn)) <= TURN_QUESTIONS) {
		if (now == TURN_END ||
		    (!turn_wait(turn, now, QUESTION_MS, TURN_ANSWERS) && hung_up(client->fd)))
			return false;
	}
	client->nr = now - TURN_QUESTIONS;
	return client->nr <= REMOTE_QUESTIONS;
}

void *remote_room(const struct remote_client *client)
{
	return client->shared[client->at].answer;
}

bool remote_answered(struct remote_client *client, size_t len)
{
	struct remote_slot *slot = &client->shared[client->at];

	if (len > sizeof(slot->answer))
		return false;
	slot->answer_len = len;
	client->at++;
	return true;
}

bool remote_done(const struct remote_client *client)
{
	const struct request request = { .kind = ANSWERS };

	if (!client->by_socket) {
		turn_give(&client->shared->turn, TURN_ANSWERED, TURN_ASKS);
		return true;
	}
	turn_set(&client->shared->turn, TURN_ANSWERED);
	return send_all(client->fd, &request, sizeof(request));
}

static bool read_by_socket(const struct remote_client *client, uint64_t where,
			   void *to, size_t len)
{
	char *at = to;

	while (len) {
		struct request request = {
			.kind = READ, .which = client->at, .where = where,
			.len = len < REMOTE_MAX ? len : REMOTE_MAX,
		};
		struct answer answer;

		if (!send_all(client->fd, &request, sizeof(request)) ||
		    !receive_all(client->fd, &answer, sizeof(answer)) ||
		    answer.len != request.len)
			return false;
		memcpy(at, room_for_reads(client->shared), request.len);
		where += request.len;
		at += request.len;
		len -= request.len;
	}
	return true;
}

bool remote_read(void *context, uint64_t where, void *to, size_t len)
{
	struct remote_client *client = context;
	struct remote_slot *slot = &client->shared[client->at];
	const uint8_t *data = slot->data;

	for (uint32_t i = 0; i < slot->ahead.nr; i++) {
		const struct remote_range *range = &slot->ahead.ranges[i];

		if (where >= range->where && where - range->where < range->len &&
		    len <= range->len - (where - range->where)) {
			memcpy(to, data + (where - range->where), len);
			slot->used |= 1U << i;
			return true;
		}
		data += range->len;
	}
	if (!client->by_socket) {
		client->by_socket = true;
		turn_give(&client->shared->turn, TURN_READS, TURN_ASKS);
	}
	return read_by_socket(client, where, to, len);
}

bool remote_sample(int fd, int vcpu_id, struct vcpu_info_host_vcpu **vcpus,
		   size_t *nr)
{
	struct request request = { .kind = SAMPLE, .which = vcpu_id };
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

bool remote_sample_stack(int fd, int vcpu_id, uint64_t root, int levels,
			 struct vcpu_info_host_vcpu *vcpu,
			 struct vcpu_info_host_stack *stack)
{
	const size_t least = sizeof(*vcpu) + offsetof(struct vcpu_info_host_stack, data);
	struct request request = {
		.kind = SAMPLE_STACK, .which = vcpu_id, .where = root, .len = levels,
	};
	struct answer answer;

	if (!send_all(fd, &request, sizeof(request)) ||
	    !receive_all(fd, &answer, sizeof(answer)) || answer.len < least ||
	    answer.len > sizeof(*vcpu) + sizeof(*stack) ||
	    !receive_all(fd, vcpu, sizeof(*vcpu)) ||
	    !receive_all(fd, stack, answer.len - sizeof(*vcpu)))
		return false;
	return stack->len == answer.len - least;
}
