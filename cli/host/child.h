/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children that do a part of a command's work: they end with the command, however that
 * ends, so that nobody goes on waiting for what they have open, such as standard output.
 */
#ifndef HOST_CHILD_H
#define HOST_CHILD_H

#include <sys/types.h>

/* As fork(). The child is killed when its parent is gone, whatever handlers it has. */
pid_t child_fork(void);

/*
 * In the child: the same again, after what undoes it, which is a change of the user.
 * parent is what getppid() returned before that.
 */
void child_tie(pid_t parent);

#endif /* HOST_CHILD_H */
