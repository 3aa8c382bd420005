/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policy by name, which outlives VMs and the module: /etc/vcpu-info/policy.
 * A line for each VM, "allow NAME" or "deny NAME", but not both kinds; empty
 * lines and those that begin with '#' are skipped.
 */
#ifndef HOST_POLICY_FILE_H
#define HOST_POLICY_FILE_H

#include "select.h"

#define POLICY_NAMES	"/etc/vcpu-info/policy"

enum policy_rule {
	RULE_UNSET,
	RULE_ALLOW,	/* these VMs are served, and no others */
	RULE_DENY,	/* all VMs but these are served */
};

/**
 * struct policy_names - VMs by name, and what to do about them
 * @rule: RULE_UNSET if there is no such file, or no name in it
 * @vms: the names
 */
struct policy_names {
	enum policy_rule rule;
	struct select vms;
};

/* "allow" or "deny"; NULL for RULE_UNSET. */
const char *policy_rule_name(enum policy_rule rule);

/* Take a line. False with err set if it is not valid. */
bool policy_names_take(struct policy_names *names, char *line, char *err,
		       size_t err_size);

/*
 * Read the file; one that does not exist has no names. Returns false and prints
 * an error if it cannot be read or is not valid; free the names in any case.
 */
bool policy_names_read(struct policy_names *names);

/*
 * Replace the file, or remove it if the rule is RULE_UNSET. 0 or a negative
 * errno number.
 */
int policy_names_write(const struct policy_names *names);

/*
 * Wait for other processes that change the file or apply it; held until this
 * process ends. A process that is not root does not wait.
 */
void policy_names_lock(void);

void policy_names_free(struct policy_names *names);

#endif /* HOST_POLICY_FILE_H */
