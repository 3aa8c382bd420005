/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking at VMs again and again. Each round counts, which interrupts no vCPU; those
 * VMs whose numbers could mean trouble are looked at closer: twice, LOOK_NS apart.
 * In between the caller does what else it has to do.
 */
#ifndef HOST_WATCH_ROUNDS_H
#define HOST_WATCH_ROUNDS_H

#include "duration.h"
#include "watch/watched.h"

/* Between the two samples of a closer look */
#define LOOK_NS		NS_PER_SEC

/* VMs that come are found after that time. */
#define RESCAN_NS	(30 * NS_PER_SEC)

/**
 * struct watch_found - what one round found of a VM
 * @known: what is known of it
 * @vm: it
 * @word: its word in this round
 * @before: the word that was told of last
 * @is_change: the word was confirmed, and is told of now
 * @diagnosis: what the closer look found; NULL: there was none, for nothing was wrong
 */
struct watch_found {
	struct watched_vm *known;
	const struct vm *vm;
	const char *word;
	const char *before;
	bool is_change;
	const struct vm_diagnosis *diagnosis;
};

/* False if memory is exhausted. */
typedef bool watch_found_fn(const struct watch_found *found, void *arg);

struct watch_suspect;

/**
 * struct watch_rounds - one run
 * @req: for the counts of all VMs; has the status of the last round
 * @watched: the VMs
 * @names: what guests' kernels call what they do, NULL: guests' memory is left alone
 * @max_looks: VMs to look at closer in a round; 0: any number
 * @relook_ns: a VM whose word is confirmed is looked at again after that time
 * @found: is told
 * @arg: its argument
 * @looking: the closer look has begun, and watch_rounds_finish() is due
 * @look_end: signals_clock() at which it is
 * @looks: VMs looked at closer so far
 * @deferred: VMs that were not, for there were too many
 * @no_memory: of some VM nothing is known
 * @suspects: those that are worth a closer look in this round, for internal use
 * @nr_suspects: how many
 * @chosen: those of them that are looked at
 * @diagnosis: the closer look
 */
struct watch_rounds {
	struct host_request req;
	struct watched watched;
	struct guest_names *names;
	size_t max_looks;
	uint64_t relook_ns;
	watch_found_fn *found;
	void *arg;
	bool looking;
	uint64_t look_end;
	uint64_t looks;
	uint64_t deferred;
	bool no_memory;
	struct watch_suspect *suspects;
	size_t nr_suspects;
	struct select chosen;
	struct diagnosis diagnosis;
};

/* What is not set afterwards is 0. To be freed. */
void watch_rounds_init(struct watch_rounds *rounds, const struct select *select,
		       watch_found_fn *found, void *arg);

/*
 * Count, and begin a closer look at those VMs that are worth it. False if that was not
 * possible: see @req.status and @no_memory.
 */
bool watch_rounds_count(struct watch_rounds *rounds);

/* The end of the closer look. */
bool watch_rounds_finish(struct watch_rounds *rounds);
void watch_rounds_free(struct watch_rounds *rounds);

#endif /* HOST_WATCH_ROUNDS_H */
