/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_POLICY_H
#define HOST_POLICY_H

#include "cmd.h"
#include "filter.h"

enum policy_action {
	POLICY_SHOW,
	POLICY_ALL,
	POLICY_NONE,
	POLICY_LIST,
};

/**
 * struct policy_params - what 'vcpu-info policy' was asked for
 * @json: print JSON
 * @action: what to do before the policy is printed
 * @vms: POLICY_LIST: these VMs, by PID or name
 */
struct policy_params {
	bool json;
	enum policy_action action;
	struct filter vms;
};

extern const struct opt_spec policy_opts[];

/* No side effects; op->err is set on OPT_BAD. Free the filter. */
enum opt_outcome policy_parse(struct opt_parser *op, int argc, char **argv,
			      struct policy_params *params);

/* Set and print the policy. Gives the exit code. */
int policy(const struct policy_params *params);

int cmd_policy(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_POLICY_H */
