// SPDX-License-Identifier: GPL-2.0
/*
 * VCPU_INFO_HOST_IOC_SAMPLE: vCPUs of any VM, asked for by the host.
 *
 * The same snapshot and event as for a hypercall. Policy and limits are there
 * for guests and do not apply. Nothing is kept between two calls.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat/kvm.h"
#include "flip.h"
#include "origin.h"
#include "quiesce.h"
#include "sample.h"
#include "snapshot.h"
#include "stack_copy.h"
#include "stats.h"
#include "trace.h"
#include "userstruct.h"
#include "vcpu_info_abi.h"
#include "vmfile.h"

#define ALL_FLAGS	(VCPU_INFO_SAMPLE_EVENT | VCPU_INFO_SAMPLE_COPY | \
			 VCPU_INFO_SAMPLE_COUNTS | VCPU_INFO_SAMPLE_STACK)

/* The layout has to be the same for 32-bit programs. */
static_assert(sizeof(struct vcpu_info_host_sample) == 80);
static_assert(offsetof(struct vcpu_info_host_sample, ids) % sizeof(u64) == 0);
static_assert(sizeof(struct vcpu_info_host_vcpu) % sizeof(u64) == 0);
static_assert(offsetof(struct vcpu_info_host_vcpu, time_ns) == 40);
static_assert(offsetof(struct vcpu_info_host_vcpu, regs) % sizeof(u64) == 0);
static_assert(offsetof(struct vcpu_info_host_vcpu, exit_addr) % sizeof(u64) ==
	      0);
static_assert(offsetofend(struct vcpu_info_host_vcpu, counts) ==
	      sizeof(struct vcpu_info_host_vcpu));
static_assert(sizeof_field(struct vcpu_info_host_vcpu, regs) ==
	      sizeof_field(struct vcpu_info_snapshot, regs));

