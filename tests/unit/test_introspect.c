// SPDX-License-Identifier: GPL-2.0
/*
 * Names and stacks out of the memory of a fake guest (fake-linux.h).
 */
#include "unit.h"

#include "fake-linux.h"
#include "introspect/named.h"
#include "support.h"

static struct fake_linux fake;

static struct guest_kernel *open_fake(enum fake_version version,
				      unsigned int options, int vcpu)
{
	struct guest_kernel *kernel;

	fake_linux_make(&fake, version, options);
	assert_true(guest_memory_sort(&fake.memory));
	assert_int_equal(guest_kernel_open(&kernel, &fake.memory,
					   &fake.registers[vcpu]), KERNEL_OK);
	return kernel;
}

static void close_fake(struct guest_kernel *kernel)
{
	guest_kernel_close(kernel);
	fake_linux_free(&fake);
}

/* Everything of the fake is there, and nothing else. */
static void check_symbols(const struct guest_kernel *kernel)
{
	assert_int_equal(kernel->symbols.nr, fake.nr_symbols);
	for (size_t i = 0; i < fake.nr_symbols; i++) {
		const struct guest_symbol *symbol = &kernel->symbols.symbols[i];

		assert_string_equal(kernel->symbols.names + symbol->name,
				    fake.symbols[i].name);
		assert_true(symbol->address == fake.symbols[i].address);
		assert_int_equal(symbol->type, fake.symbols[i].type);
	}
}

static void all_layouts(void **state)
{
	static const unsigned int options[] = {
		0, FAKE_LA57, FAKE_KPTI, FAKE_LA57 | FAKE_KPTI, FAKE_EARLY,
		FAKE_SEQUENCES,
	};

	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
			struct guest_kernel *kernel;

			kernel = open_fake(version, options[i], 1);
			check_symbols(kernel);
			assert_true(kernel->image.text == FAKE_TEXT);
			assert_true(kernel->has_layout);
			assert_true(kernel->has_build_id);
			assert_int_equal(kernel->build_id[7], 0xab);
			assert_int_equal(strncmp(kernel->banner, "Linux version ", 14), 0);
			close_fake(kernel);
		}
	}
}

static void place_is(const struct guest_kernel *kernel, uint64_t address,
		     const char *name, uint64_t offset, uint64_t size,
		     const char *module)
{
	struct guest_place place;

	assert_true(guest_kernel_find(kernel, address, &place));
	assert_string_equal(place.name.name, name);
	assert_int_equal(place.name.offset, offset);
	assert_int_equal(place.name.size, size);
	if (module)
		assert_string_equal(place.module, module);
	else
		assert_null(place.module);
}

static void addresses(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_1, 0, 0);
	uint64_t worker = fake_address(&fake, "worker");
	struct guest_place place;

	(void)state;
	place_is(kernel, worker, "worker", 0, 0x100, NULL);
	place_is(kernel, worker + 0xff, "worker", 0xff, 0x100, NULL);
	/* of several names the first, as the kernel prints it */
	assert_true(fake_address(&fake, "_text") == fake_address(&fake, "_stext"));
	place_is(kernel, FAKE_TEXT, "_text", 0, 0x800, NULL);
	assert_false(guest_kernel_find(kernel, FAKE_TEXT - 1, &place));
	assert_false(guest_kernel_find(kernel, fake_address(&fake, "_end"), &place));
	assert_false(guest_kernel_find(kernel, 0, &place));
	assert_false(guest_kernel_find(kernel, UINT64_MAX, &place));
	close_fake(kernel);
}

static void modules(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		struct guest_kernel *kernel = open_fake(version, 0, 0);
		uint64_t end = version == FAKE_6_1 ? 0x800 : 0x1000;
		struct guest_place place;

		assert_int_equal(kernel->nr_modules, 1);
		assert_string_equal(kernel->modules[0].name, "demo");
		assert_int_equal(kernel->modules[0].symbols.nr, 3);
		place_is(kernel, FAKE_MODULE + 0x110, "demo_run", 0x10, 0x100,
			 "demo");
		/* to the end of the code, where that is known */
		place_is(kernel, FAKE_MODULE + 0x200, "bad?name", 0, end - 0x200,
			 "demo");
		assert_false(guest_kernel_find(kernel, FAKE_MODULE + 0x1000, &place));
		close_fake(kernel);
	}
}

