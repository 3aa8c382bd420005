/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of the events that were read are printed: the options that 'show' and
 * 'report' share, and how they are carried out.
 */
#ifndef HOST_PICK_H
#define HOST_PICK_H

#include "latest.h"
#include "output.h"

/**
 * struct pick_params - what was asked for
 * @all: every event
 * @errors: failed requests only
 * @last: so many of each vCPU; 0 if not given
 * @since: no older than that
 * @view: which VMs and vCPUs, and how to print them
 */
struct pick_params {
	bool all;
	bool errors;
	long long last;
	struct since since;
	struct event_options view;
};

extern const struct opt_spec pick_opts[];

/*
 * Parse all of them, after opt_init(). The command has one option of its own,
 * a flag, which sets *is_set.
 */
enum opt_outcome pick_parse(struct pick_params *params, struct opt_parser *op,
			    int flag, bool *is_set);
void pick_free(struct pick_params *params);

/**
 * struct picker - one run over the events
 * @params: what was asked for
 * @out: where they go
 * @latest: what is kept until the end
 * @matched: events that were asked for
 * @others: events of other VMs, vCPUs, states or times
 * @errors: failed requests that would have been in @matched with --errors
 * @no_memory: some are missing
 */
struct picker {
	const struct pick_params *params;
	struct output out;
	struct latest latest;
	uint64_t matched;
	uint64_t others;
	uint64_t errors;
	bool no_memory;
};

/*
 * False if memory is exhausted, which is said. Free with picker_free() in any
 * case. by_default: so many of each vCPU, 0 for every event.
 */
bool picker_init(struct picker *picker, const struct pick_params *params,
		 size_t by_default, enum time_format default_time);
void picker_take(struct picker *picker, const struct event *ev);

/* Print what was kept. */
void picker_finish(struct picker *picker);
void picker_free(struct picker *picker);

#endif /* HOST_PICK_H */
