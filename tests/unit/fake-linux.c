// SPDX-License-Identifier: GPL-2.0
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "compiler.h"
#include "fake-btf.h"
#include "fake-linux.h"

#define HIGH_SIZE	(8UL << 20)

/* The image, from _text on. */
#define RODATA		0x200000
#define ORC_IPS		0x201000
#define ORC_ENTRIES	0x208000
#define ORC_HEADER	0x20f000
#define NOTES		0x20f100
#define BTF		0x210000
#define KALLSYMS	0x230000
#define RODATA_END	0x300000
#define DATA		0x400000
#define TOP_PGT		0x402000
#define USER_PGT	0x403000
#define MODULES_LIST	0x404000
#define PERCPU_OFFSET	0x404100
#define NR_CPU_IDS	0x404200
#define JIFFIES		0x404300
#define TICK_NSEC	0x404308
#define PRINTK_POINTER	0x404310
#define TASKS		0x405000
#define SIGNALS		0x406000
#define PERCPU_AREA	0x410000
#define PERCPU_SIZE	0x10000
#define IMAGE_SIZE	0x600000

/* Per-CPU data, from its start. */
#define PERCPU_TASK	0x100
#define PERCPU_IRQ	0x108
#define PERCPU_APICID	0x110
#define PERCPU_ESTACKS	0x118
#define PERCPU_ENTRY	0x120

#define IRQ_STACK_AT	0x440000	/* 16 KiB each */
#define TASK_STACK	0xffffc90000000000ULL
#define STACK_SIZE	0x4000

#define PRESENT		1
#define WRITABLE	2
#define USER		4
#define HUGE		0x80
#define NO_EXECUTE	(1ULL << 63)

static uint64_t image_pa(uint64_t offset)
{
	return FAKE_HIGH_BASE + offset;
}

static uint8_t *at_pa(struct fake_linux *fake, uint64_t pa)
{
	return fake->ram + (pa >= FAKE_HIGH_BASE ? pa - FAKE_HIGH_BASE + FAKE_LOW : pa);
}

static uint8_t *image(struct fake_linux *fake, uint64_t offset)
{
	return at_pa(fake, image_pa(offset));
}

static void region(struct fake_linux *fake, const void *start, size_t len)
{
	if (fake->nr_regions == FAKE_MAX_REGIONS)
		abort();
	fake->regions[fake->nr_regions++] = (struct fake_region){
		(const uint8_t *)start - fake->ram, len,
	};
}

static uint64_t new_page(struct fake_linux *fake)
{
	fake->next_page += GUEST_PAGE_SIZE;
	if (fake->next_page >= FAKE_LOW)
		abort();
	return fake->next_page;
}

/* Map a page of 4 KiB (level 1) or 2 MiB (level 2). */
static void map(struct fake_linux *fake, uint64_t root, uint64_t va, uint64_t pa,
		uint64_t flags, int leaf)
{
	uint64_t table = root;

	for (int level = fake->options & FAKE_LA57 ? 5 : 4; ; level--) {
		uint64_t *entry = (uint64_t *)at_pa(fake, table) +
				  (va >> (12 + 9 * (level - 1)) & 511);

		if (level == leaf) {
			*entry = pa | flags | PRESENT | (leaf == 2 ? HUGE : 0);
			return;
		}
		if (!*entry)
			*entry = new_page(fake) | PRESENT | WRITABLE;
		table = *entry & PAGING_ADDRESS_MASK;
	}
}

void *fake_at(struct fake_linux *fake, uint64_t va)
{
	struct guest_paging *paging = calloc(1, sizeof(*paging));
	struct guest_page page;

	if (!paging)
		abort();
	paging->memory = &fake->memory;
	paging->root = image_pa(TOP_PGT);
	paging->levels = fake->options & FAKE_LA57 ? 5 : 4;
	guest_memory_allow(&fake->memory, 1 << 20, 100);
	if (!guest_paging_walk(paging, va, &page))
		abort();
	free(paging);
	return at_pa(fake, page.address);
}

uint64_t *fake_image_table(struct fake_linux *fake)
{
	uint64_t table = image_pa(TOP_PGT);

	for (int level = fake->options & FAKE_LA57 ? 5 : 4; level > 2; level--) {
		uint64_t *entries = (uint64_t *)at_pa(fake, table);

		table = entries[FAKE_TEXT >> (12 + 9 * (level - 1)) & 511] &
			PAGING_ADDRESS_MASK;
	}
	return (uint64_t *)at_pa(fake, table);
}

