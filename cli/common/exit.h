/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exit codes that both programs share; each program's own start at EXIT_OWN
 * and are documented in its man page.
 */
#ifndef COMMON_EXIT_H
#define COMMON_EXIT_H

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* an error that has no code of its own */
	EXIT_USAGE = 2,		/* unknown command, option or argument */
	EXIT_OWN = 3,
};

#endif /* COMMON_EXIT_H */
