/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_RECORD_H
#define HOST_RECORD_H

#include "cmd.h"

/**
 * struct record_params - what 'vcpu-info record' was asked for
 * @file: where to
 * @duration: for so many seconds, as sleep(1) takes them; "" if not given
 * @command: as long as this runs, with its arguments up to a NULL; may be empty
 */
struct record_params {
	const char *file;
	char duration[32];
	char **command;
};

extern const struct opt_spec record_opts[];

/* No side effects; op->err is set on OPT_BAD. */
enum opt_outcome record_parse(struct opt_parser *op, int argc, char **argv,
			      struct record_params *params);

/* The command line of trace-cmd, up to a NULL; to be freed. NULL: no memory. */
char **record_command(const struct record_params *params);

int cmd_record(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_RECORD_H */
