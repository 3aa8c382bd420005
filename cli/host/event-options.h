/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options that the commands which print events share: which events, and how
 * to print them.
 */
#ifndef HOST_EVENT_OPTIONS_H
#define HOST_EVENT_OPTIONS_H

#include "options.h"
#include "print/printer.h"
#include "select.h"
#include "symbols.h"
#include "vm/guest-names.h"

/* Value of --no-guest-memory, for commands without events */
#define OPT_NO_GUEST_MEMORY	(OPT_LONG + 99)

enum color_when {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER,
};

/**
 * struct event_options - what these options say
 * @select: --vm, --vcpu, --state, --reason
 * @all: every event
 * @errors: failed requests only
 * @last: so many of each vCPU; 0 if not given
 * @since: no older than that
 * @rates: print what the exit counts grew by
 * @format: --format
 * @format_given: whether it was
 * @time_given: whether --time-format was
 * @time: --time-format
 * @color: --color
 * @symbols: --guest-kallsyms, --guest-vmlinux, --kaslr-offset
 * @no_guest_memory: --no-guest-memory
 * @names: names out of guests' memory; NULL if there are none
 * @tasks: say what runs in user mode, too
 * @stacks: and stacks
 */
struct event_options {
	struct select select;
	bool all;
	bool errors;
	long long last;
	struct since since;
	bool rates;
	enum format format;
	bool format_given;
	bool time_given;
	enum time_format time;
	enum color_when color;
	struct symbols symbols;
	bool no_guest_memory;
	struct guest_names *names;
	bool tasks;
	bool stacks;
};

/*
 * Parts of a command's table. event_opts has those above it, and
 * recorded_event_opts, for commands that read what was recorded, event_opts.
 */
extern const struct opt_spec vm_opts[]; /* --vm */
extern const struct opt_spec select_opts[]; /* and --vcpu, --state */
extern const struct opt_spec reason_opts[]; /* --reason */
extern const struct opt_spec guest_opts[]; /* --no-guest-memory */
extern const struct opt_spec symbol_opts[]; /* --color, --guest-... */
extern const struct opt_spec event_opts[]; /* and how to print */
extern const struct opt_spec recorded_event_opts[]; /* and which of them */

/*
 * For an option that is not one of the command's own: OPT_RUN if it is one of
 * these and taken, else what opt_default() says.
 */
enum opt_outcome event_option(struct event_options *events,
			      struct opt_parser *op, int val);

/* After the last option: whether they go together. */
enum opt_outcome event_options_check(const struct event_options *events,
				     struct opt_parser *op);
void event_options_free(struct event_options *events);

/* Read what the options name. The exit code: EXIT_OK, or after a message. */
int event_options_load(struct event_options *events);

/*
 * The same for events of VMs that run on this host: their guests' memory has
 * names, too. allow_ns: how long looking for them may take (guest_names_new()).
 */
int event_options_load_live(struct event_options *events, uint64_t allow_ns);

/*
 * Whether to use colours, as no-color.org has it: no_color and term are what
 * the environment has for NO_COLOR and TERM, NULL for nothing.
 */
bool color_wanted(enum color_when when, bool is_terminal,
		  const char *no_color, const char *term);

/* How to print to a file. */
struct print_style event_options_style(const struct event_options *events,
				       FILE *out,
				       enum time_format default_time);

#endif /* HOST_EVENT_OPTIONS_H */
