/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host's own files say of a VM, for an archive: its process and threads,
 * their control groups, the host, KVM and the kernel's log. Nothing of the guest's
 * memory, and no environment.
 */
#ifndef HOST_COLLECT_EVIDENCE_H
#define HOST_COLLECT_EVIDENCE_H

#include <stdbool.h>

#include "collect/archive.h"

/* What is read of one file at most. */
#define EVIDENCE_MAX_FILE	(256 * 1024)

/* Threads of a VMM that are looked into at most */
#define EVIDENCE_MAX_THREADS	2048

/*
 * Add all that to the archive. What is not there, or cannot be read, is left out.
 * False and errno if the archive cannot be written.
 */
bool evidence_add(struct archive_out *out, int pid);

/* Whether a line of the kernel's log is about KVM or the module. */
bool evidence_wants_log_line(const char *text);

#endif /* HOST_COLLECT_EVIDENCE_H */
