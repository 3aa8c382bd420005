/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each vCPU did when: its state from sample to sample, and its VM exits by kind.
 */
#ifndef HOST_PROFILE_TIMELINE_H
#define HOST_PROFILE_TIMELINE_H

#include <stdio.h>

#include "profile/profile.h"
#include "vcpu-rules.h"

/* Exits are counted for so long at a time: shorter would be mostly noise. */
#define TIMELINE_EXITS_NS	100000000ULL

/* What does not fit into these is left out, and counted. */
#define TIMELINE_MAX_PIECES	(1U << 20)
#define TIMELINE_MAX_COUNTS	(1U << 18)

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
 * struct timeline_lane - a vCPU
 * @pid: its VM's process
 * @name: its VM's name, printable UTF-8
 * @id: its number
 * @last: its last piece, counted from 1; 0: none
 * @since: from when exits are counted
 * @counted: the sample of that time
 * @latest: the last sample
 */
struct timeline_lane {
	int pid;
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
 * @left_out: pieces and counts that there was no room for
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
	uint64_t left_out;
	uint32_t max_pieces;
};

/*
 * A vCPU has been in the state of its last sample since that time. known->lane is set
 * the first time.
 */
void timeline_add(struct timeline *timeline, const struct profile_vm *vm,
		  struct profile_vcpu *known, uint64_t since);

/* The last exits, and where it ends. */
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

#endif /* HOST_PROFILE_TIMELINE_H */
