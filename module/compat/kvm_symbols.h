/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KVM's functions that are exported to kvm_amd and kvm_intel alone from 6.18 on:
 * 20c489205836 ("KVM: Export KVM-internal symbols for sub-modules only") and
 * 6b36119b94d0 ("KVM: x86: Export KVM-internal symbols for sub-modules only").
 *
 * On every kernel they are looked up when the module is loaded. What is found
 * is an exported function, so that it starts with an ENDBR which is not sealed,
 * has the type that it is called by here, and stays as long as it is held.
 */
#ifndef VCPU_INFO_COMPAT_KVM_SYMBOLS_H
#define VCPU_INFO_COMPAT_KVM_SYMBOLS_H

#include <linux/types.h>

struct file;
struct kvm_vcpu;

/**
 * struct compat_kvm_symbols - what was found; NULL for what was not
 * @emulate_hypercall: kvm_emulate_hypercall(); always found
 * @get_rflags: kvm_get_rflags()
 * @vcpu_halt: kvm_vcpu_halt()
 * @vcpu_put: vcpu_put()
 * @file_is_kvm: file_is_kvm()
 */
struct compat_kvm_symbols {
	int (*emulate_hypercall)(struct kvm_vcpu *vcpu);
	unsigned long (*get_rflags)(struct kvm_vcpu *vcpu);
	void (*vcpu_halt)(struct kvm_vcpu *vcpu);
	void (*vcpu_put)(struct kvm_vcpu *vcpu);
	bool (*file_is_kvm)(struct file *file);
};

extern struct compat_kvm_symbols compat_kvm;

int compat_kvm_symbols_get(void);
void compat_kvm_symbols_put(void);
ssize_t compat_kvm_symbols_missing(char *page);

/*
 * Only where the vCPU's VMCS is current, see compat_kvm_cache_reg().
 *
 * Return: false if the kernel does not let us have RFLAGS.
 */
static inline bool compat_kvm_rflags(struct kvm_vcpu *vcpu, u64 *rflags)
{
	if (!compat_kvm.get_rflags)
		return false;

	*rflags = compat_kvm.get_rflags(vcpu);
	return true;
}

#endif /* VCPU_INFO_COMPAT_KVM_SYMBOLS_H */
