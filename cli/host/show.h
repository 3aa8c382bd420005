/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_SHOW_H
#define HOST_SHOW_H

#include "cmd.h"
#include "pick.h"

extern const struct opt_spec show_opts[];

/* No side effects; op->err is set on OPT_BAD. Free with pick_free(). */
enum opt_outcome show_parse(struct opt_parser *op, int argc, char **argv,
			    struct pick_params *params);

/* Print what was asked for. Gives the exit code. */
int show(const struct pick_params *params);

int cmd_show(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_SHOW_H */
