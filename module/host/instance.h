/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_INSTANCE_H
#define VCPU_INFO_INSTANCE_H

#include <linux/types.h>

/* Range of the parameter buffer_kb, in KiB for each CPU; 0 makes no instance */
#define VCPU_INFO_BUFFER_KB_MIN		8
#define VCPU_INFO_BUFFER_KB_MAX		1048576U
#define VCPU_INFO_BUFFER_KB_DEFAULT	512

int vcpu_info_instance_init(void);
void vcpu_info_instance_resize(unsigned int buffer_kb);
void vcpu_info_instance_exit(void);
bool vcpu_info_instance_exists(void);

#endif /* VCPU_INFO_INSTANCE_H */
