// SPDX-License-Identifier: GPL-2.0
#include "cmd.h"
#include "cmd/commands.h"

static const struct cmd cmds[] = {
	{ "show", "Print the registers and exits of vCPUs that were recorded.",
	  show_opts, cmd_show },
	{ "follow", "Print records as they are made, until interrupted.",
	  follow_opts, cmd_follow },
	{ "policy", "Tell, or set, which VMs are served: all, none, or VMs by PID or name.",
	  policy_opts, cmd_policy },
	{ "record", "Record to a file, by trace-cmd.",
	  record_opts, cmd_record },
	{ "report", "Print the records of a file that trace-cmd made.",
	  report_opts, cmd_report },
	{ "status", "Tell whether vCPUs can be recorded, and what is missing.",
	  status_opts, cmd_status },
	{ "top", "Show vCPUs and their rates of exits, live.",
	  top_opts, cmd_top },
	{ "vms", "List the VMs of this host, their vCPUs and threads.",
	  vms_opts, cmd_vms },
	{ 0 }
};

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "vcpu-info",
		.version = VCPU_INFO_VERSION,
		.summary = "Shows what KVM guests asked to have recorded of their vCPUs.",
		.cmds = cmds,
	};

	return cmd_main(&program, argc, argv);
}
