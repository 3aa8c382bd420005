// SPDX-License-Identifier: GPL-2.0
/*
 * vcpu-info-guest: ask the host to record the state of this guest's vCPUs.
 */
#include "args.h"
#include "cmd.h"
#include "commands.h"
#include "device.h"
#include "format.h"
#include "result.h"
#include "vcpu_info_abi.h"

static int run_trigger(const struct cmd *cmd, int argc, char **argv)
{
	struct trigger_opts opts;
	struct opt_parser op = { 0 };
	struct device dev;
	int error, exit_code;

	if (!cmd_go(cmd, &op, trigger_parse(&op, argc, argv, &opts),
		    &exit_code))
		goto out;
	error = device_open(&dev, VCPU_INFO_DEV_PATH);
	if (error) {
		exit_code = device_open_failed(error, VCPU_INFO_DEV_PATH,
					       device_kvm_guest());
		goto out;
	}
	exit_code = trigger_run(&dev, &opts, stdout);
	device_close(&dev);
out:
	id_list_free(&opts.ids);
	return exit_code;
}

static int run_mark(const struct cmd *cmd, int argc, char **argv)
{
	struct mark_opts opts;
	struct opt_parser op = { 0 };
	struct device dev;
	int error, exit_code;

	if (!cmd_go(cmd, &op, mark_parse(&op, argc, argv, &opts), &exit_code))
		return exit_code;
	error = device_open(&dev, VCPU_INFO_DEV_PATH);
	if (error)
		return device_open_failed(error, VCPU_INFO_DEV_PATH,
					  device_kvm_guest());
	exit_code = mark_run(&dev, &opts, stdout);
	device_close(&dev);
	return exit_code;
}

static void print_status(const struct status_opts *opts,
			 const struct status *status)
{
	if (opts->json)
		format_status_json(stdout, status);
	else
		format_status(stdout, status);
}

static int run_status(const struct cmd *cmd, int argc, char **argv)
{
	struct status status = { 0 };
	struct status_opts opts;
	struct opt_parser op = { 0 };
	struct device dev;
	int error, exit_code;

	if (!cmd_go(cmd, &op, status_parse(&op, argc, argv, &opts),
		    &exit_code))
		return exit_code;
	status.kvm_guest = device_kvm_guest();
	status.module_version = status_module_version("");
	error = device_open(&dev, VCPU_INFO_DEV_PATH);
	if (error) {
		print_status(&opts, &status);
		return device_open_failed(error, VCPU_INFO_DEV_PATH,
					  status.kvm_guest);
	}
	error = status_ask(&dev, &status);
	device_close(&dev);
	if (error)
		return device_ioctl_failed(error);
	status.device = VCPU_INFO_DEV_PATH;
	print_status(&opts, &status);
	return status_judge(&status);
}

static const struct cmd cmds[] = {
	{ .name = "trigger",
	  .summary =
		  "Ask the host to record vCPUs (default: every online CPU).",
	  .opts = trigger_specs,
	  .run = run_trigger },
	{ .name = "mark",
	  .operands = "N|TEXT",
	  .summary =
		  "Have the host record this CPU with a mark to find it by.",
	  .opts = mark_specs,
	  .run = run_mark },
	{ .name = "status",
	  .summary = "Check whether the device and the host answer.",
	  .opts = status_specs,
	  .run = run_status },
	{ 0 }
};

static const char *const by_default[] = { "status", NULL };

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "vcpu-info-guest",
		.version = VCPU_INFO_VERSION,
		.summary =
			"Ask the KVM host to record the state of this guest's vCPUs.",
		.cmds = cmds,
		.by_default = by_default,
		.one_page = true,
	};

	return cmd_main(&program, argc, argv);
}
