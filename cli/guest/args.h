/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options of the commands, parsed without side effects.
 */
#ifndef GUEST_ARGS_H
#define GUEST_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "idlist.h"
#include "options.h"

/* As many CPUs as Linux can have on x86. */
#define MAX_CPUS	8192

#define INTERVAL_DEFAULT_MS	1000

enum trigger_target {
	TRIGGER_ALL,
	TRIGGER_CPUS,
	TRIGGER_VCPU_IDS,
	TRIGGER_SELF,
};

struct trigger_opts {
	enum trigger_target target;
	struct id_list ids;	/* for TRIGGER_CPUS and TRIGGER_VCPU_IDS */
	int repeat;
	int interval_ms;
	bool json;
};

struct status_opts {
	bool json;
};

struct mark_opts {
	uint64_t cookie;
	bool text;
	bool json;
};

extern const struct opt_spec trigger_specs[];
extern const struct opt_spec status_specs[];
extern const struct opt_spec mark_specs[];

/* The caller frees opts->ids, whatever the outcome. */
enum opt_outcome trigger_parse(struct opt_parser *op, int argc, char **argv,
			       struct trigger_opts *opts);
enum opt_outcome status_parse(struct opt_parser *op, int argc, char **argv,
			      struct status_opts *opts);
enum opt_outcome mark_parse(struct opt_parser *op, int argc, char **argv,
			    struct mark_opts *opts);

/* The cookie that stands for a text: FNV-1a of 64 bits over its bytes. */
uint64_t mark_hash(const char *text);

#endif /* GUEST_ARGS_H */