static void module_goes(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_7_0, 0, 0);
	uint64_t list = fake_address(&fake, "modules"), entry;

	(void)state;
	assert_true(guest_kernel_refresh(kernel));
	assert_int_equal(kernel->nr_modules, 1);
	assert_int_equal(kernel->modules[0].symbols.nr, 3);
	memcpy(&entry, fake_at(&fake, list), 8);
	memcpy(fake_at(&fake, list), &list, 8);
	assert_true(guest_kernel_refresh(kernel));
	assert_int_equal(kernel->nr_modules, 0);
	memcpy(fake_at(&fake, list), &entry, 8);
	assert_true(guest_kernel_refresh(kernel));
	assert_int_equal(kernel->nr_modules, 1);
	close_fake(kernel);
}

/* A list that leads in a circle without its head ends, too. */
static void module_circle(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_12, 0, 0);
	uint64_t list = fake_address(&fake, "modules"), entry;

	(void)state;
	memcpy(&entry, fake_at(&fake, list), 8);
	memcpy(fake_at(&fake, entry), &entry, 8);
	assert_true(guest_kernel_refresh(kernel));
	assert_int_equal(kernel->nr_modules, 1024);
	close_fake(kernel);
}

static void tasks(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		struct guest_kernel *kernel = open_fake(version, FAKE_KPTI, 1);
		const struct guest_cpu *cpu = guest_kernel_cpu(kernel, 2);
		struct guest_task task;

		assert_int_equal(kernel->nr_cpus, 2);
		assert_non_null(cpu);
		assert_null(guest_kernel_cpu(kernel, 1));
		assert_true(guest_task_current(kernel, cpu, &task));
		assert_string_equal(task.comm, "mysqld");
		assert_int_equal(task.pid, 12);
		assert_int_equal(task.tid, 12);
		assert_true(guest_task_current(kernel, guest_kernel_cpu(kernel, 0),
					       &task));
		assert_string_equal(task.comm, "kworker/?[0:1");
		close_fake(kernel);
	}
}

static bool count(void *arg, const struct guest_task *task)
{
	size_t *n = arg;

	assert_int_equal(task->pid, *n ? 12 : 7);
	(*n)++;
	return true;
}

static void all_tasks(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_7_0, 0, 0);
	size_t n = 0;

	(void)state;
	assert_true(guest_task_each(kernel, 100, count, &n));
	assert_int_equal(n, 2);
	n = 0;
	assert_false(guest_task_each(kernel, 1, count, &n));
	assert_int_equal(n, 1);
	close_fake(kernel);
}

static bool count_any(void *arg, const struct guest_task *task)
{
	(void)task;
	(*(size_t *)arg)++;
	return true;
}

/* Frames, their stacks and the end as one string. */
static const char *stack_text(struct guest_kernel *kernel,
			      const struct guest_stack *stack)
{
	static char text[4096];
	char *at = text;

	for (size_t i = 0; i < stack->nr; i++) {
		const struct guest_frame *frame = &stack->frames[i];
		const char *type = guest_stack_name(frame->stack);
		struct guest_place place;

		if (frame->cs & 3) {
			at += sprintf(at, "user:%llx ", (long long)frame->ip);
			continue;
		}
		assert_true(guest_frame_find(kernel, frame, &place));
		at += sprintf(at, "%s%s%s:%s+%llx ", frame->interrupted ? "!" : "",
			      frame->guessed ? "?" : "", type ? type : "-",
			      place.name.name, (long long)place.name.offset);
	}
	sprintf(at, "%s", guest_stack_end_word(stack->end));
	return text;
}

static const char *cpu_stack(struct guest_kernel *kernel, int vcpu)
{
	const struct guest_cpu *cpu = guest_kernel_cpu(kernel, 2 * vcpu);
	static struct guest_stack stack;
	struct guest_task task;

	assert_non_null(cpu);
	assert_true(guest_task_current(kernel, cpu, &task));
	guest_stack_of_cpu(kernel, cpu, &task, &fake.registers[vcpu], NULL,
			   &stack);
	return stack_text(kernel, &stack);
}

#define ABOVE_LEAF "IRQ:handle_irq+33 IRQ:call_on_irq_stack+11 TASK:asm_sysvec+1a !TASK:worker+0 TASK:kthread+20 TASK:ret_from_fork_asm+0 entry"
#define INTERRUPTED "IRQ:leaf+0 " ABOVE_LEAF

