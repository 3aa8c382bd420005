/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What there is on this host: KVM, the module, its trace instance. Only found
 * out here; what to think of it is in host-problems.c.
 */
#ifndef HOST_HOST_STATE_H
#define HOST_HOST_STATE_H

#include "trace/instance.h"

enum host_param {
	PARAM_POLICY,
	PARAM_VM_RATE,
	PARAM_VM_BURST,
	PARAM_HOST_RATE,
	PARAM_BUFFER_KB,
	NR_PARAMS,
};

enum host_count {
	COUNT_REQUESTS,
	COUNT_RECORDS,
	COUNT_PROBES,
	COUNT_UNLISTENED,
	COUNT_UNKNOWN_ID,
	COUNT_POLICY,
	COUNT_RATE_LIMITED,
	COUNT_NESTED,
	COUNT_RESERVE,
	COUNT_TORN,
	NR_COUNTS,
};

/* Their file names. */
extern const char *const host_param_names[NR_PARAMS];
extern const char *const host_count_names[NR_COUNTS];

/* Whether the module's file is signed. */
enum module_file_signature {
	SIGNATURE_UNKNOWN, /* it cannot be read or decompressed */
	SIGNATURE_NONE,
	SIGNATURE_THERE,
};

#define HOST_BUILD_LOG \
	"/var/lib/dkms/vcpu-info/" VCPU_INFO_VERSION "/build/make.log"
#define HOST_TEXT_LEN  64
#define HOST_PARAM_LEN 4096 /* policy may be a list */

/**
 * struct host_state - what there is; texts are "" where a file cannot be read
 * @release: the kernel's
 * @kvm: whether the module kvm is there
 * @vendor: kvm_intel, kvm_amd or NULL: the vendor's module that is there
 * @wants_vendor: the one for this CPU, NULL if it has no virtualisation
 * @ftrace_enabled: the sysctl
 * @has_tracefs: whether the kernel knows such a file system
 * @signed_only: whether the kernel takes only modules with a signature
 * @confidential: whether lockdown forbids to read what the kernel traces
 * @installed: whether the module is there for this kernel
 * @build_failed: whether DKMS has left the log of a build for this kernel that
 *	failed
 * @signature: whether it is signed
 * @loaded: whether it is loaded
 * @version: its version
 * @abi: its VCPU_INFO_ABI_VERSION
 * @hypercall_nr: the number it answers to
 * @hook: "active" or "inactive"
 * @instance: name of its trace instance, or "none"
 * @missing_known: whether @missing is
 * @missing: functions of KVM's that it does without, separated by spaces
 * @params: its parameters
 * @counts: its counts
 * @instance_status: whether the trace instance can be used; if so:
 * @dir: its directory
 * @setup: how it is set up
 * @stats_known: whether @stats is
 * @stats: its buffers
 */
struct host_state {
	char release[HOST_TEXT_LEN];
	bool kvm;
	const char *vendor;
	const char *wants_vendor;
	char ftrace_enabled[HOST_TEXT_LEN];
	bool has_tracefs;
	bool signed_only;
	bool confidential;
	bool installed;
	bool build_failed;
	enum module_file_signature signature;
	bool loaded;
	char version[HOST_TEXT_LEN];
	char abi[HOST_TEXT_LEN];
	char hypercall_nr[HOST_TEXT_LEN];
	char hook[HOST_TEXT_LEN];
	char instance[HOST_TEXT_LEN];
	bool missing_known;
	char missing[HOST_TEXT_LEN];
	char params[NR_PARAMS][HOST_PARAM_LEN];
	char counts[NR_COUNTS][HOST_TEXT_LEN];
	enum instance_status instance_status;
	char dir[4096];
	struct instance_setup setup;
	bool stats_known;
	struct instance_stats stats;
};

void host_state_read(struct host_state *state);

/*
 * The module and its trace instance alone: a few small files, for those who ask again
 * and again.
 */
void host_state_read_module(struct host_state *state);

#endif /* HOST_HOST_STATE_H */
