/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's VMs as metrics for Prometheus. vcpu-info-export(1) documents each of
 * them; a test compares that page with what is written here.
 *
 * Pure functions: what is not in struct metrics is not in the text, so a VM that is
 * gone leaves no series.
 */
#ifndef HOST_EXPORT_METRICS_H
#define HOST_EXPORT_METRICS_H

#include <stdio.h>

#include "host-state.h"
#include "vcpu-rules.h"
#include "vm/cgroup.h"
#include "vm/scan.h"

/*
 * Bounds of the number of series: VMs beyond them are left out and counted. The bytes
 * of names and of control groups that are kept bound their length.
 */
#define METRICS_MAX_VMS		2048
#define METRICS_MAX_VCPUS	16384
#define METRICS_NAME_SIZE	65
#define METRICS_CGROUP_SIZE	257

/* Which of two texts: they differ in the names and types of what is declared. */
enum metrics_format {
	METRICS_TEXT,		/* text format 0.0.4: textfile collector, promtool */
	METRICS_OPENMETRICS,	/* OpenMetrics 1.0.0 */
};

/* What a vCPU's thread is doing, as far as no vCPU has to be interrupted for it */
enum metrics_activity {
	ACTIVITY_UNKNOWN,	/* no thread has run it yet, or it cannot be read */
	ACTIVITY_RUNNING,	/* on a host CPU, or waiting for one */
	ACTIVITY_HALTED,	/* in KVM, until an interrupt comes */
	ACTIVITY_SLEEPING,	/* waits for something else: the VMM has it */
	ACTIVITY_BLOCKED,	/* the same, and no signal wakes it */
	ACTIVITY_STOPPED,	/* by a signal or a debugger */
	ACTIVITY_NR
};

/**
 * struct metrics_vcpu - a vCPU
 * @seen: its counters and its thread's times
 * @activity: what its thread is doing
 * @word: its diagnosis; NULL: there is none
 * @since: when that changed last, in seconds since 1970
 */
struct metrics_vcpu {
	struct vcpu_observation seen;
	enum metrics_activity activity;
	const char *word;
	uint64_t since;
};

/**
 * struct metrics_vm - a VM
 * @vm: its process
 * @cgroup: where that is
 * @word: its diagnosis; NULL: there is none
 * @since: when that changed last, in seconds since 1970
 * @first: index of its first vCPU
 * @nr: how many it has
 */
struct metrics_vm {
	const struct vm *vm;
	struct cgroup cgroup;
	const char *word;
	uint64_t since;
	size_t first;
	size_t nr;
};

/**
 * struct metrics - all there is to tell
 * @module_loaded: the host module is loaded
 * @up: it could be asked for VMs
 * @counts: the module's own, by enum host_count
 * @counts_known: which of them are known, a bit each
 * @lost_known: @lost is
 * @lost: records that are not in the module's buffers any more, or never were
 * @vms: the VMs
 * @nr_vms: how many
 * @vcpus: their vCPUs, a VM's in succession
 * @nr_vcpus: how many
 * @unread: VMs that could not be asked for
 * @omitted: VMs beyond the bounds
 * @denied: processes that could not be looked into
 * @collect_ns: time that it took to gather all this
 * @diagnoses: VMs are diagnosed
 * @looks: closer looks at VMs so far, each of which interrupts vCPUs that run
 * @deferred: closer looks that were put off so far, for there are at most so many
 */
struct metrics {
	bool module_loaded;
	bool up;
	uint64_t counts[NR_COUNTS];
	unsigned int counts_known;
	bool lost_known;
	struct losses lost;
	struct metrics_vm *vms;
	size_t nr_vms;
	struct metrics_vcpu *vcpus;
	size_t nr_vcpus;
	size_t unread;
	size_t omitted;
	unsigned int denied;
	uint64_t collect_ns;
	bool diagnoses;
	uint64_t looks;
	uint64_t deferred;
};

const char *metrics_activity_name(enum metrics_activity activity);

/* By the letter in /proc/PID/stat, and whether KVM says that the vCPU is halted. */
enum metrics_activity metrics_activity_of(char state, bool halted);

void metrics_write(const struct metrics *metrics, enum metrics_format format,
		   FILE *out);

#endif /* HOST_EXPORT_METRICS_H */