static void map_image(struct fake_linux *fake)
{
	uint64_t locked = fake->options & FAKE_EARLY ? WRITABLE : 0;
	uint64_t data = fake->options & FAKE_EARLY ? 0 : NO_EXECUTE;
	uint64_t root = image_pa(TOP_PGT);

	map(fake, root, FAKE_TEXT, image_pa(0), locked, 2);
	for (uint64_t at = RODATA; at < RODATA_END; at += GUEST_PAGE_SIZE)
		map(fake, root, FAKE_TEXT + at, image_pa(at), locked | data, 1);
	map(fake, root, FAKE_TEXT + DATA, image_pa(DATA), WRITABLE | data, 2);
	for (uint64_t at = 0; at < 2 * STACK_SIZE; at += GUEST_PAGE_SIZE)
		map(fake, root, TASK_STACK + at, new_page(fake),
		    WRITABLE | NO_EXECUTE, 1);
	for (uint64_t at = 0; at < 4 * GUEST_PAGE_SIZE; at += GUEST_PAGE_SIZE)
		map(fake, root, FAKE_MODULE + at, new_page(fake), WRITABLE, 1);
	/* what user mode sees of the kernel: a page of entry code */
	map(fake, image_pa(USER_PGT), FAKE_TEXT + 0x200000 * 3, image_pa(0), 0, 2);
}

static void add_symbol(struct fake_linux *fake, uint64_t address, char type,
		       const char *name)
{
	struct fake_symbol *symbol = &fake->symbols[fake->nr_symbols++];

	if (fake->nr_symbols > FAKE_SYMBOLS)
		abort();
	symbol->address = address;
	symbol->type = type;
	snprintf(symbol->name, sizeof(symbol->name), "%s", name);
}

uint64_t fake_address(const struct fake_linux *fake, const char *name)
{
	for (size_t i = 0; i < fake->nr_symbols; i++) {
		if (!strcmp(fake->symbols[i].name, name))
			return fake->symbols[i].address;
	}
	abort();
}

static bool has_hot(const struct fake_linux *fake)
{
	return fake->version == FAKE_6_12;
}

static void add_percpu_symbols(struct fake_linux *fake)
{
	uint64_t base = fake->version >= FAKE_6_15 ? FAKE_TEXT + PERCPU_AREA : 0;

	if (has_hot(fake)) {
		add_symbol(fake, base + PERCPU_TASK, 'A', "pcpu_hot");
	} else {
		add_symbol(fake, base + PERCPU_TASK, 'A', "current_task");
		add_symbol(fake, base + PERCPU_IRQ, 'A', "hardirq_stack_ptr");
	}
	add_symbol(fake, base + PERCPU_APICID, 'A', "x86_cpu_to_apicid");
	add_symbol(fake, base + PERCPU_ESTACKS, 'A', "cea_exception_stacks");
	add_symbol(fake, base + PERCPU_ENTRY, 'A', "cpu_entry_area");
}

static const struct {
	uint64_t offset;
	char type;
	const char *name;
} fixed[] = {
	{ 0, 'T', "_text" }, { 0, 'T', "_stext" },
	{ 0x800, 'T', "ret_from_fork_asm" },
	{ 0x900, 'T', "asm_sysvec" }, { 0xa00, 'T', "call_on_irq_stack" },
	{ 0xb00, 't', "__x86_indirect_thunk_rax" },
	{ 0xc00, 'T', "error_entry" }, { 0xd00, 'T', "asm_sysvec_timer" },
	{ 0x10000, 't', "kthread" }, { 0x10100, 't', "worker" },
	{ 0x10200, 't', "handle_irq" }, { 0x10300, 't', "leaf" },
	{ 0x10400, 'T', "entry_SYSCALL_64" }, { 0x10500, 't', "do_syscall" },
	{ 0x1ff000, 'T', "_etext" },
	{ RODATA, 'R', "linux_banner" },
	{ ORC_IPS, 'R', "__start_orc_unwind_ip" },
	{ ORC_HEADER, 'R', "__start_orc_header" },
	{ ORC_HEADER + 20, 'R', "__stop_orc_header" },
	{ NOTES, 'R', "__start_notes" }, { NOTES + 36, 'R', "__stop_notes" },
	{ DATA, 'D', "init_task" }, { TOP_PGT, 'D', "init_top_pgt" },
	{ MODULES_LIST, 'd', "modules" }, { PERCPU_OFFSET, 'D', "__per_cpu_offset" },
	{ NR_CPU_IDS, 'D', "nr_cpu_ids" },
	{ JIFFIES, 'D', "jiffies_64" }, { TICK_NSEC, 'D', "tick_nsec" },
	{ PRINTK_POINTER, 'd', "prb" }, { IMAGE_SIZE, 'B', "_end" },
};

