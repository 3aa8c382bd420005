// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "image.h"

/* One look for each 4 KiB page of the GiB. */
#define MAX_STEPS	(1UL << 18)

static bool same_run(const struct guest_run *run, uint64_t va,
		     const struct guest_page *page)
{
	return run->end == va && run->writable == page->writable &&
	       run->executable == page->executable;
}

bool guest_image_find(struct guest_paging *paging, struct guest_image *image)
{
	unsigned long steps = MAX_STEPS;
	uint64_t va = IMAGE_START;
	struct guest_page page;

	memset(image, 0, sizeof(*image));
	while (guest_paging_next(paging, &va, IMAGE_END, &page, &steps)) {
		struct guest_run *run = &image->runs[image->nr];

		if (image->nr && same_run(run - 1, va, &page)) {
			run[-1].end += page.left;
		} else if (image->nr < IMAGE_MAX_RUNS) {
			*run = (struct guest_run){
				.start = va, .end = va + page.left,
				.writable = page.writable,
				.executable = page.executable,
			};
			image->nr++;
		} else {
			break;
		}
		va += page.left;
	}
	image->text = image->runs[0].start;
	return image->nr;
}
