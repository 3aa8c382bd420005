/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes that read VMs' memory for a command. A VMM may hold up such a read for
 * ever (userfaultfd, FUSE), and only SIGKILL ends it: the command itself must not do it.
 */
#ifndef HOST_VM_MEMORY_PROCESS_H
#define HOST_VM_MEMORY_PROCESS_H

#include "introspect/remote.h"

/*
 * Memory for a job and what else both processes have, all zeroes; other children do not
 * get it. NULL on OOM.
 */
void *memory_process_share(size_t size);
void memory_process_unshare(void *shared, size_t size);

/*
 * Fork such a process, which is in serve(server) and has no files but server->fd, and
 * keep_fd unless that is negative. size is that of the memory which server->job begins.
 * 0: it failed.
 */
pid_t memory_process_start(struct remote_server *server, size_t size, int keep_fd,
			   void (*serve)(struct remote_server *server));

/* Kill it. */
void memory_process_end(pid_t pid);

#endif /* HOST_VM_MEMORY_PROCESS_H */
