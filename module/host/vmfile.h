/* SPDX-License-Identifier: GPL-2.0 */
/* VMs by the descriptors that a process of the host has of them */
#ifndef VCPU_INFO_VMFILE_H
#define VCPU_INFO_VMFILE_H

#include <linux/types.h>

struct file;
struct kvm;

struct file *vcpu_info_vmfile_get(int fd);
struct kvm *vcpu_info_vmfile_kvm(const struct file *file);
bool vcpu_info_vmfile_possible(void);
s32 vcpu_info_vmm_pid(struct kvm *kvm);

#endif /* VCPU_INFO_VMFILE_H */
