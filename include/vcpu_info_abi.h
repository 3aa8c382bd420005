/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vcpu-info: the ABI between guest, host and user space.
 *
 * Everything that two parts of vcpu-info have to agree on is here, and only
 * here: the hypercall, its results, the ioctls of the guest's device and of the
 * host's, and the values that the fields of the trace events take.
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
 *
 * The next number (VCPU_INFO_HC_WHY) is the same request, and says why: RCX =
 * VCPU_INFO_WHY_* (the low 32 bits), RDX = a cookie of the guest's choice (the low
 * 32 bits from a caller that is not in 64-bit mode). A host whose vcpu_info is older
 * than that answers -KVM_ENOSYS.
 */
#define VCPU_INFO_HC_DEFAULT	0x56435055U	/* "VCPU" */
#define VCPU_INFO_HC_WHY(nr)	((nr) + 1)

/*
 * Upstream KVM counts its hypercalls up from 1; keep well clear of them. From
 * -4095 on a number would look like the result of a hypercall; VCPU_INFO_HC_WHY()
 * of the last may be that one, which no hypercall has.
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
 * Why a guest asks: field reason of vcpu_info, field request_reason of
 * vcpu_info_error. It is what the guest says, true or not; a host records numbers that
 * it does not know, too. In the cookie of those that a kernel sends by itself is its
 * clock in ns, which its log's time stamps are of, unless something else is said here.
 */
#define VCPU_INFO_WHY_NONE		0	/* it did not say; the cookie is 0 */
#define VCPU_INFO_WHY_MARK		1	/* cookie: what the program wants */
#define VCPU_INFO_WHY_PANIC		2	/* it has panicked */
#define VCPU_INFO_WHY_OOPS		3	/* an oops, which it may survive */
#define VCPU_INFO_WHY_SOFT_LOCKUP	4	/* a CPU does not schedule */
#define VCPU_INFO_WHY_HARD_LOCKUP	5	/* a CPU takes no interrupts */
#define VCPU_INFO_WHY_HUNG_TASK		6	/* cookie: the task's PID */
#define VCPU_INFO_WHY_SYSRQ		7	/* somebody pressed the key */
#define VCPU_INFO_WHY_REBOOT		8	/* it restarts */
#define VCPU_INFO_WHY_HALT		9	/* it halts or powers off */

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
 * an unknown command (ENOTTY), a signal (EINTR) or, of VCPU_INFO_IOC_ALL, for want
 * of memory (ENOMEM); what the host said of a request is in its result field: 0 or
 * one of
 *
 *	-EPERM -EAGAIN -EACCES -EINVAL -EOPNOTSUPP	as above
 *	-ENOSYS		the host has no vcpu_info
 *	-ENXIO		there is no such CPU, or it is not online
 *	-EIO		the host's answer is none of these
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

/**
 * struct vcpu_info_ioc_mark - the caller's CPU, with a mark (VCPU_INFO_IOC_MARK)
 * @cookie: in: any value; the record has it, and reason VCPU_INFO_WHY_MARK
 * @cpu: out: Linux CPU number of the caller
 * @vcpu_id: out: its APIC id
 * @result: out: what the host said; -ENOSYS also from one that has vcpu_info, but
 *	none that knows of marks
 * @reserved: must be 0
 */
