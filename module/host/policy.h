/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_POLICY_H
#define VCPU_INFO_POLICY_H

#include <linux/types.h>

#include "snapshot.h"

struct kvm;

/* Largest value of the parameters vm_rate, vm_burst and host_rate */
#define VCPU_INFO_RATE_MAX	1000000U

bool vcpu_info_policy_admits(void);
bool vcpu_info_policy_within_limits(const struct kvm *kvm);
void vcpu_info_policy_report(const struct kvm *kvm,
			     const struct vcpu_info_origin *from, int vcpu_id,
			     u8 reason, int result);
void vcpu_info_policy_init(void);
void vcpu_info_policy_exit(void);

#endif /* VCPU_INFO_POLICY_H */
