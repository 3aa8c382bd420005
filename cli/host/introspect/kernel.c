// SPDX-License-Identifier: GPL-2.0
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "kallsyms.h"
#include "kernel.h"
#include "text.h"

/* Several times what the largest of Debian's kernels takes. */
#define OPEN_BYTES	(96UL << 20)
#define OPEN_READS	20000
#define REFRESH_BYTES	(16UL << 20)
#define REFRESH_READS	20000

#define MAX_BTF		(32UL << 20)
#define MAX_NOTES	4096
#define MAX_CPUS	8192

#define NS_PER_SECOND	1000000000ULL
#define MIN_TICK_NS	100000		/* 10,000 Hz; Linux has 100 to 1,000 */
#define MAX_TICK_NS	20000000

static const char * const names[NR_GUEST_ADDRESSES] = {
	[SYM_STEXT] = "_stext",
	[SYM_ETEXT] = "_etext",
	[SYM_SINITTEXT] = "_sinittext",
	[SYM_EINITTEXT] = "_einittext",
	[SYM_END] = "_end",
	[SYM_TOP_PGT] = "init_top_pgt",
	[SYM_BANNER] = "linux_banner",
	[SYM_START_NOTES] = "__start_notes",
	[SYM_STOP_NOTES] = "__stop_notes",
	[SYM_START_BTF] = "__start_BTF",
	[SYM_STOP_BTF] = "__stop_BTF",
	[SYM_MODULES] = "modules",
	[SYM_INIT_TASK] = "init_task",
	[SYM_PERCPU_OFFSET] = "__per_cpu_offset",
	[SYM_NR_CPU_IDS] = "nr_cpu_ids",
	[SYM_APICID] = "x86_cpu_to_apicid",
	[SYM_CURRENT] = "current_task",
	[SYM_HOT] = "pcpu_hot",
	[SYM_IRQ_STACK] = "hardirq_stack_ptr",
	[SYM_EXCEPTION_STACKS] = "cea_exception_stacks",
	[SYM_ENTRY_AREA] = "cpu_entry_area",
	[SYM_START_ORC_IP] = "__start_orc_unwind_ip",
	[SYM_STOP_ORC_IP] = "__stop_orc_unwind_ip",
	[SYM_START_ORC] = "__start_orc_unwind",
	[SYM_STOP_ORC] = "__stop_orc_unwind",
	[SYM_START_ORC_HEADER] = "__start_orc_header",
	[SYM_STOP_ORC_HEADER] = "__stop_orc_header",
	[SYM_RET_FROM_FORK] = "ret_from_fork",
	[SYM_RET_FROM_FORK_ASM] = "ret_from_fork_asm",
	[SYM_RETURN_TO_HANDLER] = "return_to_handler",
	[SYM_RETHOOK] = "arch_rethook_trampoline",
	[SYM_KRETPROBE] = "__kretprobe_trampoline",
	[SYM_JIFFIES] = "jiffies_64",
	[SYM_TICK_NSEC] = "tick_nsec",
	[SYM_PRINTK] = "prb",
};

const char *guest_kernel_strerror(enum guest_kernel_error error)
{
	switch (error) {
	case KERNEL_OK:
		return "a Linux kernel was found";
	case KERNEL_NO_PAGING:
		return "paging is off: the vCPU has not started a kernel";
	case KERNEL_NO_MEMORY_READ:
		return "the page tables cannot be read";
	case KERNEL_NO_IMAGE:
		return "no kernel found: no Linux, or memory encrypted";
	case KERNEL_NO_SYMBOLS:
		return "no kernel symbols found: no Linux of a known layout, or memory encrypted";
	case KERNEL_STALLED:
		return "the guest's memory does not arrive";
	case KERNEL_OUT_OF_MEMORY:
		break;
	}
	return "out of memory";
}

bool guest_kernel_read(struct guest_kernel *kernel, uint64_t va, void *to,
		       size_t len)
{
	return guest_paging_read(&kernel->paging, va, to, len);
}

