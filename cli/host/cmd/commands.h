/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of vcpu-info, each in a file of its name. Of each there is
 *
 *	NAME_opts	its options, which are also its help
 *	NAME_parse()	options to parameters; no side effects, and op->err is
 *			set on OPT_BAD
 *	NAME_run()	does it; gives the exit code
 *	cmd_NAME()	both, for the table of commands
 */
#ifndef HOST_CMD_COMMANDS_H
#define HOST_CMD_COMMANDS_H

#include "cmd.h"
#include "cmd/top-rows.h"
#include "event-options.h"
#include "export/listen.h"
#include "export/metrics.h"
#include "profile/output.h"
#include "select.h"

extern const struct opt_spec show_opts[];

/* Free the options. */
enum opt_outcome show_parse(struct opt_parser *op, int argc, char **argv,
			    struct event_options *events);
int show_run(const struct event_options *events);
int cmd_show(const struct cmd *cmd, int argc, char **argv);

/**
 * struct follow_params - what 'vcpu-info follow' was asked for
 * @count: end after so many events; 0: never
 * @timeout_ns: end after that time; 0: never
 * @buffer_kb: size of the buffer of each CPU
 * @events: which VMs and vCPUs, and how to print them
 */
struct follow_params {
	long long count;
	uint64_t timeout_ns;
	long long buffer_kb;
	struct event_options events;
};

extern const struct opt_spec follow_opts[];

/* Free the options. */
enum opt_outcome follow_parse(struct opt_parser *op, int argc, char **argv,
			      struct follow_params *params);

/* Whether so many events are all that were asked for. */
bool follow_has_all(const struct follow_params *params, uint64_t nr);
int cmd_follow(const struct cmd *cmd, int argc, char **argv);

/**
 * struct top_params - what 'vcpu-info top' was asked for
 * @batch: print instead of drawing on the terminal
 * @count: end after so many updates; 0: never
 * @interval_ns: time from one update to the next
 * @sort: column to start with
 * @recorded: only what guests ask for
 * @counters: sample KVM's counters only
 * @totals: a row for each VM
 * @events: which VMs and vCPUs
 */
struct top_params {
	bool batch;
	long long count;
	uint64_t interval_ns;
	enum top_column sort;
	bool recorded;
	bool counters;
	bool totals;
	struct event_options events;
};

extern const struct opt_spec top_opts[];

/* Free the options. */
enum opt_outcome top_parse(struct opt_parser *op, int argc, char **argv,
			   struct top_params *params);
int cmd_top(const struct cmd *cmd, int argc, char **argv);

/**
 * struct record_params - what 'vcpu-info record' was asked for
 * @file: where to
 * @duration_ns: for that time; 0 if not given
 * @select: of these VMs
 * @command: as long as this runs, with its arguments up to a NULL; may be empty
 */
struct record_params {
	const char *file;
	uint64_t duration_ns;
	struct select select;
	char **command;
};

extern const struct opt_spec record_opts[];

/* Free the selection. */
enum opt_outcome record_parse(struct opt_parser *op, int argc, char **argv,
			      struct record_params *params);

int cmd_record(const struct cmd *cmd, int argc, char **argv);

/**
 * struct report_params - what 'vcpu-info report' was asked for
 * @file: the file
 * @events: which events, and how to print them
 */
struct report_params {
	const char *file;
	struct event_options events;
};

extern const struct opt_spec report_opts[];

/* Free the options. */
enum opt_outcome report_parse(struct opt_parser *op, int argc, char **argv,
			      struct report_params *params);
int report_run(const struct report_params *params);
int cmd_report(const struct cmd *cmd, int argc, char **argv);

/**
 * struct sample_params - what 'vcpu-info sample' was asked for
 * @count: how often; 0: once, or with @repeats without end
 * @repeats: an interval was given
 * @interval_ns: time from one to the next
 * @trace: write the trace event, too
 * @counters: KVM's counters only
 * @attempts: looks at a vCPU's state; 0: as many as the module does
 * @events: which VMs and vCPUs, and how to print them
 */
struct sample_params {
	long long count;
	bool repeats;
	uint64_t interval_ns;
	bool trace;
	bool counters;
	long long attempts;
	struct event_options events;
};

