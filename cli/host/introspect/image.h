/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a guest's Linux kernel is, found by its page tables alone.
 */
#ifndef INTROSPECT_IMAGE_H
#define INTROSPECT_IMAGE_H

#include "paging.h"

/* Linux maps its image somewhere in this GiB, modules behind it. */
#define IMAGE_START	0xffffffff80000000ULL
#define IMAGE_END	0xffffffffc0000000ULL

/* More than any kernel has: text, rodata, data, init, each with holes. */
#define IMAGE_MAX_RUNS	64

/**
 * struct guest_run - a part of the image whose pages are mapped alike
 * @start: virtual address
 * @end: the first address behind it
 * @writable: whether its pages are
 * @executable: whether its pages are
 */
struct guest_run {
	uint64_t start;
	uint64_t end;
	bool writable;
	bool executable;
};

/**
 * struct guest_image - the mapped parts of the kernel
 * @text: where it starts, the kernel's _text
 * @runs: its parts in the order of addresses
 * @nr: their number; what comes after the first IMAGE_MAX_RUNS is left out
 */
struct guest_image {
	uint64_t text;
	struct guest_run runs[IMAGE_MAX_RUNS];
	size_t nr;
};

/* False if nothing is mapped where Linux has its image. */
bool guest_image_find(struct guest_paging *paging, struct guest_image *image);

#endif /* INTROSPECT_IMAGE_H */
