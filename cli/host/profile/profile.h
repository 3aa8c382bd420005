/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the time of VMs goes: all that was found, for those that write it.
 */
#ifndef HOST_PROFILE_PROFILE_H
#define HOST_PROFILE_PROFILE_H

#include "profile/frames.h"
#include "profile/tree.h"
#include "text.h"

/**
 * struct profile_vcpu - a vCPU
 * @id: KVM's number of it
 * @first: the time from which it is accounted for, by CLOCK_MONOTONIC
 * @last: its last sample; @last - @first is the sum of @states
 * @samples: how many there are of it
 * @states: nanoseconds by state
 * @user: those of them in which it was in the guest's user mode
 * @lane: timeline.c's
 * @node: where its last sample is in the tree
 * @seen: its last sample
 * @list: what was true of its last sample: flags of struct frame_list
 */
struct profile_vcpu {
	int id;
	uint64_t first;
	uint64_t last;
	uint64_t samples;
	uint64_t states[PROFILE_NR_STATES];
	uint64_t user;
	uint32_t lane;
	uint32_t node;
	struct vcpu_info_host_vcpu seen;
	struct {
		bool user;
		bool approximate;
		bool incomplete;
		bool guessed;
		bool torn;
		bool unnamed;
	} list;
};

/**
 * struct profile_vm - a VM
 * @pid: its process
 * @fd: its descriptor there
 * @name: its name, printable UTF-8
 * @frame: the name of its frame, which no other VM has
 * @gone: it ended meanwhile
 * @round: the last round that it was in
 * @vcpus: its vCPUs, by number
 * @nr: how many
 */
struct profile_vm {
	int pid;
	int fd;
	char name[TEXT_SIZE];
	char frame[TEXT_SIZE + 32];
	bool gone;
	uint64_t round;
	struct profile_vcpu *vcpus;
	size_t nr;
};

/**
 * struct profile - what was found
 * @tree: the time by stack
 * @vms: VMs that were there at the start
 * @nr: how many
 * @vcpu_frames: stacks have a frame for the vCPU
 * @frequency: samples of a vCPU that were asked for, in Hz
 * @started: when, by CLOCK_MONOTONIC
 * @started_wall: the same since 1970
 * @ended: when
 * @rounds: how often all vCPUs were sampled
 * @missed: how often that came too late, so that it was left out
 * @samples: of all vCPUs
 * @reused: those of a vCPU that had not moved, whose stack was known
 * @approximate: samples whose stack was read while the vCPU ran on
 * @incomplete: whose stack could not be followed to its end
 * @guessed: with a frame that is a guess
 * @torn: whose registers may not belong together
 * @unnamed: of a guest whose kernel was not found
 */
struct profile {
	struct tree tree;
	struct profile_vm *vms;
	size_t nr;
	bool vcpu_frames;
	unsigned int frequency;
	uint64_t started;
	uint64_t started_wall;
	uint64_t ended;
	uint64_t rounds;
	uint64_t missed;
	uint64_t samples;
	uint64_t reused;
	uint64_t approximate;
	uint64_t incomplete;
	uint64_t guessed;
	uint64_t torn;
	uint64_t unnamed;
};

/* A VM that is new; NULL if memory is exhausted. */
struct profile_vm *profile_add_vm(struct profile *profile, int pid, int fd,
				  const char *name);
struct profile_vm *profile_find_vm(const struct profile *profile, int pid,
				   int fd);

/*
 * The vCPU, which is added if it is new: then it is accounted for from its first
 * sample on, or from the profile's start if that is the first round. NULL if memory is
 * exhausted. Pointers to other vCPUs are not good any more after that.
 */
struct profile_vcpu *profile_vcpu(const struct profile *profile,
				  struct profile_vm *vm,
				  const struct vcpu_info_host_vcpu *vcpu);

/*
 * Account for the time since the last sample of a vCPU: it goes to what this one
 * shows. list is NULL if the vCPU is where it was in the last one.
 */
void profile_take(struct profile *profile, struct profile_vcpu *known,
		  const struct vcpu_info_host_vcpu *vcpu,
		  const struct frame_list *list);

/* Nanoseconds of all vCPUs. */
uint64_t profile_total(const struct profile *profile);

void profile_free(struct profile *profile);

#endif /* HOST_PROFILE_PROFILE_H */
