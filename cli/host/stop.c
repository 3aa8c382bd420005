// SPDX-License-Identifier: GPL-2.0
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "compiler.h"
#include "stop.h"
#include "timebase.h"

/* how often a signal said so */
static atomic_uint wanted;

static void remember(int sig)
{
	(void)sig;
	wanted++;
}

void stop_catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	/* no SA_RESTART: a write that waits for a reader ends, too */
	struct sigaction action = { .sa_handler = remember };

	wanted = 0;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool stop_wanted(void)
{
	return wanted || ferror(stdout);
}

bool stop_at_once(void)
{
	return wanted > 1 || ferror(stdout);
}

void stop_sleep_ms(unsigned int ms)
{
	if (!stop_wanted())
		poll(NULL, 0, ms);
}

uint64_t stop_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

void stop_if_pipe_broke(void)
{
	struct pollfd fd = { .fd = fileno(stdout) };

	if (!ferror(stdout) || poll(&fd, 1, 0) != 1 || !(fd.revents & POLLERR))
		return;
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}
