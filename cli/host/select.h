/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which events the user wants: of these VMs, these vCPUs and these states.
 */
#ifndef HOST_SELECT_H
#define HOST_SELECT_H

#include "idlist.h"
#include "options.h"
#include "trace/event.h"

/**
 * struct select_vm - a VM that is wanted
 * @word: as it was given
 * @name: its name, as it is or as it is printed, in @word; NULL: by PID
 * @pid: its process
 * @fd: the VM of that process, -1 for any
 * @found: it was among those that select_has_vm() was asked about
 * @is_name: @word is a PID, and one of those had it as its name
 */
struct select_vm {
	char *word;
	const char *name;
	int pid;
	int fd;
	bool found;
	bool is_name;
};

/* An empty list matches all; all zeroes selects all. */
struct select {
	struct select_vm *vms;
	size_t nr_vms;
	bool wants_names;	/* some VM is given by name */
	struct id_list vcpus;
	uint64_t states;	/* a bit for each state, 0: any */
	uint64_t whys;		/* a bit for each reason, 0: any */
};

/*
 * Add a VM: "PID", "PID:FD" or else a name, which may be any text. After "pid:"
 * only the former are taken, after "name:" everything is a name. False with err
 * set if it is none.
 */
bool select_add_vm(struct select *select, const char *s, char *err,
		   size_t err_size);

/* What has to be before a name for select_add_vm() to take it as it is: may be "". */
const char *select_name_prefix(const char *name);

/* Add the VM that the last option has as its argument. */
enum opt_outcome select_take_vm(struct select *select, struct opt_parser *op);

/* Add the VMs that are operands of a command; after its last option. */
enum opt_outcome select_take_vms(struct select *select, struct opt_parser *op);

/* The same for a command whose only operand is one VM. */
enum opt_outcome select_take_one_vm(struct select *select,
				    struct opt_parser *op);

/* Add vCPUs, "0-3,7". */
bool select_add_vcpus(struct select *select, const char *s, char *err,
		      size_t err_size);

/* Add states, "halted,user". */
bool select_add_states(struct select *select, const char *s, char *err,
		       size_t err_size);

/* Add reasons why guests asked, "mark,panic". */
bool select_add_whys(struct select *select, const char *s, char *err,
		     size_t err_size);

/*
 * Whether a VM is wanted that has a name and a process of a name; either may
 * be NULL, and need not be known unless wants_names is set. What it is wanted by
 * is noted as found.
 */
bool select_has_vm(const struct select *select, int pid, int fd,
		   const char *name, const char *comm);

/* Where VMs that run are looked for */
#define SELECT_HINT_VMS "'vcpu-info vms' lists the VMs."

/*
 * Once select_has_vm() was asked about all VMs there are: print an error for each
 * that is wanted and was not found, and the hint. Returns how many.
 */
size_t select_report_missing(const struct select *select, const char *hint);

/* The same where they may come later: a note for each. */
void select_note_missing(const struct select *select);

/* Whether the event is wanted, but for its VM. */
bool select_has_vcpu(const struct select *select, const struct event *ev);
void select_free(struct select *select);

#endif /* HOST_SELECT_H */
