// SPDX-License-Identifier: GPL-2.0
/* 6.10, 517987e3fb19 ("KVM: x86: add fields to struct kvm_arch for CoCo features") */
#include <linux/kvm_host.h>

bool probe(struct kvm_vcpu *vcpu);

bool probe(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.has_protected_state;
}
