// SPDX-License-Identifier: GPL-2.0
/* The host, VMs, their memory and the modes their vCPUs start in */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oracle.h"

#define NR_FILE		"/sys/kernel/vcpu_info/hypercall_nr"
#define PARAMETERS	"/sys/module/vcpu_info/parameters/"

/* A vCPU's part of the memory: its code, then its page tables */
#define VCPU_BASE	0x10000
#define VCPU_SIZE	0x7000
#define OFF_CODE	0x10
#define OFF_TABLES	0x1000
#define OFF_OTHER	0x4000	/* a second PML4 with the same in it */
#define OFF_NESTED	0x5000	/* two pages for nested.c */
#define COUNTERS	0x1000	/* what OP_STORE writes, 8 bytes for each vCPU */
#define TABLE_SIZE	0x1000

/* Accessed and dirty already: then a processor writes nothing to them. */
#define PTE_TABLE	0x27	/* present, writable, user, accessed */
#define PTE_LARGE	0xe7	/* the same, dirty, and a large page */

#define CR0_PE		0x00000001
#define CR0_ET		0x00000010
#define CR0_RANDOM	0x0005002e	/* MP EM TS NE WP AM */
#define CR0_PG		0x80000000
#define CR4_PSE		0x00000010
#define CR4_PAE		0x00000020
#define CR4_RANDOM	0x0000068c	/* TSD DE PGE OSFXSR OSXMMEXCPT */
#define EFER_RANDOM	0x00000801	/* SCE NX */
#define EFER_LONG	0x00000500	/* LME LMA */

#define MAX_CPUID	256
#define CPUID_SVM	BIT(2)	/* leaf 0x80000001, ECX */

struct host host;

static void need_unlimited(const char *parameter)
{
	char path[128], value[32];

	strcpy(path, PARAMETERS);
	strcat(path, parameter);
	if (!read_file(path, value, sizeof(value)))
		die("%s: %s; is vcpu_info loaded?", path, strerror(errno));
	if (strcmp(value, "0"))
		die("%s is %s: set it to 0 (no limit) first", path, value);
}

static void find_cpus(void)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		die("sched_getaffinity: %s", strerror(errno));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		if (host.nr_cpus < (int)ARRAY_SIZE(host.cpus))
			host.cpus[host.nr_cpus] = cpu;
		host.nr_cpus++;
	}
	if (host.nr_cpus == 1)
		host.cpus[1] = host.cpus[0];
}

void host_find_vendor(void)
{
	unsigned int a, b, c, d;

	host.amd = __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & CPUID_SVM);
}

/* With vcpu_info loaded or not; its hypercall number is the usual one. */
void host_open_any(void)
{
	host.hypercall_nr = VCPU_INFO_HC_DEFAULT;
	find_cpus();
	host_find_vendor();
	host.nested = nested_can();

	host.kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (host.kvm_fd < 0)
		die("/dev/kvm: %s", strerror(errno));
}

/* With vcpu_info loaded, and no limits */
void host_open(void)
{
	char nr[32];

	if (!read_file(NR_FILE, nr, sizeof(nr)))
		die("%s: %s; is vcpu_info loaded?", NR_FILE, strerror(errno));
	need_unlimited("vm_rate");
	need_unlimited("host_rate");
	host_open_any();
	host.hypercall_nr = strtoul(nr, NULL, 0);
}

static void add_memory(struct vm *vm, int slot, uint64_t gpa, uint64_t size,
		       uint8_t **mem)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
	};

	*mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*mem == MAP_FAILED)
		die("no memory for a VM: %s", strerror(errno));
	region.userspace_addr = (uintptr_t)*mem;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die("KVM_SET_USER_MEMORY_REGION: %s", strerror(errno));
}

static void find_cpuid(struct vm *vm)
{
	vm->cpuid = calloc(1, sizeof(*vm->cpuid) +
			   MAX_CPUID * sizeof(vm->cpuid->entries[0]));
	if (!vm->cpuid)
		die("out of memory");
	vm->cpuid->nent = MAX_CPUID;
	if (ioctl(host.kvm_fd, KVM_GET_SUPPORTED_CPUID, vm->cpuid))
		die("KVM_GET_SUPPORTED_CPUID: %s", strerror(errno));
}