static void stacks(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		struct guest_kernel *kernel = open_fake(version, 0, 0);

		assert_string_equal(cpu_stack(kernel, 0), INTERRUPTED);
		close_fake(kernel);
	}
}

/* What an interrupt has put aside are the registers of what it found. */
static void registers_aside(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_12, 0, 0);
	const struct guest_cpu *cpu = guest_kernel_cpu(kernel, 0);
	static struct guest_stack stack;
	static struct named_stack named;
	struct guest_task task;

	(void)state;
	assert_true(guest_task_current(kernel, cpu, &task));
	guest_stack_of_cpu(kernel, cpu, &task, &fake.registers[0], NULL,
			   &stack);
	named_stack_make(kernel, &stack, &named);
	assert_true(named.has_aside);
	assert_string_equal(named.frames[named.aside_frame].place.name, "worker");
	assert_true(named.aside[PT_REG_IP] == fake_address(&fake, "worker"));
	assert_true(named.aside[PT_REG_BP] == named.aside[PT_REG_SP] + 24);
	assert_true(named_stack_check(&named, named_stack_len(&named)));
	named.aside_frame = named.nr;
	assert_false(named_stack_check(&named, named_stack_len(&named)));

	/* none in user mode, nor of a kernel that was not interrupted */
	guest_stack_of_cpu(kernel, cpu, &task, &fake.registers[1], NULL,
			   &stack);
	assert_false(stack.has_aside);
	fake.registers[0].r[PT_REG_IP] = fake_address(&fake, "kthread") + 4;
	fake.registers[0].r[PT_REG_SP] = 0xffffc90000003fe8;
	guest_stack_of_cpu(kernel, cpu, &task, &fake.registers[0], NULL,
			   &stack);
	assert_false(stack.has_aside);
	close_fake(kernel);
}

/* A vCPU that runs on changes its stack after it was copied. */
static void copied_stack(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_12, 0, 0);
	struct guest_registers *registers = &fake.registers[0];
	static struct guest_stack_copy copy;
	static struct guest_stack stack;
	uint8_t *page;

	(void)state;
	registers->r[PT_REG_IP] = fake_address(&fake, "kthread") + 4;
	registers->r[PT_REG_SP] = 0xffffc90000003fe8;
	guest_stack_copy(kernel, registers, &copy);
	assert_int_equal(copy.nr, 1);
	page = fake_at(&fake, 0xffffc90000003000);
	memset(page, 0, GUEST_PAGE_SIZE);
	guest_stack_of_cpu(kernel, NULL, NULL, registers, &copy, &stack);
	assert_string_equal(stack_text(kernel, &stack),
			    "-:kthread+4 -:ret_from_fork_asm+0 entry");
	guest_stack_of_cpu(kernel, NULL, NULL, registers, NULL, &stack);
	assert_false(guest_stack_complete(&stack));
	/* another page is there by now */
	copy.pages[0].pa += GUEST_PAGE_SIZE;
	guest_stack_of_cpu(kernel, NULL, NULL, registers, &copy, &stack);
	assert_false(guest_stack_complete(&stack));
	/* all of a stack, and no more */
	registers->r[PT_REG_SP] = 0xffffc90000000008;
	guest_stack_copy(kernel, registers, &copy);
	assert_int_equal(copy.nr, 4);
	registers->r[PT_REG_SP] = 0x7fff00000000;
	guest_stack_copy(kernel, registers, &copy);
	assert_int_equal(copy.nr, 0);
	close_fake(kernel);
}

