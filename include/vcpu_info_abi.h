/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vcpu-info: the ABI between guest, host and user space.
 *
 * Everything that two parts of vcpu-info have to agree on is here, and only
 * here: the hypercall, its results, the guest's ioctls, and the values that
 * the fields of the trace events take.
 */
#ifndef VCPU_INFO_ABI_H
#define VCPU_INFO_ABI_H

#include <linux/types.h>
#include <linux/ioctl.h>

/**
 * VCPU_INFO_ABI_VERSION - version of everything in this header
 *
 * Grows only when a value changes its meaning; new ioctls, results and trace
 * fields do not change it.
 */
#define VCPU_INFO_ABI_VERSION	1

/*
 * The hypercall: RAX = number, RBX = KVM vcpu_id of the target (the low 32
 * bits, signed). VMCALL on Intel, VMMCALL on AMD; only from CPL 0. The result
 * comes back in RAX, sign-extended to 64 bits for a caller in 64-bit mode and
 * as 32 bits otherwise. No other guest register is changed.
 *
 * On x86 a vcpu_id is the APIC id that the VMM gave the vCPU.
 */
#define VCPU_INFO_HC_DEFAULT	0x56435055U	/* "VCPU" */

/*
 * Upstream KVM counts its hypercalls up from 1; keep well clear of them. From
 * -4095 on a number would look like the result of a hypercall.
 */
#define VCPU_INFO_HC_MIN	4096U
#define VCPU_INFO_HC_MAX	0xfffff000U

/**
 * VCPU_INFO_PROBE_ID - vcpu_id that asks whether the host answers at all
 *
 * The host answers 0, or -EACCES if its policy refuses the VM, and writes no
 * record. The value can never be a vcpu_id: those are not negative.
 */
#define VCPU_INFO_PROBE_ID	(-2147483647 - 1)

/*
 * Results of the hypercall, negated in RAX. Those that KVM has in
 * uapi/linux/kvm_para.h keep KVM's number; the rest are errno numbers, so
 * that all but VCPU_INFO_HC_ENOSYS can be handed to user space as they are.
 */
#define VCPU_INFO_HC_OK		0	/* accepted; recorded if somebody listens */
#define VCPU_INFO_HC_EPERM	1	/* KVM_EPERM: the caller is not at CPL 0 */
#define VCPU_INFO_HC_EAGAIN	11	/* rate limited; nothing was recorded */
#define VCPU_INFO_HC_EACCES	13	/* the host's policy refuses this VM */
#define VCPU_INFO_HC_EINVAL	22	/* KVM_EINVAL: the VM has no such vcpu_id */
#define VCPU_INFO_HC_EOPNOTSUPP	95	/* KVM_EOPNOTSUPP: caller is a nested guest */
#define VCPU_INFO_HC_ENOSYS	1000	/* KVM_ENOSYS: the host has no vcpu_info */

/*
 * The guest's device. An ioctl fails only for a bad argument (EFAULT, EINVAL),
 * an unknown command (ENOTTY) or a signal (EINTR); what the host said of a
 * request is in its result field: 0 or one of
 *
 *	-EPERM -EAGAIN -EACCES -EINVAL -EOPNOTSUPP	as above
 *	-ENOSYS		the host has no vcpu_info
 *	-ENXIO		there is no such CPU, or it is not online
 */
#define VCPU_INFO_DEV_NAME	"vcpu-info"
#define VCPU_INFO_DEV_PATH	"/dev/" VCPU_INFO_DEV_NAME

/**
 * struct vcpu_info_ioc_info - what the guest module is (VCPU_INFO_IOC_INFO)
 * @abi_version: VCPU_INFO_ABI_VERSION of the module
 * @hypercall_nr: the hypercall number the module uses
 * @nr_cpus: number of CPUs online now
 * @result: result of a probe (VCPU_INFO_PROBE_ID) of the host
 */
struct vcpu_info_ioc_info {
	__u32 abi_version;
	__u32 hypercall_nr;
	__u32 nr_cpus;
	__s32 result;
};

/**
 * struct vcpu_info_ioc_vcpu - one vCPU by KVM's vcpu_id (VCPU_INFO_IOC_VCPU)
 * @vcpu_id: in: the vCPU that is asked about; any value, also a bad one
 * @result: out: what the host said
 */
struct vcpu_info_ioc_vcpu {
	__s32 vcpu_id;
	__s32 result;
};

/**
 * struct vcpu_info_ioc_cpu - one CPU by Linux's number
 * @cpu: in for VCPU_INFO_IOC_CPU, out for VCPU_INFO_IOC_SELF: Linux CPU number
 * @vcpu_id: out: its APIC id, which is KVM's vcpu_id; -1 if there is none
 * @result: out: what the host said
 * @reserved: must be 0
 */
struct vcpu_info_ioc_cpu {
	__u32 cpu;
	__s32 vcpu_id;
	__s32 result;
	__u32 reserved;
};

