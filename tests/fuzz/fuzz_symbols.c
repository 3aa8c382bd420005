// SPDX-License-Identifier: GPL-2.0
/*
 * Files with symbols, as kallsyms and as vmlinux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "symbols.h"

static void look_up(const struct symbols *symbols)
{
	static const uint64_t addresses[] = {
		0, 5, 0xffffffff81000000, 0xffffffff81001010, UINT64_MAX,
	};
	uint64_t offset;

	for (int i = 0; i < 5; i++) {
		const char *name = symbols_find(symbols, 1, 2, NULL, NULL,
						addresses[i], &offset);

		if (name && (!name[0] || offset > addresses[i]))
			abort();
	}
}

/* In this process, so that faults are seen. */
static void load(int fd, enum symbol_kind kind)
{
	struct symbols symbols = { 0 };
	char err[200];

	if (!symbols_add(&symbols, kind, "fuzz", err, sizeof(err)) ||
	    lseek(fd, 0, SEEK_SET))
		abort();
	if (symbol_file_parse(&symbols.files[0], fd)) {
		symbol_file_sort(&symbols.files[0]);
		look_up(&symbols);
	}
	symbols_free(&symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	load(fd, SYMBOLS_KALLSYMS);
	load(fd, SYMBOLS_VMLINUX);
	close(fd);
	return 0;
}
