/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which module runs KVM's guests. What may be read of a vCPU, and when, is known
 * for kvm_amd and kvm_intel alone; others exist (kvm_pvm).
 */
#ifndef VCPU_INFO_COMPAT_KVM_VENDOR_H
#define VCPU_INFO_COMPAT_KVM_VENDOR_H

#include <linux/compiler.h>
#include <linux/types.h>

enum compat_kvm_vendor {
	COMPAT_KVM_NONE,	/* none is loaded, so there is no VM */
	COMPAT_KVM_OTHER,
	COMPAT_KVM_SVM,
	COMPAT_KVM_VMX,
};

extern enum compat_kvm_vendor compat_kvm_vendor;

static inline bool compat_kvm_is_known(void)
{
	return READ_ONCE(compat_kvm_vendor) >= COMPAT_KVM_SVM;
}

static inline bool compat_kvm_is_svm(void)
{
	return READ_ONCE(compat_kvm_vendor) == COMPAT_KVM_SVM;
}

static inline bool compat_kvm_is_vmx(void)
{
	return READ_ONCE(compat_kvm_vendor) == COMPAT_KVM_VMX;
}

int compat_kvm_vendor_init(void);
void compat_kvm_vendor_exit(void);

#endif /* VCPU_INFO_COMPAT_KVM_VENDOR_H */
