/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

#include "cmd.h"
#include "pick.h"

/**
 * struct report_params - what 'vcpu-info report' was asked for
 * @file: the file
 * @rates: say what the exit counts grew by
 * @pick: which events, and how to print them
 */
struct report_params {
	const char *file;
	bool rates;
	struct pick_params pick;
};

extern const struct opt_spec report_opts[];

/* No side effects; op->err is set on OPT_BAD. Free with pick_free(). */
enum opt_outcome report_parse(struct opt_parser *op, int argc, char **argv,
			      struct report_params *params);

/* Print what was asked for. Gives the exit code. */
int report(const struct report_params *params);

int cmd_report(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_REPORT_H */
