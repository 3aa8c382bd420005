// SPDX-License-Identifier: GPL-2.0
#include "check.h"
#include "exits.h"
#include "fmt-status.h"
#include "status.h"

const struct opt_spec status_opts[] = {
	{ 'j', "json", NULL, "one JSON object" },
	{ 0 }
};

enum opt_outcome status_parse(struct opt_parser *op, int argc, char **argv,
			      struct status_params *params)
{
	int val;

	*params = (struct status_params){ 0 };
	opt_init(op, argc, argv, status_opts);
	while (opt_next(op, &val)) {
		if (val != 'j')
			return opt_default(val);
		params->json = true;
	}
	return opt_default(val);
}

int status(const struct status_params *params)
{
	struct problem problems[MAX_PROBLEMS];
	const struct problem *first;
	struct facts facts;
	size_t nr;

	facts_gather(&facts);
	nr = check_all(&facts, problems);
	first = check_first(problems, nr);
	if (params->json)
		fmt_status_json(stdout, &facts, problems, nr);
	else
		fmt_status_text(stdout, &facts, problems, nr);
	return first ? first->exit_code : EXIT_OK;
}

int cmd_status(const struct cmd *cmd, int argc, char **argv)
{
	struct status_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, status_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = status(&params);
	return exit_code;
}
