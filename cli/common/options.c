// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <string.h>

#include "duration.h"
#include "options.h"

static const struct opt_spec common[] = {
	{ 'h', "help", NULL, "Print this help and exit" },
	{ 'V', "version", NULL, "Print the version and exit" },
	{ 0 }
};

/* What getopt_long() returns for the old long name of olds[i]. */
#define OLD_NAME 0x10000

/* A walk over a table and those inside of it. */
struct walk {
	const struct opt_spec *at[OPT_MAX_DEPTH];
	int depth;
};

static const struct opt_spec *next_spec(struct walk *walk)
{
	while (walk->depth) {
		const struct opt_spec *spec = walk->at[walk->depth - 1]++;

		if (spec->name)
			return spec;
		if (!spec->more)
			walk->depth--;
		else if (walk->depth < OPT_MAX_DEPTH)
			walk->at[walk->depth++] = spec->more;
	}
	return NULL;
}

static void add_name(struct opt_parser *op, const char *name, const char *arg,
		     int val)
{
	if (op->nr_longs < OPT_MAX + OPT_MAX_OLD)
		op->longs[op->nr_longs++] = (struct option){
			.name = name,
			.has_arg = arg ? required_argument : no_argument,
			.val = val,
		};
}

static void add_letter(struct opt_parser *op, int letter, const char *arg)
{
	size_t len = strlen(op->shorts);

	if (len + 3 > sizeof(op->shorts))
		return;
	op->shorts[len] = letter;
	op->shorts[len + 1] = arg ? ':' : '\0';
}

static void add_old(struct opt_parser *op, const struct opt_spec *spec)
{
	if ((!spec->old_val && !spec->old_name) || op->nr_olds == OPT_MAX_OLD)
		return;
	if (spec->old_val)
		add_letter(op, spec->old_val, spec->arg);
	if (spec->old_name)
		add_name(op, spec->old_name, spec->arg, OLD_NAME + op->nr_olds);
	op->olds[op->nr_olds++] = spec;
}

static void add_specs(struct opt_parser *op, const struct opt_spec *specs)
{
	struct walk walk = { { specs }, 1 };
	const struct opt_spec *spec;

	while ((spec = next_spec(&walk))) {
		add_name(op, spec->name, spec->arg, spec->val);
		if (spec->val < OPT_LONG)
			add_letter(op, spec->val, spec->arg);
		add_old(op, spec);
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

bool opt_choose_a(const char *noun, const char *arg, const char * const *words,
		  int *choice, char *err, size_t err_size)
{
	size_t len;

	for (int i = 0; words[i]; i++) {
		if (!strcmp(arg, words[i])) {
			*choice = i;
			return true;
		}
	}
	len = snprintf(err, err_size, "invalid %s '%.60s' (", noun, arg);
	for (; *words && len < err_size; words++)
		len += snprintf(err + len, err_size - len, "%s%s", *words,
				!words[1] ? ")" :
				words[2]  ? ", " :
					    " or ");
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

/* Whether more than one option begins with the word: "--NAME" or "--NAME=VALUE" */
static bool is_ambiguous(const struct opt_parser *op, const char *word)
{
	const char *name = word + strspn(word, "-");
	size_t len = strcspn(name, "=");
	int nr = 0;

	for (int i = 0; op->longs[i].name; i++)
		nr += !strncmp(op->longs[i].name, name, len);
	return nr > 1;
}

static void opt_explain(struct opt_parser *op, int what)
{
	const char *word = op->argv[optind - 1];

	if (what == ':')
		opt_bad(op, "option '%s' needs an argument", word);
	else if (!optopt)
		opt_bad(op, is_ambiguous(op, word) ? "ambiguous option '%s'" :
						     "unknown option '%s'",
			word);
	else if (opt_known(op, optopt))
		opt_bad(op, "option '%s' takes no argument", word);
	else
		opt_bad(op, "unknown option '-%c'", optopt);
}

/* The option that an old spelling stands for now; others stay as they are. */
static int translate(struct opt_parser *op, int val)
{
	for (int i = 0; i < op->nr_olds; i++) {
		const struct opt_spec *spec = op->olds[i];

		if (val == OLD_NAME + i)
			snprintf(op->note, sizeof(op->note),
				 "--%s is now --%s; the old name will go with the next release",
				 spec->old_name, spec->name);
		else if (val == spec->old_val)
			snprintf(op->note, sizeof(op->note),
				 "-%c is now --%s; the old letter will go with the next release",
				 spec->old_val, spec->name);
		else
			continue;
		return spec->val;
	}
	return val;
}

bool opt_next(struct opt_parser *op, int *val)
{
	*val = getopt_long(op->argc, op->argv, op->shorts, op->longs, NULL);
	op->arg = optarg;
	if (*val > 0)
		*val = translate(op, *val);
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

enum opt_outcome opt_take_interval(struct opt_parser *op, uint64_t min_ns,
				   uint64_t max_ns, const char *allowed,
				   uint64_t *ns)
{
	if (duration_parse(ns, op->arg) && *ns >= min_ns && *ns <= max_ns)
		return OPT_RUN;
	return opt_bad(op, "invalid interval '%.60s' (%s)", op->arg, allowed);
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

/* "  -c, --cpu LIST": as in the help */
static int format_left(char *left, size_t size, const struct opt_spec *spec)
{
	int len = 0;

	if (spec->val < OPT_LONG)
		len = snprintf(left, size, "  -%c, ", spec->val);
	else
		len = snprintf(left, size, "      ");
	return len + snprintf(left + len, size - len, "--%s%s%s", spec->name,
			      spec->arg ? " " : "", spec->arg ? spec->arg : "");
}

static int widest(const struct opt_spec *specs)
{
	struct walk walk = { { specs }, 1 };
	const struct opt_spec *spec;
	char left[80];
	int max = 0;

	while ((spec = next_spec(&walk))) {
		int len = format_left(left, sizeof(left), spec);

		if (len > max)
			max = len;
	}
	return max;
}

static void print_specs(FILE *out, const struct opt_spec *specs, int width)
{
	struct walk walk = { { specs }, 1 };
	const struct opt_spec *spec;
	char left[80];

	while ((spec = next_spec(&walk))) {
		format_left(left, sizeof(left), spec);
		fprintf(out, "%-*s  %s\n", width, left, spec->help);
	}
}

void opt_print_help(FILE *out, const struct opt_spec *specs)
{
	int width = widest(common);

	if (specs && widest(specs) > width)
		width = widest(specs);
	if (specs)
		print_specs(out, specs, width);
	print_specs(out, common, width);
}