bool guest_kernel_field(struct guest_kernel *kernel, uint64_t structure,
			enum guest_field_id id, uint64_t *value)
{
	const struct guest_field *field = &kernel->layout.fields[id];

	*value = 0;
	return field->known && field->size && field->size <= sizeof(*value) &&
	       guest_kernel_read(kernel, structure + field->offset, value,
				 field->size);
}

/* A cheap hash of a name's start, which spares most comparisons. */
static unsigned int hash(const char *name)
{
	unsigned int h = 0;

	for (int i = 0; i < 7 && name[i]; i++)
		h = h * 33 + (unsigned char)name[i];
	return h & 1023;
}

static void look_up_addresses(struct guest_kernel *kernel)
{
	const struct guest_symtab *table = &kernel->symbols;
	bool wanted[1024] = { 0 };

	for (int i = 0; i < NR_GUEST_ADDRESSES; i++)
		wanted[hash(names[i])] = true;
	for (size_t s = 0; s < table->nr; s++) {
		const char *name = table->names + table->symbols[s].name;

		if (!wanted[hash(name)])
			continue;
		for (int i = 0; i < NR_GUEST_ADDRESSES; i++) {
			if (!kernel->addresses[i] && !strcmp(name, names[i]))
				kernel->addresses[i] = table->symbols[s].address;
		}
	}
}

/*
 * CR3 as it is, and with bit 12 clear: with page table isolation that is the
 * kernel's own table, if the vCPU is in user mode.
 */
static enum guest_kernel_error find_symbols(struct guest_kernel *kernel,
					    uint64_t cr3)
{
	enum guest_kernel_error error = KERNEL_NO_IMAGE;
	uint64_t roots[] = { cr3 & PAGING_ADDRESS_MASK,
			     cr3 & PAGING_ADDRESS_MASK & ~0x1000ULL };
	uint64_t entry;

	if (!guest_memory_read(kernel->memory, roots[0], &entry, sizeof(entry)))
		return KERNEL_NO_MEMORY_READ;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (i && roots[i] == roots[i - 1])
			break;
		kernel->paging.root = roots[i];
		guest_paging_forget(&kernel->paging, true);
		if (!guest_image_find(&kernel->paging, &kernel->image))
			continue;
		error = KERNEL_NO_SYMBOLS;
		if (guest_kallsyms_load(&kernel->paging, &kernel->image,
					&kernel->symbols))
			return KERNEL_OK;
	}
	return error;
}

/* From here on the kernel's own page tables: a process's go away with it. */
static void use_own_tables(struct guest_kernel *kernel)
{
	struct guest_page page;

	if (!kernel->addresses[SYM_TOP_PGT] ||
	    !guest_paging_walk(&kernel->paging, kernel->addresses[SYM_TOP_PGT],
			       &page))
		return;
	kernel->paging.root = page.address;
	guest_paging_forget(&kernel->paging, true);
}

static bool read_banner(struct guest_kernel *kernel, char *banner)
{
	char raw[GUEST_BANNER_SIZE];

	if (!kernel->addresses[SYM_BANNER] ||
	    !guest_kernel_read(kernel, kernel->addresses[SYM_BANNER], raw,
			       sizeof(raw)))
		return false;
	raw[sizeof(raw) - 1] = '\0';
	raw[strcspn(raw, "\n")] = '\0';
	text_utf8(banner, GUEST_BANNER_SIZE, raw);
	return !strncmp(banner, "Linux version ", strlen("Linux version "));
}

static void read_build_id(struct guest_kernel *kernel)
{
	uint64_t start = kernel->addresses[SYM_START_NOTES];
	uint64_t len = kernel->addresses[SYM_STOP_NOTES] - start;
	uint8_t notes[MAX_NOTES];
	size_t at = 0;

	if (!start || len > sizeof(notes) ||
	    !guest_kernel_read(kernel, start, notes, len))
		return;
	while (len - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name, data, next;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		data = name + ((note.n_namesz + 3ULL) & ~3ULL);
		next = data + ((note.n_descsz + 3ULL) & ~3ULL);
		if (next > len)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    note.n_descsz == GUEST_BUILD_ID_SIZE &&
		    !memcmp(notes + name, "GNU", 4)) {
			memcpy(kernel->build_id, notes + data, GUEST_BUILD_ID_SIZE);
			kernel->has_build_id = true;
			return;
		}
		at = next;
	}
}

