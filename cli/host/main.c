// SPDX-License-Identifier: GPL-2.0
#include "cmd.h"
#include "cmd/commands.h"

static const struct cmd cmds[] = {
	{ .name = "show",
	  .operands = "[VM]...",
	  .summary = "Show the last record of each vCPU.",
	  .opts = show_opts,
	  .run = cmd_show },
	{ .name = "follow",
	  .operands = "[VM]...",
	  .summary = "Print records as they are made, until interrupted.",
	  .opts = follow_opts,
	  .run = cmd_follow },
	{ .name = "sample",
	  .operands = "[VM]...",
	  .summary = "Print vCPUs as they are now, without the guest's help.",
	  .opts = sample_opts,
	  .run = cmd_sample },
	{ .name = "diagnose",
	  .operands = "[VM]...",
	  .summary = "Say what each vCPU is doing, and what is wrong with it.",
	  .opts = diagnose_opts,
	  .run = cmd_diagnose },
	{ .name = "collect",
	  .operands = "VM",
	  .summary = "Keep the evidence of what a VM does, before it is reset.",
	  .opts = collect_opts,
	  .run = cmd_collect },
	{ .name = "stack",
	  .operands = "[VM]...",
	  .summary = "Print the call chain of each vCPU, out of the guest's memory.",
	  .opts = stack_opts,
	  .run = cmd_stack },
	{ .name = "symbols",
	  .operands = "VM",
	  .summary = "Print the symbols of a guest's kernel, out of its memory.",
	  .opts = symbols_opts,
	  .run = cmd_symbols },
	{ .name = "top",
	  .operands = "[VM]...",
	  .summary = "Show vCPUs and their exit rates, live.",
	  .opts = top_opts,
	  .run = cmd_top },
	{ .name = "record",
	  .operands = "[[--] COMMAND [ARGUMENT]...]",
	  .summary = "Record to a file that trace-cmd reads, too.",
	  .opts = record_opts,
	  .run = cmd_record },
	{ .name = "report",
	  .operands = "[FILE]",
	  .summary = "Print the records of a trace-cmd file.",
	  .opts = report_opts,
	  .run = cmd_report },
	{ .name = "vms",
	  .alias = "list",
	  .operands = "[VM]...",
	  .summary = "List the VMs of this host, their vCPUs and threads.",
	  .opts = vms_opts,
	  .run = cmd_vms },
	{ .name = "policy",
	  .operands = "[all | none | VM...]",
	  .summary = "Show or set which VMs are served.",
	  .opts = policy_opts,
	  .run = cmd_policy },
	{ .name = "status",
	  .summary = "Check whether vCPUs can be recorded, and name each fix.",
	  .opts = status_opts,
	  .run = cmd_status },
	{ 0 }
};

static const char *const by_default[] = { "show", "--format", "table", NULL };

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "vcpu-info",
		.version = VCPU_INFO_VERSION,
		.summary = "Show what KVM guests' vCPUs are doing.",
		.cmds = cmds,
		.by_default = by_default,
	};

	return cmd_main(&program, argc, argv);
}
