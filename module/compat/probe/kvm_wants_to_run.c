// SPDX-License-Identifier: GPL-2.0
/* 6.11, a6816314af57 ("KVM: Introduce vcpu->wants_to_run"); also in 6.1.y */
#include <linux/kvm_host.h>

bool probe(struct kvm_vcpu *vcpu);

bool probe(struct kvm_vcpu *vcpu)
{
	return vcpu->wants_to_run;
}
