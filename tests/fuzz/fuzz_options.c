// SPDX-License-Identifier: GPL-2.0
/*
 * Options of every command: one argument a line.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "fuzz.h"

#define MAX_ARGS	16

/* A parser that fails has to say why. */
static void check(enum opt_outcome outcome, const struct opt_parser *op)
{
	if (outcome == OPT_BAD && !op->err[0])
		abort();
}

/* Those that take VMs and no events */
static void parse_for_vms(int argc, char **argv)
{
	struct diagnose_params for_diagnose;
	struct profile_params for_profile;
	struct collect_params for_collect;
	struct export_params for_export;
	struct policy_params for_policy;
	struct record_params for_record;
	struct watch_params for_watch;
	struct stack_params for_stack;
	struct vms_params for_vms;
	struct dmesg_params for_dmesg;
	struct select for_symbols;
	struct opt_parser op;

	check(vms_parse(&op, argc, argv, &for_vms), &op);
	select_free(&for_vms.select);
	check(record_parse(&op, argc, argv, &for_record), &op);
	select_free(&for_record.select);
	check(diagnose_parse(&op, argc, argv, &for_diagnose), &op);
	select_free(&for_diagnose.select);
	check(watch_parse(&op, argc, argv, &for_watch), &op);
	select_free(&for_watch.select);
	check(export_parse(&op, argc, argv, &for_export), &op);
	select_free(&for_export.select);
	check(collect_parse(&op, argc, argv, &for_collect), &op);
	select_free(&for_collect.select);
	check(stack_parse(&op, argc, argv, &for_stack), &op);
	select_free(&for_stack.select);
	check(dmesg_parse(&op, argc, argv, &for_dmesg), &op);
	select_free(&for_dmesg.select);
	check(profile_parse(&op, argc, argv, &for_profile), &op);
	select_free(&for_profile.select);
	check(symbols_parse(&op, argc, argv, &for_symbols), &op);
	select_free(&for_symbols);
	check(policy_parse(&op, argc, argv, &for_policy), &op);
	select_free(&for_policy.vms);
}

static void parse(int argc, char **argv)
{
	struct follow_params for_follow;
	struct report_params for_report;
	struct sample_params for_sample;
	struct event_options for_show;
	struct top_params for_top;
	struct opt_parser op;

	check(show_parse(&op, argc, argv, &for_show), &op);
	event_options_free(&for_show);
	check(follow_parse(&op, argc, argv, &for_follow), &op);
	event_options_free(&for_follow.events);
	check(report_parse(&op, argc, argv, &for_report), &op);
	event_options_free(&for_report.events);
	check(top_parse(&op, argc, argv, &for_top), &op);
	event_options_free(&for_top.events);
	check(sample_parse(&op, argc, argv, &for_sample), &op);
	event_options_free(&for_sample.events);
	parse_for_vms(argc, argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAX_ARGS + 2] = { "command" };
	char *text = calloc(1, size + 1);
	char *save = NULL;
	int argc = 1;

	memcpy(text, data, size);
	for (char *word = strtok_r(text, "\n", &save);
	     word && argc <= MAX_ARGS; word = strtok_r(NULL, "\n", &save))
		argv[argc++] = word;
	parse(argc, argv);
	free(text);
	return 0;
}
