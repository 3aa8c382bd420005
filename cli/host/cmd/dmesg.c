// SPDX-License-Identifier: GPL-2.0
#include "cmd/commands.h"
#include "exit-codes.h"
#include "introspect/printk.h"
#include "jsonout.h"
#include "msg.h"
#include "num.h"
#include "print/message.h"
#include "vm/guest.h"

#define MAX_LAST	1000000

const struct opt_spec dmesg_opts[] = {
	{ 'l', "last", "N", "Print the last N messages (default: all)",
	  .old_val = 'n', .old_name = "lines" },
	{ 'j', "json", NULL, "Print a JSON object for each message" },
	{ 0 }
};

enum opt_outcome dmesg_parse(struct opt_parser *op, int argc, char **argv,
			     struct dmesg_params *params)
{
	int val;

	*params = (struct dmesg_params){ 0 };
	opt_init(op, argc, argv, dmesg_opts);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		if (val == 'j')
			params->json = true;
		else if (val != 'l')
			return opt_default(val);
		else if (!num_parse_int(op->arg, 1, MAX_LAST, &params->last))
			return opt_bad(op, "invalid number '%.60s' (1 to %d)",
				       op->arg, MAX_LAST);
	}
	if (val != -1)
		return opt_default(val);
	return select_take_one_vm(&params->select, op);
}

static void print(bool json, const struct guest_message *message)
{
	if (json)
		json_print(stdout, message_json(message));
	else
		message_print_text(stdout, message);
}

static int print_guest(struct guest *guest, void *arg)
{
	const struct dmesg_params *params = arg;
	size_t last = params->last, first = 0;
	struct guest_messages messages;
	const char *why;

	if (!guest->kernel) {
		msg_error("%s", guest_kernel_strerror(guest->error));
		return EXIT_FAILED;
	}
	why = guest_messages_read(guest->kernel, &messages);
	if (why) {
		msg_error("%s", why);
		return EXIT_FAILED;
	}
	if (last && messages.nr > last)
		first = messages.nr - last;
	for (size_t i = first; i < messages.nr; i++)
		print(params->json, &messages.list[i]);
	if (messages.torn)
		msg_error("%zu messages could not be read while the guest wrote others",
			  messages.torn);
	guest_messages_free(&messages);
	return EXIT_OK;
}

int cmd_dmesg(const struct cmd *cmd, int argc, char **argv)
{
	struct dmesg_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, dmesg_parse(&op, argc, argv, &params), &exit_code))
		exit_code = guest_each(&params.select, print_guest, &params);
	select_free(&params.select);
	return exit_code;
}