struct vcpu_info_ioc_mark {
	__u64 cookie;
	__u32 cpu;
	__s32 vcpu_id;
	__s32 result;
	__u32 reserved;
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
#define VCPU_INFO_IOC_MARK \
	_IOWR(VCPU_INFO_IOC_MAGIC, 5, struct vcpu_info_ioc_mark)

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
#define VCPU_INFO_F_TORN	0x04	/* registers may not belong together */

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

/*
 * The host's device. Whoever opens it needs CAP_PERFMON or CAP_SYS_ADMIN, and
 * the kernel must not be locked down for confidentiality (EPERM). A VM is named
 * by a descriptor of it (KVM_CREATE_VM), such as pidfd_getfd() takes out of its
 * VMM: EBADF if there is none, EINVAL if it is something else.
 *
 * Each structure begins with its size, as the caller knows it, and may grow at
 * its end: what the module does not know has to be 0 (E2BIG), what the caller
 * does not know is taken for 0 and not filled in. That size is not in the ioctl's
 * number. All members named reserved must be 0 (EINVAL).
 */
#define VCPU_INFO_HOST_DEV_NAME	"vcpu-info-host"
#define VCPU_INFO_HOST_DEV_PATH	"/dev/" VCPU_INFO_HOST_DEV_NAME

/* How often the state of a vCPU is looked at, at the most */
#define VCPU_INFO_MAX_ATTEMPTS	16

/* How many vcpu_ids one VCPU_INFO_HOST_IOC_SAMPLE may name */
#define VCPU_INFO_HOST_MAX_IDS	4096

#define VCPU_INFO_HOST_MISSING_LEN	256

/**
 * struct vcpu_info_host_info - what the host module is (VCPU_INFO_HOST_IOC_INFO)
 * @size: in: size of this structure
 * @abi_version: VCPU_INFO_ABI_VERSION of the module
 * @max_attempts: VCPU_INFO_MAX_ATTEMPTS of the module
 * @max_ids: VCPU_INFO_HOST_MAX_IDS of the module
 * @vcpu_size: size of its struct vcpu_info_host_vcpu
 * @memslot_size: size of its struct vcpu_info_host_memslot
 * @flags: VCPU_INFO_HOST_CAN_*: which commands it can serve on this kernel
 * @reserved: out: 0
 * @missing: KVM's functions that this kernel does not give out, separated by
 *	spaces, cut to fit; as in /sys/kernel/vcpu_info/missing
 */
struct vcpu_info_host_info {
	__u32 size;
	__u32 abi_version;
	__u32 max_attempts;
	__u32 max_ids;
	__u32 vcpu_size;
	__u32 memslot_size;
	__u32 flags;
	__u32 reserved;
	char missing[VCPU_INFO_HOST_MISSING_LEN];
};

#define VCPU_INFO_HOST_CAN_SAMPLE	0x01
#define VCPU_INFO_HOST_CAN_MEMSLOTS	0x02
#define VCPU_INFO_HOST_CAN_STACK	0x04	/* VCPU_INFO_SAMPLE_STACK */

/**
 * struct vcpu_info_host_sample - vCPUs of a VM, now (VCPU_INFO_HOST_IOC_SAMPLE)
 * @size: in: size of this structure
 * @flags: in: VCPU_INFO_SAMPLE_*
 * @vm_fd: in: a descriptor of the VM
 * @max_attempts: in: how often to look at a vCPU's state, 1 to
 *	VCPU_INFO_MAX_ATTEMPTS; with VCPU_INFO_SAMPLE_COUNTS it is not used
 * @nr_ids: in: entries of @ids; 0 for all vCPUs that the VM has
 * @nr_entries: in: entries that @entries has room for. If there are more vCPUs
 *	than room, only as many are taken as fit.
 * @entry_size: in: size of an entry of @entries, as the caller knows it
 * @nr_vcpus: out: vCPUs that the VM has
 * @nr_done: out: vCPUs that were taken; also if the call failed with EINTR or
 *	EFAULT in the midst of them
 * @reserved: must be 0
 * @ids: in: user-space address of an array of __s32: vcpu_ids
 * @entries: in: user-space address of an array of struct vcpu_info_host_vcpu;
 *	not used without VCPU_INFO_SAMPLE_COPY, and @nr_entries and @entry_size
 *	have to be 0 then
 * @stack_root: in: guest-physical address, a multiple of 4096, of the page table by
 *	which the guest's kernel finds its stacks: that of init_top_pgt for Linux. This
 *	and the next three have to be 0 without VCPU_INFO_SAMPLE_STACK, and a module
 *	without VCPU_INFO_HOST_CAN_STACK does not know them.
 * @stacks: in: user-space address of an array of struct vcpu_info_host_stack with
 *	@nr_entries entries
 * @stack_levels: in: levels of that table, 4 or 5 (CR4.LA57)
 * @reserved2: must be 0
 */
struct vcpu_info_host_sample {
	__u32 size;
	__u32 flags;
	__s32 vm_fd;
	__u32 max_attempts;
	__u32 nr_ids;
	__u32 nr_entries;
	__u32 entry_size;
	__u32 nr_vcpus;
	__u32 nr_done;
	__u32 reserved;
	__u64 ids;
	__u64 entries;
	__u64 stack_root;
	__u64 stacks;
	__u32 stack_levels;
	__u32 reserved2;
};

#define VCPU_INFO_SAMPLE_EVENT	0x01	/* write the trace event, with caller_id -1 */
#define VCPU_INFO_SAMPLE_COPY	0x02	/* fill in @entries */
#define VCPU_INFO_SAMPLE_COUNTS	0x04	/* no state, no registers: nothing is interrupted */
#define VCPU_INFO_SAMPLE_STACK	0x08	/* fill in @stacks; with VCPU_INFO_SAMPLE_COPY */

/* Bytes of the largest stack that is copied, of which it is at a multiple */
#define VCPU_INFO_HOST_STACK_SIZE	16384

/**
 * struct vcpu_info_host_stack - the kernel stack of a vCPU that runs
 * @address: its RSP
 * @len: bytes of @data from there on, up to the next multiple of
 *	VCPU_INFO_HOST_STACK_SIZE. Less if some of it is not mapped, or not in memory
 *	that the VMM has touched; 0 if the state is not VCPU_INFO_STATE_GUEST, it runs
 *	a nested guest, or RSP is in the lower half of the address space (user mode).
 * @reserved: out: 0
 * @data: what is there in the moment of the registers; beyond @len it is not written
 */
struct vcpu_info_host_stack {
	__u64 address;
	__u32 len;
	__u32 reserved;
	__u8 data[VCPU_INFO_HOST_STACK_SIZE];
};

/* struct vcpu_info_host_vcpu: counts, by KVM's names. Those in _ns are times. */
#define VCPU_INFO_COUNT_EXITS			0
#define VCPU_INFO_COUNT_IO_EXITS		1
#define VCPU_INFO_COUNT_MMIO_EXITS		2
#define VCPU_INFO_COUNT_HALT_EXITS		3
#define VCPU_INFO_COUNT_IRQ_EXITS		4
#define VCPU_INFO_COUNT_IRQ_WINDOW_EXITS	5
#define VCPU_INFO_COUNT_SIGNAL_EXITS		6
#define VCPU_INFO_COUNT_HYPERCALLS		7
#define VCPU_INFO_COUNT_NMI_WINDOW_EXITS	8
#define VCPU_INFO_COUNT_REQUEST_IRQ_EXITS	9
#define VCPU_INFO_COUNT_NOTIFY_WINDOW_EXITS	10
#define VCPU_INFO_COUNT_INSN_EMULATION		11
#define VCPU_INFO_COUNT_INSN_EMULATION_FAIL	12
#define VCPU_INFO_COUNT_IRQ_INJECTIONS		13
#define VCPU_INFO_COUNT_NMI_INJECTIONS		14
#define VCPU_INFO_COUNT_REQ_EVENT		15
#define VCPU_INFO_COUNT_NESTED_RUN		16
#define VCPU_INFO_COUNT_GUEST_MODE		17	/* 1 if it runs a nested guest */
#define VCPU_INFO_COUNT_BLOCKING		18	/* 1 if it is halted */
#define VCPU_INFO_COUNT_HALT_SUCCESSFUL_POLL	19
#define VCPU_INFO_COUNT_HALT_ATTEMPTED_POLL	20
#define VCPU_INFO_COUNT_HALT_POLL_INVALID	21
#define VCPU_INFO_COUNT_HALT_WAKEUP		22
#define VCPU_INFO_COUNT_HALT_POLL_SUCCESS_NS	23
#define VCPU_INFO_COUNT_HALT_POLL_FAIL_NS	24
#define VCPU_INFO_COUNT_HALT_WAIT_NS		25
#define VCPU_INFO_COUNT_PREEMPTION_REPORTED	26
#define VCPU_INFO_COUNT_PREEMPTION_OTHER	27
#define VCPU_INFO_COUNT_DIRECTED_YIELD_ATTEMPTED	28
#define VCPU_INFO_COUNT_DIRECTED_YIELD_SUCCESSFUL	29
#define VCPU_INFO_COUNT_PF_TAKEN		30
#define VCPU_INFO_COUNT_PF_FIXED		31
#define VCPU_INFO_COUNT_PF_EMULATE		32
#define VCPU_INFO_COUNT_PF_SPURIOUS		33
#define VCPU_INFO_COUNT_PF_FAST			34
#define VCPU_INFO_COUNT_PF_MMIO_SPTE_CREATED	35
#define VCPU_INFO_COUNT_PF_GUEST		36
#define VCPU_INFO_COUNT_TLB_FLUSH		37
#define VCPU_INFO_COUNT_INVLPG			38
#define VCPU_INFO_COUNT_L1D_FLUSH		39
#define VCPU_INFO_COUNT_HOST_STATE_RELOAD	40
#define VCPU_INFO_COUNT_FPU_RELOAD		41
#define VCPU_INFO_NR_COUNTS			42

/**
 * struct vcpu_info_host_vcpu - one vCPU
 * @vcpu_id: KVM's vcpu_id
 * @result: 0, or -ENOENT: the VM has no such vcpu_id, and all else is 0
 * @index: how many vCPUs the VMM made before it
 * @have: VCPU_INFO_HAVE_*: what is known beside the ids and @counts
 * @vm_pid: process ID of the VMM; 0 if it cannot be told
 * @vm_fd: the VM's file descriptor in the VMM when it was made; -1 if not known
 * @pid: host PID of the thread that last ran it; 0 if none did
 * @ns_pid: the same in the PID namespace that the thread was created in
 * @ns_level: depth of that namespace; 0 is the host's
 * @cpu: host CPU it was last loaded on, or -1
 * @time_ns: when it was taken, by CLOCK_MONOTONIC
 * @valid: VCPU_INFO_REG_*: registers that are known, as in the trace event
 * @state: VCPU_INFO_STATE_*
 * @flags: VCPU_INFO_F_*
 * @attempts: how often the state was looked at
 * @regs: indexed by VCPU_INFO_REG_*
 * @exit_reason: KVM_EXIT_*: what KVM_RUN returned for. The VMM can write to
 *	@exit_reason to @exit_addr.
 * @exit_flags: VCPU_INFO_EXIT_*
 * @exit_len: bytes of the access, if there is an address
 * @reserved: out: 0
 * @exit_addr: the I/O port or the guest-physical address
 * @counts: KVM's own, indexed by VCPU_INFO_COUNT_*
 */
struct vcpu_info_host_vcpu {
	__s32 vcpu_id;
	__s32 result;
	__u32 index;
	__u32 have;
	__s32 vm_pid;
	__s32 vm_fd;
	__s32 pid;
	__s32 ns_pid;
	__u32 ns_level;
	__s32 cpu;
	__u64 time_ns;
	__u32 valid;
	__u32 state;
	__u32 flags;
	__u32 attempts;
	__u64 regs[VCPU_INFO_NR_REGS];
	__u32 exit_reason;
	__u32 exit_flags;
	__u32 exit_len;
	__u32 reserved;
	__u64 exit_addr;
	__u64 counts[VCPU_INFO_NR_COUNTS];
};

#define VCPU_INFO_HAVE_STATE	0x01	/* @valid to @regs */
#define VCPU_INFO_HAVE_EXIT	0x02	/* @exit_reason to @exit_addr */

#define VCPU_INFO_EXIT_ADDR	0x01	/* @exit_len and @exit_addr are known */
#define VCPU_INFO_EXIT_PORT	0x02	/* the address is an I/O port */
#define VCPU_INFO_EXIT_WRITE	0x04	/* the guest writes */

/**
 * struct vcpu_info_host_memslots - memory of a VM (VCPU_INFO_HOST_IOC_MEMSLOTS)
 * @size: in: size of this structure
 * @flags: must be 0
 * @vm_fd: in: a descriptor of the VM
 * @entry_size: in: size of an entry of @entries, as the caller knows it
 * @nr_entries: in: entries that @entries has room for; out: slots that there
 *	are. If there are more than room, only as many are filled in as fit.
 * @nr_spaces: out: address spaces: the second is that of SMM
 * @generation: out: changes with each change of the slots, by address space
 * @entries: in: user-space address of an array of struct vcpu_info_host_memslot:
 *	by address space, then by frame number
 *
 * The slots of one address space are those of one moment. EAGAIN: the VMM changed
 * them too often to tell.
 */
struct vcpu_info_host_memslots {
	__u32 size;
	__u32 flags;
	__s32 vm_fd;
	__u32 entry_size;
	__u32 nr_entries;
	__u32 nr_spaces;
	__u64 generation[2];
	__u64 entries;
};

/**
 * struct vcpu_info_host_memslot - a piece of guest-physical memory
 * @base_gfn: number of its first page frame
 * @npages: pages of 4 KiB
 * @userspace_addr: where it begins in the VMM's memory
 * @flags: KVM_MEM_*, and bits that are KVM's own from 16 on
 * @as_id: address space
 * @id: its number; those that the VMM did not make come after all of its own
 */
struct vcpu_info_host_memslot {
	__u64 base_gfn;
	__u64 npages;
	__u64 userspace_addr;
	__u32 flags;
	__u16 as_id;
	__u16 id;
};

#define VCPU_INFO_HOST_IOC_INFO		_IOWR(VCPU_INFO_IOC_MAGIC, 64, __u32)
#define VCPU_INFO_HOST_IOC_SAMPLE	_IOWR(VCPU_INFO_IOC_MAGIC, 65, __u32)
#define VCPU_INFO_HOST_IOC_MEMSLOTS	_IOWR(VCPU_INFO_IOC_MAGIC, 66, __u32)

#endif /* VCPU_INFO_ABI_H */
