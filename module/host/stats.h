/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_STATS_H
#define VCPU_INFO_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

/* Counts since load; /sys/kernel/vcpu_info/stats/ has a file for each. */
struct vcpu_info_stats {
	u64 requests;		/* hypercalls with our number, of whatever end */
	u64 records;		/* vcpu_info events written */
	u64 probes;		/* requests with VCPU_INFO_PROBE_ID */
	u64 unlistened;		/* valid requests while the event was off */
	u64 unknown_id;
	u64 policy;		/* refused by the policy */
	u64 rate_limited;
	u64 reserve;		/* requests of a VM's reserve for panics */
	u64 nested;		/* refused: the caller is a nested guest */
	u64 torn;		/* records with VCPU_INFO_F_TORN */
	u64 samples;		/* vCPUs that the host asked for */
};

DECLARE_PER_CPU(struct vcpu_info_stats, vcpu_info_stats);

#define vcpu_info_count(name)	this_cpu_inc(vcpu_info_stats.name)

struct vcpu_info_hook;

int vcpu_info_stats_init(const struct vcpu_info_hook *hook);
void vcpu_info_stats_exit(void);

#endif /* VCPU_INFO_STATS_H */
