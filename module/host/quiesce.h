/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_QUIESCE_H
#define VCPU_INFO_QUIESCE_H

#include <linux/types.h>

struct kvm_vcpu;

void vcpu_info_quiesce_init(void);
void vcpu_info_quiesce_exit(void);
bool vcpu_info_quiesce_rflags(const struct kvm_vcpu *vcpu, u64 exits,
			      u64 *rflags);

#endif /* VCPU_INFO_QUIESCE_H */
