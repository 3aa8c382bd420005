// SPDX-License-Identifier: GPL-2.0
/*
 * The steps of arch/x86/kernel/unwind_orc.c, on a copy of the stack.
 */
#include <string.h>

#include "unwind.h"

/* A walk reads some pages of stack; if its CPU's stacks have to be found, more. */
#define WALK_BYTES	(1UL << 20)
#define WALK_READS	200

#define PT_REGS_SIZE	168
/* What an exception pushes is the end of struct pt_regs. */
#define IRET_OFFSET	128
#define IRET_SIZE	40

void unwind_start(struct unwind *unwind, struct guest_kernel *kernel,
		  const struct guest_cpu *cpu, const struct guest_task *task)
{
	enum guest_stack_end why;

	memset(unwind, 0, offsetof(struct unwind, room));
	unwind->kernel = kernel;
	unwind->cpu = cpu;
	unwind->task = task;
	unwind_tables(kernel, 0, &why);
	guest_memory_allow(kernel->memory, WALK_BYTES, WALK_READS);
	guest_paging_forget(&kernel->paging, false);
}

void unwind_use_page(struct unwind *unwind, uint64_t va, uint64_t pa, uint32_t from,
		     const uint8_t *data)
{
	struct guest_page now;

	if (!guest_paging_walk(&unwind->kernel->paging, va, &now) ||
	    now.address != pa)
		return;
	unwind->pages[unwind->next_page++ % UNWIND_PAGES] = (struct unwind_page){
		.valid = true, .from = from, .address = va, .data = data,
	};
}

/* The page that an address is on, from there on at the least: walks lead upwards. */
static const struct unwind_page *get_page(struct unwind *unwind, uint64_t at)
{
	uint64_t address = at & ~(uint64_t)(GUEST_PAGE_SIZE - 1);
	uint32_t offset = at - address;
	struct unwind_page *page;
	uint8_t *room;

	for (int i = 0; i < UNWIND_PAGES; i++) {
		page = &unwind->pages[i];
		if (page->valid && page->address == address && page->from <= offset)
			return page;
	}
	page = &unwind->pages[unwind->next_page % UNWIND_PAGES];
	room = unwind->room[unwind->next_page++ % UNWIND_PAGES];
	page->address = address;
	page->from = offset & ~(GUEST_STACK_STEP - 1);
	page->data = room;
	page->valid = guest_kernel_read(unwind->kernel, address + page->from,
					room + page->from,
					GUEST_PAGE_SIZE - page->from);
	return page->valid ? page : NULL;
}

/* Copy what is on one stack. */
static bool read_stack(struct unwind *unwind, uint64_t at, void *to, size_t len)
{
	const struct vcpu_info_host_stack *moment = unwind->moment;
	uint8_t *out = to;

	if (!unwind_on_stack(unwind, at, len))
		return false;
	if (moment && at >= moment->address && at - moment->address < moment->len &&
	    len <= moment->len - (at - moment->address)) {
		memcpy(to, moment->data + (at - moment->address), len);
		return true;
	}
	unwind->younger = true;
	while (len) {
		const struct unwind_page *page = get_page(unwind, at);
		size_t offset = at & (GUEST_PAGE_SIZE - 1);
		size_t part = GUEST_PAGE_SIZE - offset;

		if (!page)
			return false;
		if (part > len)
			part = len;
		memcpy(out, page->data + offset, part);
		at += part;
		out += part;
		len -= part;
	}
	return true;
}

bool unwind_word(struct unwind *unwind, uint64_t at, uint64_t *value)
{
	return read_stack(unwind, at, value, sizeof(*value));
}

bool unwind_is_fork(const struct guest_kernel *kernel, uint64_t ip)
{
	return ip && (ip == kernel->addresses[SYM_RET_FROM_FORK] ||
		      ip == kernel->addresses[SYM_RET_FROM_FORK_ASM]);
}

static bool get_reg(const struct unwind *unwind, enum guest_register reg,
		    uint64_t *value)
{
	if (!unwind->has_regs || !(unwind->full_regs || unwind->prev_regs))
		return false;
	*value = unwind->regs[reg];
	return true;
}

