/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For a process that reads files which it must not trust.
 */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

#include <stdbool.h>

/*
 * Give up root's privileges and all capabilities, and for good what reading and
 * printing never needs: to run programs, use the network, open, create or change files
 * by their names, or look into other processes, change or signal them, even those of the
 * same user; nor are files mapped. What is open stays open. The process ends with its
 * parent (child.h). False and errno if that failed.
 */
bool sandbox_enter(void);

/*
 * Call a function in a child that has done so, for libraries that believe what is in
 * the file and crash on some that are cut off or damaged; its exit code. If it
 * crashes, that file is said to be damaged.
 */
int sandbox_call(int (*call)(void *arg), void *arg, const char *file);

#endif /* HOST_SANDBOX_H */
