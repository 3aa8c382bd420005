/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listening for guests' last words: a trace instance that has nothing else in it,
 * and processes that read the guests' memory for a stack and the kernel's log.
 */
#ifndef HOST_WATCH_LISTENER_H
#define HOST_WATCH_LISTENER_H

#include "select.h"
#include "watch/helpers.h"
#include "watch/last-words.h"

/*
 * Guests whose memory is read at the same time; of others it is not. Of each guest for one
 * event at a time: what it says meanwhile waits, so that one cannot take all places.
 */
#define LISTENER_READERS	4

/* What is taken of what it says went wrong */
#define LISTENER_SAID_MAX	1024

/* finding and said are as last_words_text() takes them. */
typedef void listener_fn(const struct vm *vm, const struct last_words *words,
			 const struct finding *finding, const char *said,
			 void *arg);

struct own_instance;

/**
 * struct listener - one run
 * @select: which VMs
 * @tell: is told
 * @arg: its argument
 * @own: the instance; NULL if there is none
 * @given_up: there was none to be had, and it was said so
 * @said_full: it was said that there are too many VMs
 * @ends: no more memory is read
 * @heard: what was heard
 * @readers: the processes that read guests' memory
 * @readings: what each of them is for
 */
struct listener {
	const struct select *select;
	listener_fn *tell;
	void *arg;
	struct own_instance *own;
	bool given_up;
	bool said_full;
	bool ends;
	struct heard_list heard;
	struct helpers readers;
	struct {
		bool is_on;
		int out;
		int messages;
		struct vm vm;
		struct last_words words;
	} readings[MAX_HELPERS];
};

/* What is not set afterwards is 0. */
void listener_init(struct listener *listener, const struct select *select,
		   listener_fn *tell, void *arg);

/*
 * Start, if it has not, and see whether it still can hear anything. If that is not
 * possible it is said once, until listener_retry().
 */
void listener_start(struct listener *listener);
void listener_retry(struct listener *listener);

/*
 * Until signals_clock() says so, or signals_want_end(): tell of what comes. It sleeps
 * until then.
 */
void listener_until(struct listener *listener, uint64_t when);

/* Tell what there is still; no more comes. */
void listener_end(struct listener *listener);

/*
 * Remove the instance, which no process may have open then. False, with a message, if
 * that failed.
 */
bool listener_close(struct listener *listener);

#endif /* HOST_WATCH_LISTENER_H */
