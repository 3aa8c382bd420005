/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_FOLLOW_H
#define HOST_FOLLOW_H

#include "cmd.h"
#include "view.h"

/**
 * struct follow_params - what 'vcpu-info follow' was asked for
 * @count: end after so many events; 0: never
 * @timeout_ns: end after that time; 0: never
 * @buffer_kb: size of the buffer of each CPU
 * @rates: say what the exit counts grew by
 * @view: which VMs and vCPUs, and how to print them
 */
struct follow_params {
	long long count;
	uint64_t timeout_ns;
	long long buffer_kb;
	bool rates;
	struct view view;
};

extern const struct opt_spec follow_opts[];

/* No side effects; op->err is set on OPT_BAD. Free the view. */
enum opt_outcome follow_parse(struct opt_parser *op, int argc, char **argv,
			      struct follow_params *params);

/* Whether so many events are all that were asked for. */
bool follow_has_all(const struct follow_params *params, uint64_t nr);

int cmd_follow(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_FOLLOW_H */