extern const struct opt_spec sample_opts[];

/* Free the options. */
enum opt_outcome sample_parse(struct opt_parser *op, int argc, char **argv,
			      struct sample_params *params);
int cmd_sample(const struct cmd *cmd, int argc, char **argv);

/**
 * struct diagnose_params - what 'vcpu-info diagnose' was asked for
 * @file: print what is in this file of 'vcpu-info collect'; NULL: diagnose now
 * @fd: that file, while it is open
 * @interval_ns: time between the two samples
 * @json: print JSON
 * @no_guest_memory: leave guests' memory alone
 * @select: which VMs
 */
struct diagnose_params {
	const char *file;
	int fd;
	uint64_t interval_ns;
	bool json;
	bool no_guest_memory;
	struct select select;
};

extern const struct opt_spec diagnose_opts[];

/* Free the selection. */
enum opt_outcome diagnose_parse(struct opt_parser *op, int argc, char **argv,
				struct diagnose_params *params);
int cmd_diagnose(const struct cmd *cmd, int argc, char **argv);

/**
 * struct collect_params - what 'vcpu-info collect' was asked for
 * @file: where to; NULL: to a file in the working directory
 * @count: samples of each vCPU
 * @interval_ns: time from one to the next
 * @select: the VM
 */
struct collect_params {
	const char *file;
	long long count;
	uint64_t interval_ns;
	struct select select;
};

extern const struct opt_spec collect_opts[];

/* Free the selection. */
enum opt_outcome collect_parse(struct opt_parser *op, int argc, char **argv,
			       struct collect_params *params);
int collect_run(const struct collect_params *params);
int cmd_collect(const struct cmd *cmd, int argc, char **argv);

/**
 * struct watch_params - what 'vcpu-info watch' was asked for
 * @interval_ns: time from one look to the next
 * @json: print JSON
 * @journal: write to the journal instead
 * @exec: run this program when something changes; NULL: none
 * @collect: collect evidence in this directory; NULL: do not
 * @keep: archives in it take at most so many bytes
 * @rounds: end after so many looks, 0: never
 * @select: which VMs
 */
struct watch_params {
	uint64_t interval_ns;
	bool json;
	bool journal;
	const char *exec;
	const char *collect;
	uint64_t keep;
	long long rounds;
	struct select select;
};

extern const struct opt_spec watch_opts[];

/* Free the selection. */
enum opt_outcome watch_parse(struct opt_parser *op, int argc, char **argv,
			     struct watch_params *params);
int cmd_watch(const struct cmd *cmd, int argc, char **argv);

/**
 * struct export_params - what 'vcpu-info export' was asked for
 * @textfile: write to this file; NULL: do not
 * @interval_ns: again and again, after that time; 0: once
 * @listen: serve HTTP there; NULL: do not
 * @address: what that is
 * @web_config: file with certificates and users; NULL: none
 * @no_diagnosis: counters alone
 * @has_format: a format was given
 * @format: of what is printed
 * @select: which VMs
 */
struct export_params {
	const char *textfile;
	uint64_t interval_ns;
	const char *listen;
	struct listen_address address;
	const char *web_config;
	bool no_diagnosis;
	bool has_format;
	enum metrics_format format;
	struct select select;
};

extern const struct opt_spec export_opts[];

/* Free the selection. */
enum opt_outcome export_parse(struct opt_parser *op, int argc, char **argv,
			      struct export_params *params);
int cmd_export(const struct cmd *cmd, int argc, char **argv);

/**
 * struct vms_params - what 'vcpu-info vms' was asked for
 * @json: JSON instead of a table
 * @is_long: all that can be found out
 * @no_guest_memory: leave guests' memory alone
 * @select: which VMs
 */
struct vms_params {
	bool json;
	bool is_long;
	bool no_guest_memory;
	struct select select;
};

extern const struct opt_spec vms_opts[];

/* Free the selection. */
enum opt_outcome vms_parse(struct opt_parser *op, int argc, char **argv,
			   struct vms_params *params);
int vms_run(const struct vms_params *params);
int cmd_vms(const struct cmd *cmd, int argc, char **argv);