/* What the module has copied is right, whatever is in the guest's memory by then. */
static void stack_of_moment(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_12, 0, 0);
	struct guest_registers *registers = &fake.registers[0];
	static struct vcpu_info_host_stack moment;
	static struct guest_stack_copy copy;
	static struct guest_stack stack;
	const struct guest_cpu *cpu;
	struct guest_task task;
	uint8_t *page;

	(void)state;
	cpu = guest_kernel_cpu(kernel, 0);
	assert_true(guest_task_current(kernel, cpu, &task));
	registers->r[PT_REG_IP] = fake_address(&fake, "kthread") + 4;
	registers->r[PT_REG_SP] = 0xffffc90000003fe8;
	page = fake_at(&fake, 0xffffc90000003000);
	moment.address = registers->r[PT_REG_SP];
	moment.len = 0x18;
	memcpy(moment.data, page + 0xfe8, moment.len);
	memset(page, 0, GUEST_PAGE_SIZE);
	copy.moment = &moment;
	guest_stack_copy(kernel, registers, &copy);
	assert_int_equal(copy.nr, 0);
	guest_stack_of_cpu(kernel, cpu, &task, registers, &copy, &stack);
	assert_string_equal(stack_text(kernel, &stack),
			    "TASK:kthread+4 TASK:ret_from_fork_asm+0 entry");
	assert_true(stack.of_moment);
	/* the task may be another one by now: nobody knows whose stack it was */
	guest_stack_of_cpu(kernel, NULL, NULL, registers, &copy, &stack);
	assert_true(guest_stack_complete(&stack));
	assert_false(stack.of_moment);
	/* what was not copied is read, and is younger */
	moment.len = 8;
	guest_stack_of_cpu(kernel, cpu, &task, registers, &copy, &stack);
	assert_false(stack.of_moment);
	copy.moment = NULL;
	close_fake(kernel);
}

static void stack_without_task(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_12, 0, 0);
	struct guest_stack stack;

	(void)state;
	/* the stacks are told from each other by their alignment alone */
	fake.registers[0].r[PT_REG_IP] = fake_address(&fake, "kthread") + 4;
	fake.registers[0].r[PT_REG_SP] = 0xffffc90000003fe8;
	guest_stack_of_cpu(kernel, NULL, NULL, &fake.registers[0], NULL,
			   &stack);
	assert_string_equal(stack_text(kernel, &stack),
			    "-:kthread+4 -:ret_from_fork_asm+0 entry");
	close_fake(kernel);
}

static void user_mode(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_7_0, 0, 1);
	struct guest_stack stack;

	(void)state;
	guest_stack_of_cpu(kernel, NULL, NULL, &fake.registers[1], NULL,
			   &stack);
	assert_int_equal(stack.nr, 1);
	assert_true(guest_stack_complete(&stack));
	assert_int_equal(stack.end, END_LEAF_USER);
	close_fake(kernel);
}

static void sleeper(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		struct guest_kernel *kernel = open_fake(version, 0, 0);
		struct guest_task task = { 0 };
		struct guest_stack stack;

		task.stack = 0xffffc90000004000;
		assert_true(guest_kernel_field(kernel,
					       fake_address(&fake, "init_task") + 0x5200,
					       TASK_SP, &task.sp));
		guest_stack_of_task(kernel, &task, &stack);
		assert_string_equal(stack_text(kernel, &stack),
				    "TASK:do_syscall+55 TASK:entry_SYSCALL_64+44 user:7f0012345678 user");
		close_fake(kernel);
	}
}

/* Inside of a retpoline the tables are of no use. */
static void thunk(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_1, 0, 0);
	uint64_t in_thunk = fake_address(&fake, "__x86_indirect_thunk_rax") + 5;
	uint64_t back = fake_address(&fake, "handle_irq") + 0x33;
	uint64_t sp = fake.registers[0].r[PT_REG_SP];
	uint8_t call[5] = { 0xe8 };

	(void)state;
	memcpy(fake_at(&fake, back - 5), call, 5);
	memcpy(fake_at(&fake, in_thunk - 5), call, 5);
	fake.registers[0].r[PT_REG_IP] = in_thunk;
	/* it was called: the caller's address is there */
	assert_string_equal(cpu_stack(kernel, 0),
			    "IRQ:__x86_indirect_thunk_rax+5 " ABOVE_LEAF);
	/* it has called itself: that is above its own */
	memcpy(fake_at(&fake, sp - 8), &in_thunk, 8);
	fake.registers[0].r[PT_REG_SP] = sp - 8;
	assert_non_null(strstr(cpu_stack(kernel, 0), "thunk_rax+5 IRQ:handle_irq+33"));
	/* it has put the target there */
	back = fake_address(&fake, "leaf");
	memcpy(fake_at(&fake, sp - 8), &back, 8);
	assert_non_null(strstr(cpu_stack(kernel, 0), "thunk_rax+5 IRQ:handle_irq+33"));
	close_fake(kernel);
}