static int compare(const void *a, const void *b)
{
	const struct fake_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(y->name, x->name);
}

static void add_symbols(struct fake_linux *fake, size_t orcs, size_t btf_len)
{
	char name[48];

	add_percpu_symbols(fake);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		if (fake->version == FAKE_6_1 && strstr(fixed[i].name, "orc_header"))
			continue;
		add_symbol(fake, FAKE_TEXT + fixed[i].offset, fixed[i].type,
			   fixed[i].name);
	}
	add_symbol(fake, FAKE_TEXT + ORC_IPS + 4 * orcs, 'R', "__stop_orc_unwind_ip");
	add_symbol(fake, FAKE_TEXT + ORC_ENTRIES, 'R', "__start_orc_unwind");
	add_symbol(fake, FAKE_TEXT + ORC_ENTRIES + 6 * orcs, 'R', "__stop_orc_unwind");
	add_symbol(fake, FAKE_TEXT + BTF, 'R', "__start_BTF");
	add_symbol(fake, FAKE_TEXT + BTF + btf_len, 'R', "__stop_BTF");
	for (size_t i = 0; fake->nr_symbols < FAKE_SYMBOLS; i++) {
		snprintf(name, sizeof(name), "filler_%zu", i);
		/* two names for some */
		add_symbol(fake, FAKE_TEXT + 0x20000 + i / 3 * 0x40, 't', name);
	}
	qsort(fake->symbols, fake->nr_symbols, sizeof(fake->symbols[0]), compare);
}

/* Tables as scripts/kallsyms.c writes them; a token for "filler_". */
struct kallsyms_writer {
	struct fake_linux *fake;
	uint8_t *start;
	uint8_t *at;
};

static void pad(struct kallsyms_writer *w, size_t to)
{
	w->at = w->start + ((w->at - w->start + to - 1) & ~(to - 1));
}

static void put(struct kallsyms_writer *w, uint64_t value, size_t size)
{
	memcpy(w->at, &value, size);
	w->at += size;
}

static void put_offsets(struct kallsyms_writer *w)
{
	const struct fake_linux *fake = w->fake;
	uint8_t *start = w->at;

	for (size_t i = 0; i < fake->nr_symbols; i++) {
		uint64_t address = fake->symbols[i].address, self;

		self = FAKE_TEXT + (w->at - w->start) + KALLSYMS;
		switch (fake->version) {
		case FAKE_6_1:
		case FAKE_6_12:
			if (address >> 63)
				address = FAKE_TEXT - 1 - address;
			break;
		case FAKE_6_15:
			address -= FAKE_TEXT;
			break;
		default:
			address -= self;
		}
		put(w, address, 4);
	}
	region(w->fake, start, w->at - start);
}

static void put_names(struct kallsyms_writer *w, uint32_t *markers)
{
	uint8_t *start = w->at;

	for (size_t i = 0; i < w->fake->nr_symbols; i++) {
		const struct fake_symbol *symbol = &w->fake->symbols[i];
		const char *name = symbol->name;
		bool filler = !strncmp(name, "filler_", 7);

		if (!(i & 255))
			markers[i >> 8] = w->at - start;
		if (filler)
			name += 7;
		/* a length of two bytes is allowed where one is enough */
		put(w, (1 + filler + strlen(name)) | (i == 600 ? 0x80 : 0), 1);
		if (i == 600)
			put(w, 0, 1);
		put(w, symbol->type, 1);
		if (filler)
			put(w, 1, 1);
		memcpy(w->at, name, strlen(name));
		w->at += strlen(name);
	}
	region(w->fake, start, w->at - start);
}