enum policy_action {
	POLICY_SHOW,
	POLICY_ALL,
	POLICY_NONE,
	POLICY_LIST,
	POLICY_ALLOW,
	POLICY_DENY,
	POLICY_APPLY,
};

/**
 * struct policy_params - what 'vcpu-info policy' was asked for
 * @json: print JSON
 * @action: what to do before the policy is printed
 * @vms: POLICY_LIST: these VMs, by PID or name; POLICY_ALLOW, POLICY_DENY: by
 *	name; POLICY_APPLY: all VMs, or the one made by a thread, by its ID
 */
struct policy_params {
	bool json;
	enum policy_action action;
	struct select vms;
};

extern const struct opt_spec policy_opts[];

/* Free the VMs. */
enum opt_outcome policy_parse(struct opt_parser *op, int argc, char **argv,
			      struct policy_params *params);
int policy_run(const struct policy_params *params);
int cmd_policy(const struct cmd *cmd, int argc, char **argv);

/**
 * struct stack_params - what 'vcpu-info stack' was asked for
 * @count: so many times
 * @interval_ns: time from one to the next
 * @json: print JSON
 * @select: these VMs and vCPUs
 */
struct stack_params {
	long long count;
	uint64_t interval_ns;
	bool json;
	struct select select;
};

extern const struct opt_spec stack_opts[];

/* Free the selection. */
enum opt_outcome stack_parse(struct opt_parser *op, int argc, char **argv,
			     struct stack_params *params);
int cmd_stack(const struct cmd *cmd, int argc, char **argv);

/*
 * In the child of guest_each(): find the stack of one vCPU. *record has pointers to
 * *task and to what is good until the next call.
 */
struct guest;
struct guest_task;
struct stack_record;
void stack_of_vcpu(struct guest *guest, int vcpu_id, struct guest_task *task,
		   struct stack_record *record);

/**
 * struct dmesg_params - what 'vcpu-info dmesg' was asked for
 * @last: the last so many messages; 0: all
 * @json: print JSON
 * @select: of this VM
 */
struct dmesg_params {
	long long last;
	bool json;
	struct select select;
};

extern const struct opt_spec dmesg_opts[];

/* Free the selection. */
enum opt_outcome dmesg_parse(struct opt_parser *op, int argc, char **argv,
			     struct dmesg_params *params);
int cmd_dmesg(const struct cmd *cmd, int argc, char **argv);

/**
 * struct profile_params - what 'vcpu-info profile' was asked for
 * @output: where to; NULL: to standard output
 * @format: as what; PROFILE_FORMAT_NONE: only the timeline is wanted
 * @duration_ns: how long
 * @frequency: samples of each vCPU a second
 * @by_vcpu: with a frame for each vCPU
 * @no_guest_memory: leave guests' memory alone
 * @timeline: where to write what each vCPU did when; NULL: nowhere
 * @diff: compare two files instead
 * @before: the first of them
 * @after: the second one
 * @select: these VMs and vCPUs
 */
struct profile_params {
	const char *output;
	enum profile_format format;
	uint64_t duration_ns;
	unsigned int frequency;
	bool by_vcpu;
	bool no_guest_memory;
	const char *timeline;
	bool diff;
	const char *before;
	const char *after;
	struct select select;
};

extern const struct opt_spec profile_opts[];

/* Free the selection. */
enum opt_outcome profile_parse(struct opt_parser *op, int argc, char **argv,
			       struct profile_params *params);
int cmd_profile(const struct cmd *cmd, int argc, char **argv);

/* What 'vcpu-info symbols' was asked for: of this VM. Free the selection. */
extern const struct opt_spec symbols_opts[];

enum opt_outcome symbols_parse(struct opt_parser *op, int argc, char **argv,
			       struct select *select);
int cmd_symbols(const struct cmd *cmd, int argc, char **argv);

/* What 'vcpu-info status' was asked for: JSON instead of text. */
struct status_params {
	bool json;
};

extern const struct opt_spec status_opts[];

enum opt_outcome status_parse(struct opt_parser *op, int argc, char **argv,
			      struct status_params *params);
int status_run(const struct status_params *params);
int cmd_status(const struct cmd *cmd, int argc, char **argv);

#endif /* HOST_CMD_COMMANDS_H */