/* The stack pointer of the frame above, or where its registers are. */
static bool find_sp(struct unwind *unwind, const struct orc_entry *orc,
		    uint64_t *sp)
{
	uint64_t offset = (int64_t)orc->sp_offset;

	switch (orc->sp_base) {
	case ORC_BASE_SP:
		*sp = unwind->sp + offset;
		return true;
	case ORC_BASE_BP:
		*sp = unwind->bp + offset;
		return true;
	case ORC_BASE_SP_INDIRECT:
		if (!unwind_word(unwind, unwind->sp, sp))
			return false;
		*sp += offset;
		return true;
	case ORC_BASE_BP_INDIRECT:
		return unwind_word(unwind, unwind->bp + offset, sp);
	case ORC_BASE_AX:
		return get_reg(unwind, PT_REG_AX, sp);
	case ORC_BASE_DX:
		return get_reg(unwind, PT_REG_DX, sp);
	case ORC_BASE_DI:
		return get_reg(unwind, PT_REG_DI, sp);
	case ORC_BASE_R10:
		return get_reg(unwind, PT_REG_R10, sp);
	case ORC_BASE_R13:
		return get_reg(unwind, PT_REG_R13, sp);
	default:
		return false;
	}
}

static bool take_call(struct unwind *unwind, uint64_t sp)
{
	if (!unwind_word(unwind, sp - 8, &unwind->ip))
		return false;
	unwind->sp = sp;
	unwind->has_regs = false;
	unwind->prev_regs = false;
	return true;
}

static bool take_regs(struct unwind *unwind, uint64_t sp)
{
	uint64_t regs[NR_GUEST_REGISTERS];

	_Static_assert(sizeof(regs) == PT_REGS_SIZE, "as struct pt_regs");
	if (!read_stack(unwind, sp, regs, sizeof(regs)))
		return false;
	memcpy(unwind->regs, regs, sizeof(regs));
	unwind->ip = regs[PT_REG_IP];
	unwind->sp = regs[PT_REG_SP];
	unwind->has_regs = true;
	unwind->full_regs = true;
	unwind->prev_regs = false;
	return true;
}

static bool take_partial(struct unwind *unwind, uint64_t sp)
{
	uint64_t iret[IRET_SIZE / 8];

	if (!read_stack(unwind, sp, iret, sizeof(iret)))
		return false;
	unwind->prev_regs = unwind->has_regs && unwind->full_regs;
	unwind->has_regs = true;
	unwind->full_regs = false;
	unwind->ip = iret[PT_REG_IP - IRET_OFFSET / 8];
	unwind->sp = iret[PT_REG_SP - IRET_OFFSET / 8];
	/* what is above in there is needed as long as it is not saved whole */
	unwind->regs[PT_REG_CS] = iret[PT_REG_CS - IRET_OFFSET / 8];
	unwind->regs[PT_REG_FLAGS] = iret[PT_REG_FLAGS - IRET_OFFSET / 8];
	return true;
}

static bool take_frame(struct unwind *unwind, const struct orc_entry *orc,
		       uint64_t sp)
{
	switch (orc->type) {
	case ORC_TYPE_CALL:
		return take_call(unwind, sp);
	case ORC_TYPE_REGS:
		return take_regs(unwind, sp);
	case ORC_TYPE_REGS_PARTIAL:
		return take_partial(unwind, sp);
	default:
		return false;
	}
}

static bool find_bp(struct unwind *unwind, const struct orc_entry *orc,
		    uint64_t sp)
{
	uint64_t offset = (int64_t)orc->bp_offset;

	switch (orc->bp_base) {
	case ORC_BASE_UNDEFINED:
		get_reg(unwind, PT_REG_BP, &unwind->bp);
		return true;
	case ORC_BASE_PREV_SP:
		return unwind_word(unwind, sp + offset, &unwind->bp);
	case ORC_BASE_BP:
		return unwind_word(unwind, unwind->bp + offset, &unwind->bp);
	default:
		return false;
	}
}