/* What a guest can do to its stack, and what is said of it. */
static void torn(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_7_0, 0, 0);
	uint64_t *r = fake.registers[0].r, sp = r[PT_REG_SP], value;
	uint64_t *saved = fake_at(&fake, sp);

	(void)state;
	value = *saved;
	*saved = 0x1122334455667788;
	assert_non_null(strstr(cpu_stack(kernel, 0), " not-code"));
	/* a function that the tables say nothing of */
	*saved = fake_address(&fake, "__x86_indirect_thunk_rax") + 3;
	assert_non_null(strstr(cpu_stack(kernel, 0), " unreadable"));
	/* the kernel's own unwinder: data is no code */
	*saved = fake_address(&fake, "init_task");
	assert_non_null(strstr(cpu_stack(kernel, 0), " not-code"));
	*saved = value;
	/* the interrupted stack is this one again */
	saved = fake_at(&fake, sp + 40);
	*saved = sp - 16;
	memcpy(fake_at(&fake, sp - 16), &value, 8);
	assert_non_null(strstr(cpu_stack(kernel, 0), " loop"));
	/* nowhere */
	r[PT_REG_SP] = 0xffff800012345678;
	assert_string_equal(cpu_stack(kernel, 0), "-:leaf+0 unreadable");
	r[PT_REG_SP] = 0;
	assert_string_equal(cpu_stack(kernel, 0), "-:leaf+0 unreadable");
	close_fake(kernel);
}

static void no_orc(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_12, 0, 0);
	uint8_t *hash = fake_at(&fake, fake_address(&fake, "__start_orc_header"));

	(void)state;
	hash[3] ^= 1;
	assert_string_equal(cpu_stack(kernel, 0), "IRQ:leaf+0 no-tables");
	close_fake(kernel);
}

static enum guest_kernel_error error_of(const struct guest_registers *registers)
{
	struct guest_kernel *kernel;
	enum guest_kernel_error error;

	error = guest_kernel_open(&kernel, &fake.memory, registers);
	if (error)
		assert_null(kernel);
	guest_kernel_close(kernel);
	return error;
}

static void not_linux(void **state)
{
	struct guest_registers registers;
	uint8_t *banner;

	(void)state;
	fake_linux_make(&fake, FAKE_6_12, 0);
	registers = fake.registers[0];
	registers.cr0 = 1;
	assert_int_equal(error_of(&registers), KERNEL_NO_PAGING);
	registers = fake.registers[0];
	registers.cr3 = 0x900000000;
	assert_int_equal(error_of(&registers), KERNEL_NO_MEMORY_READ);
	registers.cr3 = 0;
	assert_int_equal(error_of(&registers), KERNEL_NO_IMAGE);
	/* symbols that do not add up are none */
	banner = fake_at(&fake, fake_address(&fake, "linux_banner"));
	memset(banner + 0x30000, 0, 0x10000);
	assert_int_equal(error_of(&fake.registers[0]), KERNEL_NO_SYMBOLS);
	for (int i = 0; i <= KERNEL_OUT_OF_MEMORY; i++)
		assert_non_null(guest_kernel_strerror(i));
	fake_linux_free(&fake);
}

/* One byte of the names' lengths, and the markers no longer agree. */
static void damaged_names(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		fake_linux_make(&fake, version, 0);
		fake.ram[fake.regions[version == FAKE_6_1 ? 2 : 1].offset] ^= 1;
		assert_int_equal(error_of(&fake.registers[0]), KERNEL_NO_SYMBOLS);
		fake_linux_free(&fake);
	}
}

/* A kernel that is elsewhere than its symbols say is none. */
static void wrong_base(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		uint32_t *offsets;

		fake_linux_make(&fake, version, 0);
		offsets = (uint32_t *)(fake.ram +
			  fake.regions[version == FAKE_6_1 ? 1 : 3].offset);
		for (size_t i = 0; i < fake.nr_symbols; i++)
			offsets[i] += 0x1000;
		assert_int_equal(error_of(&fake.registers[0]), KERNEL_NO_SYMBOLS);
		fake_linux_free(&fake);
	}
}

/*
 * Page tables that show some pages all over the GiB of the image: it is read as
 * far as the limits allow, and no further.
 */
