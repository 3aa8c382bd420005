/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's Linux kernel: its symbols, modules, tasks and stacks, all out of the
 * guest's memory and the registers of one of its vCPUs.
 *
 * The guest may be hostile, and it runs while it is read. So every loop is
 * bounded, every string that comes out is printable ASCII, and a name is given
 * only if all tests of the tables it comes from were passed.
 */
#ifndef INTROSPECT_KERNEL_H
#define INTROSPECT_KERNEL_H

#include "layout.h"
#include "orc.h"
#include "paging.h"
#include "symtab.h"

/* Indices of struct pt_regs, in words. */
enum guest_register {
	PT_REG_R15, PT_REG_R14, PT_REG_R13, PT_REG_R12, PT_REG_BP, PT_REG_BX,
	PT_REG_R11, PT_REG_R10, PT_REG_R9, PT_REG_R8, PT_REG_AX, PT_REG_CX,
	PT_REG_DX, PT_REG_SI, PT_REG_DI, PT_REG_ORIG_AX,
	PT_REG_IP, PT_REG_CS, PT_REG_FLAGS, PT_REG_SP, PT_REG_SS,
	NR_GUEST_REGISTERS,
};

/**
 * struct guest_registers - what is needed of a vCPU
 * @r: general-purpose registers; CS, SS and ORIG_AX are not used
 * @cr0: 0 with paging off
 * @cr3: page tables
 * @cr4: for LA57
 */
struct guest_registers {
	uint64_t r[NR_GUEST_REGISTERS];
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
};

/* Why there are no names. */
enum guest_kernel_error {
	KERNEL_OK,
	KERNEL_NO_PAGING,	/* the vCPU has paging off: not started, firmware */
	KERNEL_NO_MEMORY_READ,	/* the top-level table could not be read */
	KERNEL_NO_IMAGE,	/* nothing is mapped where Linux has its image */
	KERNEL_NO_SYMBOLS,	/* no symbol table there: encrypted, or no Linux */
	KERNEL_OUT_OF_MEMORY,
	KERNEL_STALLED,		/* its memory was waited for in vain; not of guest_kernel_open() */
};

/* Addresses of these symbols are looked up once; 0 if there is none. */
enum guest_address_id {
	SYM_STEXT, SYM_ETEXT, SYM_SINITTEXT, SYM_EINITTEXT, SYM_END,
	SYM_TOP_PGT, SYM_BANNER, SYM_START_NOTES, SYM_STOP_NOTES,
	SYM_START_BTF, SYM_STOP_BTF, SYM_MODULES, SYM_INIT_TASK,
	SYM_PERCPU_OFFSET, SYM_NR_CPU_IDS, SYM_APICID, SYM_CURRENT, SYM_HOT,
	SYM_IRQ_STACK, SYM_EXCEPTION_STACKS, SYM_ENTRY_AREA,
	SYM_START_ORC_IP, SYM_STOP_ORC_IP, SYM_START_ORC, SYM_STOP_ORC,
	SYM_START_ORC_HEADER, SYM_STOP_ORC_HEADER,
	SYM_RET_FROM_FORK, SYM_RET_FROM_FORK_ASM,
	SYM_RETURN_TO_HANDLER, SYM_RETHOOK, SYM_KRETPROBE,
	SYM_JIFFIES, SYM_TICK_NSEC, SYM_PRINTK,
	NR_GUEST_ADDRESSES,
};

#define GUEST_START_SIZE	64
#define GUEST_BANNER_SIZE	256
#define GUEST_BUILD_ID_SIZE	20
#define GUEST_MODULE_NAME	64
#define GUEST_MODULE_RANGES	8

/**
 * struct guest_module - a module of the guest
 * @address: of its struct module
 * @name: its name
 * @ranges: its memory; text_end is where symbols of code end
 * @nr_ranges: their number
 * @symbols: its symbols
 * @orc: its unwind tables, read when they are first needed
 */
struct guest_module {
	uint64_t address;
	char name[GUEST_MODULE_NAME];
	struct guest_module_range {
		uint64_t start;
		uint64_t text_end;
		uint64_t end;
	} ranges[GUEST_MODULE_RANGES];
	size_t nr_ranges;
	struct guest_symtab symbols;
	struct guest_orc orc;
};

