/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of an event from wherever it was read to where it is printed: is it
 * wanted, what is known besides, print it.
 */
#ifndef HOST_OUTPUT_H
#define HOST_OUTPUT_H

#include "event-options.h"
#include "vm/process.h"

/**
 * struct output - all that is needed to print events
 * @view: what the user wants
 * @printer: the printer
 * @tb: what is known of the trace clock
 * @start: events before that time are not wanted
 * @comm_of: where the names of processes are taken from, if they cannot be
 *	looked up on this host
 * @comm_arg: for it
 * @vmms: names of VMs
 * @with_rates: whether to say what counts grew by
 * @rates: for that
 */
struct output {
	const struct event_options *view;
	struct printer printer;
	struct timebase tb;
	uint64_t start;
	const char *(*comm_of)(void *arg, int pid);
	void *comm_arg;
	struct process_cache vmms;
	bool with_rates;
	struct rates rates;
};

/* False if memory is exhausted, which is said on standard error. */
bool output_init(struct output *out, const struct event_options *view,
		 enum time_format default_time);

/* Whether the event is one the user asked for. */
bool output_wants(struct output *out, const struct event *ev);

/* What is known besides the event; delta is where it may have its exits. */
void output_learn(struct output *out, const struct event *ev,
		  struct fmt_about *about, struct exit_delta *delta);
void output_print(struct output *out, const struct event *ev);
void output_free(struct output *out);

#endif /* HOST_OUTPUT_H */