static void alias_storm(void **state)
{
	struct guest_kernel *kernel;
	uint64_t *table, rodata;

	(void)state;
	for (int huge = 0; huge < 2; huge++) {
		fake_linux_make(&fake, FAKE_6_12, 0);
		table = fake_image_table(&fake);
		rodata = table[(FAKE_TEXT >> 21 & 511) + 1];
		for (int i = 0; i < 512; i++)
			table[i] = huge ? FAKE_HIGH_BASE | 0x8000000000000081 : rodata;
		/* what looks like a table of tokens, everywhere */
		for (size_t i = 0; i + 4096 < 2UL << 20; i += 4096)
			memcpy(fake.ram + FAKE_LOW + i,
			       "0\0001\0002\0003\0004\0005\0006\0007\0008\0009", 20);
		assert_int_equal(guest_kernel_open(&kernel, &fake.memory,
						   &fake.registers[0]),
				 KERNEL_NO_SYMBOLS);
		fake_linux_free(&fake);
	}
}

/* Tasks that lead to each other and never back to the first. */
static void task_circle(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_12, 0, 0);
	uint64_t list = fake_address(&fake, "init_task") + 0x5000 + 96;
	size_t n = 0;

	(void)state;
	memcpy(fake_at(&fake, list), &list, 8);
	guest_memory_allow(kernel->memory, 1 << 20, 1 << 20);
	assert_false(guest_task_each(kernel, 1000, count_any, &n));
	assert_int_equal(n, 1000);
	close_fake(kernel);
}

static void reboot(void **state)
{
	struct guest_kernel *kernel = open_fake(FAKE_6_1, 0, 0);
	char *banner = fake_at(&fake, fake_address(&fake, "linux_banner"));

	(void)state;
	assert_true(guest_kernel_refresh(kernel));
	banner[20] ^= 1;
	assert_false(guest_kernel_refresh(kernel));
	close_fake(kernel);
}

static void uptime(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		struct guest_kernel *kernel = open_fake(version, 0, 0);
		uint64_t *ticks = fake_at(&fake, fake_address(&fake, "jiffies_64"));
		uint64_t *tick = fake_at(&fake, fake_address(&fake, "tick_nsec"));
		uint64_t ns;

		assert_true(guest_kernel_uptime(kernel, &ns));
		assert_int_equal(ns, 100000000000);
		*ticks = 1000;		/* less than it starts at */
		assert_false(guest_kernel_uptime(kernel, &ns));
		*ticks = UINT64_MAX;
		assert_false(guest_kernel_uptime(kernel, &ns));
		*tick = 0;
		assert_false(guest_kernel_uptime(kernel, &ns));
		close_fake(kernel);
	}
}

static void limits(void **state)
{
	struct guest_memory *memory = &fake.memory;
	uint8_t data[64];

	(void)state;
	fake_linux_make(&fake, FAKE_6_1, 0);
	guest_memory_allow(memory, 100, 2);
	assert_true(guest_memory_read(memory, 0, data, 64));
	assert_false(guest_memory_read(memory, 0, data, 64));
	assert_true(guest_memory_read(memory, 0, data, 36));
	assert_false(guest_memory_read(memory, 0, data, 1));
	/* between the slots there is nothing */
	guest_memory_allow(memory, 1000, 10);
	assert_false(guest_memory_read(memory, FAKE_LOW - 1, data, 2));
	assert_true(guest_memory_read(memory, FAKE_LOW - 1, data, 1));
	assert_false(guest_memory_read(memory, UINT64_MAX, data, 2));
	fake.slots[1].base = FAKE_LOW - 1;
	assert_false(guest_memory_sort(memory));
	fake.slots[1].base = UINT64_MAX - 5;
	assert_false(guest_memory_sort(memory));
	fake_linux_free(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_layouts),
		cmocka_unit_test(addresses),
		cmocka_unit_test(modules),
		cmocka_unit_test(module_goes),
		cmocka_unit_test(module_circle),
		cmocka_unit_test(tasks),
		cmocka_unit_test(all_tasks),
		cmocka_unit_test(stacks),
		cmocka_unit_test(copied_stack),
		cmocka_unit_test(stack_of_moment),
		cmocka_unit_test(registers_aside),
		cmocka_unit_test(stack_without_task),
		cmocka_unit_test(user_mode),
		cmocka_unit_test(sleeper),
		cmocka_unit_test(thunk),
		cmocka_unit_test(torn),
		cmocka_unit_test(no_orc),
		cmocka_unit_test(not_linux),
		cmocka_unit_test(damaged_names),
		cmocka_unit_test(wrong_base),
		cmocka_unit_test(alias_storm),
		cmocka_unit_test(task_circle),
		cmocka_unit_test(reboot),
		cmocka_unit_test(uptime),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
