/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two processes for a guest's memory: one that may read it, and one that
 * believes nothing in it but has no privileges. They share a socket; the one
 * without asks, and the other checks what it is asked for.
 */
#ifndef INTROSPECT_REMOTE_H
#define INTROSPECT_REMOTE_H

#include "memory.h"
#include "vcpu_info_abi.h"

/* Bytes of one answer; what is longer is asked for in parts. */
#define REMOTE_MAX	(256U << 10)

/* vCPUs of one answer */
#define REMOTE_MAX_VCPUS	4096

/* What a question can bring along: so many reads, each of so many bytes at the most */
#define REMOTE_AHEAD		24
#define REMOTE_AHEAD_LEN	(16U << 10)
#define REMOTE_AHEAD_BYTES	(128U << 10)

/**
 * struct remote_reads - what was read for a question that is asked again and again, and
 *	so will be read for it the next time
 * @ranges: addresses in the process, and bytes
 * @nr: how many
 * @bytes: of all of them
 */
struct remote_reads {
	uint32_t nr;
	uint32_t bytes;
	struct remote_range {
		uint64_t where;
		uint64_t len;
	} ranges[REMOTE_AHEAD];
};

/**
 * struct remote_server - the side that may
 * @fd: its end of the socket
 * @pid: process that has the memory
 * @slots: what of it may be read: @where is an address there
 * @nr_slots: their number
 * @sample: sample a vCPU (-1: all) into an array for free(); false if it failed
 * @arg: its first argument
 * @stop: whether to wait no longer, asked once in a while; may be NULL
 * @ahead: read this together with a question; is brought up to date; may be NULL
 * @answer: where an answer goes; NULL: none is expected
 * @answer_size: its size
 * @answer_len: how long the last one was
 * @used: which parts of what was read ahead were of use for it
 */
struct remote_server {
	int fd;
	pid_t pid;
	const struct guest_slot *slots;
	size_t nr_slots;
	bool (*sample)(void *arg, int vcpu_id,
		       struct vcpu_info_host_vcpu **vcpus, size_t *nr);
	void *arg;
	bool (*stop)(void);
	struct remote_reads *ahead;
	void *answer;
	size_t answer_size;
	size_t answer_len;
	uint32_t used;
};

/*
 * Serve until the other end is closed or asks for what it may not have, or until
 * it has given an answer: true then.
 */
bool remote_serve(struct remote_server *server);

/* Ask the other side something, and serve it until it answers. */
bool remote_ask(struct remote_server *server, const void *question, size_t len);

/**
 * struct remote_client - the other side, when it answers questions
 * @fd: its end of the socket
 * @ahead: what came with the question; it is forgotten with the answer
 * @used: a bit for each of these that was of use
 * @data: their bytes, one after the other
 */
struct remote_client {
	int fd;
	struct remote_reads ahead;
	uint32_t used;
	uint8_t data[REMOTE_AHEAD_BYTES];
};

/* The other side: wait for a question of that length, and answer it. */
bool remote_question(struct remote_client *client, void *question, size_t len);
bool remote_answer(struct remote_client *client, const void *answer, size_t len);

/* read() of struct guest_memory for it; context: the client. */
bool remote_client_read(void *context, uint64_t where, void *to, size_t len);

/* The other side: read() of struct guest_memory; context: its end of the socket. */
bool remote_read(void *context, uint64_t where, void *to, size_t len);

/* Sample a vCPU (-1: all) into an array for free(). */
bool remote_sample(int fd, int vcpu_id, struct vcpu_info_host_vcpu **vcpus,
		   size_t *nr);

#endif /* INTROSPECT_REMOTE_H */
