/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_GUEST_TRIGGERS_H
#define VCPU_INFO_GUEST_TRIGGERS_H

void vcpu_info_triggers_init(void);
void vcpu_info_triggers_exit(void);

#endif /* VCPU_INFO_GUEST_TRIGGERS_H */
