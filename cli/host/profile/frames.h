/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a vCPU is doing, as the frames of a profile: its VM, its state, the guest's
 * task, and the functions from the outermost inwards.
 */
#ifndef HOST_PROFILE_FRAMES_H
#define HOST_PROFILE_FRAMES_H

#include "profile/tree.h"
#include "vm/guest-names.h"

/* Where the time of a vCPU goes; each moment is in one of them. */
enum profile_state {
	PROFILE_RUNNING,	/* guest code on a host CPU */
	PROFILE_EXIT,		/* on a host CPU, KVM handles a VM exit */
	PROFILE_HALTED,
	PROFILE_PREEMPTED,	/* it could run and has no host CPU */
	PROFILE_VMM,		/* outside KVM_RUN: the VMM works, or waits */
	PROFILE_UNKNOWN,	/* not started, protected, not readable */
	PROFILE_NR_STATES
};

const char *profile_state_word(enum profile_state state);
const char *profile_state_text(enum profile_state state);
enum frame_kind profile_state_kind(enum profile_state state);
enum profile_state profile_state_of(const struct vcpu_info_host_vcpu *vcpu);

#define FRAMES_TEXT	(64U << 10)

/**
 * struct frame_list - frames from the outermost inwards
 * @frames: them; names are in @text, or where they were before
 * @nr: how many
 * @user: the vCPU is in user mode
 * @approximate: it ran on while its stack was read
 * @incomplete: the stack could not be followed to its end
 * @guessed: a frame of it is a guess
 * @torn: the registers may not belong together
 * @unnamed: the guest runs, and it is not known what its kernel is
 * @used: bytes of @text in use
 */
struct frame_list {
	struct tree_frame frames[TREE_MAX_DEPTH];
	size_t nr;
	bool user;
	bool approximate;
	bool incomplete;
	bool guessed;
	bool torn;
	bool unnamed;
	size_t used;
	char text[FRAMES_TEXT];
};

/*
 * Make the list. vcpu_frame: a frame for the vCPU comes after that of the VM. look is
 * NULL if nothing is known of the guest; name is printable, and has to stay.
 */
void frames_make(struct frame_list *list, const char *name, bool vcpu_frame,
		 const struct vcpu_info_host_vcpu *vcpu,
		 const struct guest_look *look);

#endif /* HOST_PROFILE_FRAMES_H */