static void put_tokens(struct kallsyms_writer *w, size_t align)
{
	uint8_t *start = w->at;
	uint16_t index[256];

	for (int i = 0; i < 256; i++) {
		index[i] = w->at - start;
		if (i == 1)
			w->at = (uint8_t *)stpcpy((char *)w->at, "filler_") + 1;
		else if (i > ' ' && i < 127)
			put(w, i, 2);
		else
			put(w, 0, 1);
	}
	pad(w, align);
	memcpy(w->at, index, sizeof(index));
	w->at += sizeof(index);
	region(w->fake, start, w->at - start);
}

static void write_kallsyms(struct fake_linux *fake)
{
	struct kallsyms_writer w = { .fake = fake, .start = image(fake, KALLSYMS) };
	size_t align = fake->version == FAKE_7_0 ? 4 : 8;
	uint32_t markers[(FAKE_SYMBOLS + 255) / 256];

	w.at = w.start + 64;
	if (fake->version == FAKE_6_1) {
		put_offsets(&w);
		pad(&w, 8);
		put(&w, FAKE_TEXT, 8);
	}
	put(&w, fake->nr_symbols, 4);
	pad(&w, align);
	put_names(&w, markers);
	pad(&w, align);
	memcpy(w.at, markers, sizeof(markers));
	w.at += sizeof(markers);
	pad(&w, align);
	if (fake->options & FAKE_SEQUENCES) {
		w.at += 3 * fake->nr_symbols;
		pad(&w, align);
	}
	put_tokens(&w, align);
	pad(&w, align);
	if (fake->version == FAKE_6_1)
		return;
	put_offsets(&w);
	pad(&w, align);
	if (fake->version != FAKE_7_0)
		put(&w, FAKE_TEXT, 8);
}

/* Unwind tables: what each function has, from its first byte on. */
enum { TYPE_CALL, TYPE_REGS, TYPE_END, TYPE_IRET };

static const struct {
	const char *function;
	enum orc_base base;
	int16_t sp_offset;
	int16_t bp_offset;	/* from the stack pointer above, 0: bp is kept */
	int type;
} orcs[] = {
	{ "ret_from_fork_asm", ORC_BASE_UNDEFINED, 0, 0, TYPE_END },
	{ "asm_sysvec", ORC_BASE_SP, 0, 0, TYPE_REGS },
	{ "call_on_irq_stack", ORC_BASE_SP_INDIRECT, 8, 0, TYPE_CALL },
	{ "error_entry", ORC_BASE_SP, 8, 0, TYPE_CALL },
	{ "asm_sysvec_timer", ORC_BASE_SP, 0, 0, TYPE_IRET },
	{ "kthread", ORC_BASE_SP, 24, 0, TYPE_CALL },
	{ "worker", ORC_BASE_BP, 16, -16, TYPE_CALL },
	{ "handle_irq", ORC_BASE_SP, 32, 0, TYPE_CALL },
	{ "leaf", ORC_BASE_SP, 8, 0, TYPE_CALL },
	{ "entry_SYSCALL_64", ORC_BASE_SP, 0, 0, TYPE_REGS },
	{ "do_syscall", ORC_BASE_SP, 24, 0, TYPE_CALL },
};

static unsigned int base_number(const struct fake_linux *fake, enum orc_base base)
{
	bool seven = fake->version == FAKE_7_0;

	switch (base) {
	case ORC_BASE_SP:
		return seven ? 3 : 5;
	case ORC_BASE_BP:
		return 4;
	case ORC_BASE_SP_INDIRECT:
		return 9;
	case ORC_BASE_PREV_SP:
		return seven ? 8 : 1;
	default:
		return 0;
	}
}

static uint16_t orc_bits(const struct fake_linux *fake, size_t i)
{
	static const uint16_t old[] = { 0, 1 << 8, 1 << 10, 2 << 8 };
	static const uint16_t new[] = { 2 << 8, 3 << 8 | 1 << 11, 1 << 8,
					  4 << 8 | 1 << 11 };
	uint16_t bits = fake->version == FAKE_6_1 ? old[orcs[i].type] :
						    new[orcs[i].type];

	bits |= base_number(fake, orcs[i].base);
	if (orcs[i].bp_offset)
		bits |= base_number(fake, ORC_BASE_PREV_SP) << 4;
	return bits;
}

