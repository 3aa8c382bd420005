// SPDX-License-Identifier: GPL-2.0
/* 7.2, 3b4ec7dcdf89 ("KVM: x86: Add dedicated storage for guest RIP") */
#include <linux/kvm_host.h>

unsigned long probe(struct kvm_vcpu *vcpu);

unsigned long probe(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.rip;
}
