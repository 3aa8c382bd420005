/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each vCPU did when: its state from sample to sample, its VM exits by kind, and
 * what its guest said meanwhile.
 */
#ifndef HOST_PROFILE_TIMELINE_H
#define HOST_PROFILE_TIMELINE_H

#include <stdio.h>

#include "profile/profile.h"
#include "trace/event.h"
#include "vcpu-rules.h"

/* Exits are counted for so long at a time: shorter would be mostly noise. */
#define TIMELINE_EXITS_NS	100000000ULL

/* What does not fit into these is left out, and counted. */
#define TIMELINE_MAX_PIECES	(1U << 20)
#define TIMELINE_MAX_COUNTS	(1U << 18)

/*
 * Of each VM, so that none has the room of others; and apart, so that a guest's marks do
 * not have that of its panic. So many marks are 80 seconds of all that a VM may ask for.
 */
#define TIMELINE_MAX_MARKS	8192
#define TIMELINE_MAX_WORDS	1024

/**
 * struct timeline_piece - a vCPU is in one state
 * @from: since when, by CLOCK_MONOTONIC
 * @to: until when
 * @lane: whose it is
 * @state: enum profile_state
 * @user: in the guest's user mode
 */
struct timeline_piece {
	uint64_t from;
	uint64_t to;
	uint32_t lane;
	uint8_t state;
	bool user;
};

/**
 * struct timeline_count - VM exits of a vCPU
 * @from: since when, by CLOCK_MONOTONIC
 * @to: until when
 * @lane: whose they are
 * @exits: how many, by kind
 */
struct timeline_count {
	uint64_t from;
	uint64_t to;
	uint32_t lane;
	uint32_t exits[EXIT_NR_KINDS];
};

/**
 * struct timeline_mark - a record for which the guest gave a reason
 * @at: when, by CLOCK_MONOTONIC
 * @cookie: what came with it
 * @lane: whose record it is
 * @caller: the vCPU that asked for it, -1 if it is not known
 * @why: VCPU_INFO_WHY_*, or one that this version does not know
 */
struct timeline_mark {
	uint64_t at;
	uint64_t cookie;
	uint32_t lane;
	int caller;
	uint64_t why;
};

/**
 * struct timeline_lane - a vCPU
 * @pid: its VM's process
 * @fd: its VM in it
 * @vm: the first lane of its VM
 * @marks: in that lane, marks of the VM
 * @words: and what else its guest said
 * @name: its VM's name, printable UTF-8
 * @id: its number
 * @last: its last piece, counted from 1; 0: none
 * @since: from when exits are counted
 * @counted: the sample of that time
 * @latest: the last sample
 */
struct timeline_lane {
	int pid;
	int fd;
	uint32_t vm;
	uint32_t marks;
	uint32_t words;
	char name[TEXT_SIZE];
	int id;
	uint32_t last;
	uint64_t since;
	struct vcpu_info_host_vcpu counted;
	struct vcpu_info_host_vcpu latest;
};

/**
 * struct timeline - all of it; all zeroes is empty
 * @from: when it starts
 * @to: when it ends
 * @lanes: vCPUs
 * @nr_lanes: how many
 * @pieces: states, by time
 * @nr_pieces: how many
 * @counts: exits, by time
 * @nr_counts: how many
 * @marks: what guests said; after timeline_finish() by lane and time
 * @nr_marks: how many
 * @left_out: pieces and counts that there was no room for
 * @marks_left_out: the same of marks, and those that were lost
 * @max_pieces: no more than this; 0: TIMELINE_MAX_PIECES
 */
struct timeline {
	uint64_t from;
	uint64_t to;
	struct timeline_lane *lanes;
	uint32_t nr_lanes;
	struct timeline_piece *pieces;
	uint32_t nr_pieces;
	uint32_t pieces_room;
	struct timeline_count *counts;
	uint32_t nr_counts;
	uint32_t counts_room;
	struct timeline_mark *marks;
	uint32_t nr_marks;
	uint32_t marks_room;
	uint64_t left_out;
	uint64_t marks_left_out;
	uint32_t max_pieces;
};

/*
 * A vCPU has been in the state of its last sample since that time. known->lane is set
 * the first time.
 */
void timeline_add(struct timeline *timeline, const struct profile_vm *vm,
		  struct profile_vcpu *known, uint64_t since);

/*
 * A record of a vCPU that has a lane, with a reason; its time is CLOCK_MONOTONIC's. Others
 * are passed over.
 */
void timeline_add_mark(struct timeline *timeline, const struct event *ev);

/* The last exits, and where it ends. Marks from before or after that are dropped. */
void timeline_finish(struct timeline *timeline, uint64_t from, uint64_t to);
void timeline_free(struct timeline *timeline);

/* Whether a file's name says that it is one that can be written. */
bool timeline_has_format(const char *path);

/* Write it as what the file's name says. False with errno set. */
bool timeline_write(const struct timeline *timeline, const char *path);

/* One for each format */
bool timeline_write_trace(FILE *out, const void *timeline);
bool timeline_write_svg(FILE *out, const void *timeline);

/* What a piece is called: "running", "running (user)"... */
const char *timeline_piece_name(const struct timeline_piece *piece);

/* What a mark is called: its reason, in text if that has no name here. */
const char *timeline_mark_name(const struct timeline_mark *mark, char *text,
			       size_t size);

#endif /* HOST_PROFILE_TIMELINE_H */
