/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands that go on until they are told to stop, and then tidy up.
 */
#ifndef HOST_SIGNALS_H
#define HOST_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Defer SIGINT, SIGTERM, SIGHUP and SIGQUIT, except those that are ignored, and
 * ignore SIGPIPE. Writes are restarted after the first signal; the second makes
 * them fail.
 */
void signals_catch(void);

/* Whether one of them came, or nothing more can be printed. */
bool signals_want_end(void);

/* Whether that is urgent: a second signal, or nothing can be printed. */
bool signals_want_abort(void);

/* Whether it is only that nobody reads standard output any more. */
bool signals_reader_gone(void);

/* Wait; ends early when such a signal comes or the output's reader goes. */
void signals_sleep_ms(unsigned int ms);

/* The same, until the file can be read; whether it can. */
bool signals_wait_readable(int fd, unsigned int ms);

/* Wait until signals_clock() says so, or signals_want_end(). */
void signals_sleep_until(uint64_t when);

/* Time that only goes forward, in nanoseconds. */
uint64_t signals_clock(void);

/*
 * When the next round is due, for one that was due at @due and begins now: an interval
 * later. Rounds that were missed meanwhile are left out, not made up for.
 */
uint64_t signals_next_round(uint64_t due, uint64_t interval_ns);

/*
 * All is tidied up; if nobody reads our output any more, end as by SIGPIPE,
 * unless that is ignored.
 */
void signals_end_if_pipe_broke(void);

#endif /* HOST_SIGNALS_H */
