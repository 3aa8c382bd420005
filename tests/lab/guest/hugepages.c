// SPDX-License-Identifier: GPL-2.0
/*
 * A healthy process for which the kernel clears huge pages all the time: a loop of one
 * instruction that takes long, and changes few registers.
 */
#include <stdio.h>
#include <sys/mman.h>

#define HUGE_PAGE	(2UL << 20)
#define SIZE		(32UL << 20)

int main(void)
{
	char *map = mmap(NULL, SIZE + HUGE_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *pages = (char *)(((unsigned long)map + HUGE_PAGE - 1) & -HUGE_PAGE);

	if (map == MAP_FAILED || madvise(pages, SIZE, MADV_HUGEPAGE)) {
		perror("huge pages");
		return 1;
	}
	for (;;) {
		for (unsigned long at = 0; at < SIZE; at += HUGE_PAGE)
			pages[at] = 1;
		if (madvise(pages, SIZE, MADV_DONTNEED)) {
			perror("MADV_DONTNEED");
			return 1;
		}
	}
}
