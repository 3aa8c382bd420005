/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trace events. Names, types and meanings of the fields are ABI, and so is
 * the key=value form that TP_printk() gives them: vcpu_info(4) documents both.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vcpu_info

#if !defined(VCPU_INFO_HOST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VCPU_INFO_HOST_TRACE_H

#include <linux/tracepoint.h>

#include "limits.h"
#include "quiesce.h"
#include "snapshot.h"
#include "vcpu_info_abi.h"

#define vcpu_info_show_state(state)					\
	__print_symbolic(state,						\
			 { VCPU_INFO_STATE_SELF, "self" },		\
			 { VCPU_INFO_STATE_GUEST, "guest" },		\
			 { VCPU_INFO_STATE_HALTED, "halted" },		\
			 { VCPU_INFO_STATE_PREEMPTED, "preempted" },	\
			 { VCPU_INFO_STATE_USER, "user" },		\
			 { VCPU_INFO_STATE_IN_EXIT, "in-exit" },	\
			 { VCPU_INFO_STATE_NEVER_RUN, "never-run" },	\
			 { VCPU_INFO_STATE_PROTECTED, "protected" })

#define vcpu_info_show_why(reason)					\
	__print_symbolic(reason,					\
			 { VCPU_INFO_WHY_NONE, "none" },		\
			 { VCPU_INFO_WHY_MARK, "mark" },		\
			 { VCPU_INFO_WHY_PANIC, "panic" },		\
			 { VCPU_INFO_WHY_OOPS, "oops" },		\
			 { VCPU_INFO_WHY_SOFT_LOCKUP, "soft-lockup" },	\
			 { VCPU_INFO_WHY_HARD_LOCKUP, "hard-lockup" },	\
			 { VCPU_INFO_WHY_HUNG_TASK, "hung-task" },	\
			 { VCPU_INFO_WHY_SYSRQ, "sysrq" },		\
			 { VCPU_INFO_WHY_REBOOT, "reboot" },		\
			 { VCPU_INFO_WHY_HALT, "halt" })

#define vcpu_info_show_reason(reason)					\
	__print_symbolic(reason,					\
			 { VCPU_INFO_REASON_UNKNOWN_ID, "unknown-id" },	\
			 { VCPU_INFO_REASON_POLICY, "policy" },		\
			 { VCPU_INFO_REASON_RATE_LIMIT, "rate-limit" },	\
			 { VCPU_INFO_REASON_NESTED, "nested" })

/*
 * A record is a snapshot in two parts, after what all events have. Where that is
 * 12 bytes long (Debian 12's real-time kernel) no padding comes between them.
 */
#define VCPU_INFO_SAME_PLACE(first, member, first_field, field)		\
	static_assert(offsetof(struct vcpu_info_snapshot, member) -	\
		      offsetof(struct vcpu_info_snapshot, first) ==	\
		      offsetof(struct trace_event_raw_vcpu_info, field) - \
		      offsetof(struct trace_event_raw_vcpu_info, first_field))
#define VCPU_INFO_COPY_PART(entry, snap, first, last, first_field)	\
	memcpy((void *)(entry) +					\
	       offsetof(struct trace_event_raw_vcpu_info, first_field),	\
	       (const void *)(snap) +					\
	       offsetof(struct vcpu_info_snapshot, first),		\
	       offsetofend(struct vcpu_info_snapshot, last) -		\
	       offsetof(struct vcpu_info_snapshot, first))

