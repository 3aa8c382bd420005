// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "trace/behind.h"

#define PAGE	4096
#define STEP	((uintptr_t)1 << 20)

/* Only what comes from a file and cannot have been changed may be dropped. */
static bool find_mapping(struct behind *behind, uintptr_t address)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long inode = 0;
	char line[512];
	char mode[8];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR
			   " %7s %*x %*x:%*x %lu", &behind->start,
			   &behind->end, mode, &inode) != 4)
			continue;
		found = address >= behind->start && address < behind->end;
	}
	if (f)
		fclose(f);
	return found && inode && !strcmp(mode, "r--p");
}

void behind_at(struct behind *behind, const void *pointer)
{
	uintptr_t address = (uintptr_t)pointer & ~(uintptr_t)(PAGE - 1);

	if (address < behind->start || address >= behind->end) {
		behind->done = 0;
		if (find_mapping(behind, address))
			behind->done = behind->start;
	}
	if (!behind->done || address < behind->done + STEP)
		return;
	madvise((void *)behind->done, address - behind->done, MADV_DONTNEED);
	behind->done = address;
}