#define COUNT(_nr, _field)	\
	[VCPU_INFO_COUNT_##_nr] = offsetof(struct kvm_vcpu_stat, _field)

/* Where KVM has them; the same on all kernels from 6.1 to 7.3 */
static const u16 count_offsets[VCPU_INFO_NR_COUNTS] = {
	COUNT(EXITS, exits),
	COUNT(IO_EXITS, io_exits),
	COUNT(MMIO_EXITS, mmio_exits),
	COUNT(HALT_EXITS, halt_exits),
	COUNT(IRQ_EXITS, irq_exits),
	COUNT(IRQ_WINDOW_EXITS, irq_window_exits),
	COUNT(SIGNAL_EXITS, signal_exits),
	COUNT(HYPERCALLS, hypercalls),
	COUNT(NMI_WINDOW_EXITS, nmi_window_exits),
	COUNT(REQUEST_IRQ_EXITS, request_irq_exits),
	COUNT(NOTIFY_WINDOW_EXITS, notify_window_exits),
	COUNT(INSN_EMULATION, insn_emulation),
	COUNT(INSN_EMULATION_FAIL, insn_emulation_fail),
	COUNT(IRQ_INJECTIONS, irq_injections),
	COUNT(NMI_INJECTIONS, nmi_injections),
	COUNT(REQ_EVENT, req_event),
	COUNT(NESTED_RUN, nested_run),
	COUNT(GUEST_MODE, guest_mode),
	COUNT(BLOCKING, generic.blocking),
	COUNT(HALT_SUCCESSFUL_POLL, generic.halt_successful_poll),
	COUNT(HALT_ATTEMPTED_POLL, generic.halt_attempted_poll),
	COUNT(HALT_POLL_INVALID, generic.halt_poll_invalid),
	COUNT(HALT_WAKEUP, generic.halt_wakeup),
	COUNT(HALT_POLL_SUCCESS_NS, generic.halt_poll_success_ns),
	COUNT(HALT_POLL_FAIL_NS, generic.halt_poll_fail_ns),
	COUNT(HALT_WAIT_NS, generic.halt_wait_ns),
	COUNT(PREEMPTION_REPORTED, preemption_reported),
	COUNT(PREEMPTION_OTHER, preemption_other),
	COUNT(DIRECTED_YIELD_ATTEMPTED, directed_yield_attempted),
	COUNT(DIRECTED_YIELD_SUCCESSFUL, directed_yield_successful),
	COUNT(PF_TAKEN, pf_taken),
	COUNT(PF_FIXED, pf_fixed),
	COUNT(PF_EMULATE, pf_emulate),
	COUNT(PF_SPURIOUS, pf_spurious),
	COUNT(PF_FAST, pf_fast),
	COUNT(PF_MMIO_SPTE_CREATED, pf_mmio_spte_created),
	COUNT(PF_GUEST, pf_guest),
	COUNT(TLB_FLUSH, tlb_flush),
	COUNT(INVLPG, invlpg),
	COUNT(L1D_FLUSH, l1d_flush),
	COUNT(HOST_STATE_RELOAD, host_state_reload),
	COUNT(FPU_RELOAD, fpu_reload),
};

/**
 * struct call - one call
 * @args: what was asked for, and what is answered
 * @kvm: of this VM
 * @vm_pid: its VMM
 * @vm_fd: its descriptor there
 * @stack: for a stack, if they are wanted
 */
struct call {
	struct vcpu_info_host_sample args;
	struct kvm *kvm;
	s32 vm_pid;
	s32 vm_fd;
	struct vcpu_info_stack_copy *stack;
};

static void take_counts(const struct kvm_vcpu *vcpu,
			struct vcpu_info_host_vcpu *entry)
{
	const char *stat = (const char *)&vcpu->stat;
	int i;

	for (i = 0; i < VCPU_INFO_NR_COUNTS; i++)
		entry->counts[i] =
			READ_ONCE(*(const u64 *)(stat + count_offsets[i]));
}

/* The VMM can write to all of it at any time. */
static void copy_exit(const struct kvm_run *run,
		      struct vcpu_info_host_vcpu *entry)
{
	entry->exit_reason = READ_ONCE(run->exit_reason);
	switch (entry->exit_reason) {
	case KVM_EXIT_IO:
		entry->exit_flags = VCPU_INFO_EXIT_ADDR | VCPU_INFO_EXIT_PORT;
		if (READ_ONCE(run->io.direction) == KVM_EXIT_IO_OUT)
			entry->exit_flags |= VCPU_INFO_EXIT_WRITE;
		entry->exit_len = READ_ONCE(run->io.size);
		entry->exit_addr = READ_ONCE(run->io.port);
		break;
	case KVM_EXIT_MMIO:
		entry->exit_flags = VCPU_INFO_EXIT_ADDR;
		if (READ_ONCE(run->mmio.is_write))
			entry->exit_flags |= VCPU_INFO_EXIT_WRITE;
		entry->exit_len = READ_ONCE(run->mmio.len);
		entry->exit_addr = READ_ONCE(run->mmio.phys_addr);
		break;
	}
}

/*
 * What a vCPU in its VMM has left KVM_RUN for; nothing if it has moved on since
 * the snapshot. The mutex is never held while preempted, see snapshot.c.
 */
static void take_exit(struct kvm_vcpu *vcpu,
		      const struct vcpu_info_snapshot *snap,
		      struct vcpu_info_host_vcpu *entry)
{
	preempt_disable();
	if (mutex_trylock(&vcpu->mutex)) {
		if (READ_ONCE(vcpu->stat.exits) == snap->exits &&
		    READ_ONCE(vcpu->stat.signal_exits) == snap->signal_exits) {
			copy_exit(vcpu->run, entry);
			entry->have |= VCPU_INFO_HAVE_EXIT;
		}
		mutex_unlock(&vcpu->mutex);
	}
	preempt_enable();
}

static void fill_entry(const struct vcpu_info_snapshot *snap,
		       struct vcpu_info_host_vcpu *entry)
{
	entry->vm_pid = snap->from.vm_pid;
	entry->vm_fd = snap->from.vm_fd;
	entry->pid = snap->pid;
	entry->ns_pid = snap->ns_pid;
	entry->ns_level = snap->ns_level;
	entry->cpu = snap->cpu;
	entry->valid = snap->valid;
	entry->state = snap->state;
	entry->flags = snap->flags;
	entry->attempts = snap->attempts;
	memcpy(entry->regs, snap->regs, sizeof(entry->regs));
}

static void take(const struct call *call, struct kvm_vcpu *vcpu,
		 struct vcpu_info_host_vcpu *entry)
{
	struct vcpu_info_snapshot snap;
	bool counts = call->args.flags & VCPU_INFO_SAMPLE_COUNTS;

	if (counts)
		vcpu_info_snapshot_ids(vcpu, &snap);
	else
		vcpu_info_snapshot_other(vcpu, &snap, call->args.max_attempts,
					 call->stack);
	snap.from.vm_pid = call->vm_pid;
	snap.from.vm_fd = call->vm_fd;
	snap.from.caller_id = -1;
	entry->time_ns = ktime_get_ns();
	take_counts(vcpu, entry);
	if (!counts) {
		vcpu_info_flip(&snap);
		entry->have = VCPU_INFO_HAVE_STATE;
		if (snap.state == VCPU_INFO_STATE_USER)
			take_exit(vcpu, &snap, entry);
	}
	fill_entry(&snap, entry);
	if (call->args.flags & VCPU_INFO_SAMPLE_EVENT)
		trace_vcpu_info(&snap);
	vcpu_info_count(samples);
}

/*
 * kvm_get_vcpu_by_id() goes through a macro whose bound wraps while a VM has no
 * vCPU yet (6.1, 6.12). Most VMMs give ids in order. Before 6.14 and 6.1.129
 * kvm_get_vcpu() takes an index that is out of range for 0.
 */
static struct kvm_vcpu *find_vcpu(struct kvm *kvm, s32 id, u32 *index)
{
	u32 i, nr = atomic_read(&kvm->online_vcpus);
	struct kvm_vcpu *vcpu;

	*index = id;
	vcpu = id >= 0 && id < nr ? kvm_get_vcpu(kvm, id) : NULL;
	if (vcpu && vcpu->vcpu_id == id)
		return vcpu;

	for (i = 0; i < nr; i++) {
		vcpu = kvm_get_vcpu(kvm, i);
		*index = i;
		if (vcpu && vcpu->vcpu_id == id)
			return vcpu;
	}

	return NULL;
}

/* The vCPU that comes next, by what was asked for */
static int next_vcpu(const struct call *call, struct kvm_vcpu **vcpu,
		     struct vcpu_info_host_vcpu *entry)
{
	const s32 __user *ids = u64_to_user_ptr(call->args.ids);
	u32 nr = call->args.nr_done;

	if (!call->args.nr_ids) {
		*vcpu = kvm_get_vcpu(call->kvm, nr);
		entry->index = nr;
		entry->vcpu_id = *vcpu ? (*vcpu)->vcpu_id : -1;
		return 0;
	}

	if (get_user(entry->vcpu_id, ids + nr))
		return -EFAULT;
	*vcpu = find_vcpu(call->kvm, entry->vcpu_id, &entry->index);
	return 0;
}

static int put_entry(const struct call *call,
		     const struct vcpu_info_host_vcpu *entry)
{
	void __user *to = u64_to_user_ptr(call->args.entries);
	u32 size = call->args.entry_size;

	if (!(call->args.flags & VCPU_INFO_SAMPLE_COPY))
		return 0;

	return vcpu_info_user_put(to + (size_t)call->args.nr_done * size, entry,
				  sizeof(*entry), size);
}

static int put_stack(const struct call *call)
{
	const struct vcpu_info_host_stack *stack;
	struct vcpu_info_host_stack __user *to;

	if (!call->stack)
		return 0;

	stack = &call->stack->stack;
	to = u64_to_user_ptr(call->args.stacks);
	return copy_to_user(to + call->args.nr_done, stack,
			    offsetof(struct vcpu_info_host_stack, data) +
			    stack->len) ? -EFAULT : 0;
}

static int take_next(const struct call *call)
{
	struct vcpu_info_host_vcpu entry = { 0 };
	struct kvm_vcpu *vcpu;
	int err;

	err = next_vcpu(call, &vcpu, &entry);
	if (err)
		return err;
	if (call->stack) {
		call->stack->stack.address = 0;
		call->stack->stack.len = 0;
	}
	if (vcpu) {
		take(call, vcpu, &entry);
	} else {
		entry.result = -ENOENT;
		entry.index = 0;
	}

	return put_stack(call) ?: put_entry(call, &entry);
}

static int take_all(struct call *call)
{
	u32 nr = call->args.nr_ids ?: call->args.nr_vcpus;
	int err;

	if (call->args.flags & VCPU_INFO_SAMPLE_COPY)
		nr = min(nr, call->args.nr_entries);

	while (call->args.nr_done < nr) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		err = take_next(call);
		if (err)
			return err;
		call->args.nr_done++;
	}

	return 0;
}