/* One record: a vCPU's registers, its thread and how often it has exited. */
TRACE_EVENT_FN(vcpu_info,
	TP_PROTO(const struct vcpu_info_snapshot *snap),
	TP_ARGS(snap),

	TP_STRUCT__entry(
		__field(s32, vm_pid)
		__field(s32, vm_fd)
		__field(s32, caller_id)
		__field(s32, vcpu_id)
		__field(s32, pid)
		__field(s32, ns_pid)
		__field(s32, cpu)
		__field(u32, valid)
		__field(u8, state)
		__field(u8, flags)
		__field(u8, attempts)
		__field(u8, ns_level)
		__field(u64, rax)
		__field(u64, rcx)
		__field(u64, rdx)
		__field(u64, rbx)
		__field(u64, rsp)
		__field(u64, rbp)
		__field(u64, rsi)
		__field(u64, rdi)
		__field(u64, r8)
		__field(u64, r9)
		__field(u64, r10)
		__field(u64, r11)
		__field(u64, r12)
		__field(u64, r13)
		__field(u64, r14)
		__field(u64, r15)
		__field(u64, rip)
		__field(u64, rflags)
		__field(u64, cr0)
		__field(u64, cr3)
		__field(u64, cr4)
		__field(u64, efer)
		__field(u64, exits)
		__field(u64, io_exits)
		__field(u64, mmio_exits)
		__field(u64, halt_exits)
		__field(u64, irq_exits)
		__field(u64, irq_window_exits)
		__field(u64, signal_exits)
		__field(u64, hypercalls)
		__field(u64, cookie)
		__field(u32, reason)
	),

	TP_fast_assign(
		VCPU_INFO_SAME_PLACE(from, vcpu_id, vm_pid, vcpu_id);
		VCPU_INFO_SAME_PLACE(from, valid, vm_pid, valid);
		VCPU_INFO_SAME_PLACE(from, ns_level, vm_pid, ns_level);
		VCPU_INFO_SAME_PLACE(regs, exits, rax, exits);
		VCPU_INFO_SAME_PLACE(regs, why.reason, rax, reason);
		VCPU_INFO_COPY_PART(__entry, snap, from, ns_level, vm_pid);
		VCPU_INFO_COPY_PART(__entry, snap, regs, why.reason, rax);
	),

	TP_printk("vm_pid=%d vm_fd=%d caller_id=%d vcpu_id=%d pid=%d ns_pid=%d ns_level=%u cpu=%d state=%s flags=0x%x attempts=%u valid=0x%x rax=0x%llx rcx=0x%llx rdx=0x%llx rbx=0x%llx rsp=0x%llx rbp=0x%llx rsi=0x%llx rdi=0x%llx r8=0x%llx r9=0x%llx r10=0x%llx r11=0x%llx r12=0x%llx r13=0x%llx r14=0x%llx r15=0x%llx rip=0x%llx rflags=0x%llx cr0=0x%llx cr3=0x%llx cr4=0x%llx efer=0x%llx exits=%llu io_exits=%llu mmio_exits=%llu halt_exits=%llu irq_exits=%llu irq_window_exits=%llu signal_exits=%llu hypercalls=%llu reason=%s cookie=0x%llx",
		  __entry->vm_pid, __entry->vm_fd, __entry->caller_id,
		  __entry->vcpu_id, __entry->pid, __entry->ns_pid,
		  __entry->ns_level, __entry->cpu,
		  vcpu_info_show_state(__entry->state), __entry->flags,
		  __entry->attempts, __entry->valid,
		  __entry->rax, __entry->rcx, __entry->rdx, __entry->rbx,
		  __entry->rsp, __entry->rbp, __entry->rsi, __entry->rdi,
		  __entry->r8, __entry->r9, __entry->r10, __entry->r11,
		  __entry->r12, __entry->r13, __entry->r14, __entry->r15,
		  __entry->rip, __entry->rflags, __entry->cr0, __entry->cr3,
		  __entry->cr4, __entry->efer, __entry->exits,
		  __entry->io_exits, __entry->mmio_exits, __entry->halt_exits,
		  __entry->irq_exits, __entry->irq_window_exits,
		  __entry->signal_exits, __entry->hypercalls,
		  vcpu_info_show_why(__entry->reason), __entry->cookie),

	vcpu_info_quiesce_listened, vcpu_info_quiesce_unlistened
);

/* A request that led to no record, or a number of them since the last event. */
TRACE_EVENT(vcpu_info_error,
	TP_PROTO(const struct vcpu_info_origin *from,
		 const struct vcpu_info_ask *ask, u8 reason, int result,
		 u64 count),
	TP_ARGS(from, ask, reason, result, count),

	TP_STRUCT__entry(
		__field(s32, vm_pid)
		__field(s32, vm_fd)
		__field(s32, caller_id)
		__field(s32, vcpu_id)
		__field(s32, result)
		__field(u32, reason)
		__field(u64, count)
		__field(u64, cookie)
		__field(u32, request_reason)
	),

	TP_fast_assign(
		__entry->vm_pid = from->vm_pid;
		__entry->vm_fd = from->vm_fd;
		__entry->caller_id = from->caller_id;
		__entry->vcpu_id = ask->vcpu_id;
		__entry->result = result;
		__entry->reason = reason;
		__entry->count = count;
		__entry->cookie = ask->why.cookie;
		__entry->request_reason = ask->why.reason;
	),

	TP_printk("vm_pid=%d vm_fd=%d caller_id=%d vcpu_id=%d reason=%s result=%d count=%llu request_reason=%s cookie=0x%llx",
		  __entry->vm_pid, __entry->vm_fd, __entry->caller_id,
		  __entry->vcpu_id, vcpu_info_show_reason(__entry->reason),
		  __entry->result, __entry->count,
		  vcpu_info_show_why(__entry->request_reason), __entry->cookie)
);

#endif /* VCPU_INFO_HOST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