/* Code that is in no table: the kernel's unwinder guesses like this, too. */
static const struct orc_entry frame_pointer = {
	.sp_base = ORC_BASE_BP, .sp_offset = 16,
	.bp_base = ORC_BASE_PREV_SP, .bp_offset = -16,
	.type = ORC_TYPE_CALL,
};

/* A call of a null pointer: only the return address is there. */
static const struct orc_entry null_call = {
	.sp_base = ORC_BASE_SP, .sp_offset = 8,
	.bp_base = ORC_BASE_UNDEFINED, .type = ORC_TYPE_CALL,
};

/* Generated code: BPF, trampolines of ftrace. */
static bool is_executable(struct guest_kernel *kernel, uint64_t ip)
{
	struct guest_page page;

	return ip >> 63 && guest_paging_walk(&kernel->paging, ip, &page) &&
	       page.executable;
}

static bool find_entry(struct unwind *unwind, struct orc_entry *orc,
		       enum guest_stack_end *end)
{
	uint64_t ip = unwind->exact ? unwind->ip : unwind->ip - 1;
	const struct guest_orc *tables = unwind_tables(unwind->kernel, ip, end);

	if (tables) {
		*end = END_NO_ENTRY;
		return guest_orc_find(tables, ip, orc);
	}
	if (*end == END_NO_TABLES)
		return false;
	if (!unwind->ip && unwind->exact) {
		*orc = null_call;
		return true;
	}
	if (!is_executable(unwind->kernel, ip))
		return false;
	*orc = frame_pointer;
	unwind->guessed = true;
	return true;
}

static bool is_code(struct guest_kernel *kernel, uint64_t ip)
{
	enum guest_stack_end why;

	return unwind_tables(kernel, ip, &why) || is_executable(kernel, ip);
}

/* Tracers of functions put their own address in the place of the caller's. */
static bool is_traced(const struct guest_kernel *kernel, uint64_t ip)
{
	return ip && (ip == kernel->addresses[SYM_RETURN_TO_HANDLER] ||
		      ip == kernel->addresses[SYM_RETHOOK] ||
		      ip == kernel->addresses[SYM_KRETPROBE]);
}

