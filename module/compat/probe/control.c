// SPDX-License-Identifier: GPL-2.0
/* What all supported kernels have */
#include <linux/ftrace.h>
#include <linux/kvm_host.h>
#include <linux/trace.h>

int probe(struct kvm_vcpu *vcpu);

int probe(struct kvm_vcpu *vcpu)
{
	return vcpu->vcpu_id;
}