/**
 * struct vcpu_info_ioc_all - every online CPU (VCPU_INFO_IOC_ALL)
 * @nr: in: entries that @entries has room for; out: CPUs that were online.
 *	If there were more CPUs than room, only as many were asked as fit.
 * @reserved: must be 0
 * @entries: user-space address of an array of struct vcpu_info_ioc_cpu
 */
struct vcpu_info_ioc_all {
	__u32 nr;
	__u32 reserved;
	__u64 entries;
};

#define VCPU_INFO_IOC_MAGIC	0xb7

#define VCPU_INFO_IOC_INFO \
	_IOR(VCPU_INFO_IOC_MAGIC, 0, struct vcpu_info_ioc_info)
#define VCPU_INFO_IOC_VCPU \
	_IOWR(VCPU_INFO_IOC_MAGIC, 1, struct vcpu_info_ioc_vcpu)
#define VCPU_INFO_IOC_CPU \
	_IOWR(VCPU_INFO_IOC_MAGIC, 2, struct vcpu_info_ioc_cpu)
#define VCPU_INFO_IOC_SELF \
	_IOWR(VCPU_INFO_IOC_MAGIC, 3, struct vcpu_info_ioc_cpu)
#define VCPU_INFO_IOC_ALL \
	_IOWR(VCPU_INFO_IOC_MAGIC, 4, struct vcpu_info_ioc_all)

/*
 * Trace events vcpu_info:vcpu_info and vcpu_info:vcpu_info_error.
 */
#define VCPU_INFO_SYSTEM	"vcpu_info"
#define VCPU_INFO_EVENT		"vcpu_info"
#define VCPU_INFO_EVENT_ERROR	"vcpu_info_error"
#define VCPU_INFO_INSTANCE	"vcpu_info"

/* Field state: what the target was doing when its registers were taken. */
#define VCPU_INFO_STATE_SELF		1	/* it made the request itself */
#define VCPU_INFO_STATE_GUEST		2	/* it was running guest code */
#define VCPU_INFO_STATE_HALTED		3	/* blocked in KVM (HLT, wait for SIPI) */
#define VCPU_INFO_STATE_PREEMPTED	4	/* runnable, its host CPU taken away */
#define VCPU_INFO_STATE_USER		5	/* outside KVM_RUN: in the VMM */
#define VCPU_INFO_STATE_IN_EXIT		6	/* in the middle of a VM exit */
#define VCPU_INFO_STATE_NEVER_RUN	7	/* KVM_RUN was never called on it */
#define VCPU_INFO_STATE_PROTECTED	8	/* SEV-ES, SEV-SNP, TDX: not readable */

/* Field flags */
#define VCPU_INFO_F_NESTED	0x01	/* the registers are of a nested guest */
#define VCPU_INFO_F_EMULATION	0x02	/* an instruction waits for the VMM to finish it */
#define VCPU_INFO_F_TORN	0x04	/* attempts used up: registers may not belong together */

/*
 * Field valid: a bit for each register, in the order of the event's fields. A
 * register whose bit is clear is not known and holds 0; only with
 * VCPU_INFO_F_TORN does it hold what memory held, which may be wrong.
 */
#define VCPU_INFO_REG_RAX	0
#define VCPU_INFO_REG_RCX	1
#define VCPU_INFO_REG_RDX	2
#define VCPU_INFO_REG_RBX	3
#define VCPU_INFO_REG_RSP	4
#define VCPU_INFO_REG_RBP	5
#define VCPU_INFO_REG_RSI	6
#define VCPU_INFO_REG_RDI	7
#define VCPU_INFO_REG_R8	8
#define VCPU_INFO_REG_R9	9
#define VCPU_INFO_REG_R10	10
#define VCPU_INFO_REG_R11	11
#define VCPU_INFO_REG_R12	12
#define VCPU_INFO_REG_R13	13
#define VCPU_INFO_REG_R14	14
#define VCPU_INFO_REG_R15	15
#define VCPU_INFO_REG_RIP	16
#define VCPU_INFO_REG_RFLAGS	17
#define VCPU_INFO_REG_CR0	18
#define VCPU_INFO_REG_CR3	19
#define VCPU_INFO_REG_CR4	20
#define VCPU_INFO_REG_EFER	21
#define VCPU_INFO_NR_REGS	22

/* Field reason of vcpu_info_error */
#define VCPU_INFO_REASON_UNKNOWN_ID	1	/* the VM has no such vcpu_id */
#define VCPU_INFO_REASON_POLICY		2	/* the policy refuses the VM */
#define VCPU_INFO_REASON_RATE_LIMIT	3	/* requests dropped by the limit */
#define VCPU_INFO_REASON_NESTED		4	/* the caller is a nested guest */

#endif /* VCPU_INFO_ABI_H */
