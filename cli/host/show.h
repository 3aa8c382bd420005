/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_SHOW_H
#define HOST_SHOW_H

#include <stdbool.h>

#include "cmd.h"
#include "view.h"

/**
 * struct show_params - what 'vcpu-info show' was asked for
 * @all: every event in the buffers, not the last record of each vCPU
 * @errors: failed requests only
 * @last: so many of each vCPU; 0 if not given
 * @since: no older than that
 * @view: which VMs and vCPUs, and how to print them
 */
struct show_params {
	bool all;
	bool errors;
	long long last;
	struct since since;
	struct view view;
};

extern const struct opt_spec show_opts[];

/* No side effects; op->err is set on OPT_BAD. Free with show_params_free(). */
enum opt_outcome show_parse(struct opt_parser *op, int argc, char **argv,
			    struct show_params *params);
void show_params_free(struct show_params *params);

/* Print what was asked for; root is "" but in tests. Gives the exit code. */
int show(const struct show_params *params, const char *root);

int cmd_show(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_SHOW_H */
