/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_POLICY_H
#define VCPU_INFO_POLICY_H

#include <linux/types.h>

/* How many VMMs the parameter policy may list */
#define VCPU_INFO_POLICY_MAX	256

bool vcpu_info_policy_admits(void);

#endif /* VCPU_INFO_POLICY_H */
