/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_HYPERCALL_H
#define VCPU_INFO_HYPERCALL_H

#include <linux/types.h>

struct vcpu_info_hook;

u32 vcpu_info_hypercall_nr(void);
const struct vcpu_info_hook *vcpu_info_hypercall_hook(void);
int vcpu_info_hypercall_init(void);
void vcpu_info_hypercall_exit(void);

#endif /* VCPU_INFO_HYPERCALL_H */