/**
 * struct guest_cpu - a CPU as the guest's kernel knows it
 * @apic_id: its APIC id, which on x86 is KVM's vCPU id
 * @percpu: what is added to the addresses of per-CPU symbols
 */
struct guest_cpu {
	uint32_t apic_id;
	uint64_t percpu;
};

/**
 * struct guest_kernel - a kernel
 * @memory: where everything is read
 * @paging: its own page tables, which any CPU's kernel addresses are the same in
 * @image: where it is
 * @symbols: its symbols without modules'
 * @addresses: of symbols, by enum guest_address_id
 * @start: the first bytes of its code
 * @banner: linux_banner, "" if it was not found
 * @build_id: SHA-1 of the kernel's ELF file
 * @has_build_id: whether it was found
 * @has_layout: whether there is BTF; without, no modules, tasks and stack bounds
 * @layout: where members of structures are
 * @modules: modules in the order of /proc/kallsyms
 * @nr_modules: their number
 * @cpus: CPUs by the guest's own numbers
 * @nr_cpus: their number
 * @orc: unwind tables, read when they are first needed
 */
struct guest_kernel {
	struct guest_memory *memory;
	struct guest_paging paging;
	struct guest_image image;
	struct guest_symtab symbols;
	uint64_t addresses[NR_GUEST_ADDRESSES];
	uint8_t start[GUEST_START_SIZE];
	char banner[GUEST_BANNER_SIZE];
	uint8_t build_id[GUEST_BUILD_ID_SIZE];
	bool has_build_id;
	bool has_layout;
	struct guest_layout layout;
	struct guest_module *modules;
	size_t nr_modules;
	struct guest_cpu *cpus;
	size_t nr_cpus;
	struct guest_orc orc;
};

/*
 * Find the kernel by the registers of one vCPU, whatever it is doing. Limits of
 * what may be read are set here and by each of the functions below. *kernel is
 * NULL unless KERNEL_OK is returned.
 */
enum guest_kernel_error
guest_kernel_open(struct guest_kernel **kernel, struct guest_memory *memory,
		  const struct guest_registers *registers);

/* What an error means, for people. */
const char *guest_kernel_strerror(enum guest_kernel_error error);

/*
 * Whether it is still that kernel: false after a reboot or kexec, when it has
 * to be opened anew. Modules and CPUs that came or went are taken over. For
 * once a second, or before something that takes long.
 */
bool guest_kernel_refresh(struct guest_kernel *kernel);

/*
 * How long ago the guest was booted at the least, by its own count of ticks: what
 * is older may be of another boot. False if it cannot be told.
 */
bool guest_kernel_uptime(struct guest_kernel *kernel, uint64_t *ns);

/* Copy the kernel's virtual memory. */
bool guest_kernel_read(struct guest_kernel *kernel, uint64_t va, void *to,
		       size_t len);

/**
 * struct guest_place - what an address is
 * @name: symbol, offset and size
 * @module: the module's name, NULL for the kernel itself
 */
struct guest_place {
	struct guest_name name;
	const char *module;
};

/* Look an address up. False if it is in no symbol; text only if code is set. */
bool guest_kernel_find(const struct guest_kernel *kernel, uint64_t address,
		       struct guest_place *place);

/* The module that an address is in, NULL if it is in none. */
struct guest_module *guest_kernel_module(const struct guest_kernel *kernel,
					 uint64_t address);

/* The CPU with an APIC id, or NULL. */
const struct guest_cpu *guest_kernel_cpu(const struct guest_kernel *kernel,
					 uint32_t apic_id);

/* Copy the member of a structure that is in memory: an integer of 1 to 8 bytes. */
bool guest_kernel_field(struct guest_kernel *kernel, uint64_t structure,
			enum guest_field_id id, uint64_t *value);

void guest_kernel_close(struct guest_kernel *kernel);

/* modules.c: read the list of modules anew, if it has changed or always. */
bool guest_modules_load(struct guest_kernel *kernel, bool always);
void guest_modules_free(struct guest_kernel *kernel);

#endif /* INTROSPECT_KERNEL_H */
