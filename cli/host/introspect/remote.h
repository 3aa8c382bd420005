/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two processes for a guest's memory: one that may read it, and one that
 * believes nothing in it but has no privileges. They share a socket; the one
 * without asks, and the other checks what it is asked for. Questions the other way, and
 * all that is read of the guest, go through memory that both have.
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

/* Questions that can be asked at once, and the size of one and of its answer */
#define REMOTE_QUESTIONS	16
#define REMOTE_QUESTION		(2U << 10)
#define REMOTE_ANSWER		(192U << 10)

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
 * struct remote_slot - a question and its answer, in memory that both processes have
 * @turn: whose turn it is; that of the first question is for all of them
 * @ahead: what was read for it
 * @used: a bit for each of these that was of use
 * @answer_len: bytes of the answer
 * @moment: the stack that belongs to the question; its len is 0 if there is none
 * @question: as both know it
 * @answer: the same
 * @data: the bytes of @ahead, one after the other
 *
 * The side that asks believes nothing in it: it has its own copy of @ahead, and copies
 * the answer before it looks at it.
 */
struct remote_slot {
	uint32_t turn;
	struct remote_reads ahead;
	uint32_t used;
	uint32_t answer_len;
	struct vcpu_info_host_stack moment;
	uint8_t question[REMOTE_QUESTION];
	union {
		uint8_t answer[REMOTE_ANSWER];
		uint64_t aligned;
	};
	uint8_t data[REMOTE_AHEAD_BYTES];
};

/*
 * REMOTE_QUESTIONS of them and room for an answer to a read, for a process and those that
 * it forks; NULL if there is no memory. Pages that are not used take none.
 */
struct remote_slot *remote_share(void);
void remote_unshare(struct remote_slot *shared);

/* Whether children that are forked from now on are without it: it is one guest's. */
void remote_hide(struct remote_slot *shared, bool hidden);

/* A VM whose memory was waited for so long is given up for a while. */
#define REMOTE_STALL_MS	3000

/**
 * struct remote_job - what a server hands to a process that reads for it. Memory that
 *	both have and the other side does not
 * @turn: whose turn it is
 * @reading: counts the begins and the ends of reads: odd while one lasts
 * @nr: how many questions there are
 * @answered: what remote_serve() said
 * @asked: how many reads each question came with
 * @ahead: those of struct remote_server; they are in such memory, too
 */
struct remote_job {
	uint32_t turn;
	uint32_t reading;
	uint32_t nr;
	bool answered;
	uint32_t asked[REMOTE_QUESTIONS];
	struct remote_reads *ahead[REMOTE_QUESTIONS];
};

/**
 * struct remote_server - the side that may
 * @fd: its end of the socket
 * @pid: process that has the memory
 * @slots: what of it may be read: @where is an address there
 * @nr_slots: their number
 * @sample: sample a vCPU (-1: all) into an array for free(); false if it failed
 * @sample_stack: sample a vCPU together with its stack, by the page table that is at
 *	root and has so many levels; false if it failed. May be NULL.
 * @arg: their first argument
 * @stop: whether to wait no longer, asked once in a while; may be NULL
 * @shared: what both have
 * @ahead: for each question what is read together with it, and brought up to date;
 *	may be NULL
 * @job: what the process that reads is told; NULL: remote_ask() reads itself, and waits
 *	for as long as the memory takes to come, which may be for ever
 * @reader: that process, a child that is in remote_read_for()
 * @stalled: remote_ask() failed because the memory did not come
 * @stalls: how often it was found to wait for that
 */
struct remote_server {
	int fd;
	pid_t pid;
	const struct guest_slot *slots;
	size_t nr_slots;
	bool (*sample)(void *arg, int vcpu_id,
		       struct vcpu_info_host_vcpu **vcpus, size_t *nr);
	bool (*sample_stack)(void *arg, int vcpu_id, uint64_t root, int levels,
			     struct vcpu_info_host_vcpu *vcpu,
			     struct vcpu_info_host_stack *stack);
	void *arg;
	bool (*stop)(void);
	struct remote_slot *shared;
	struct remote_reads *ahead[REMOTE_QUESTIONS];
	struct remote_job *job;
	pid_t reader;
	bool stalled;
	unsigned int stalls;
};

/*
 * Read the VM's memory for a copy of this server in the parent, until it is killed: the
 * memory may be where only its VMM can get it from (userfaultfd, FUSE). A read waits for
 * that, and nothing but SIGKILL ends it.
 */
void remote_read_for(struct remote_server *server);

/*
 * How often that process has begun or ended a read; and whether it was found in one so
 * often that it waits for too long. To be asked every REMOTE_STALL_CHECK_MS.
 */
#define REMOTE_STALL_CHECK_MS	20
uint32_t remote_reading(const struct remote_server *server);
bool remote_stalls(struct remote_server *server);

/*
 * Serve until the other end is closed or asks for what it may not have, or until
 * it has answered all questions: true then.
 */
bool remote_serve(struct remote_server *server);

/*
 * Ask the other side the first so many questions that are in @shared, all at once: what
 * is read ahead for them is one call. Serve it until it has answered them.
 */
bool remote_ask(struct remote_server *server, uint32_t nr);

/* No more questions: who waits for them need not. */
void remote_end(struct remote_server *server);

/*
 * An answer, where the other side may still change it, and its length; NULL and 0 if there
 * is none.
 */
const void *remote_answer_of(const struct remote_server *server, uint32_t which,
			     size_t *len);

/**
 * struct remote_client - the other side
 * @fd: its end of the socket
 * @by_socket: remote_serve() waits there, for what it has to read; true from the start if
 *	no questions are asked
 * @shared: what both have
 * @nr: how many questions there are
 * @at: the one that is being answered
 */
struct remote_client {
	int fd;
	bool by_socket;
	struct remote_slot *shared;
	uint32_t nr;
	uint32_t at;
};

/* The other side: wait for questions; @at is the first. */
bool remote_wait(struct remote_client *client);

/* Where the answer to the one at @at goes: REMOTE_ANSWER bytes, aligned for anything */
void *remote_room(const struct remote_client *client);

/* It is there, and so long: go on to the next. False if that is more than may be. */
bool remote_answered(struct remote_client *client, size_t len);

/* All of them are answered. */
bool remote_done(const struct remote_client *client);

/* read() of struct guest_memory for it; context: the client. */
bool remote_read(void *context, uint64_t where, void *to, size_t len);

/* Sample a vCPU (-1: all) into an array for free(). */
bool remote_sample(int fd, int vcpu_id, struct vcpu_info_host_vcpu **vcpus,
		   size_t *nr);

/* Sample a vCPU with its stack, of which there may be none: its len is 0 then. */
bool remote_sample_stack(int fd, int vcpu_id, uint64_t root, int levels,
			 struct vcpu_info_host_vcpu *vcpu,
			 struct vcpu_info_host_stack *stack);

#endif /* INTROSPECT_REMOTE_H */
