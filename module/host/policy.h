/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_POLICY_H
#define VCPU_INFO_POLICY_H

#include <linux/types.h>

/* How many VMMs a list can have: as many VMs as limits.c has slots for */
#define VCPU_INFO_POLICY_MAX	4096

/* Bytes of a line of vcpu_info_policy_pids() */
#define VCPU_INFO_POLICY_LINE	12

bool vcpu_info_policy_admits(void);
ssize_t vcpu_info_policy_pids(char *buf, loff_t off, size_t count);

#endif /* VCPU_INFO_POLICY_H */
