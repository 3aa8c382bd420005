// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercall from user space (CPL 3): KVM refuses it before it looks at the
 * number, so ours must get the same -KVM_EPERM as any other.
 */
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "tap.h"
#include "vcpu_info_abi.h"

#define KVM_HC_SCHED_YIELD	11
#define UNKNOWN_NR		0x12345678

#define SIGNATURE_HYGON_EBX	0x6f677948	/* "Hygo" */

static sigjmp_buf no_hypervisor;

static void on_sigill(int sig)
{
	siglongjmp(no_hypervisor, sig);
}

static bool is_amd(void)
{
	unsigned int eax, ebx = 0, ecx = 0, edx = 0;

	__get_cpuid(0, &eax, &ebx, &ecx, &edx);
	return ebx == signature_AMD_ebx || ebx == SIGNATURE_HYGON_EBX;
}

static long hypercall(unsigned long nr, long arg)
{
	long ret;

	if (is_amd())
		asm volatile("vmmcall" : "=a"(ret) : "a"(nr), "b"(arg)
			     : "memory");
	else
		asm volatile("vmcall" : "=a"(ret) : "a"(nr), "b"(arg)
			     : "memory");
	return ret;
}

static void check(unsigned long nr, long arg, const char *what)
{
	long ret = hypercall(nr, arg);

	printf("# %s: RAX = 0x%lx\n", what, ret);
	tap_is(ret, -VCPU_INFO_HC_EPERM, what);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_sigill };

	sigaction(SIGILL, &sa, NULL);
	if (sigsetjmp(no_hypervisor, 1)) {
		tap_ok(false, "the instruction is a hypercall here (SIGILL)");
		return tap_done();
	}

	check(VCPU_INFO_HC_DEFAULT, 0, "CPL 3: vcpu_info of vCPU 0");
	check(VCPU_INFO_HC_DEFAULT, VCPU_INFO_PROBE_ID, "CPL 3: probe");
	check(VCPU_INFO_HC_DEFAULT, -1, "CPL 3: vcpu_info of an unknown id");
	check(KVM_HC_SCHED_YIELD, 0, "CPL 3: KVM_HC_SCHED_YIELD");
	check(UNKNOWN_NR, 0, "CPL 3: an unknown number");
	return tap_done();
}
