// SPDX-License-Identifier: GPL-2.0
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "fake-btf.h"

/* Types and strings while they are written. */
struct writer {
	uint32_t types[4096];
	size_t words;
	uint32_t nr;
	char strings[4096];
	size_t strings_len;
};

/* A member; a type of 0 ends the list. */
struct member {
	const char *name;
	uint32_t type;
	uint32_t offset;
};

static uint32_t string(struct writer *w, const char *s)
{
	size_t len = strlen(s) + 1, at;

	/* each is there once, as pahole writes them */
	for (at = 0; at < w->strings_len; at += strlen(w->strings + at) + 1) {
		if (!strcmp(w->strings + at, s))
			return at;
	}
	if (w->strings_len + len > sizeof(w->strings))
		abort();
	memcpy(w->strings + at, s, len);
	w->strings_len += len;
	return at;
}

static uint32_t type(struct writer *w, const char *name, uint32_t kind,
		     uint32_t vlen, uint32_t size)
{
	if (w->words + 3 + 3 * vlen + 3 > 4096)
		abort();
	w->types[w->words++] = string(w, name);
	w->types[w->words++] = kind << 24 | vlen;
	w->types[w->words++] = size;
	return ++w->nr;
}

static uint32_t integer(struct writer *w, const char *name, uint32_t size)
{
	uint32_t id = type(w, name, BTF_KIND_INT, 0, size);

	w->types[w->words++] = size * 8;
	return id;
}

static uint32_t array(struct writer *w, uint32_t of, uint32_t n)
{
	uint32_t id = type(w, "", BTF_KIND_ARRAY, 0, 0);

	w->types[w->words++] = of;
	w->types[w->words++] = of;
	w->types[w->words++] = n;
	return id;
}

static uint32_t composite(struct writer *w, const char *name, uint32_t kind,
			  uint32_t size, const struct member *members)
{
	uint32_t n = 0, id;

	while (members[n].type)
		n++;
	id = type(w, name, kind, n, size);
	for (uint32_t i = 0; i < n; i++) {
		w->types[w->words++] = string(w, members[i].name);
		w->types[w->words++] = members[i].type;
		w->types[w->words++] = members[i].offset * 8;
	}
	return id;
}

static uint32_t structure(struct writer *w, const char *name, uint32_t size,
			  const struct member *members)
{
	return composite(w, name, BTF_KIND_STRUCT, size, members);
}

static void add_tasks(struct writer *w, uint32_t i32, uint32_t u64,
		      uint32_t comm, uint32_t list)
{
	const struct member thread[] = { { "sp", u64, 16 }, { 0 } };
	uint32_t thread_id = structure(w, "thread_struct", 64, thread);
	const struct member pids[] = { { "pid", i32, 0 }, { "tgid", i32, 4 }, { 0 } };
	uint32_t pids_id = structure(w, "", 8, pids);
	const struct member inner[] = { { "", pids_id, 0 }, { 0 } };
	uint32_t inner_id = composite(w, "", BTF_KIND_UNION, 8, inner);
	const struct member task[] = {
		{ "stack", u64, FAKE_TASK_STACK },
		{ "on_cpu", i32, FAKE_TASK_ON_CPU },
		/* two levels of anonymous types */
		{ "", inner_id, FAKE_TASK_PID },
		{ "comm", comm, FAKE_TASK_COMM },
		{ "signal", u64, FAKE_TASK_SIGNAL },
		{ "tasks", list, FAKE_TASK_TASKS },
		{ "thread_node", list, FAKE_TASK_NODE },
		{ "thread", thread_id, FAKE_TASK_THREAD }, { 0 },
	};
	const struct member signal[] = {
		{ "thread_head", list, FAKE_SIGNAL_THREADS }, { 0 },
	};

	structure(w, "task_struct", FAKE_TASK_SIZE, task);
	structure(w, "signal_struct", 64, signal);
}

