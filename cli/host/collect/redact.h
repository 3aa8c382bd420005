/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMM's command line without its secrets: passwords, keys, tokens, and data that
 * is meant for the guest's eyes. What looks like one is left out; rather too much
 * than too little.
 */
#ifndef HOST_COLLECT_REDACT_H
#define HOST_COLLECT_REDACT_H

#include <stddef.h>
#include <stdio.h>

/* Stands for what was left out. */
#define REDACTED	"[removed]"

/*
 * Print the arguments of /proc/PID/cmdline, each on a line of its own, without
 * secrets. Characters that a terminal would obey become '?'.
 */
void redact_command_line(FILE *out, const char *bytes, size_t len);

#endif /* HOST_COLLECT_REDACT_H */
