/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_SAMPLE_H
#define VCPU_INFO_SAMPLE_H

long vcpu_info_sample(void __user *argp);

#endif /* VCPU_INFO_SAMPLE_H */