static bool read_layout(struct guest_kernel *kernel)
{
	uint64_t start = kernel->addresses[SYM_START_BTF];
	uint64_t size = kernel->addresses[SYM_STOP_BTF] - start;
	struct guest_btf btf;
	uint8_t *data;

	if (!start || !size || size > MAX_BTF)
		return false;
	data = malloc(size);
	if (!data || !guest_kernel_read(kernel, start, data, size)) {
		free(data);
		return false;
	}
	if (!guest_btf_parse(&btf, data, size))
		return false;
	guest_layout_read(&kernel->layout, &btf);
	guest_btf_free(&btf);
	return kernel->layout.fields[TASK_PID].known;
}

/* An APIC id's size differs from kernel to kernel. */
static bool read_apic_id(struct guest_kernel *kernel, uint64_t percpu,
			 uint32_t *id)
{
	*id = 0;
	return kernel->layout.apicid_size >= 2 &&
	       kernel->layout.apicid_size <= sizeof(*id) &&
	       guest_kernel_read(kernel, kernel->addresses[SYM_APICID] + percpu,
				 id, kernel->layout.apicid_size);
}

static void read_cpus(struct guest_kernel *kernel)
{
	uint64_t *offsets = NULL;
	uint32_t nr = 0;

	free(kernel->cpus);
	kernel->cpus = NULL;
	kernel->nr_cpus = 0;
	if (!kernel->has_layout || !kernel->addresses[SYM_APICID] ||
	    !kernel->addresses[SYM_PERCPU_OFFSET] ||
	    !guest_kernel_read(kernel, kernel->addresses[SYM_NR_CPU_IDS], &nr,
			       sizeof(nr)) || !nr || nr > MAX_CPUS)
		return;
	offsets = calloc(nr, sizeof(*offsets));
	kernel->cpus = calloc(nr, sizeof(*kernel->cpus));
	if (!offsets || !kernel->cpus ||
	    !guest_kernel_read(kernel, kernel->addresses[SYM_PERCPU_OFFSET],
			       offsets, nr * sizeof(*offsets)))
		nr = 0;
	for (uint32_t i = 0; i < nr; i++) {
		struct guest_cpu *cpu = &kernel->cpus[i];

		cpu->percpu = offsets[i];
		if (!read_apic_id(kernel, cpu->percpu, &cpu->apic_id))
			cpu->apic_id = UINT32_MAX;
	}
	kernel->nr_cpus = nr;
	free(offsets);
}

enum guest_kernel_error
guest_kernel_open(struct guest_kernel **out, struct guest_memory *memory,
		  const struct guest_registers *registers)
{
	struct guest_kernel *kernel;
	enum guest_kernel_error error;

	*out = NULL;
	if (!(registers->cr0 & PAGING_CR0_PG))
		return KERNEL_NO_PAGING;
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return KERNEL_OUT_OF_MEMORY;
	guest_memory_allow(memory, OPEN_BYTES, OPEN_READS);
	kernel->memory = memory;
	kernel->paging.memory = memory;
	kernel->paging.levels = (registers->cr4 & PAGING_CR4_LA57) ? 5 : 4;
	error = find_symbols(kernel, registers->cr3);
	if (error) {
		guest_kernel_close(kernel);
		return error;
	}
	look_up_addresses(kernel);
	use_own_tables(kernel);
	if (!guest_kernel_read(kernel, kernel->image.text, kernel->start,
			       sizeof(kernel->start))) {
		guest_kernel_close(kernel);
		return KERNEL_NO_SYMBOLS;
	}
	if (!read_banner(kernel, kernel->banner))
		kernel->banner[0] = '\0';
	read_build_id(kernel);
	kernel->has_layout = read_layout(kernel);
	read_cpus(kernel);
	guest_modules_load(kernel, true);
	*out = kernel;
	return KERNEL_OK;
}