static void add_modules(struct writer *w, uint32_t i32, uint32_t u64,
			uint32_t name, uint32_t list, bool old)
{
	const struct member kallsyms[] = {
		{ "symtab", u64, 0 }, { "num_symtab", i32, 8 },
		{ "strtab", u64, 16 }, { "typetab", u64, 24 }, { 0 },
	};
	const struct member layout[] = {
		{ "base", u64, 0 }, { "size", i32, 8 }, { "text_size", i32, 12 },
		{ 0 },
	};
	uint32_t memory = structure(w, old ? "module_layout" : "module_memory",
				    16, layout);
	uint32_t kind = old ? memory : array(w, memory, 7);
	const struct member module[] = {
		{ "state", i32, 0 }, { "list", list, FAKE_MODULE_LIST },
		{ "name", name, FAKE_MODULE_NAME },
		{ old ? "core_layout" : "mem", kind,
		  old ? FAKE_MODULE_CORE : FAKE_MODULE_MEM },
		{ "kallsyms", u64, FAKE_MODULE_KALLSYMS }, { 0 },
	};

	structure(w, "mod_kallsyms", 32, kallsyms);
	structure(w, "module", FAKE_MODULE_SIZE, module);
}

/* Of printk(): the ring, its descriptors and what is known of each message. */
static void add_printk(struct writer *w, uint32_t i32, uint32_t u64, uint32_t u16,
		       uint32_t u8)
{
	const struct member descs[] = {
		{ "count_bits", i32, 0 }, { "descs", u64, 8 }, { "infos", u64, 16 },
		{ "head_id", u64, 24 }, { "tail_id", u64, 32 }, { 0 },
	};
	const struct member data[] = {
		{ "size_bits", i32, 0 }, { "data", u64, 8 }, { 0 },
	};
	const struct member ring[] = {
		{ "desc_ring", structure(w, "prb_desc_ring", 48, descs),
		  FAKE_PRINTK_DESCS },
		{ "text_data_ring", structure(w, "prb_data_ring", 32, data),
		  FAKE_PRINTK_DATA }, { 0 },
	};
	const struct member block[] = {
		{ "begin", u64, 0 }, { "next", u64, 8 }, { 0 },
	};
	const struct member desc[] = {
		{ "state_var", u64, 0 },
		{ "text_blk_lpos", structure(w, "prb_data_blk_lpos", 16, block), 8 },
		{ 0 },
	};
	const struct member info[] = {
		{ "seq", u64, 0 }, { "ts_nsec", u64, 8 }, { "text_len", u16, 16 },
		{ "facility", u8, 18 }, { 0 },
	};

	structure(w, "printk_ringbuffer", 88, ring);
	structure(w, "prb_desc", FAKE_DESC_SIZE, desc);
	structure(w, "printk_info", FAKE_INFO_SIZE, info);
}

static size_t finish(const struct writer *w, uint8_t *to, bool longer)
{
	struct btf_header header = {
		.magic = BTF_MAGIC, .version = 1,
		.hdr_len = sizeof(header) + (longer ? 8 : 0),
		.type_len = 4 * w->words, .str_off = 4 * w->words,
		.str_len = w->strings_len,
	};

	memcpy(to, &header, sizeof(header));
	memcpy(to + header.hdr_len, w->types, header.type_len);
	memcpy(to + header.hdr_len + header.str_off, w->strings, header.str_len);
	return header.hdr_len + header.str_off + header.str_len;
}

size_t fake_btf_write(uint8_t *to, bool old, bool hot, bool longer)
{
	struct writer *w = calloc(1, sizeof(*w));
	uint32_t i32, u16, u64, u8, list, apicid;
	size_t size;

	if (!w)
		abort();
	w->strings_len = 1;
	i32 = integer(w, "int", 4);
	u16 = integer(w, "short unsigned int", 2);
	u64 = integer(w, "long unsigned int", 8);
	u8 = integer(w, "char", 1);
	list = structure(w, "list_head", 16, (const struct member[]){
		{ "next", u64, 0 }, { "prev", u64, 8 }, { 0 } });
	add_tasks(w, i32, u64, array(w, u8, 16), list);
	add_modules(w, i32, u64, array(w, u8, 56), list, old);
	add_printk(w, i32, u64, u16, u8);
	if (hot)
		structure(w, "pcpu_hot", 64, (const struct member[]){
			{ "current_task", u64, 0 },
			{ "hardirq_stack_ptr", u64, 8 }, { 0 } });
	apicid = type(w, "x86_cpu_to_apicid", BTF_KIND_VAR, 0, old ? u16 : i32);
	(void)apicid;
	w->types[w->words++] = 0;
	/* one that no reader knows: what is behind it is left out */
	type(w, "later", 60, 0, 0);
	size = finish(w, to, longer);
	free(w);
	return size;
}