static void write_orc(struct fake_linux *fake)
{
	static const uint8_t hashes[][20] = {
		"\xfe\x5d\x32\xbf\x58\x1b\xd6\x3b\x2c\xa9\xa5\xc6\x5b\xa5\xa6\x25\xea\xb3\xfe\x24",
		"\x13\x7c\x36\xad\x76\x27\xc4\xdd\x55\x93\x21\x76\xbb\x0e\xcd\xbd\x50\x41\xfc\x82",
	};
	int32_t *ips = (int32_t *)image(fake, ORC_IPS);
	uint8_t *entry = image(fake, ORC_ENTRIES);

	for (size_t i = 0; i < ARRAY_SIZE(orcs); i++, entry += 6) {
		uint16_t bits = orc_bits(fake, i);

		ips[i] = fake_address(fake, orcs[i].function) -
			 (FAKE_TEXT + ORC_IPS + 4 * i);
		memcpy(entry, &orcs[i].sp_offset, 2);
		memcpy(entry + 2, &orcs[i].bp_offset, 2);
		memcpy(entry + 4, &bits, 2);
	}
	memcpy(image(fake, ORC_HEADER), hashes[fake->version == FAKE_7_0], 20);
	region(fake, ips, 4 * ARRAY_SIZE(orcs));
	region(fake, image(fake, ORC_ENTRIES), 6 * ARRAY_SIZE(orcs));
}

static void put64(struct fake_linux *fake, uint64_t va, uint64_t value)
{
	memcpy(fake_at(fake, va), &value, sizeof(value));
}

static void put32(struct fake_linux *fake, uint64_t va, uint32_t value)
{
	memcpy(fake_at(fake, va), &value, sizeof(value));
}

static void write_task(struct fake_linux *fake, uint64_t task, int pid,
		       const char *comm, uint64_t stack, uint64_t next)
{
	uint64_t signal = FAKE_TEXT + SIGNALS + 64 * pid;

	put64(fake, task + FAKE_TASK_STACK, stack);
	put32(fake, task + FAKE_TASK_PID, pid);
	put32(fake, task + FAKE_TASK_TGID, pid);
	strncpy(fake_at(fake, task + FAKE_TASK_COMM), comm, 16);
	put64(fake, task + FAKE_TASK_TASKS, next + FAKE_TASK_TASKS);
	put64(fake, task + FAKE_TASK_SIGNAL, signal);
	put64(fake, signal + FAKE_SIGNAL_THREADS, task + FAKE_TASK_NODE);
	put64(fake, task + FAKE_TASK_NODE, signal + FAKE_SIGNAL_THREADS);
}

/* Two CPUs, with APIC ids 0 and 2, and what runs on them. */
static void write_tasks(struct fake_linux *fake)
{
	uint64_t tasks = FAKE_TEXT + TASKS, init = FAKE_TEXT + DATA;
	uint64_t symbols = fake->version >= FAKE_6_15 ? PERCPU_AREA : 0;

	write_task(fake, init, 0, "swapper/0", 0, tasks);
	write_task(fake, tasks, 7, "kworker/\033[0:1", TASK_STACK, tasks + 0x200);
	write_task(fake, tasks + 0x200, 12, "mysqld", TASK_STACK + STACK_SIZE, init);
	put32(fake, FAKE_TEXT + NR_CPU_IDS, 2);
	/* 250 Hz, up for 100 s */
	put64(fake, FAKE_TEXT + JIFFIES, (uint32_t)(-300 * 250) + 100ULL * 250);
	put64(fake, FAKE_TEXT + TICK_NSEC, 4000000);
	for (int cpu = 0; cpu < 2; cpu++) {
		uint64_t percpu = FAKE_TEXT + PERCPU_AREA + PERCPU_SIZE * cpu;

		put64(fake, FAKE_TEXT + PERCPU_OFFSET + 8 * cpu,
		      percpu - (symbols ? FAKE_TEXT + symbols : 0));
		put64(fake, percpu + PERCPU_TASK, tasks + 0x200 * cpu);
		put64(fake, percpu + PERCPU_IRQ,
		      FAKE_TEXT + IRQ_STACK_AT + STACK_SIZE * (cpu + 1) - 8);
		put32(fake, percpu + PERCPU_APICID, 2 * cpu);
	}
	region(fake, fake_at(fake, tasks), 0x400);
	region(fake, fake_at(fake, FAKE_TEXT + PERCPU_OFFSET), 0x200);
	region(fake, fake_at(fake, FAKE_TEXT + PERCPU_AREA + PERCPU_TASK), 0x40);
}

