/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands that go on until they are told to stop, and then tidy up.
 */
#ifndef HOST_STOP_H
#define HOST_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* Have SIGINT, SIGTERM and SIGHUP only be remembered, and SIGPIPE ignored. */
void stop_catch_signals(void);

/* Whether one of them came, or nothing can be printed any more. */
bool stop_wanted(void);

/* Whether that is urgent: a second signal, or nothing can be printed. */
bool stop_at_once(void);

/* Wait; ends early when such a signal comes. */
void stop_sleep_ms(unsigned int ms);

/* Time that only goes forward, in nanoseconds. */
uint64_t stop_clock(void);

/* All is tidied up; if nobody reads our output any more, end as by SIGPIPE. */
void stop_if_pipe_broke(void);

#endif /* HOST_STOP_H */
