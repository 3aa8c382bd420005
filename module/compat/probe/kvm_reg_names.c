// SPDX-License-Identifier: GPL-2.0
/*
 * 7.2, e31de5791093 ("KVM: x86: Drop the "EX" part of "EXREG" to avoid
 * collision with APX")
 */
#include <linux/kvm_host.h>

int probe(void);

int probe(void)
{
	return VCPU_REG_CR0;
}
