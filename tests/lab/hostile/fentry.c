// SPDX-License-Identifier: GPL-2.0
/*
 * fentry MODULE FUNCTION - count calls by a BPF program on the function's entry
 *
 * Says "attached", at SIGUSR1 how many there were, and so at SIGTERM, which ends
 * it. What bpftrace's fentry probes do, without its libraries.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BTF_DIR		"/sys/kernel/btf/"
#define MAX_BTF		(64 << 20)

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "fentry: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

struct btf {
	struct btf_header *header;
	const char *types;
	const char *strings;
};

static void btf_read(struct btf *btf, const char *name)
{
	char path[256];
	size_t len;
	char *data;
	FILE *f;

	snprintf(path, sizeof(path), BTF_DIR "%s", name);
	f = fopen(path, "re");
	data = malloc(MAX_BTF);
	if (!f || !data)
		die(path);
	len = fread(data, 1, MAX_BTF, f);
	fclose(f);
	btf->header = (void *)data;
	if (len < sizeof(*btf->header) || btf->header->magic != BTF_MAGIC)
		die(path);
	btf->types = data + btf->header->hdr_len + btf->header->type_off;
	btf->strings = data + btf->header->hdr_len + btf->header->str_off;
}

static size_t type_size(const struct btf_type *type)
{
	unsigned int nr = BTF_INFO_VLEN(type->info);
	size_t size = sizeof(*type);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return size + sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return size + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return size + nr * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return size + nr * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return size + nr * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return size + nr * sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64:
		return size + nr * sizeof(struct btf_enum64);
	default:
		return size;
	}
}

/* Number of types, or the index of the function with that name, from 0 */
static uint32_t walk(const struct btf *btf, uint32_t strings_before,
		     const char *function)
{
	uint32_t off = 0, index = 0;

	while (off < btf->header->type_len) {
		const struct btf_type *type = (void *)(btf->types + off);

		if (function && BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    type->name_off >= strings_before &&
		    !strcmp(btf->strings + type->name_off - strings_before,
			    function))
			return index;
		off += type_size(type);
		index++;
	}
	if (function) {
		errno = ENOENT;
		die(function);
	}

	return index;
}

/* The module's types follow those of the kernel, and so do its strings. */
static uint32_t function_id(const char *module, const char *function)
{
	struct btf vmlinux, own;

	btf_read(&vmlinux, "vmlinux");
	btf_read(&own, module);
	return 1 + walk(&vmlinux, 0, NULL) +
	       walk(&own, vmlinux.header->str_len, function);
}

static int btf_fd(const char *module)
{
	union bpf_attr attr;
	uint32_t id = 0;

	for (;;) {
		struct bpf_btf_info info = { 0 };
		char name[64] = "";
		int fd;

		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (sys_bpf(BPF_BTF_GET_NEXT_ID, &attr))
			die(module);
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.btf_id = id;
		fd = sys_bpf(BPF_BTF_GET_FD_BY_ID, &attr);
		if (fd < 0)
			continue;
		info.name = (uintptr_t)name;
		info.name_len = sizeof(name);
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)&info;
		if (!sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) &&
		    info.kernel_btf && !strcmp(name, module))
			return fd;
		close(fd);
	}
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint64_t),
		.max_entries = 1,
	};
	int fd = sys_bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		die("a map");
	return fd;
}

/* Adds one to the value in the map. */
static int load(const char *module, const char *function, int map)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2,
		  .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_2, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static char log[65536];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_FENTRY,
		.insns = (uintptr_t)insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.license = (uintptr_t)"GPL",
		.attach_btf_id = function_id(module, function),
		.attach_btf_obj_fd = btf_fd(module),
		.log_buf = (uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd = sys_bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0) {
		fputs(log, stderr);
		die("loading the program");
	}
	return fd;
}

static uint64_t count(int map)
{
	uint32_t key = 0;
	uint64_t value = 0;
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};

	if (sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr))
		die("reading the map");
	return value;
}

int main(int argc, char **argv)
{
	union bpf_attr attr = { 0 };
	sigset_t set;
	int map, sig;

	if (argc != 3) {
		fputs("Usage: fentry MODULE FUNCTION\n", stderr);
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	map = make_map();
	attr.raw_tracepoint.prog_fd = load(argv[1], argv[2], map);
	if (sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0)
		die("attaching");
	puts("attached");
	fflush(stdout);
	do {
		sigwait(&set, &sig);
		printf("calls=%llu\n", (unsigned long long)count(map));
		fflush(stdout);
	} while (sig != SIGTERM);
	return 0;
}
