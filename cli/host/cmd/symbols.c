// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "cmd/commands.h"
#include "exit-codes.h"
#include "msg.h"
#include "vm/guest.h"

const struct opt_spec symbols_opts[] = {
	{ 0 }
};

enum opt_outcome symbols_parse(struct opt_parser *op, int argc, char **argv,
			       struct select *select)
{
	int val;

	*select = (struct select){ 0 };
	opt_init(op, argc, argv, symbols_opts);
	opt_take_words(op);
	if (opt_next(op, &val) || val != -1)
		return opt_default(val);
	return select_take_one_vm(select, op);
}

static void print_table(const struct guest_symtab *table, const char *module)
{
	for (size_t i = 0; i < table->nr; i++) {
		const struct guest_symbol *symbol = &table->symbols[i];

		printf("%016" PRIx64 " %c %s", symbol->address, symbol->type,
		       table->names + symbol->name);
		if (module)
			printf("\t[%s]", module);
		putchar('\n');
	}
}

static int print_guest(struct guest *guest, void *arg)
{
	const struct guest_kernel *kernel = guest->kernel;

	(void)arg;
	if (!kernel) {
		msg_error("%s", guest_kernel_strerror(guest->error));
		return EXIT_FAILED;
	}
	print_table(&kernel->symbols, NULL);
	for (size_t i = 0; i < kernel->nr_modules; i++)
		print_table(&kernel->modules[i].symbols, kernel->modules[i].name);
	return EXIT_OK;
}

int cmd_symbols(const struct cmd *cmd, int argc, char **argv)
{
	struct select select;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, symbols_parse(&op, argc, argv, &select), &exit_code))
		exit_code = guest_each(&select, print_guest, NULL);
	select_free(&select);
	return exit_code;
}