bool guest_kernel_refresh(struct guest_kernel *kernel)
{
	uint8_t start[GUEST_START_SIZE];
	char banner[GUEST_BANNER_SIZE];

	guest_memory_allow(kernel->memory, REFRESH_BYTES, REFRESH_READS);
	guest_paging_forget(&kernel->paging, true);
	if (!guest_kernel_read(kernel, kernel->image.text, start, sizeof(start)) ||
	    memcmp(start, kernel->start, sizeof(start)))
		return false;
	if (kernel->banner[0] &&
	    (!read_banner(kernel, banner) || strcmp(banner, kernel->banner)))
		return false;
	read_cpus(kernel);
	guest_modules_load(kernel, false);
	return true;
}

/*
 * include/linux/jiffies.h: the count starts at -300 s, cut to 32 bits. A guest all
 * of whose CPUs sleep does not count, so it may have been up for longer.
 */
bool guest_kernel_uptime(struct guest_kernel *kernel, uint64_t *ns)
{
	uint64_t ticks, tick_ns, hz, start;

	if (!kernel->addresses[SYM_JIFFIES] || !kernel->addresses[SYM_TICK_NSEC] ||
	    !guest_kernel_read(kernel, kernel->addresses[SYM_JIFFIES], &ticks,
			       sizeof(ticks)) ||
	    !guest_kernel_read(kernel, kernel->addresses[SYM_TICK_NSEC], &tick_ns,
			       sizeof(tick_ns)) ||
	    tick_ns < MIN_TICK_NS || tick_ns > MAX_TICK_NS)
		return false;
	hz = (NS_PER_SECOND + tick_ns / 2) / tick_ns;
	start = (1ULL << 32) - 300 * hz;
	if (ticks < start || ticks - start > UINT64_MAX / tick_ns)
		return false;
	*ns = (ticks - start) * tick_ns;
	return true;
}

struct guest_module *guest_kernel_module(const struct guest_kernel *kernel,
					 uint64_t address)
{
	for (size_t i = 0; i < kernel->nr_modules; i++) {
		struct guest_module *module = &kernel->modules[i];

		for (size_t j = 0; j < module->nr_ranges; j++) {
			if (address >= module->ranges[j].start &&
			    address < module->ranges[j].end)
				return module;
		}
	}
	return NULL;
}

static uint64_t module_end(const struct guest_module *module, uint64_t address)
{
	for (size_t i = 0; i < module->nr_ranges; i++) {
		const struct guest_module_range *range = &module->ranges[i];

		if (address >= range->start && address < range->end)
			return address < range->text_end ? range->text_end :
							   range->end;
	}
	return 0;
}

bool guest_kernel_find(const struct guest_kernel *kernel, uint64_t address,
		       struct guest_place *place)
{
	uint64_t end = kernel->addresses[SYM_END];
	const struct guest_module *module;

	*place = (struct guest_place){ 0 };
	if (!end)
		end = kernel->image.runs[kernel->image.nr - 1].end;
	if (address >= kernel->image.text && address < end)
		return guest_symtab_find(&kernel->symbols, address, end,
					 &place->name);
	module = guest_kernel_module(kernel, address);
	if (!module || !guest_symtab_find(&module->symbols, address,
					  module_end(module, address),
					  &place->name))
		return false;
	place->module = module->name;
	return true;
}

const struct guest_cpu *guest_kernel_cpu(const struct guest_kernel *kernel,
					 uint32_t apic_id)
{
	for (size_t i = 0; i < kernel->nr_cpus; i++) {
		if (kernel->cpus[i].apic_id == apic_id)
			return &kernel->cpus[i];
	}
	return NULL;
}

void guest_kernel_close(struct guest_kernel *kernel)
{
	if (!kernel)
		return;
	guest_modules_free(kernel);
	guest_symtab_free(&kernel->symbols);
	guest_orc_free(&kernel->orc);
	free(kernel->cpus);
	free(kernel);
}