/* EAX, EBX, ECX, EDX of CPUID leaf 0, as the VM's vCPUs find them */
static void vm_get_cpuid(const struct vm *vm, uint32_t *leaf)
{
	const struct kvm_cpuid_entry2 *entry = vm->cpuid->entries;
	const struct kvm_cpuid_entry2 *end = entry + vm->cpuid->nent;

	while (entry < end && entry->function)
		entry++;
	if (entry == end)
		die("KVM has no CPUID leaf 0");
	leaf[0] = entry->eax;
	leaf[1] = entry->ebx;
	leaf[2] = entry->ecx;
	leaf[3] = entry->edx;
}

struct vm *vm_create(enum mode mode)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct thread_id self;

	if (!vm)
		die("out of memory");
	vm->mode = mode;
	thread_ids(&self);
	vm->pid = self.pid;
	vm->fd = ioctl(host.kvm_fd, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die("KVM_CREATE_VM: %s", strerror(errno));
	/* Intel without unrestricted guest mode wants three free pages. */
	ioctl(vm->fd, KVM_SET_TSS_ADDR, 0xfffbd000UL);
	if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
		die("KVM_CREATE_IRQCHIP: %s", strerror(errno));
	add_memory(vm, 0, 0, VM_MEM_SIZE, &vm->mem);
	add_memory(vm, 1, VM_TRAP_GPA, VM_TRAP_SIZE, &vm->trap);
	find_cpuid(vm);

	return vm;
}

void vm_destroy(struct vm *vm)
{
	int i;

	for (i = 0; i < vm->nr; i++)
		vcpu_destroy(&vm->vcpus[i]);
	close(vm->fd);
	munmap(vm->mem, VM_MEM_SIZE);
	munmap(vm->trap, VM_TRAP_SIZE);
	free(vm->cpuid);
	free(vm);
}

static void put64(struct vm *vm, uint64_t gpa, uint64_t value)
{
	memcpy(vm->mem + gpa, &value, sizeof(value));
}

/* The first 4 MiB at 0, and for the code also at HIGH_BASE */
static void setup_tables_64(struct vm *vm, uint64_t pml4, uint64_t other)
{
	uint64_t pdpt = pml4 + TABLE_SIZE;
	uint64_t pd = pdpt + TABLE_SIZE;

	put64(vm, pml4, pdpt | PTE_TABLE);
	put64(vm, pml4 + 511 * 8, pdpt | PTE_TABLE);
	put64(vm, other, pdpt | PTE_TABLE);
	put64(vm, other + 511 * 8, pdpt | PTE_TABLE);
	put64(vm, pdpt, pd | PTE_TABLE);
	put64(vm, pdpt + 510 * 8, pd | PTE_TABLE);
	put64(vm, pd, PTE_LARGE);
	put64(vm, pd + 8, VM_TRAP_GPA | PTE_LARGE);
}

static uint64_t base(const struct vcpu *vcpu)
{
	return VCPU_BASE + vcpu->index * VCPU_SIZE;
}

uint32_t vcpu_code_gpa(const struct vcpu *vcpu)
{
	return base(vcpu) + OFF_CODE;
}

static void setup_64(struct vcpu *vcpu, struct kvm_sregs *sregs)
{
	setup_tables_64(vcpu->vm, vcpu->base + OFF_TABLES,
			vcpu->base + OFF_OTHER);
	sregs->cr0 |= CR0_PE | CR0_PG;
	sregs->cr4 |= CR4_PAE;
	sregs->efer |= EFER_LONG;
	sregs->cs.l = 1;
	sregs->cs.db = 0;
	vcpu->prog.rip = HIGH_BASE + vcpu_code_gpa(vcpu);
}

static void setup_32(struct vcpu *vcpu, struct kvm_sregs *sregs)
{
	put64(vcpu->vm, vcpu->base + OFF_TABLES, PTE_LARGE);
	sregs->cr0 |= CR0_PE | CR0_PG;
	sregs->cr4 |= CR4_PSE;
	sregs->cs.db = 1;
	vcpu->prog.rip = vcpu->base + OFF_CODE;
}