/*
 * CPU 0: kthread calls worker, which is interrupted; the interrupt is handled on
 * another stack.
 */
static void write_stack(struct fake_linux *fake)
{
	uint64_t *r = fake->registers[0].r, top = TASK_STACK + STACK_SIZE;
	uint64_t irq_top = FAKE_TEXT + IRQ_STACK_AT + STACK_SIZE - 8;
	uint64_t regs = top - 0x200, sp = irq_top;

	put64(fake, top - 8, fake_address(fake, "ret_from_fork_asm"));
	put64(fake, top - 32, fake_address(fake, "kthread") + 0x20);
	put64(fake, top - 40, 0x1234);
	/* struct pt_regs of worker */
	put64(fake, regs + 8 * PT_REG_BP, top - 40);
	put64(fake, regs + 8 * PT_REG_IP, fake_address(fake, "worker"));
	put64(fake, regs + 8 * PT_REG_CS, 0x10);
	put64(fake, regs + 8 * PT_REG_SP, top - 64);
	put64(fake, regs - 8, fake_address(fake, "asm_sysvec") + 0x1a);
	/* on the other stack */
	put64(fake, sp, regs - 8);
	put64(fake, sp - 8, fake_address(fake, "call_on_irq_stack") + 0x11);
	put64(fake, sp - 40, fake_address(fake, "handle_irq") + 0x33);
	r[PT_REG_SP] = sp - 40;
	r[PT_REG_IP] = fake_address(fake, "leaf");
	/* kthread itself, by what the processor has put aside */
	fake->entry_sp = irq_top - 0x80;
	put64(fake, fake->entry_sp, fake_address(fake, "asm_sysvec_timer") + 5);
	put64(fake, fake->entry_sp + 8, fake_address(fake, "kthread") + 0x20);
	put64(fake, fake->entry_sp + 16, 0x10);
	put64(fake, fake->entry_sp + 32, top - 24);
	region(fake, fake_at(fake, top - 0x200), 0x200);
	region(fake, fake_at(fake, irq_top - 0x100), 0x108);
}

/* mysqld sleeps in a system call. */
static void write_sleeper(struct fake_linux *fake)
{
	uint64_t top = TASK_STACK + 2 * STACK_SIZE, regs = top - 168;
	uint64_t sp = regs - 80;

	put64(fake, regs + 8 * PT_REG_IP, 0x7f0012345678);
	put64(fake, regs + 8 * PT_REG_CS, 0x33);
	put64(fake, regs - 8, fake_address(fake, "entry_SYSCALL_64") + 0x44);
	put64(fake, sp + 48, fake_address(fake, "do_syscall") + 0x55);
	put64(fake, FAKE_TEXT + TASKS + 0x200 + FAKE_TASK_SP, sp);
	region(fake, fake_at(fake, top - 0x100), 0x100);
}

static void write_module(struct fake_linux *fake)
{
	static const char strings[] = "\0demo_init\0demo_run\0bad\033name";
	uint64_t module = FAKE_MODULE + 0x1000, kallsyms = module + 0x300;
	const Elf64_Sym symtab[] = {
		{ 0 },
		{ .st_name = 1, .st_shndx = 1, .st_value = FAKE_MODULE + 0x10 },
		{ .st_name = 11, .st_shndx = 1, .st_value = FAKE_MODULE + 0x100 },
		{ .st_name = 20, .st_shndx = 1, .st_value = FAKE_MODULE + 0x200 },
	};
	uint64_t range = fake->version == FAKE_6_1 ? FAKE_MODULE_CORE : FAKE_MODULE_MEM;

	put64(fake, FAKE_TEXT + MODULES_LIST, module + FAKE_MODULE_LIST);
	put64(fake, module + FAKE_MODULE_LIST, FAKE_TEXT + MODULES_LIST);
	strcpy(fake_at(fake, module + FAKE_MODULE_NAME), "demo");
	put64(fake, module + range, FAKE_MODULE);
	put32(fake, module + range + 8, 0x1000);
	put32(fake, module + range + 12, 0x800);
	put64(fake, module + FAKE_MODULE_KALLSYMS, kallsyms);
	put64(fake, kallsyms, FAKE_MODULE + 0x2000);
	put32(fake, kallsyms + 8, ARRAY_SIZE(symtab));
	put64(fake, kallsyms + 16, FAKE_MODULE + 0x3000);
	put64(fake, kallsyms + 24, FAKE_MODULE + 0x3800);
	memcpy(fake_at(fake, FAKE_MODULE + 0x2000), symtab, sizeof(symtab));
	memcpy(fake_at(fake, FAKE_MODULE + 0x3000), strings, sizeof(strings));
	memcpy(fake_at(fake, FAKE_MODULE + 0x3800), "?ttt", 4);
	region(fake, fake_at(fake, module), 0x400);
	region(fake, fake_at(fake, FAKE_MODULE + 0x2000), sizeof(symtab));
	region(fake, fake_at(fake, FAKE_TEXT + MODULES_LIST), 16);
}

