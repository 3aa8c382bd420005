/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_STATUS_H
#define HOST_STATUS_H

#include <stdbool.h>

#include "cmd.h"

/* What 'vcpu-info status' was asked for: JSON instead of text. */
struct status_params {
	bool json;
};

extern const struct opt_spec status_opts[];

/* No side effects; op->err is set on OPT_BAD. */
enum opt_outcome status_parse(struct opt_parser *op, int argc, char **argv,
			      struct status_params *params);

/* Print the status. Gives the exit code. */
int status(const struct status_params *params);

int cmd_status(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_STATUS_H */
