/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_TOP_H
#define HOST_TOP_H

#include "cmd.h"
#include "topview.h"
#include "view.h"

/**
 * struct top_params - what 'vcpu-info top' was asked for
 * @batch: print instead of drawing on the terminal
 * @count: end after so many updates; 0: never
 * @interval_ns: time from one update to the next
 * @sort: column to start with
 * @view: which VMs and vCPUs
 */
struct top_params {
	bool batch;
	long long count;
	uint64_t interval_ns;
	enum top_column sort;
	struct view view;
};

extern const struct opt_spec top_opts[];

/* No side effects; op->err is set on OPT_BAD. Free the view. */
enum opt_outcome top_parse(struct opt_parser *op, int argc, char **argv,
			   struct top_params *params);

int cmd_top(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_TOP_H */
