// SPDX-License-Identifier: GPL-2.0
/*
 * Not to be compiled with counters itself: the compiler's names for where they
 * begin and end would be others.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "counters.h"

#define NORETURN __attribute__((noreturn))

void __real__exit(int status) NORETURN;
void __wrap__exit(int status) NORETURN;

static uint8_t *shared;

static size_t nr_counters(void)
{
	return (uintptr_t)__stop___sancov_cntrs -
	       (uintptr_t)__start___sancov_cntrs;
}

void __wrap__exit(int status)
{
	if (shared)
		memcpy(shared, __start___sancov_cntrs, nr_counters());
	__real__exit(status);
}

void counters_init(void)
{
	if (shared)
		return;
	shared = mmap(NULL, nr_counters(), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
}

void counters_carry(void)
{
	for (size_t i = 0; i < nr_counters(); i++)
		__start___sancov_cntrs[i] |= shared[i];
	memset(shared, 0, nr_counters());
}
