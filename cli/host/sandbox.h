/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For a process that reads files which it must not trust.
 */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

#include <stdbool.h>

/*
 * Give up root's privileges, if there are any, and for good what reading and
 * printing never needs: to run programs, use the network, or look into other
 * processes; nor are files mapped. What is open stays open. False and errno if that
 * failed.
 */
bool sandbox_enter(void);

#endif /* HOST_SANDBOX_H */
