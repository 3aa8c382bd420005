// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "paging.h"

#define PRESENT		(1ULL << 0)
#define WRITABLE	(1ULL << 1)
#define HUGE		(1ULL << 7)
#define NO_EXECUTE	(1ULL << 63)

/* The number of low bits of an address that tables below a level translate. */
static int shift_of(int level)
{
	return 12 + 9 * (level - 1);
}

static struct paging_table *in_cache(struct guest_paging *paging,
				     uint64_t address, int level)
{
	uint64_t hash = (address >> 12) * 0x9e3779b97f4a7c15ULL;

	_Static_assert(PAGING_CACHE == 8, "the hash has 3 bits");
	return &paging->cache[level - 1][hash >> 61];
}

/*
 * An entry of a table: few are needed of most. Whoever looks at another one goes through
 * all of it.
 */
static bool get_entry(struct guest_paging *paging, uint64_t address, int level,
		      unsigned int i, uint64_t *entry)
{
	struct paging_table *table = in_cache(paging, address, level);
	bool known = table->nr && table->address == address;

	if (!known || i - table->first >= table->nr) {
		table->address = address;
		table->first = known ? 0 : i & ~(PAGING_LINE - 1U);
		table->nr = known ? 512 : PAGING_LINE;
		if (!guest_memory_read(paging->memory, address + 8 * table->first,
				       table->entries + table->first,
				       8 * table->nr)) {
			table->nr = 0;
			return false;
		}
	}
	*entry = table->entries[i];
	return true;
}

/* Returns 0 if the address is mapped, or else the level that ended the walk. */
static int walk(struct guest_paging *paging, uint64_t va,
		struct guest_page *page)
{
	uint64_t address = paging->root;

	page->writable = true;
	page->executable = true;
	for (int level = paging->levels; level; level--) {
		uint64_t entry, size = 1ULL << shift_of(level);

		if (!get_entry(paging, address, level, va >> shift_of(level) & 511,
			       &entry) || !(entry & PRESENT))
			return level;
		page->writable &= !!(entry & WRITABLE);
		page->executable &= !(entry & NO_EXECUTE);
		address = entry & PAGING_ADDRESS_MASK;
		if (level > 1 && !(level <= 3 && entry & HUGE))
			continue;
		/* the low bits of a huge page's address are flags */
		page->address = (address & ~(size - 1)) + (va & (size - 1));
		page->left = size - (va & (size - 1));
		return 0;
	}
	return 1;
}

bool guest_paging_walk(struct guest_paging *paging, uint64_t va,
		       struct guest_page *page)
{
	return !walk(paging, va, page);
}

bool guest_paging_next(struct guest_paging *paging, uint64_t *va, uint64_t end,
		       struct guest_page *page, unsigned long *steps)
{
	while (*va < end && *steps) {
		int level = walk(paging, *va, page);
		uint64_t size;

		(*steps)--;
		if (!level)
			return true;
		size = 1ULL << shift_of(level);
		/* the top of the address space has no address behind it */
		if ((*va | (size - 1)) == UINT64_MAX)
			return false;
		*va = (*va | (size - 1)) + 1;
	}
	return false;
}

/* Pages that follow each other in physical memory, too, are one read. */
static bool find_extent(struct guest_paging *paging, uint64_t va, size_t len,
			struct guest_page *extent)
{
	struct guest_page next;

	if (!guest_paging_walk(paging, va, extent))
		return false;
	while (extent->left < len) {
		if (!guest_paging_walk(paging, va + extent->left, &next) ||
		    next.address != extent->address + extent->left)
			break;
		extent->left += next.left;
	}
	return true;
}

bool guest_paging_read(struct guest_paging *paging, uint64_t va, void *to,
		       size_t len)
{
	uint8_t *at = to;

	if (len > paging->memory->bytes_left || va + len < va)
		return false;
	while (len) {
		struct guest_page extent;
		size_t part;

		if (!find_extent(paging, va, len, &extent))
			return false;
		part = extent.left < len ? extent.left : len;
		if (!guest_memory_read(paging->memory, extent.address, at, part))
			return false;
		va += part;
		at += part;
		len -= part;
	}
	return true;
}

void guest_paging_forget(struct guest_paging *paging, bool all)
{
	for (int level = 0; level < (all ? PAGING_LEVELS : 1); level++) {
		for (int i = 0; i < PAGING_CACHE; i++)
			paging->cache[level][i].nr = 0;
	}
}

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
