/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_DEVICE_H
#define VCPU_INFO_DEVICE_H

int vcpu_info_device_register(void);
void vcpu_info_device_unregister(void);

#endif /* VCPU_INFO_DEVICE_H */
