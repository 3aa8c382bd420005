// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "collect/parts.h"
#include "duration.h"
#include "exit-codes.h"
#include "signals.h"

#define TIDY_UP_NS	(2 * NS_PER_SEC)
#define POLL_MS		500
#define MAX_MESSAGES	65536

static void run_child(struct part *part)
{
	if (dup2(part->out, STDOUT_FILENO) < 0 ||
	    dup2(part->messages, STDERR_FILENO) < 0)
		_exit(EXIT_FAILED);
	_exit(cmd_flush(part->run(part->arg)));
}

bool part_start(struct part *part)
{
	int err;

	part->pid = 0;
	part->pidfd = -1;
	part->out = memfd_create("part", MFD_CLOEXEC);
	part->messages = memfd_create("messages", MFD_CLOEXEC);
	fflush(stdout);
	fflush(stderr);
	if (part->out >= 0 && part->messages >= 0)
		part->pid = child_fork();
	if (!part->pid && part->messages >= 0)
		run_child(part);
	if (part->pid > 0)
		part->pidfd = syscall(SYS_pidfd_open, part->pid, 0);
	if (part->pidfd >= 0)
		return true;
	err = errno;
	if (part->pid > 0) {
		kill(part->pid, SIGKILL);
		waitpid(part->pid, NULL, 0);
	}
	part->pid = 0;
	part_close(part);
	errno = err;
	return false;
}

static void reap(struct part *part)
{
	int status;

	if (waitpid(part->pid, &status, 0) != part->pid)
		return;
	part->pid = 0;
	part->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) :
					      128 + WTERMSIG(status);
}

/*
 * Until it ends or the time has come. A signal to end, which all have got if it was a
 * terminal's, leaves them little time; two make the end come at once.
 */
static bool wait_for(const struct part *part, uint64_t *deadline)
{
	struct pollfd pfd = { .fd = part->pidfd, .events = POLLIN };
	uint64_t now, left;

	do {
		now = signals_clock();
		if (signals_want_end() && *deadline > now + TIDY_UP_NS)
			*deadline = now + TIDY_UP_NS;
		left = now < *deadline ? (*deadline - now) / NS_PER_MS + 1 : 0;
		/* a signal may come right before it */
		if (poll(&pfd, 1, left < POLL_MS ? left : POLL_MS) > 0)
			return true;
	} while (now < *deadline && !signals_want_abort());
	return false;
}

/* One that takes too long may tidy up first. */
static void stop(struct part *part)
{
	uint64_t deadline = signals_clock() + TIDY_UP_NS;

	kill(part->pid, SIGTERM);
	if (!wait_for(part, &deadline))
		kill(part->pid, SIGKILL);
}

void parts_wait(struct part *parts, size_t nr, uint64_t deadline)
{
	for (size_t i = 0; i < nr; i++) {
		if (parts[i].pid <= 0)
			continue;
		parts[i].ended = wait_for(&parts[i], &deadline);
		if (!parts[i].ended)
			stop(&parts[i]);
		reap(&parts[i]);
	}
}

char *part_messages(const struct part *part)
{
	char *text = part->messages < 0 ? NULL : malloc(MAX_MESSAGES + 1);
	ssize_t n;

	if (!text)
		return NULL;
	n = pread(part->messages, text, MAX_MESSAGES, 0);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

void part_close(struct part *part)
{
	if (part->pidfd >= 0)
		close(part->pidfd);
	if (part->out >= 0)
		close(part->out);
	if (part->messages >= 0)
		close(part->messages);
	part->pidfd = -1;
	part->out = -1;
	part->messages = -1;
}
