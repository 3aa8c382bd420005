// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "compiler.h"
#include "profile/frames.h"

#define RFLAGS_IF	(1ULL << 9)

static const struct {
	const char *word;
	const char *text;
	enum frame_kind kind;
} states[PROFILE_NR_STATES] = {
	[PROFILE_RUNNING] = { "running", "running", FRAME_STATE },
	[PROFILE_EXIT] = { "exit", "in a VM exit", FRAME_STATE },
	[PROFILE_HALTED] = { "halted", "halted", FRAME_IDLE },
	[PROFILE_PREEMPTED] = { "preempted", "preempted", FRAME_PREEMPTED },
	[PROFILE_VMM] = { "vmm", "in the VMM", FRAME_VMM },
	[PROFILE_UNKNOWN] = { "unknown", "unknown", FRAME_UNKNOWN },
};

const char *profile_state_word(enum profile_state state)
{
	return states[state].word;
}

const char *profile_state_text(enum profile_state state)
{
	return states[state].text;
}

enum frame_kind profile_state_kind(enum profile_state state)
{
	return states[state].kind;
}

enum profile_state profile_state_of(const struct vcpu_info_host_vcpu *vcpu)
{
	if (!(vcpu->have & VCPU_INFO_HAVE_STATE))
		return PROFILE_UNKNOWN;
	switch (vcpu->state) {
	case VCPU_INFO_STATE_GUEST:
		return PROFILE_RUNNING;
	case VCPU_INFO_STATE_IN_EXIT:
		return PROFILE_EXIT;
	case VCPU_INFO_STATE_HALTED:
		return PROFILE_HALTED;
	case VCPU_INFO_STATE_PREEMPTED:
		return PROFILE_PREEMPTED;
	case VCPU_INFO_STATE_USER:
		return PROFILE_VMM;
	default:
		return PROFILE_UNKNOWN;
	}
}

static void push(struct frame_list *list, const char *name, enum frame_kind kind)
{
	if (list->nr < TREE_MAX_DEPTH)
		list->frames[list->nr++] = (struct tree_frame){ name, kind };
}

/* A frame whose name has to be made; if there is no room for it, it is TREE_OTHER. */
__printf(3, 4)
static void push_text(struct frame_list *list, enum frame_kind kind,
		      const char *fmt, ...)
{
	size_t room = sizeof(list->text) - list->used;
	char *at = list->text + list->used;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(at, room, fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room) {
		push(list, TREE_OTHER, FRAME_UNKNOWN);
		return;
	}
	list->used += len + 1;
	push(list, at, kind);
}

static bool interrupts_off(const struct vcpu_info_host_vcpu *vcpu)
{
	return vcpu->valid & 1U << VCPU_INFO_REG_RFLAGS &&
	       !(vcpu->regs[VCPU_INFO_REG_RFLAGS] & RFLAGS_IF);
}

static void push_exit_reason(struct frame_list *list,
			     const struct vcpu_info_host_vcpu *vcpu)
{
	const char *name = host_device_exit_name(vcpu->exit_reason);

	if (!(vcpu->have & VCPU_INFO_HAVE_EXIT))
		return;
	if (!name)
		push_text(list, FRAME_VMM, "exit reason %" PRIu32,
			  vcpu->exit_reason);
	else if (vcpu->exit_flags & VCPU_INFO_EXIT_PORT)
		push_text(list, FRAME_VMM, "%s port 0x%" PRIx64, name,
			  (uint64_t)vcpu->exit_addr);
	else
		push(list, name, FRAME_VMM);
}

static void push_state(struct frame_list *list, enum profile_state state,
		       const struct vcpu_info_host_vcpu *vcpu)
{
	const char *name = states[state].text;

	if (state == PROFILE_HALTED && interrupts_off(vcpu))
		name = "halted with interrupts off";
	else if (vcpu->state == VCPU_INFO_STATE_NEVER_RUN)
		name = "not started";
	else if (vcpu->state == VCPU_INFO_STATE_PROTECTED)
		name = "protected";
	push(list, name, states[state].kind);
	if (state == PROFILE_VMM)
		push_exit_reason(list, vcpu);
}

/* The kind of a frame: that of the state, unless the vCPU runs */
static enum frame_kind kind_in(enum profile_state state, enum frame_kind kind)
{
	enum frame_kind of_state = states[state].kind;

	return of_state == FRAME_STATE ? kind : of_state;
}

