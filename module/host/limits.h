/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_LIMITS_H
#define VCPU_INFO_LIMITS_H

#include <linux/types.h>

#include "snapshot.h"

struct kvm_vcpu;

/* Largest value of the parameters vm_rate, vm_burst and host_rate */
#define VCPU_INFO_RATE_MAX	1000000U

/**
 * struct vcpu_info_ask - a request
 * @vcpu_id: the vCPU that is asked for
 * @why: and why
 */
struct vcpu_info_ask {
	s32 vcpu_id;
	struct vcpu_info_why why;
};

bool vcpu_info_limits_take(const struct kvm_vcpu *caller,
			   const struct vcpu_info_ask *ask);
void vcpu_info_limits_report(const struct kvm_vcpu *caller,
			     const struct vcpu_info_ask *ask, u8 reason,
			     int result);
void vcpu_info_limits_init(void);
void vcpu_info_limits_exit(void);

#endif /* VCPU_INFO_LIMITS_H */
