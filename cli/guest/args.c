// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <string.h>

#include "args.h"
#include "duration.h"
#include "num.h"
#include "vcpu_info_abi.h"

#define INTERVAL_MAX_MS	(24 * 60 * 60 * 1000)
#define INTERVAL_TEXT	"invalid interval '%.60s' (500ms, 2s, 0.5; at most a day)"
#define UNSET		(-1)

/* Fowler, Noll and Vo's hash, version 1a */
#define FNV_OFFSET	0xcbf29ce484222325ULL
#define FNV_PRIME	0x100000001b3ULL

enum {
	OPT_VCPU_ID = OPT_LONG,
	OPT_SELF,
	OPT_TEXT,
};

const struct opt_spec trigger_specs[] = {
	{ 'c', "cpu", "LIST", "These CPUs, by Linux's number (0-3,7)" },
	{ OPT_VCPU_ID, "vcpu-id", "LIST",
	  "These vCPUs, by KVM's id (APIC id)" },
	{ OPT_SELF, "self", NULL, "The CPU the program runs on" },
	{ 'n', "count", "N", "Ask N times (default: 1)", .old_val = 'r',
	  .old_name = "repeat" },
	{ 'd', "interval", "TIME", "Time between two requests (default: 1s)",
	  .old_val = 'i' },
	{ 'j', "json", NULL, "Print one JSON object per line" },
	{ 0 }
};

const struct opt_spec status_specs[] = {
	{ 'j', "json", NULL, "Print a JSON object" },
	{ 0 }
};

const struct opt_spec mark_specs[] = {
	{ OPT_TEXT, "text", NULL,
	  "Take the mark for a text even if it is a number", .old_val = 't' },
	{ 'j', "json", NULL, "Print a JSON object" },
	{ 0 }
};

/* Lists of one kind add up; two kinds of target exclude each other. */
static enum opt_outcome set_target(struct opt_parser *op,
				   struct trigger_opts *opts,
				   enum trigger_target target)
{
	if (opts->target != TRIGGER_ALL && opts->target != target)
		return opt_bad(op,
			       "only one of --cpu, --vcpu-id and --self can be given");
	opts->target = target;
	return OPT_RUN;
}

static enum opt_outcome add_ids(struct opt_parser *op,
				struct trigger_opts *opts, const char *option,
				int min, int max)
{
	char err[160];

	if (id_list_add(&opts->ids, op->arg, min, max, err, sizeof(err)))
		return OPT_RUN;
	return opt_bad(op, "%s: %s", option, err);
}

static enum opt_outcome set_number(struct opt_parser *op, const char *option,
				   int min, int max, int *val)
{
	long long n;

	if (!num_parse_int(op->arg, min, max, &n))
		return opt_bad(op, "%s: '%s' is not a number from %d to %d",
			       option, op->arg, min, max);
	*val = n;
	return OPT_RUN;
}

/* It was once in milliseconds: a number without a unit still is, with a note. */
static enum opt_outcome set_interval(struct opt_parser *op, int *interval_ms)
{
	long long n;
	uint64_t ns;

	if (num_parse_int(op->arg, 1, INTERVAL_MAX_MS, &n)) {
		snprintf(op->note, sizeof(op->note),
			 "--interval %lld is taken for %lldms; with the next release it will be seconds",
			 n, n);
		*interval_ms = n;
		return OPT_RUN;
	}
	if (!duration_parse(&ns, op->arg) || ns / NS_PER_MS > INTERVAL_MAX_MS)
		return opt_bad(op, INTERVAL_TEXT, op->arg);
	*interval_ms = ns / NS_PER_MS;
	return OPT_RUN;
}

static enum opt_outcome trigger_opt(struct opt_parser *op, int val,
				    struct trigger_opts *opts)
{
	enum opt_outcome outcome;

