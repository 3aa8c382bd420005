/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When 'watch' looks closer at a VM, what it then calls it, and when it says so. Pure
 * functions; vcpu-info-watch(1) documents them.
 */
#ifndef HOST_WATCH_WATCH_RULES_H
#define HOST_WATCH_WATCH_RULES_H

#include "diagnosis.h"

/* A VM with which nothing is wrong */
#define WATCH_WELL	"well"

/* A word is believed when it has come so often in succession. */
#define WATCH_CONFIRM	2

/*
 * Whether what a vCPU counted between two rounds could be trouble: then it is worth
 * a diagnosis, which interrupts vCPUs that run.
 */
bool watch_is_suspect(const struct vcpu_finding *finding);

/*
 * What is wrong with a VM: the word of the VM, or of the vCPU that is worst off.
 * WATCH_WELL if nothing is. Not some of the vCPUs being halted off: that may be an
 * operating system's way to take CPUs out of use.
 */
const char *watch_word(const struct vm_diagnosis *diagnosis);

/* All words that there are, by number; NULL after the last. */
const char *watch_word_nr(size_t nr);

/**
 * struct watch_state - what is known of a VM
 * @told: the word that was told of last
 * @seen: the word of the last rounds
 * @times: how often in succession
 */
struct watch_state {
	const char *told;
	const char *seen;
	unsigned int times;
};

/* A new VM: well, until something else is found. */
void watch_state_init(struct watch_state *state);

/* The word of one more round. Whether it is to be told: then @told is that. */
bool watch_state_step(struct watch_state *state, const char *word);

#endif /* HOST_WATCH_WATCH_RULES_H */
