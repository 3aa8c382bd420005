/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs share that use the host's device */
#ifndef SAMPLER_H
#define SAMPLER_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

/* tap.h has an ARRAY_SIZE and a __printf of its own, the same. */
#undef ARRAY_SIZE
#include "../guest/tap.h"

#define NR_TARGETS	4
#define PAGE		4096UL
#define KERNEL_ADDRESS	0xffff888000000000ULL

static int device = -1;

static inline void open_device(void)
{
	device = open(VCPU_INFO_HOST_DEV_PATH, O_RDWR | O_CLOEXEC);
	if (device < 0)
		die("%s: %s", VCPU_INFO_HOST_DEV_PATH, strerror(errno));
}

/* One of all kinds: it spins, halts, leaves for its VMM, and has never run. */
static inline struct vm *make_vm(int nr)
{
	static const enum op ops[] = { OP_NOP, OP_HLT, OP_OUT };
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *vcpu;
	int i;

	for (i = 0; i < nr; i++) {
		vcpu = vm_add_vcpu(vm, 2 * i, host.cpus[i % 2]);
		vcpu_begin(vcpu);
		prog_add(&vcpu->prog, ops[i % 3], 0, 0);
		prog_add(&vcpu->prog, OP_JMP, 0, 0);
		prog_add(&vcpu->prog, OP_BACK, 0, 0);
		vcpu_make_runnable(vcpu);
		vcpu_setup(vcpu, true);
		if (i % 4 != 3)
			vcpu_start(vcpu);
	}

	return vm;
}

static inline struct vcpu_info_host_sample
sample_args(int vm_fd, struct vcpu_info_host_vcpu *entries, int nr)
{
	return (struct vcpu_info_host_sample) {
		.size = sizeof(struct vcpu_info_host_sample),
		.flags = VCPU_INFO_SAMPLE_EVENT | VCPU_INFO_SAMPLE_COPY,
		.vm_fd = vm_fd,
		.max_attempts = 2,
		.nr_entries = nr,
		.entry_size = sizeof(*entries),
		.entries = (uintptr_t)entries,
	};
}

static inline int call(unsigned long cmd, void *args)
{
	return ioctl(device, cmd, args) ? errno : 0;
}

/* A system call as 32-bit programs make it */
static inline long call32(unsigned long cmd, void *args)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret) :
		     "a" (54), "b" ((long)device), "c" (cmd), "d" (args) :
		     "r8", "r9", "r10", "r11", "memory");
	return ret < 0 ? -ret : 0;
}

static inline void *low_memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (mem == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	return mem;
}

static inline int dead_vm(void)
{
	int socks[2], fd, status;
	char byte;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, socks))
		die("socketpair: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		fd = vm_create(MODE_64)->fd;
		if (write(socks[1], &fd, sizeof(fd)) != sizeof(fd) ||
		    read(socks[1], &byte, 1))
			_exit(1);
		_exit(0);
	}
	if (read(socks[0], &fd, sizeof(fd)) != sizeof(fd))
		die("a child makes no VM");
	fd = host_take_vm(pid, fd);
	if (fd < 0)
		die("pidfd_getfd: %s", strerror(errno));
	close(socks[0]);
	close(socks[1]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);

	return fd;
}

/* Random numbers, the host, its device; on the first CPU */
static inline void begin(void)
{
	unsigned long seed = time(NULL) ^ getpid();

	note("seed %lu", seed);
	random_seed(seed);
	vcpu_catch_kicks();
	host_open_any();
	open_device();
	bind_to_cpu(host.cpus[0]);
}

#endif /* SAMPLER_H */