static bool stack_args_good(const struct vcpu_info_host_sample *args)
{
	if (!(args->flags & VCPU_INFO_SAMPLE_STACK))
		return !args->stack_root && !args->stacks && !args->stack_levels;

	return (args->flags & VCPU_INFO_SAMPLE_COPY) &&
	       !(args->flags & VCPU_INFO_SAMPLE_COUNTS) &&
	       (args->stack_levels == 4 || args->stack_levels == 5) &&
	       IS_ALIGNED(args->stack_root, PAGE_SIZE);
}

static bool args_good(const struct vcpu_info_host_sample *args)
{
	bool copy = args->flags & VCPU_INFO_SAMPLE_COPY;
	bool event = args->flags & VCPU_INFO_SAMPLE_EVENT;
	bool counts = args->flags & VCPU_INFO_SAMPLE_COUNTS;

	if ((args->flags & ~ALL_FLAGS) || args->reserved || args->reserved2 ||
	    !stack_args_good(args) || args->nr_ids > VCPU_INFO_HOST_MAX_IDS)
		return false;
	/* There is no event without a state. */
	if (counts ? event || !copy : !event && !copy)
		return false;
	if (!counts && (!args->max_attempts ||
			args->max_attempts > VCPU_INFO_MAX_ATTEMPTS))
		return false;
	if (copy)
		return args->entry_size >= sizeof(s32) &&
		       args->entry_size <= PAGE_SIZE;

	return !args->nr_entries && !args->entry_size;
}

