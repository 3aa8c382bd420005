/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_GUEST_HYPERCALL_H
#define VCPU_INFO_GUEST_HYPERCALL_H

#include "vcpu_info.h"

extern unsigned int vcpu_info_hypercall_nr;

int vcpu_info_why(int vcpu_id, u32 reason, u64 cookie);

#endif /* VCPU_INFO_GUEST_HYPERCALL_H */
