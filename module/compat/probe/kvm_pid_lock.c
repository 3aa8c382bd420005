// SPDX-License-Identifier: GPL-2.0
/*
 * 6.13, 3e7f43188ee2 ("KVM: Protect vCPU's "last run PID" with rwlock, not
 * RCU")
 */
#include <linux/kvm_host.h>

rwlock_t *probe(struct kvm_vcpu *vcpu);

rwlock_t *probe(struct kvm_vcpu *vcpu)
{
	return &vcpu->pid_lock;
}
