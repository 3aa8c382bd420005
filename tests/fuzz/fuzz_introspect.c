// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that changes its memory as it likes, before and while it is read.
 *
 * Input: a byte for the kernel's version, one for the options, then records of
 * 14 bytes: which part of RAM, where in it (2 bytes), after how many reads (2),
 * how many bytes (1) and what (8).
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "introspect/printk.h"
#include "unit/fake-linux.h"

#define RECORD		14
#define MAX_RECORDS	256

/* One fake of each kind is made once; a run works on a copy of its RAM. */
#define NR_OPTIONS	16

static struct fake_linux fakes[NR_FAKE_VERSIONS][NR_OPTIONS];

/* The run. */
static struct {
	struct fake_linux *fake;
	uint8_t *ram;
	const uint8_t *records;
	size_t nr_records;
	unsigned int reads;
	/* what to put back */
	struct {
		size_t offset;
		uint8_t bytes[8];
	} undo[MAX_RECORDS];
	size_t nr_undo;
} run;

static void apply(const uint8_t *record)
{
	const struct fake_region *region;
	uint16_t where;
	size_t offset, len = 1 + record[5] % 8;

	region = &run.fake->regions[record[0] % run.fake->nr_regions];
	memcpy(&where, record + 1, sizeof(where));
	/* tables of 8-byte entries are hit well if some writes are aligned */
	offset = record[5] & 0x80 ? where * 8UL : where;
	offset = region->offset + offset % region->len;
	if (offset + 8 > run.fake->size)
		return;
	run.undo[run.nr_undo].offset = offset;
	memcpy(run.undo[run.nr_undo++].bytes, run.fake->ram + offset, 8);
	memcpy(run.fake->ram + offset, record + 6, len);
}

static void apply_due(void)
{
	for (size_t i = 0; i < run.nr_records; i++) {
		const uint8_t *record = run.records + RECORD * i;
		uint16_t when;

		memcpy(&when, record + 3, sizeof(when));
		/* most at once */
		if ((when & 3 ? 0U : when >> 2) == run.reads)
			apply(record);
	}
}

static bool read_changing(void *context, uint64_t where, void *to, size_t len)
{
	if (run.reads++)
		apply_due();
	return guest_memory_read_bytes(context, where, to, len);
}

static bool is_clean(const char *s)
{
	for (; *s; s++) {
		if ((*s >= 0 && *s < ' ') || *s == 127)
			return false;
	}
	return true;
}

static void check_names(const struct guest_symtab *table)
{
	for (size_t i = 0; i < table->nr; i++) {
		if (!is_clean(table->names + table->symbols[i].name))
			abort();
	}
}

static void check_stack(const struct guest_kernel *kernel,
			const struct guest_stack *stack)
{
	struct guest_place place;

	if (stack->nr > GUEST_MAX_FRAMES || !guest_stack_end_word(stack->end))
		abort();
	for (size_t i = 0; i < stack->nr; i++) {
		guest_stack_name(stack->frames[i].stack);
		if (guest_frame_find(kernel, &stack->frames[i], &place) &&
		    !is_clean(place.name.name))
			abort();
	}
}

static bool walk_task(void *arg, const struct guest_task *task)
{
	static struct guest_stack stack;
	struct guest_kernel *kernel = arg;
	uint64_t bytes = kernel->memory->bytes_left;

	if (!is_clean(task->comm))
		abort();
	guest_stack_of_task(kernel, task, &stack);
	check_stack(kernel, &stack);
	guest_memory_allow(kernel->memory, bytes, 1000);
	return true;
}

static void read_messages(struct guest_kernel *kernel)
{
	struct guest_messages messages;

	guest_messages_read(kernel, &messages);
	for (size_t i = 0; i < messages.nr; i++) {
		if (strlen(messages.list[i].text) >= GUEST_MESSAGE_SIZE ||
		    messages.list[i].level > 7)
			abort();
	}
	guest_messages_free(&messages);
}

static void use(struct guest_kernel *kernel)
{
	static struct guest_stack_copy copy;
	static struct guest_stack stack;
	struct guest_seen_tasks seen = { 0 };

	check_names(&kernel->symbols);
	if (!is_clean(kernel->banner))
		abort();
	for (size_t i = 0; i < kernel->nr_modules; i++) {
		check_names(&kernel->modules[i].symbols);
		if (!is_clean(kernel->modules[i].name))
			abort();
	}
	for (int i = 0; i < 2; i++) {
		const struct guest_cpu *cpu = guest_kernel_cpu(kernel, 2 * i);
		struct guest_task task;
		bool known = cpu && guest_task_of_cpu(kernel, cpu,
						      &run.fake->registers[i], &seen,
						      &task);

		guest_stack_copy(kernel, &run.fake->registers[i], &copy);
		guest_stack_of_cpu(kernel, cpu, known ? &task : NULL,
				   &run.fake->registers[i], &copy, &stack);
		check_stack(kernel, &stack);
	}
	guest_memory_allow(kernel->memory, 1 << 20, 1000);
	guest_task_each(kernel, 20, walk_task, kernel);
	read_messages(kernel);
}

static void undo(void)
{
	while (run.nr_undo) {
		run.nr_undo--;
		memcpy(run.fake->ram + run.undo[run.nr_undo].offset,
		       run.undo[run.nr_undo].bytes, 8);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_kernel *kernel;
	int version, options;

	if (size < 2)
		return 0;
	version = data[0] % NR_FAKE_VERSIONS;
	options = data[1] % NR_OPTIONS;
	run.fake = &fakes[version][options];
	if (!run.fake->ram) {
		fake_linux_make(run.fake, version, options);
		for (int i = 0; i < 12; i++)
			fake_printk(run.fake, i % 8, &"twelve messages"[i], false);
	}
	run.fake->memory.read = read_changing;
	run.records = data + 2;
	run.nr_records = (size - 2) / RECORD;
	if (run.nr_records > MAX_RECORDS)
		run.nr_records = MAX_RECORDS;
	run.reads = 0;
	run.nr_undo = 0;
	apply_due();
	if (!guest_kernel_open(&kernel, &run.fake->memory,
			       &run.fake->registers[data[1] >> 4 & 1])) {
		use(kernel);
		if (guest_kernel_refresh(kernel))
			use(kernel);
		guest_kernel_close(kernel);
	}
	undo();
	return 0;
}
