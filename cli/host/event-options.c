// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event-options.h"
#include "exit-codes.h"
#include "num.h"

#define MAX_LAST 1000000

enum {
	OPT_SINCE = OPT_LONG + 100, /* clear of the commands' own */
	OPT_REASON,
	OPT_TIME,
	OPT_COLOR,
	OPT_KALLSYMS,
	OPT_VMLINUX,
	OPT_KASLR,
};

const struct opt_spec vm_opts[] = {
	{ 'm', "vm", "VM",
	  "Only this VM: PID, PID:FD or name; may be repeated" },
	{ 0 }
};

const struct opt_spec select_opts[] = {
	{ .more = vm_opts },
	{ 'c', "vcpu", "LIST", "Only these vCPUs, such as 0-3,7",
	  .old_val = 'v' },
	{ 's', "state", "LIST",
	  "Only records in these states, such as halted,user" },
	{ 0 }
};

const struct opt_spec reason_opts[] = {
	{ OPT_REASON, "reason", "LIST",
	  "Only requests for these reasons, such as panic,oops" },
	{ 0 }
};

const struct opt_spec guest_opts[] = {
	{ OPT_NO_GUEST_MEMORY, "no-guest-memory", NULL,
	  "Do not read guests' memory for names" },
	{ 0 }
};

const struct opt_spec symbol_opts[] = {
	{ OPT_COLOR, "color", "WHEN", "Use colours: auto|always|never" },
	{ OPT_KALLSYMS, "guest-kallsyms", "FILE",
	  "Name RIP by a copy of the guest's /proc/kallsyms" },
	{ OPT_VMLINUX, "guest-vmlinux", "FILE",
	  "Name RIP by the ELF file of the guest's kernel" },
	{ OPT_KASLR, "kaslr-offset", "OFFSET",
	  "KASLR offset of that kernel, or SYMBOL=ADDRESS" },
	{ 0 }
};

const struct opt_spec event_opts[] = {
	{ .more = select_opts },
	{ 'f', "format", "FORMAT", "Print text|line|table|json|csv" },
	{ 'j', "json", NULL, "The same as --format json" },
	{ OPT_TIME, "time-format", "TIME", "Print time as trace|wall|age" },
	{ .more = symbol_opts },
	{ 0 }
};

const struct opt_spec recorded_event_opts[] = {
	{ 'e', "errors", NULL, "Only requests that led to no record" },
	{ 'l', "last", "N", "The last N of each vCPU", .old_val = 'n' },
	{ OPT_SINCE, "since", "TIME",
	  "No older than an age (30s, 5m) or a time (13:45)" },
	{ .more = reason_opts },
	{ .more = event_opts },
	{ 0 }
};

static const char *const formats[] = {
	[FORMAT_TEXT] = "text",	  [FORMAT_LINE] = "line",
	[FORMAT_TABLE] = "table", [FORMAT_JSON] = "json",
	[FORMAT_CSV] = "csv",	  NULL
};

static const char * const times[] = {
	[TIME_TRACE] = "trace",
	[TIME_WALL] = "wall",
	[TIME_AGE] = "age",
	NULL
};

static const char * const colors[] = {
	[COLOR_AUTO] = "auto",
	[COLOR_ALWAYS] = "always",
	[COLOR_NEVER] = "never",
	NULL
};

static bool take_last(struct event_options *events, const char *arg, char *err,
		      size_t err_size)
{
	if (num_parse_int(arg, 1, MAX_LAST, &events->last))
		return true;
	snprintf(err, err_size, "--last takes a number from 1 to %d", MAX_LAST);
	return false;
}

enum opt_outcome event_option(struct event_options *events,
			      struct opt_parser *op, int val)
{
	struct select *select = &events->select;
	size_t size = sizeof(op->err);
	char err[sizeof(op->err)];
	int choice;
	bool ok;

	switch (val) {
	case 'm':
		ok = select_add_vm(select, op->arg, err, size);
		break;
	case 'c':
		ok = select_add_vcpus(select, op->arg, err, size);
		break;
	case 's':
		ok = select_add_states(select, op->arg, err, size);
		break;
	case OPT_REASON:
		ok = select_add_whys(select, op->arg, err, size);
		break;
	case 'e':
		ok = true;
		events->errors = true;
		break;
	case 'l':
		ok = take_last(events, op->arg, err, size);
		break;
	case OPT_SINCE:
		ok = since_parse(&events->since, op->arg, err, size);
		break;
	case 'f':
		ok = opt_choose_a("format", op->arg, formats, &choice, err,
				  size);
		if (ok)
			events->format = choice;
		events->format_given = true;
		break;
	case 'j':
		ok = true;
		events->format = FORMAT_JSON;
		events->format_given = true;
		break;
	case OPT_TIME:
		ok = opt_choose_a("time format", op->arg, times, &choice, err,
				  size);
		if (ok)
			events->time = choice;
		events->time_given = true;
		break;
	case OPT_COLOR:
		ok = opt_choose_a("choice of colours", op->arg, colors,
				  &choice, err, size);
		if (ok)
			events->color = choice;
		break;
	case OPT_KALLSYMS:
		ok = symbols_add(&events->symbols, SYMBOLS_KALLSYMS, op->arg,
				 err, size);
		break;
	case OPT_VMLINUX:
		ok = symbols_add(&events->symbols, SYMBOLS_VMLINUX, op->arg,
				 err, size);
		break;
	case OPT_KASLR:
		ok = symbols_set_offset(&events->symbols, op->arg, err, size);
		break;
	case OPT_NO_GUEST_MEMORY:
		ok = true;
		events->no_guest_memory = true;
		break;
	default:
		return opt_default(val);
	}
	return ok ? OPT_RUN : opt_bad(op, "%s", err);
}

enum opt_outcome event_options_check(const struct event_options *events,
				     struct opt_parser *op)
{
	if (events->all && events->errors)
		return opt_bad(op, "--all and --errors exclude each other");
	if (events->all && events->last)
		return opt_bad(op, "--all and --last exclude each other");
	return OPT_RUN;
}

void event_options_free(struct event_options *events)
{
	select_free(&events->select);
	symbols_free(&events->symbols);
	guest_names_free(events->names);
	events->names = NULL;
}

int event_options_load(struct event_options *events)
{
	return symbols_load(&events->symbols) ? EXIT_OK : EXIT_FAILED;
}

int event_options_load_live(struct event_options *events, uint64_t allow_ns)
{
	if (!events->no_guest_memory)
		events->names = guest_names_new(allow_ns);
	return event_options_load(events);
}

bool color_wanted(enum color_when when, bool is_terminal,
		  const char *no_color, const char *term)
{
	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	return is_terminal && !(no_color && no_color[0]) &&
	       term && strcmp(term, "dumb");
}

struct print_style event_options_style(const struct event_options *events,
				       FILE *out, enum time_format default_time)
{
	return (struct print_style){
		.out = out,
		.color = color_wanted(events->color, isatty(fileno(out)),
				      getenv("NO_COLOR"), getenv("TERM")),
		.symbols = events->symbols.nr || events->names ||
			   events->stacks,
		.stacks = events->stacks,
		.time = events->time_given ? events->time : default_time,
	};
}