/* Room for one stack, used for each vCPU */
static int make_room(struct call *call)
{
	if (!(call->args.flags & VCPU_INFO_SAMPLE_STACK))
		return 0;

	call->stack = vcpu_info_stack_get();
	if (!call->stack)
		return -ENOMEM;
	call->stack->root = call->args.stack_root;
	call->stack->levels = call->args.stack_levels;
	call->stack->nr_pages = 0;
	call->stack->stack.reserved = 0;
	return 0;
}

/**
 * vcpu_info_sample() - serve VCPU_INFO_HOST_IOC_SAMPLE
 * @argp: the caller's struct vcpu_info_host_sample
 *
 * May sleep, between two vCPUs also for the caller's memory. A fatal signal ends
 * it after the vCPU that it is at.
 *
 * Return: 0; -EINVAL for bad arguments; what vcpu_info_user_get() and
 * vcpu_info_vmfile_get() say; -ENOMEM; -EINTR.
 */
long vcpu_info_sample(void __user *argp)
{
	struct call call = { 0 };
	struct file *file;
	long size, ret;

	size = vcpu_info_user_get(&call.args, sizeof(call.args), argp);
	if (size < 0)
		return size;
	if (!args_good(&call.args))
		return -EINVAL;

	file = vcpu_info_vmfile_get(call.args.vm_fd);
	if (IS_ERR(file))
		return PTR_ERR(file);

	vcpu_info_quiesce_settle();
	call.kvm = vcpu_info_vmfile_kvm(file);
	call.vm_pid = vcpu_info_vmm_pid(call.kvm);
	call.vm_fd = vcpu_info_vm_fd(call.kvm);
	call.args.nr_vcpus = atomic_read(&call.kvm->online_vcpus);
	call.args.nr_done = 0;
	ret = make_room(&call) ?: take_all(&call);
	vcpu_info_stack_put(call.stack);
	fput(file);

	return vcpu_info_user_put(argp, &call.args, sizeof(call.args), size) ?:
	       ret;
}