/* Does the instruction before the address call something? */
static bool follows_call(struct guest_kernel *kernel, uint64_t ip)
{
	/* call *MEM or *REG: the length is in what follows the opcode */
	static const int lengths[] = { 2, 3, 4, 6, 7 };
	uint8_t code[7];

	if (!guest_kernel_read(kernel, ip - sizeof(code), code, sizeof(code)))
		return false;
	if (code[2] == 0xe8)
		return true;
	for (int i = 0; i < 5; i++) {
		const uint8_t *at = code + sizeof(code) - lengths[i];

		if (at[0] == 0xff && (at[1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

static bool is_thunk(const struct guest_kernel *kernel, uint64_t ip)
{
	struct guest_place place;

	return guest_kernel_find(kernel, ip, &place) &&
	       !strncmp(place.name.name, "__x86_indirect_", 15) &&
	       strstr(place.name.name, "thunk");
}

/*
 * A jump through a register is made in a thunk that changes the stack in ways
 * that the tables do not tell: it calls itself, and returns to the target that
 * it has put in the place of the return address.
 */
static bool leave_thunk(struct unwind *unwind)
{
	uint64_t first, second;

	if (!unwind_word(unwind, unwind->sp, &first))
		return false;
	if (!is_thunk(unwind->kernel, first) &&
	    follows_call(unwind->kernel, first)) {
		unwind->ip = first;
		unwind->sp += 8;
	} else {
		if (!unwind_word(unwind, unwind->sp + 8, &second))
			return false;
		unwind->ip = second;
		unwind->sp += 16;
	}
	unwind->has_regs = false;
	unwind->exact = unwind_is_fork(unwind->kernel, unwind->ip) ||
			!follows_call(unwind->kernel, unwind->ip);
	return true;
}

/* What is wrong with the frame that was just found, if anything. */
static bool check_frame(struct unwind *unwind, enum guest_stack_type type,
			uint64_t sp, enum guest_stack_end *end)
{
	if (unwind->has_regs && unwind->regs[PT_REG_CS] & 3) {
		*end = END_USER;
	} else if (is_traced(unwind->kernel, unwind->ip)) {
		*end = END_TRACED;
	} else if (!is_code(unwind->kernel, unwind->ip)) {
		*end = END_NOT_CODE;
	} else if (unwind->type == type && unwind->sp >= unwind->start &&
		   unwind->sp < unwind->end && unwind->sp <= sp) {
		*end = END_LOOP;
	} else {
		return true;
	}
	return false;
}

/* Find the frame above. False with the reason if there is none to go on from. */
static bool step(struct unwind *unwind, enum guest_stack_end *end)
{
	enum guest_stack_type type = unwind->type;
	uint64_t old_sp = unwind->sp, sp;
	struct orc_entry orc;

	if (!find_entry(unwind, &orc, end))
		return false;
	if (orc.type == ORC_TYPE_END || orc.type == ORC_TYPE_UNDEFINED) {
		*end = orc.type == ORC_TYPE_END ? END_ENTRY : END_UNDEFINED;
		return false;
	}
	*end = END_UNREADABLE;
	if (!find_sp(unwind, &orc, &sp) || !take_frame(unwind, &orc, sp) ||
	    !find_bp(unwind, &orc, sp))
		return false;
	unwind->exact = orc.exact || unwind_is_fork(unwind->kernel, unwind->ip);
	return check_frame(unwind, type, old_sp, end);
}

/* Registers that are not saved yet are those that the vCPU has. */
static void take_aside(const struct unwind *unwind, struct guest_stack *stack)
{
	if (stack->has_aside || unwind->regs[PT_REG_CS] & 3 ||
	    !(unwind->full_regs || unwind->prev_regs))
		return;
	memcpy(stack->aside, unwind->regs, sizeof(stack->aside));
	stack->aside[PT_REG_IP] = unwind->ip;
	stack->aside[PT_REG_SP] = unwind->sp;
	stack->aside_frame = stack->nr;
	stack->has_aside = true;
}

static void add_frame(const struct unwind *unwind, struct guest_stack *stack,
		      bool interrupted)
{
	if (interrupted)
		take_aside(unwind, stack);
	stack->frames[stack->nr++] = (struct guest_frame){
		.ip = unwind->ip,
		.stack = unwind->type,
		.exact = unwind->exact,
		.interrupted = interrupted,
		.guessed = unwind->guessed,
		.cs = interrupted ? unwind->regs[PT_REG_CS] : 0,
	};
}

/* The stack of a frame is where its stack pointer is, if that is on one. */
static void move(struct unwind *unwind)
{
	enum guest_stack_type type = unwind->type;
	uint64_t start = unwind->start, end = unwind->end;

	if (unwind->sp == end || unwind_on_stack(unwind, unwind->sp, 1))
		return;
	unwind->type = type;
	unwind->start = start;
	unwind->end = end;
}

void unwind_run(struct unwind *unwind, struct guest_stack *stack)
{
	bool more = true;

	unwind_on_stack(unwind, unwind->sp, 8);
	add_frame(unwind, stack, false);
	if (is_thunk(unwind->kernel, unwind->ip) && unwind->has_regs) {
		stack->end = END_UNREADABLE;
		if (!leave_thunk(unwind))
			return;
		stack->end = END_NOT_CODE;
		if (!is_code(unwind->kernel, unwind->ip))
			return;
		add_frame(unwind, stack, false);
	}
	while (more) {
		if (stack->nr == GUEST_MAX_FRAMES) {
			stack->end = END_LIMIT;
			return;
		}
		more = step(unwind, &stack->end);
		if (!more && stack->end != END_USER)
			return;
		if (more)
			move(unwind);
		add_frame(unwind, stack, unwind->has_regs);
	}
}
