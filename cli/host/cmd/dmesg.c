// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "introspect/printk.h"
#include "jsonout.h"
#include "msg.h"
#include "num.h"
#include "text.h"
#include "trace-time.h"
#include "vm/guest.h"

#define MAX_LINES	1000000

const struct opt_spec dmesg_opts[] = {
	{ 'n', "lines", "N", "Print the last N messages (default: all)" },
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
		else if (val != 'n')
			return opt_default(val);
		else if (!num_parse_int(op->arg, 1, MAX_LINES, &params->lines))
			return opt_bad(op, "invalid number '%.60s' (1 to %d)",
				       op->arg, MAX_LINES);
	}
	if (val != -1)
		return opt_default(val);
	return select_take_one_vm(&params->select, op);
}

static void print_json(const struct guest_message *message)
{
	struct json_object *obj = json_new("message");

	json_add_uint(obj, "seq", message->seq);
	json_add_uint(obj, "ts", message->ts_ns);
	json_add_uint(obj, "level", message->level);
	json_add_uint(obj, "facility", message->facility);
	json_add_text(obj, "text", message->text);
	json_print(stdout, obj);
}

/* As dmesg(1) does; each line of a message has its time. */
static void print_text(const struct guest_message *message)
{
	char *rest = message->text, line[4 * GUEST_MESSAGE_SIZE], *text;

	while ((text = strsep(&rest, "\n"))) {
		for (char *c = text; *c; c++) {
			if (*c == '\t')
				*c = ' ';
		}
		text_printable(line, sizeof(line), text);
		printf("[%5llu.%06llu] %s\n",
		       (unsigned long long)(message->ts_ns / NS_PER_SEC),
		       (unsigned long long)(message->ts_ns % NS_PER_SEC / 1000),
		       line);
	}
}

int dmesg_print_last(struct guest *guest, size_t lines, bool json)
{
	struct guest_messages messages;
	const char *why;
	size_t first = 0;

	if (!guest->kernel) {
		msg_error("%s", guest_kernel_strerror(guest->error));
		return EXIT_FAILED;
	}
	why = guest_messages_read(guest->kernel, &messages);
	if (why) {
		msg_error("%s", why);
		return EXIT_FAILED;
	}
	if (lines && messages.nr > lines)
		first = messages.nr - lines;
	for (size_t i = first; i < messages.nr; i++) {
		if (json)
			print_json(&messages.list[i]);
		else
			print_text(&messages.list[i]);
	}
	if (messages.torn)
		msg_error("%zu messages could not be read while the guest wrote others",
			  messages.torn);
	guest_messages_free(&messages);
	return EXIT_OK;
}

static int print_guest(struct guest *guest, void *arg)
{
	const struct dmesg_params *params = arg;

	return dmesg_print_last(guest, params->lines, params->json);
}

int cmd_dmesg(const struct cmd *cmd, int argc, char **argv)
{
	struct dmesg_params params;
	struct opt_parser op;
	int exit_code;

	if (cmd_go(cmd, &op, dmesg_parse(&op, argc, argv, &params), &exit_code))
		exit_code = guest_each(&params.select, print_guest, &params);
	select_free(&params.select);
	return exit_code;
}
