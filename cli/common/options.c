// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <string.h>

#include "options.h"

static const struct opt_spec common[] = {
	{ 'h', "help", NULL, "print this help and exit" },
	{ 'V', "version", NULL, "print the version and exit" },
	{ 0 }
};

/* The entry itself, or the first of the table that goes on there. */
static const struct opt_spec *resolve(const struct opt_spec *spec)
{
	while (!spec->name && spec->more)
		spec = spec->more;
	return spec;
}

static void add_specs(struct opt_parser *op, const struct opt_spec *specs)
{
	char *s = op->shorts + strlen(op->shorts);

	for (; (specs = resolve(specs))->name && op->nr_longs < OPT_MAX;
	     specs++) {
		op->longs[op->nr_longs++] = (struct option){
			.name = specs->name,
			.has_arg = specs->arg ? required_argument :
						no_argument,
			.val = specs->val,
		};
		if (specs->val >= OPT_LONG)
			continue;
		*s++ = specs->val;
		if (specs->arg)
			*s++ = ':';
	}
}

void opt_init(struct opt_parser *op, int argc, char **argv,
	      const struct opt_spec *specs)
{
	memset(op, 0, sizeof(*op));
	op->argc = argc;
	op->argv = argv;
	op->shorts[0] = ':';	/* tell a missing argument from unknown */
	add_specs(op, common);
	add_specs(op, specs);
	optind = 0;	/* glibc: start afresh */
	opterr = 0;
}

void opt_take_file(struct opt_parser *op)
{
	op->max_rest = 1;
}

void opt_take_words(struct opt_parser *op)
{
	op->max_rest = op->argc;
}

void opt_take_command(struct opt_parser *op)
{
	opt_take_words(op);
	/* its own options are not ours: end at its name */
	memmove(op->shorts + 1, op->shorts, strlen(op->shorts) + 1);
	op->shorts[0] = '+';
}

char **opt_rest(const struct opt_parser *op)
{
	return op->argv + optind;
}

bool opt_choose(const char *arg, const char * const *words, int *choice,
		char *err, size_t err_size)
{
	size_t len;

	for (int i = 0; words[i]; i++) {
		if (!strcmp(arg, words[i])) {
			*choice = i;
			return true;
		}
	}
	len = snprintf(err, err_size, "'%.60s' is none of", arg);
	for (; *words && len < err_size; words++)
		len += snprintf(err + len, err_size - len, " %s", *words);
	return false;
}

static bool opt_known(const struct opt_parser *op, int val)
{
	for (int i = 0; op->longs[i].name; i++) {
		if (op->longs[i].val == val)
			return true;
	}
	return false;
}

static void opt_explain(struct opt_parser *op, int what)
{
	const char *word = op->argv[optind - 1];

	if (what == ':')
		opt_bad(op, "option '%s' needs an argument", word);
	else if (!optopt)
		opt_bad(op, "unknown or ambiguous option '%s'", word);
	else if (opt_known(op, optopt))
		opt_bad(op, "option '%s' takes no argument", word);
	else
		opt_bad(op, "unknown option '-%c'", optopt);
}

bool opt_next(struct opt_parser *op, int *val)
{
	*val = getopt_long(op->argc, op->argv, op->shorts, op->longs, NULL);
	op->arg = optarg;
	if (*val == -1) {
		if (op->argc - optind <= op->max_rest)
			return false;
		opt_bad(op, "unexpected argument '%s'",
			op->argv[optind + op->max_rest]);
		*val = '?';
		return false;
	}
	if (*val != '?' && *val != ':')
		return true;
	opt_explain(op, *val);
	*val = '?';
	return false;
}

enum opt_outcome opt_bad(struct opt_parser *op, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(op->err, sizeof(op->err), fmt, ap);
	va_end(ap);
	return OPT_BAD;
}

enum opt_outcome opt_default(int val)
{
	switch (val) {
	case 'h':
		return OPT_HELP;
	case 'V':
		return OPT_VERSION;
	case -1:
		return OPT_RUN;
	default:
		return OPT_BAD;
	}
}

static void print_specs(FILE *out, const struct opt_spec *specs)
{
	for (; (specs = resolve(specs))->name; specs++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", specs->name,
			 specs->arg ? " " : "", specs->arg ? specs->arg : "");
		if (specs->val < OPT_LONG)
			fprintf(out, "  -%c, %-20s %s\n", specs->val, left,
				specs->help);
		else
			fprintf(out, "      %-20s %s\n", left, specs->help);
	}
}

void opt_print_help(FILE *out, const struct opt_spec *specs)
{
	if (specs)
		print_specs(out, specs);
	print_specs(out, common);
}
