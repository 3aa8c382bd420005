// SPDX-License-Identifier: GPL-2.0
#include "fake-vm.h"

struct fake_vm fake_vm;

bool fake_vm_memory(int vm_pid, int vm_fd, struct guest_memory *memory)
{
	(void)vm_pid;
	(void)vm_fd;
	fake_vm.memory_asked++;
	fake_slots(&fake_vm.guest, memory);
	return true;
}

bool fake_vm_no_root(int vm_pid, int vm_fd, struct vcpu_info_host_vcpu *vcpu)
{
	(void)vm_pid;
	(void)vm_fd;
	(void)vcpu;
	return false;
}

void fake_vm_stand_still(int vm_pid, int vm_fd,
			 const struct vcpu_info_host_vcpu *const *before, size_t nr,
			 bool *still)
{
	(void)vm_pid;
	(void)vm_fd;
	(void)before;
	for (size_t i = 0; i < nr; i++)
		still[i] = fake_vm.still;
}

uint64_t fake_vm_clock(void)
{
	return fake_vm.now;
}

const struct guest_source fake_vm_source = {
	.memory = fake_vm_memory,
	.root = fake_vm_no_root,
	.stand_still = fake_vm_stand_still,
	.clock = fake_vm_clock,
};

struct vcpu_info_host_vcpu fake_vm_vcpu(int cpu)
{
	const struct guest_registers *registers = &fake_vm.guest.registers[cpu];
	struct vcpu_info_host_vcpu vcpu = {
		.vcpu_id = 2 * cpu,
		.have = VCPU_INFO_HAVE_STATE,
		.valid = (1U << VCPU_INFO_NR_REGS) - 1,
		.state = VCPU_INFO_STATE_HALTED,
	};

	vcpu.regs[VCPU_INFO_REG_RIP] = registers->r[PT_REG_IP];
	vcpu.regs[VCPU_INFO_REG_RSP] = registers->r[PT_REG_SP];
	vcpu.regs[VCPU_INFO_REG_RBP] = registers->r[PT_REG_BP];
	vcpu.regs[VCPU_INFO_REG_CR0] = registers->cr0;
	vcpu.regs[VCPU_INFO_REG_CR3] = registers->cr3;
	vcpu.regs[VCPU_INFO_REG_CR4] = registers->cr4;
	return vcpu;
}