static void write_notes(struct fake_linux *fake)
{
	Elf64_Nhdr note = { .n_namesz = 4, .n_descsz = 20,
			    .n_type = NT_GNU_BUILD_ID };
	uint8_t *at = image(fake, NOTES);

	memcpy(at, &note, sizeof(note));
	memcpy(at + sizeof(note), "GNU", 4);
	memset(at + sizeof(note) + 4, 0xab, 20);
}

static void set_registers(struct fake_linux *fake)
{
	for (int i = 0; i < 2; i++) {
		fake->registers[i].cr0 = PAGING_CR0_PG | 1;
		fake->registers[i].cr3 = image_pa(TOP_PGT) | 5;
		fake->registers[i].cr4 = fake->options & FAKE_LA57 ?
					 PAGING_CR4_LA57 : 0;
	}
	fake->registers[1].r[PT_REG_IP] = 0x401000;
}

void fake_linux_make(struct fake_linux *fake, enum fake_version version,
		     unsigned int options)
{
	static const char * const releases[] = { "6.1.0", "6.12.1", "6.15.0", "7.2.0" };
	size_t btf_len;

	/* the process that reads it is a child, which Yama forbids to others than root */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	memset(fake, 0, sizeof(*fake));
	fake->version = version;
	fake->options = options;
	fake->size = FAKE_LOW + HIGH_SIZE;
	fake->ram = calloc(1, fake->size);
	if (!fake->ram)
		abort();
	fake->bytes = (struct guest_bytes){ fake->ram, fake->size };
	fake->slots[0] = (struct guest_slot){ 0, FAKE_LOW, 0 };
	fake->slots[1] = (struct guest_slot){ FAKE_HIGH_BASE, HIGH_SIZE, FAKE_LOW };
	fake->memory = (struct guest_memory){
		.slots = fake->slots, .nr_slots = 2,
		.read = guest_memory_read_bytes, .context = &fake->bytes,
	};
	map_image(fake);
	btf_len = fake_btf_write(image(fake, BTF), version == FAKE_6_1,
				 has_hot(fake), version == FAKE_7_0);
	region(fake, image(fake, BTF), btf_len);
	add_symbols(fake, ARRAY_SIZE(orcs), btf_len);
	snprintf((char *)image(fake, RODATA), 100,
		 "Linux version %s (fake) #1 SMP\n", releases[version]);
	write_kallsyms(fake);
	write_orc(fake);
	write_notes(fake);
	set_registers(fake);
	write_tasks(fake);
	write_stack(fake);
	write_sleeper(fake);
	write_module(fake);
	put64(fake, FAKE_TEXT + PRINTK_POINTER, FAKE_PRINTK);
	fake_printk_make(fake);
	region(fake, fake_at(fake, FAKE_PRINTK), 0x100);
	region(fake, image(fake, TOP_PGT), 0x1000);
	region(fake, fake->ram, fake->next_page);
	if (options & FAKE_KPTI)
		fake->registers[1].cr3 = image_pa(USER_PGT) | 5;
}

void fake_slots(const struct fake_linux *fake, struct guest_memory *memory)
{
	memory->nr_slots = 0;
	memory->slots = calloc(ARRAY_SIZE(fake->slots), sizeof(*memory->slots));
	if (!memory->slots)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(fake->slots) && fake->slots[i].size; i++) {
		memory->slots[i] = fake->slots[i];
		memory->slots[i].where += (uintptr_t)fake->ram;
		memory->nr_slots++;
	}
}

void fake_linux_free(struct fake_linux *fake)
{
	free(fake->ram);
	fake->ram = NULL;
}