/*
 * The task is looked up after the registers were taken, and the vCPU may have gone on to
 * another one by then: it is not the one whose stack it was on.
 */
static bool is_of_task(const struct named_stack *stack)
{
	bool other = false;

	for (size_t i = 0; i < stack->nr; i++) {
		if (stack->frames[i].frame.stack == STACK_TASK)
			return true;
		other |= stack->frames[i].frame.stack == STACK_OTHER;
	}
	return !other;
}

static void push_task(struct frame_list *list, enum profile_state state,
		      const struct guest_look *look)
{
	enum frame_kind kind = kind_in(state, FRAME_TASK);
	const struct guest_task *task = &look->task;

	if (!look->user && !is_of_task(&look->stack))
		push(list, "[task not known]", kind_in(state, FRAME_UNKNOWN));
	/* an idle task has its CPU in its name */
	else if (task->pid)
		push_text(list, kind, "%s/%d", task->comm, task->pid);
	else
		push(list, task->comm, kind);
}

static void push_place(struct frame_list *list, enum profile_state state,
		       const struct named_place *place, uint64_t address)
{
	enum frame_kind kind = kind_in(state, place->module[0] ? FRAME_MODULE :
								  FRAME_KERNEL);

	if (!place->name[0])
		push_text(list, kind_in(state, FRAME_UNKNOWN), "0x%" PRIx64,
			  address);
	else if (place->module[0])
		push_text(list, kind, "%s [%s]", place->name, place->module);
	else
		push(list, place->name, kind);
}

static void push_stack(struct frame_list *list, enum profile_state state,
		       const struct named_stack *stack)
{
	if (stack->end > END_LEAF_USER) {
		list->incomplete = true;
		push(list, "[incomplete]", kind_in(state, FRAME_UNKNOWN));
	}
	for (size_t i = stack->nr; i; i--) {
		const struct named_frame *frame = &stack->frames[i - 1];

		/* a system call's or interrupt's user-mode end is the task's */
		if (frame->frame.cs & 3)
			continue;
		list->guessed |= frame->frame.guessed;
		push_place(list, state, &frame->place, frame->frame.ip);
	}
}

static void push_guest(struct frame_list *list, enum profile_state state,
		       const struct vcpu_info_host_vcpu *vcpu,
		       const struct guest_look *look)
{
	uint64_t rip = vcpu->regs[VCPU_INFO_REG_RIP];

	if (look->has_task)
		push_task(list, state, look);
	if (look->user) {
		list->user = true;
		push(list, "[user mode]", kind_in(state, FRAME_USER));
		return;
	}
	list->approximate = !look->exact;
	if (look->stack.nr) {
		push_stack(list, state, &look->stack);
	} else {
		list->incomplete = true;
		push_place(list, state, &look->place, rip);
	}
}

/* Only what the vCPU itself says */
static void push_registers(struct frame_list *list, enum profile_state state,
			   const struct vcpu_info_host_vcpu *vcpu)
{
	uint64_t rip = vcpu->regs[VCPU_INFO_REG_RIP];

	if (state == PROFILE_UNKNOWN)
		return;
	list->unnamed = true;
	if (vcpu->flags & VCPU_INFO_F_NESTED)
		push(list, "[nested guest]", kind_in(state, FRAME_UNKNOWN));
	else if (vcpu->valid & 1U << VCPU_INFO_REG_RIP)
		push_text(list, kind_in(state, FRAME_UNKNOWN), "0x%" PRIx64, rip);
	else
		push(list, "[registers not known]", kind_in(state, FRAME_UNKNOWN));
}

void frames_make(struct frame_list *list, const char *name, bool vcpu_frame,
		 const struct vcpu_info_host_vcpu *vcpu,
		 const struct guest_look *look)
{
	enum profile_state state = profile_state_of(vcpu);

	list->nr = 0;
	list->used = 0;
	list->user = false;
	list->approximate = false;
	list->incomplete = false;
	list->guessed = false;
	list->unnamed = false;
	list->torn = vcpu->have & VCPU_INFO_HAVE_STATE &&
		     vcpu->flags & VCPU_INFO_F_TORN;
	push(list, name, FRAME_VM);
	if (vcpu_frame)
		push_text(list, FRAME_VM, "vCPU %d", vcpu->vcpu_id);
	push_state(list, state, vcpu);
	if (look)
		push_guest(list, state, vcpu, look);
	else
		push_registers(list, state, vcpu);
}