	switch (val) {
	case 'c':
		outcome = set_target(op, opts, TRIGGER_CPUS);
		if (outcome != OPT_RUN)
			return outcome;
		return add_ids(op, opts, "--cpu", 0, MAX_CPUS - 1);
	case OPT_VCPU_ID:
		outcome = set_target(op, opts, TRIGGER_VCPU_IDS);
		if (outcome != OPT_RUN)
			return outcome;
		/* a probe leaves no record: that is for status to send */
		return add_ids(op, opts, "--vcpu-id", VCPU_INFO_PROBE_ID + 1,
			       INT_MAX);
	case OPT_SELF:
		return set_target(op, opts, TRIGGER_SELF);
	case 'n':
		return set_number(op, "--count", 1, INT_MAX, &opts->repeat);
	case 'd':
		return set_interval(op, &opts->interval_ms);
	case 'j':
		opts->json = true;
		return OPT_RUN;
	default:
		return opt_default(val);
	}
}

enum opt_outcome trigger_parse(struct opt_parser *op, int argc, char **argv,
			       struct trigger_opts *opts)
{
	enum opt_outcome outcome;
	int val;

	*opts = (struct trigger_opts){
		.repeat = UNSET,
		.interval_ms = UNSET,
	};
	opt_init(op, argc, argv, trigger_specs);
	while (opt_next(op, &val)) {
		outcome = trigger_opt(op, val, opts);
		if (outcome != OPT_RUN)
			return outcome;
	}
	outcome = opt_default(val);
	if (outcome != OPT_RUN)
		return outcome;
	if (opts->interval_ms != UNSET && opts->repeat == UNSET)
		return opt_bad(op, "--interval needs --count");
	if (opts->interval_ms == UNSET)
		opts->interval_ms = INTERVAL_DEFAULT_MS;
	if (opts->repeat == UNSET)
		opts->repeat = 1;
	return OPT_RUN;
}

enum opt_outcome status_parse(struct opt_parser *op, int argc, char **argv,
			      struct status_opts *opts)
{
	int val;

	*opts = (struct status_opts){ 0 };
	opt_init(op, argc, argv, status_specs);
	while (opt_next(op, &val)) {
		if (val != 'j')
			return opt_default(val);
		opts->json = true;
	}
	return opt_default(val);
}

uint64_t mark_hash(const char *text)
{
	uint64_t hash = FNV_OFFSET;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash;
}

/* Only digits, or only those of hexadecimal after "0x" */
static bool is_number(const char *word)
{
	bool hex = word[0] == '0' && word[1] == 'x' && word[2];
	const char *digits = hex ? word + 2 : word;

	return !digits[strspn(digits, hex ? "0123456789abcdefABCDEF" :
					    "0123456789")];
}

static enum opt_outcome take_mark(struct opt_parser *op, const char *word,
				  struct mark_opts *opts)
{
	if (opts->text || !is_number(word)) {
		opts->cookie = mark_hash(word);
		return OPT_RUN;
	}
	if (num_parse_u64(word, &opts->cookie))
		return OPT_RUN;
	return opt_bad(op, "'%.60s' has more than 64 bits; --text takes it for a text",
		       word);
}

enum opt_outcome mark_parse(struct opt_parser *op, int argc, char **argv,
			    struct mark_opts *opts)
{
	char **words;
	int val;

	*opts = (struct mark_opts){ 0 };
	opt_init(op, argc, argv, mark_specs);
	opt_take_words(op);
	while (opt_next(op, &val)) {
		switch (val) {
		case OPT_TEXT:
			opts->text = true;
			break;
		case 'j':
			opts->json = true;
			break;
		default:
			return opt_default(val);
		}
	}
	if (val != -1)
		return opt_default(val);
	words = opt_rest(op);
	if (!words[0] || !words[0][0] || words[1])
		return opt_bad(op, "give one mark: a number or a text, quoted if it has blanks");
	return take_mark(op, words[0], opts);
}
