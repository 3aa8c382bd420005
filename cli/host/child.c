// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child.h"
#include "exit-codes.h"

/* SIGTERM would not do: a child has its parent's handlers, which only remember it. */
void child_tie(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* it may have ended before that */
	if (getppid() != parent)
		_exit(EXIT_FAILED);
}

pid_t child_fork(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (!pid)
		child_tie(parent);
	return pid;
}