/* RIP counts from the segment's base; each vCPU gets another offset. */
static void setup_16(struct vcpu *vcpu, struct kvm_sregs *sregs)
{
	uint64_t off = 0x100 * (vcpu->index + 1);

	sregs->cs.base = vcpu->base - off;
	sregs->cs.selector = sregs->cs.base >> 4;
	vcpu->prog.rip = off + OFF_CODE;
}

static void flat(struct kvm_segment *seg, int selector, int type)
{
	*seg = (struct kvm_segment) {
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

static void setup_segments(struct kvm_sregs *sregs)
{
	flat(&sregs->cs, 0x08, 0x0b);
	flat(&sregs->ds, 0x10, 0x03);
	sregs->es = sregs->ds;
	sregs->fs = sregs->ds;
	sregs->gs = sregs->ds;
	sregs->ss = sregs->ds;
}

static uint32_t counter_gpa(const struct vcpu *vcpu)
{
	return COUNTERS + vcpu->index * sizeof(uint64_t);
}

/* Two values for CR3 that give the same view of memory, in 64-bit mode */
uint32_t vcpu_cr3(const struct vcpu *vcpu, bool other)
{
	return base(vcpu) + (other ? OFF_OTHER : OFF_TABLES);
}

/* Two pages */
uint32_t vcpu_nested_gpa(const struct vcpu *vcpu)
{
	return base(vcpu) + OFF_NESTED;
}

/* What OP_STORE has written last; the guest may be writing now. */
uint64_t vcpu_counter(const struct vcpu *vcpu)
{
	return __atomic_load_n((uint64_t *)(vcpu->vm->mem + counter_gpa(vcpu)),
			       __ATOMIC_RELAXED);
}

/* An empty program */
void vcpu_begin(struct vcpu *vcpu)
{
	prog_begin(&vcpu->prog, vcpu->vm->mode, counter_gpa(vcpu));
	vcpu->prog.nested_gpa = vcpu_nested_gpa(vcpu);
	vm_get_cpuid(vcpu->vm, vcpu->prog.cpuid);
}

/* As OP_STORE does */
void vcpu_store_counter(struct vcpu *vcpu, uint64_t counter)
{
	put64(vcpu->vm, counter_gpa(vcpu), counter);
}

void vm_load_code(struct vcpu *vcpu)
{
	memcpy(vcpu->vm->mem + vcpu->base + OFF_CODE, vcpu->prog.code,
	       vcpu->prog.len);
}

/**
 * vm_setup_memory() - code and page tables of a vCPU, for the mode of its VM
 * @vcpu: it; sets the RIP of its program and the control registers in init
 * @sregs: as KVM_GET_SREGS gave them; changed to enter the mode
 */
void vm_setup_memory(struct vcpu *vcpu, struct kvm_sregs *sregs)
{
	uint64_t bits = random64();

	vcpu->base = base(vcpu);
	vm_load_code(vcpu);

	sregs->cr0 = CR0_ET | (bits & CR0_RANDOM);
	sregs->cr3 = vcpu_cr3(vcpu, false);
	sregs->cr4 = bits >> 20 & CR4_RANDOM;
	sregs->efer = bits >> 40 & EFER_RANDOM;
	if (vcpu->vm->mode != MODE_16)
		setup_segments(sregs);

	switch (vcpu->vm->mode) {
	case MODE_64:
		setup_64(vcpu, sregs);
		break;
	case MODE_32:
		setup_32(vcpu, sregs);
		break;
	case MODE_16:
		setup_16(vcpu, sregs);
		break;
	}

	vcpu->init.r[REG(RIP)] = vcpu->prog.rip;
	vcpu->init.r[REG(CR0)] = sregs->cr0;
	vcpu->init.r[REG(CR3)] = sregs->cr3;
	vcpu->init.r[REG(CR4)] = sregs->cr4;
	vcpu->init.r[REG(EFER)] = sregs->efer;
}

/* Other values that are as good, for the registers that a mode does not fix */
void vm_other_control(const struct regs *regs, struct regs *other)
{
	uint64_t bits = random64();

	other->r[REG(CR0)] = regs->r[REG(CR0)] ^ (bits & CR0_RANDOM);
	other->r[REG(CR4)] = regs->r[REG(CR4)] ^ (bits >> 20 & CR4_RANDOM);
	other->r[REG(EFER)] = regs->r[REG(EFER)] ^ (bits >> 40 & EFER_RANDOM);
}
