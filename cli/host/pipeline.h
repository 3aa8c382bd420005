/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of an event from a source to a printer: is it asked for, what else is
 * known of it, print it or keep it.
 */
#ifndef HOST_PIPELINE_H
#define HOST_PIPELINE_H

#include "event-options.h"
#include "vm/process.h"

/**
 * struct pipeline - one run of a command over events
 * @events: what was asked for
 * @source: where they come from
 * @printer: where they go to
 * @tb: what is known of the source's clock
 * @start: events before that time are not asked for
 * @keep: print only the last so many of each vCPU, at the end; 0: all, at once
 * @processes: those that run VMs
 * @vcpus: what is remembered of each vCPU
 * @taken: events that were asked for, by kind
 * @others: events of other VMs, vCPUs, states or times
 * @errors: failed requests that would have been taken with --errors
 * @no_memory: some are missing
 * @look: what was found in the guest's memory for the event that is printed
 * @view: the same for its printer
 */
struct pipeline {
	const struct event_options *events;
	struct event_source *source;
	struct printer *printer;
	struct timebase tb;
	uint64_t start;
	size_t keep;
	struct process_cache processes;
	struct vcpu_table vcpus;
	uint64_t taken[EVENT_NR_KINDS];
	uint64_t others;
	uint64_t errors;
	bool no_memory;
	struct guest_look look;
	struct stack_view view;
};

/*
 * A new one with the printer for the options. NULL, and a message, on OOM.
 * last: print the last so many of each vCPU unless the options say otherwise;
 * 0 for every event.
 */
struct pipeline *pipeline_new(const struct event_options *events, size_t last,
			      enum time_format default_time);

/* The same for a printer of one's own, NULL if there was no memory for it. */
struct pipeline *pipeline_with(const struct event_options *events,
			       struct printer *printer);

/*
 * Take events from that source from now on, which stays the caller's. False if
 * its clock does not tell what --since is.
 */
bool pipeline_set_source(struct pipeline *pl, struct event_source *source);

/* Ask the source for the time. */
void pipeline_set_clock(struct pipeline *pl);

/* Whether an event is one of those that were asked for. */
bool pipeline_wants(struct pipeline *pl, const struct event *ev);

/*
 * Take an event, as an event_fn with the pipeline as its argument. False once
 * nothing more can be printed.
 */
bool pipeline_take(const struct event *ev, void *pipeline);

/* Read the source; false and errno as of source_read(). */
bool pipeline_read(struct pipeline *pl);

/* Print what was kept. */
void pipeline_finish(struct pipeline *pl);

/*
 * What the source has lost, which is printed in formats with a place for it.
 * False if it does not know.
 */
bool pipeline_print_losses(struct pipeline *pl, struct losses *losses);

static inline uint64_t pipeline_nr_taken(const struct pipeline *pl)
{
	return pl->taken[EVENT_RECORD] + pl->taken[EVENT_ERROR];
}

void pipeline_free(struct pipeline *pl);

#endif /* HOST_PIPELINE_H */
