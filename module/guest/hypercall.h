/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_GUEST_HYPERCALL_H
#define VCPU_INFO_GUEST_HYPERCALL_H

#include "vcpu_info.h"

extern unsigned int vcpu_info_hypercall_nr;

#endif /* VCPU_INFO_GUEST_HYPERCALL_H */
