/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_VMS_H
#define HOST_VMS_H

#include "cmd.h"
#include "filter.h"

/* What 'vcpu-info vms' was asked for: JSON instead of a table, which VMs. */
struct vms_params {
	bool json;
	struct filter filter;
};

extern const struct opt_spec vms_opts[];

/* No side effects; op->err is set on OPT_BAD. Free the filter. */
enum opt_outcome vms_parse(struct opt_parser *op, int argc, char **argv,
			   struct vms_params *params);

/* Print the VMs. Gives the exit code. */
int vms(const struct vms_params *params);

int cmd_vms(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_VMS_H */
