// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compiler.h"
#include "sandbox.h"
#include "vm/guest-child.h"

/* A backstop: what is in the guest's memory is bounded where it is read. */
#ifdef __SANITIZE_ADDRESS__
#define MAX_MEMORY	RLIM_INFINITY	/* it has terabytes of shadow */
#else
#define MAX_MEMORY	(2UL << 30)
#endif

const uint8_t guest_reg_order[GUEST_REG_ORDER] = {
	[VCPU_INFO_REG_RAX] = PT_REG_AX, [VCPU_INFO_REG_RCX] = PT_REG_CX,
	[VCPU_INFO_REG_RDX] = PT_REG_DX, [VCPU_INFO_REG_RBX] = PT_REG_BX,
	[VCPU_INFO_REG_RSP] = PT_REG_SP, [VCPU_INFO_REG_RBP] = PT_REG_BP,
	[VCPU_INFO_REG_RSI] = PT_REG_SI, [VCPU_INFO_REG_RDI] = PT_REG_DI,
	[VCPU_INFO_REG_R8] = PT_REG_R8, [VCPU_INFO_REG_R9] = PT_REG_R9,
	[VCPU_INFO_REG_R10] = PT_REG_R10, [VCPU_INFO_REG_R11] = PT_REG_R11,
	[VCPU_INFO_REG_R12] = PT_REG_R12, [VCPU_INFO_REG_R13] = PT_REG_R13,
	[VCPU_INFO_REG_R14] = PT_REG_R14, [VCPU_INFO_REG_R15] = PT_REG_R15,
	[VCPU_INFO_REG_RIP] = PT_REG_IP, [VCPU_INFO_REG_RFLAGS] = PT_REG_FLAGS,
};

bool guest_registers(const struct vcpu_info_host_vcpu *vcpu,
		     struct guest_registers *registers)
{
	const uint32_t needed = (1U << (VCPU_INFO_REG_RIP + 1)) - 1;

	memset(registers, 0, sizeof(*registers));
	if (!(vcpu->have & VCPU_INFO_HAVE_STATE) ||
	    (vcpu->valid & needed) != needed)
		return false;
	for (size_t i = 0; i <= VCPU_INFO_REG_RIP; i++)
		registers->r[guest_reg_order[i]] = vcpu->regs[i];
	registers->cr0 = vcpu->regs[VCPU_INFO_REG_CR0];
	registers->cr3 = vcpu->regs[VCPU_INFO_REG_CR3];
	registers->cr4 = vcpu->regs[VCPU_INFO_REG_CR4];
	return true;
}

bool guest_leads_to_kernel(const struct vcpu_info_host_vcpu *vcpu)
{
	const uint32_t needed = 1U << VCPU_INFO_REG_CR0 |
				1U << VCPU_INFO_REG_CR3 | 1U << VCPU_INFO_REG_CR4;

	return (vcpu->valid & needed) == needed &&
	       vcpu->regs[VCPU_INFO_REG_CR0] & PAGING_CR0_PG &&
	       !(vcpu->flags & VCPU_INFO_F_NESTED);
}

const char *guest_no_stack(const struct vcpu_info_host_vcpu *vcpu,
			   struct guest_registers *registers)
{
	switch (vcpu->state) {
	case VCPU_INFO_STATE_NEVER_RUN:
		return "the vCPU has not been started";
	case VCPU_INFO_STATE_PROTECTED:
		return "the guest's registers and memory are protected from the host";
	}
	if (vcpu->flags & VCPU_INFO_F_NESTED)
		return "the vCPU runs a nested guest";
	if (!guest_registers(vcpu, registers))
		return "the registers are not known";
	return NULL;
}

bool guest_runs(const struct vcpu_info_host_vcpu *vcpu)
{
	return vcpu->state == VCPU_INFO_STATE_GUEST ||
	       vcpu->state == VCPU_INFO_STATE_IN_EXIT;
}

bool guest_stood_still(const struct vcpu_info_host_vcpu *a,
		       const struct vcpu_info_host_vcpu *b)
{
	return a->state == b->state && !guest_runs(a) &&
	       !((a->flags | b->flags) & VCPU_INFO_F_TORN) &&
	       a->counts[VCPU_INFO_COUNT_EXITS] == b->counts[VCPU_INFO_COUNT_EXITS] &&
	       a->regs[VCPU_INFO_REG_RIP] == b->regs[VCPU_INFO_REG_RIP] &&
	       a->regs[VCPU_INFO_REG_RSP] == b->regs[VCPU_INFO_REG_RSP];
}

void guest_child_allow(unsigned int seconds)
{
	struct rlimit time = { .rlim_max = RLIM_INFINITY };
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used))
		return;
	time.rlim_cur = used.ru_utime.tv_sec + used.ru_stime.tv_sec + seconds;
	setrlimit(RLIMIT_CPU, &time);
}

/* What a process that reads hostile memory does not need. */
bool guest_child_confine(int fd, unsigned int seconds)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGABRT };
	const struct rlimit no_core = { 0 };
	const struct rlimit memory = { MAX_MEMORY, MAX_MEMORY };

	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		signal(crashes[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	guest_child_allow(seconds);
	setrlimit(RLIMIT_AS, &memory);
	if (fd > STDERR_FILENO + 1)
		syscall(SYS_close_range, STDERR_FILENO + 1, fd - 1, 0);
	syscall(SYS_close_range, fd + 1, ~0U, 0);
	return sandbox_enter();
}

bool guest_child_slots(const struct vm_memory *memory,
		       struct guest_memory *out)
{
	out->slots = calloc(memory->nr + 1, sizeof(*out->slots));
	if (!out->slots)
		return false;
	for (size_t i = 0; i < memory->nr; i++) {
		const struct vcpu_info_host_memslot *slot = &memory->slots[i];

		if (slot->base_gfn > UINT64_MAX / GUEST_PAGE_SIZE ||
		    slot->npages > UINT64_MAX / GUEST_PAGE_SIZE)
			continue;
		out->slots[out->nr_slots++] = (struct guest_slot){
			.base = slot->base_gfn * GUEST_PAGE_SIZE,
			.size = slot->npages * GUEST_PAGE_SIZE,
			.where = slot->userspace_addr,
		};
	}
	return guest_memory_sort(out);
}
