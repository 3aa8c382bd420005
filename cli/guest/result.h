/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the results of a request are called, and what the program makes of them.
 */
#ifndef GUEST_RESULT_H
#define GUEST_RESULT_H

#include "exit.h"

/* vcpu-info-guest(1) documents them. */
enum {
	EXIT_NO_DEVICE = EXIT_OWN,
	EXIT_NO_HOST,
	EXIT_REFUSED,
	EXIT_RATE_LIMITED,
	EXIT_UNKNOWN_ID,
	EXIT_NO_PERMISSION,
};

/**
 * struct result_kind - one of the results that the device can report
 * @number: 0 or a negative errno number
 * @name: short, stable name for output
 * @exit_code: exit code of the program if it is the first that went wrong
 * @what: what is wrong, as a sentence
 * @hint: what to do about it
 */
struct result_kind {
	int number;
	const char *name;
	int exit_code;
	const char *what;
	const char *hint;
};

/* Never NULL: a number that is not documented is "unexpected". */
const struct result_kind *result_kind(int number);

#endif /* GUEST_RESULT_H */
