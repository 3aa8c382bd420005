// SPDX-License-Identifier: GPL-2.0
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "vm/memory-process.h"

/* A process that has been killed has ended by then, if it ever does. */
#define END_MS	1000

void *memory_process_share(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return NULL;
	if (!madvise(shared, size, MADV_DONTFORK))
		return shared;
	munmap(shared, size);
	return NULL;
}

void memory_process_unshare(void *shared, size_t size)
{
	if (shared)
		munmap(shared, size);
}

static void close_all_but(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 0)
		syscall(SYS_close_range, 0, low - 1, 0);
	if (high > low + 1)
		syscall(SYS_close_range, low < 0 ? 0 : low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0U, 0);
}

pid_t memory_process_start(struct remote_server *server, size_t size, int keep_fd,
			   void (*serve)(struct remote_server *server))
{
	pid_t pid;

	if (madvise(server->job, size, MADV_DOFORK))
		return 0;
	pid = child_fork();
	if (!pid) {
		/* among them are trace instances, which go when nobody has them open */
		close_all_but(server->fd, keep_fd < 0 ? server->fd : keep_fd);
		serve(server);
		_exit(0);
	}
	madvise(server->job, size, MADV_DONTFORK);
	return pid > 0 ? pid : 0;
}

void memory_process_end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	for (int i = 0; i < END_MS && !waitpid(pid, NULL, WNOHANG); i++)
		poll(NULL, 0, 1);
}
