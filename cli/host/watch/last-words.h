/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What guests say by themselves when they are in trouble: which records belong
 * together, and when they are told of. Pure; vcpu-info-watch(1) documents it.
 */
#ifndef HOST_WATCH_LAST_WORDS_H
#define HOST_WATCH_LAST_WORDS_H

#include "duration.h"
#include "trace/event.h"
#include "vm/scan.h"
#include "watch/finding.h"

/* Of the events, for the kernel: what event_why_is_alarm() says. */
#define LAST_WORDS_FILTER	"reason >= 2 && reason <= 6"

/* Records with the same cookie are of one event for so long. */
#define LAST_WORDS_ONE_NS	NS_PER_SEC

/* A VM is told of at most so often for each reason. */
#define LAST_WORDS_NS		(10 * NS_PER_SEC)

/* VMs and reasons at the same time */
#define LAST_WORDS_MAX		1024

/**
 * struct last_words - one event in a guest
 * @pid: of the VM's process
 * @fd: of the VM in it
 * @caller: the vCPU that said it, -1 if it is not known
 * @why: VCPU_INFO_WHY_*
 * @cookie: what came with it
 * @records: how many records there are of it so far
 * @more: events of that VM and reason since the last that was told of, without it
 */
struct last_words {
	int pid;
	int fd;
	int caller;
	uint64_t why;
	uint64_t cookie;
	uint64_t records;
	uint64_t more;
};

/**
 * struct heard - what was heard of a VM for one reason
 * @last: the newest event
 * @when: when it began
 * @is_due: it has not been told of
 * @was_told: an event was
 * @told: when
 */
struct heard {
	struct last_words last;
	uint64_t when;
	bool is_due;
	bool was_told;
	uint64_t told;
};

/**
 * struct heard_list - all of it; all zeroes is nothing
 * @list: by VM and reason
 * @nr: how many
 * @holds: whether a VM's are not to be told of yet; NULL: none is held
 * @arg: its first argument
 */
struct heard_list {
	struct heard list[LAST_WORDS_MAX];
	size_t nr;
	bool (*holds)(const void *arg, int pid, int fd);
	const void *arg;
};

/*
 * A record was read: now is in nanoseconds, as everywhere here. Whatever is no such
 * record is passed over. False if there was no room for it.
 */
bool last_words_take(struct heard_list *heard, const struct event *ev,
		     uint64_t now);

/* The next one that is to be told of now; false if there is none. */
bool last_words_next(struct heard_list *heard, uint64_t now,
		     struct last_words *words);

/* When there is one; UINT64_MAX: not until another record comes, or one is held no more. */
uint64_t last_words_due(const struct heard_list *heard);

/* How many records there are of it by now. */
uint64_t last_words_records(const struct heard_list *heard,
			    const struct last_words *words);

/*
 * As text and as one line of JSON, for free(); NULL if memory is exhausted. before is
 * the VM's word until then; finding is what is in its memory, NULL if that is not known;
 * said is what was said about that, fit for a terminal.
 */
char *last_words_text(const struct vm *vm, const struct last_words *words,
		      const struct finding *finding, const char *said);
char *last_words_json(const struct vm *vm, const struct last_words *words,
		      const char *before, const struct finding *finding);

/* The reason's name. */
const char *last_words_name(const struct last_words *words);

#endif /* HOST_WATCH_LAST_WORDS_H */
