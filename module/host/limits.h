/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_LIMITS_H
#define VCPU_INFO_LIMITS_H

#include <linux/types.h>

#include "snapshot.h"

struct kvm_vcpu;

/* Largest value of the parameters vm_rate, vm_burst and host_rate */
#define VCPU_INFO_RATE_MAX	1000000U

bool vcpu_info_limits_take(const struct kvm_vcpu *caller, int vcpu_id);
void vcpu_info_limits_report(const struct kvm_vcpu *caller, int vcpu_id,
			     u8 reason, int result);
void vcpu_info_limits_init(void);
void vcpu_info_limits_exit(void);

#endif /* VCPU_INFO_LIMITS_H */
