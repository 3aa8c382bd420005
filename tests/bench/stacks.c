// SPDX-License-Identifier: GPL-2.0
/*
 * What a stack costs: CPU time of both processes.
 *
 * stacks [COUNT [AT_ONCE]] - a warm one of the unit tests' guest, by how many are asked
 *	for at once; AT_ONCE: only for so many
 * stacks --first RAM CR3 CR4 RIP RSP RBP - the first one of a guest that was stopped: RAM
 *	is a file of its memory, all of which is below 3 GiB. CPU time of the first look, the
 *	least of some, and what was read for it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fake-vm.h"
#include "vm/guest-child.h"

#define MOST	64

#define FIRST_LOOKS	10

static uint64_t get_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static const struct guest_source source = {
	.memory = fake_vm_memory,
	.root = fake_vm_no_root,
	.stand_still = fake_vm_stand_still,
	.clock = get_clock,
};

static double used_us(int who)
{
	struct rusage used;

	getrusage(who, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
	       used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

struct tally {
	size_t stacks;
	size_t frames;
};

static void count(void *arg, size_t index, const char *why,
		  const struct guest_look *look)
{
	struct tally *tally = arg;

	(void)index;
	if (why)
		return;
	tally->stacks++;
	tally->frames += look->stack.nr;
}

/* CPU time of so many calls with so many vCPUs, from the start of the reader to its end */
static double measure(size_t calls, size_t at_once, struct tally *tally)
{
	struct guest_names *names = guest_names_new_of(&source, 0);
	const struct vcpu_info_host_vcpu *list[MOST];
	struct vcpu_info_host_vcpu vcpus[MOST];
	double before = used_us(RUSAGE_SELF) + used_us(RUSAGE_CHILDREN);

	*tally = (struct tally){ 0 };
	for (size_t i = 0; i < at_once; i++) {
		/* only the guest's first CPU is in the kernel */
		vcpus[i] = fake_vm_vcpu(0);
		list[i] = &vcpus[i];
	}
	for (size_t i = 0; i < calls; i++)
		guest_names_look_all(names, getpid(), 10, list, at_once, count,
				     tally);
	guest_names_free(names);
	return used_us(RUSAGE_SELF) + used_us(RUSAGE_CHILDREN) - before;
}

/* The same registers again and again: a guest that stands still */
static int first_looks(char **argv)
{
	struct guest_registers *registers = fake_vm.guest.registers;
	struct guest_slot *slot = fake_vm.guest.slots;
	struct tally tally;
	struct stat status;
	double least = 0;
	void *ram = MAP_FAILED;
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && !fstat(fd, &status)) {
		slot->size = status.st_size;
		ram = mmap(NULL, slot->size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	}
	if (ram == MAP_FAILED)
		perror(argv[0]);
	if (fd >= 0)
		close(fd);
	if (ram == MAP_FAILED)
		return 1;
	fake_vm.guest.ram = ram;
	registers->cr0 = PAGING_CR0_PG;
	registers->cr3 = strtoull(argv[1], NULL, 16);
	registers->cr4 = strtoull(argv[2], NULL, 16);
	registers->r[PT_REG_IP] = strtoull(argv[3], NULL, 16);
	registers->r[PT_REG_SP] = strtoull(argv[4], NULL, 16);
	registers->r[PT_REG_BP] = strtoull(argv[5], NULL, 16);
	for (int i = 0; i < FIRST_LOOKS; i++) {
		double us = measure(1, 1, &tally);

		if (!tally.stacks) {
			fputs("no stack was found there\n", stderr);
			return 1;
		}
		if (!i || us < least)
			least = us;
	}
	printf("%.1f ms for the first look, a stack of %zu frames\n", least / 1000,
	       tally.frames);
	return 0;
}

static void warm_stacks(size_t nr, size_t only)
{
	for (size_t at_once = only ?: 1; at_once <= (only ?: MOST); at_once *= 2) {
		struct tally first, all;
		double start = measure(1, at_once, &first);
		double whole = measure(nr / at_once + 1, at_once, &all);

		if (first.stacks != at_once || all.stacks <= first.stacks)
			exit(1);
		printf("%2zu at once: %.1f us for a stack of %zu frames\n", at_once,
		       (whole - start) / (all.stacks - first.stacks),
		       all.frames / all.stacks);
	}
}

int main(int argc, char **argv)
{
	fake_vm.still = true;
	if (argc == 8 && !strcmp(argv[1], "--first"))
		return first_looks(argv + 2);
	fake_linux_make(&fake_vm.guest, FAKE_6_12, 0);
	warm_stacks(argc > 1 ? strtoul(argv[1], NULL, 10) : 20000,
		    argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
	fake_linux_free(&fake_vm.guest);
	return 0;
}
