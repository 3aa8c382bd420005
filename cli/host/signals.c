// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "compiler.h"
#include "msg.h"
#include "signals.h"
#include "trace-time.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* how often a signal said so */
static atomic_uint wanted;

/* nobody reads standard output any more */
static bool reader_gone;
static bool sigpipe_was_ignored;

static void set_handlers(int flags);

/*
 * A write that waits for a reader goes on after the first signal, so that
 * nothing is cut short, and fails at the second.
 */
static void remember(int sig)
{
	(void)sig;
	if (!wanted++)
		set_handlers(0);
}

/* What was ignored stays so: nohup, or a background job of a shell. */
static void set_handlers(int flags)
{
	struct sigaction action = { .sa_handler = remember,
				    .sa_flags = flags };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		if (!sigaction(signals[i], NULL, &old) &&
		    old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

void signals_catch(void)
{
	wanted = 0;
	reader_gone = false;
	set_handlers(SA_RESTART);
	sigpipe_was_ignored = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
}

bool signals_want_end(void)
{
	return wanted || reader_gone || ferror(stdout);
}

bool signals_want_abort(void)
{
	return wanted > 1 || reader_gone || ferror(stdout);
}

/*
 * Wait for at most so many milliseconds. A signal that comes after the check, and
 * before the wait, ends the wait, too.
 */
static bool wait_for(int fd, unsigned int ms)
{
	/* of the output no events are asked for: it is woken by errors alone */
	struct pollfd fds[] = {
		{ .fd = fileno(stdout) }, { .fd = fd, .events = POLLIN },
	};
	const struct timespec limit = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS,
	};
	sigset_t blocked, before;
	int nr = 0;

	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!signals_want_end())
		nr = ppoll(fds, ARRAY_SIZE(fds), &limit, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (nr <= 0)
		return false;
	reader_gone |= fds[0].revents;
	return fds[1].revents;
}

void signals_sleep_ms(unsigned int ms)
{
	wait_for(-1, ms);
}

bool signals_wait_readable(int fd, unsigned int ms)
{
	return wait_for(fd, ms);
}

bool signals_reader_gone(void)
{
	return reader_gone || outerr_get() == EPIPE;
}

uint64_t signals_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/*
 * A command may be stopped, frozen or kept from a CPU for long. Rounds in quick succession
 * afterwards would tell nothing, and cost the VMs what they cost.
 */
uint64_t signals_next_round(uint64_t due, uint64_t interval_ns)
{
	uint64_t now = signals_clock();

	return (due + interval_ns > now ? due : now) + interval_ns;
}

void signals_sleep_until(uint64_t when)
{
	uint64_t now = signals_clock();

	while (now < when && !signals_want_end()) {
		signals_sleep_ms((when - now + NS_PER_MS - 1) / NS_PER_MS);
		now = signals_clock();
	}
}

void signals_end_if_pipe_broke(void)
{
	struct pollfd fd = { .fd = fileno(stdout) };

	if (!(ferror(stdout) || reader_gone) || sigpipe_was_ignored ||
	    poll(&fd, 1, 0) != 1 || !(fd.revents & (POLLERR | POLLHUP)))
		return;
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}
