/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is wrong with a host, and what to do about it.
 */
#ifndef HOST_HOST_PROBLEMS_H
#define HOST_HOST_PROBLEMS_H

#include "host-state.h"

/* More than there are checks. */
#define MAX_PROBLEMS	24

/**
 * struct problem - something to fix
 * @check: name of the check that found it
 * @exit_code: 0 if it does not keep records from being made and shown
 * @what: what is wrong
 * @fix: what to do
 */
struct problem {
	const char *check;
	int exit_code;
	char what[256];
	char fix[256];
};

/* Every problem, in the order to solve them; returns their number. */
size_t diagnose_all(const struct host_state *state,
		    struct problem problems[MAX_PROBLEMS]);

/* The first that keeps records from being made or shown, NULL for none. */
const struct problem *diagnose_first(const struct problem *problems, size_t nr);

/*
 * Say what keeps records from being made or shown on this host; returns the
 * exit code for it, EXIT_OK if there is nothing.
 */
int diagnose_report(void);

#endif /* HOST_HOST_PROBLEMS_H */
