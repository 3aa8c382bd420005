/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What 'watch' has done when something changes: a program of the user's, an archive
 * of the evidence. Both run in children, which it does not wait for.
 */
#ifndef HOST_WATCH_HELPERS_H
#define HOST_WATCH_HELPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vm/scan.h"
#include "watch/last-words.h"

#define MAX_HELPERS	16

/*
 * What runs for longer is ended. 'collect' gives its diagnosis a minute, and then its
 * other parts, before it writes what there is of them.
 */
#define EXEC_SECONDS	120
#define COLLECT_SECONDS	300
#define READ_SECONDS	30

/**
 * struct helpers - those that run
 * @running: their processes, 0 for none
 * @deadline: signals_clock() at which each has to be gone
 */
struct helpers {
	pid_t running[MAX_HELPERS];
	uint64_t deadline[MAX_HELPERS];
};

/**
 * struct change - what is told of a VM
 * @vm: it
 * @word: what it does now
 * @before: what it did before
 * @text: the diagnosis for people; of several lines
 * @json: the same for programs, one line; "" if the VM is well
 * @last_words: it is what the guest said by itself; NULL: it is what was seen of it. Then
 *	@json is the whole change
 */
struct change {
	const struct vm *vm;
	const char *word;
	const char *before;
	const char *text;
	const char *json;
	const struct last_words *last_words;
};

/*
 * Run a program, without a shell and without arguments. The environment has
 * VCPU_INFO_VM_NAME, _VM_PID, _VM_FD, _WORD and _WORD_BEFORE, of last words also
 * _REASON, _COOKIE and _CALLER; standard input the change's JSON. False and errno if
 * that is not possible.
 */
bool helpers_exec(struct helpers *helpers, const char *program,
		  const struct change *change);

/*
 * Collect the VM's evidence to a file in the directory. Before that the oldest
 * archives in it are removed until they take less than so many bytes.
 */
bool helpers_collect(struct helpers *helpers, const char *directory,
		     uint64_t keep, const struct vm *vm);

/*
 * Write to out a struct finding: the stack of a vCPU (-1: of none) and the end of the
 * guest's kernel log; and to messages what went wrong. Neither can be relied on. The
 * place of the process in @running, -1 and errno if that is not possible.
 */
int helpers_read_guest(struct helpers *helpers, const struct vm *vm, int vcpu_id,
		       int out, int messages);

/* When the first of them takes too long, signals_clock(); UINT64_MAX: none runs. */
uint64_t helpers_deadline(const struct helpers *helpers);

/* Take note of those that have ended, and end those that take too long. */
void helpers_reap(struct helpers *helpers);

/* Wait until all have ended, or are ended because they took too long. */
void helpers_wait(struct helpers *helpers);

/* End them all now. */
void helpers_stop(struct helpers *helpers);

/*
 * Remove the oldest archives of a directory until the rest takes at most so much. What
 * killed collectors have left counts as one.
 */
void helpers_make_room(const char *directory, uint64_t keep);

#endif /* HOST_WATCH_HELPERS_H */
