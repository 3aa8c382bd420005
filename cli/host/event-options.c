// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event-options.h"
#include "exit-codes.h"

enum {
	VIEW_TIME = OPT_LONG + 100,	/* clear of the commands' own */
	VIEW_COLOR,
	VIEW_KALLSYMS,
	VIEW_VMLINUX,
	VIEW_KASLR,
};

const struct opt_spec event_opts[] = {
	{ 'm', "vm", "VM",
	  "only this VM (PID, PID:FD, name); may be repeated" },
	{ 'v', "vcpu", "LIST", "only these vCPUs, such as 0-3,7" },
	{ 's', "state", "LIST",
	  "only records in these states, such as halted,user" },
	{ 'f', "format", "FORMAT", "print as text|table|json|csv" },
	{ 'j', "json", NULL, "the same as --format json" },
	{ VIEW_TIME, "time-format", "TIME", "print time as trace|wall|age" },
	{ VIEW_COLOR, "color", "WHEN", "use colours: auto|always|never" },
	{ VIEW_KALLSYMS, "guest-kallsyms", "FILE",
	  "name RIP by a copy of /proc/kallsyms" },
	{ VIEW_VMLINUX, "guest-vmlinux", "FILE",
	  "name RIP by a kernel's ELF file" },
	{ VIEW_KASLR, "kaslr-offset", "OFFSET",
	  "what KASLR added there, or SYMBOL=ADDRESS" },
	{ 0 }
};

static const char * const formats[] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_TABLE] = "table",
	[FORMAT_JSON] = "json",
	[FORMAT_CSV] = "csv",
	NULL
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

enum opt_outcome event_option(struct event_options *view, struct opt_parser *op,
			      int val)
{
	struct select *filter = &view->filter;
	size_t size = sizeof(op->err);
	char err[sizeof(op->err)];
	int choice;
	bool ok;

	switch (val) {
	case 'm':
		ok = select_add_vm(filter, op->arg, err, size);
		break;
	case 'v':
		ok = select_add_vcpus(filter, op->arg, err, size);
		break;
	case 's':
		ok = select_add_states(filter, op->arg, err, size);
		break;
	case 'f':
		ok = opt_choose(op->arg, formats, &choice, err, size);
		if (ok)
			view->format = choice;
		break;
	case 'j':
		ok = true;
		view->format = FORMAT_JSON;
		break;
	case VIEW_TIME:
		ok = opt_choose(op->arg, times, &choice, err, size);
		if (ok)
			view->time = choice;
		view->time_given = true;
		break;
	case VIEW_COLOR:
		ok = opt_choose(op->arg, colors, &choice, err, size);
		if (ok)
			view->color = choice;
		break;
	case VIEW_KALLSYMS:
		ok = symbols_add(&view->symbols, SYMBOLS_KALLSYMS, op->arg,
				 err, size);
		break;
	case VIEW_VMLINUX:
		ok = symbols_add(&view->symbols, SYMBOLS_VMLINUX, op->arg,
				 err, size);
		break;
	case VIEW_KASLR:
		ok = symbols_set_offset(&view->symbols, op->arg, err, size);
		break;
	default:
		return opt_default(val);
	}
	return ok ? OPT_RUN : opt_bad(op, "%s", err);
}

void event_options_free(struct event_options *view)
{
	select_free(&view->filter);
	symbols_free(&view->symbols);
}

int event_options_load(struct event_options *view)
{
	return symbols_load(&view->symbols) ? EXIT_OK : EXIT_FAILED;
}

bool color_wanted(enum color_when when, bool is_terminal,
		  const char *no_color, const char *term)
{
	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	return is_terminal && !(no_color && no_color[0]) &&
	       term && strcmp(term, "dumb");
}

struct fmt event_options_fmt(const struct event_options *view, FILE *out,
			     enum time_format default_time)
{
	return (struct fmt){
		.out = out,
		.color = color_wanted(view->color, isatty(fileno(out)),
				      getenv("NO_COLOR"), getenv("TERM")),
		.symbols = view->symbols.nr,
		.time = view->time_given ? view->time : default_time,
	};
}
