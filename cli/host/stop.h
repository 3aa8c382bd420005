/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands that go on until they are told to stop, and then tidy up.
 */
#ifndef HOST_STOP_H
#define HOST_STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Defer SIGINT, SIGTERM, SIGHUP and SIGQUIT, except those that are ignored, and
 * ignore SIGPIPE. Writes are restarted after the first signal; the second makes
 * them fail.
 */
void stop_catch_signals(void);

/* Whether one of them came, or nothing more can be printed. */
bool stop_wanted(void);

/* Whether that is urgent: a second signal, or nothing can be printed. */
bool stop_at_once(void);

/* Whether it is only that nobody reads standard output any more. */
bool stop_reader_gone(void);

/* Wait; ends early when such a signal comes or the output's reader goes. */
void stop_sleep_ms(unsigned int ms);

/* Time that only goes forward, in nanoseconds. */
uint64_t stop_clock(void);

/*
 * All is tidied up; if nobody reads our output any more, end as by SIGPIPE,
 * unless that is ignored.
 */
void stop_if_pipe_broke(void);

#endif /* HOST_STOP_H */
