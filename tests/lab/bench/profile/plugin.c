// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU's TCG: how often each instruction was executed between two
 * marks, which are instructions at known addresses (case_profile() in
 * ../cases.c). Each time the second is reached, DIR/N gets a line "ADDRESS
 * COUNT" for each. Argument: dir=DIR.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

#define MARK_BEGIN	0x13370000UL
#define MARK_END	(MARK_BEGIN + 8)
#define TABLE_BITS	20
#define TABLE_SIZE	(1UL << TABLE_BITS)

int qemu_plugin_version = 7;

struct executed {
	uint64_t addr;
	uint64_t count;
};

static struct executed table[TABLE_SIZE];
static const char *dir = ".";

static struct executed *find(uint64_t addr)
{
	uint64_t i = addr * 0x9e3779b97f4a7c15UL >> (64 - TABLE_BITS);

	while (table[i].addr && table[i].addr != addr)
		i = (i + 1) % TABLE_SIZE;
	table[i].addr = addr;

	return &table[i];
}

static void begin(unsigned int cpu, void *data)
{
	size_t i;

	(void)cpu;
	(void)data;
	for (i = 0; i < TABLE_SIZE; i++)
		table[i].count = 0;
}

static void end(unsigned int cpu, void *data)
{
	static int nr;
	char path[4096];
	FILE *file;
	size_t i;

	(void)cpu;
	(void)data;
	snprintf(path, sizeof(path), "%s/%d", dir, nr++);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	for (i = 0; i < TABLE_SIZE; i++)
		if (table[i].count)
			fprintf(file, "%016" PRIx64 " %" PRIu64 "\n",
				table[i].addr, table[i].count);
	fclose(file);
}

static void executed(unsigned int cpu, void *data)
{
	struct executed *entry = data;

	(void)cpu;
	entry->count++;
}

static void translated(struct qemu_plugin_tb *tb, void *data)
{
	size_t i, nr = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;
	uint64_t addr;

	(void)data;
	for (i = 0; i < nr; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		addr = qemu_plugin_insn_vaddr(insn);
		if (addr == MARK_BEGIN)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, 0,
							       NULL);
		else if (addr == MARK_END)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, end, 0,
							       NULL);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, 0,
						       find(addr));
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "dir=", 4))
			dir = strdup(argv[i] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);

	return 0;
}
