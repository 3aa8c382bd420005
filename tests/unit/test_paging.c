// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables of a guest: what is mapped where, and how much is read to see it.
 */
#include "unit.h"

#include "introspect/paging.h"

#define PAGES	1024
#define PRESENT	1ULL
#define HUGE	(1ULL << 7)
#define VA	0xffffc90000000000ULL

static uint64_t ram[PAGES][512];
static struct guest_paging paging;
static unsigned long nr_reads, nr_bytes;

static bool counted_read(void *context, uint64_t where, void *to, size_t len)
{
	nr_reads++;
	nr_bytes += len;
	return guest_memory_read_bytes(context, where, to, len);
}

/* The guest's RAM, from 0 on */
static struct guest_bytes bytes = {
	.data = (const uint8_t *)ram, .size = sizeof(ram),
};

static struct guest_slot slot = { .size = sizeof(ram) };

static struct guest_memory memory = {
	.slots = &slot, .nr_slots = 1, .read = counted_read, .context = &bytes,
};

/* Tables for VA at these pages, one a level; the last one maps nothing yet. */
static uint64_t *make_tables(int levels, const uint16_t *at)
{
	memset(ram, 0, sizeof(ram));
	for (int i = 0; i < levels - 1; i++) {
		int shift = 12 + 9 * (levels - 1 - i);

		ram[at[i]][VA >> shift & 511] = (uint64_t)at[i + 1] << 12 | PRESENT;
	}
	memset(&paging, 0, sizeof(paging));
	paging.memory = &memory;
	paging.root = (uint64_t)at[0] << 12;
	paging.levels = levels;
	guest_memory_allow(&memory, UINT64_MAX, UINT64_MAX);
	nr_reads = 0;
	nr_bytes = 0;
	return ram[at[levels - 1]];
}

/* Pages that do not follow each other, by tables anywhere: each table twice at the most */
static void scattered(void **state)
{
	static uint8_t copy[300 * GUEST_PAGE_SIZE];

	(void)state;
	for (int levels = 4; levels <= 5; levels++) {
		for (uint16_t i = 0; i < 200; i++) {
			const uint16_t at[] = { 1 + i, 300 - i / 3, 400 + i / 2,
						510 + i / 7, 600 };
			uint64_t *leaf = make_tables(levels, at);

			for (uint64_t page = 0; page < 300; page++) {
				ram[1023 - 2 * page % 400][0] = page;
				leaf[page] = (1023 - 2 * page % 400) << 12 | PRESENT;
			}
			assert_true(guest_paging_read(&paging, VA, copy, sizeof(copy)));
			assert_in_range(nr_reads, 300, 300 + 2 * levels);
		}
	}
}

/* A single page takes a line of each table. */
static void single(void **state)
{
	const uint16_t at[] = { 1, 2, 3, 4 };
	uint64_t *leaf = make_tables(4, at);
	struct guest_page page;
	uint64_t value;

	(void)state;
	leaf[9] = 7ULL << 12 | PRESENT;
	leaf[8] = 8ULL << 12 | PRESENT;
	leaf[500] = 9ULL << 12 | PRESENT;
	ram[7][3] = 1234;
	assert_true(guest_paging_read(&paging, VA + 0x9018, &value, sizeof(value)));
	assert_int_equal(value, 1234);
	assert_int_equal(nr_bytes, 4 * 64 + 8);
	/* its neighbour is in the same line, and what is not known is read */
	assert_true(guest_paging_walk(&paging, VA + 0x8000, &page));
	assert_int_equal(page.address, 0x8000);
	assert_int_equal(nr_bytes, 4 * 64 + 8);
	assert_true(guest_paging_walk(&paging, VA + 500 * 4096, &page));
	assert_int_equal(page.address, 0x9000);
	assert_int_equal(nr_bytes, 4 * 64 + 8 + 4096);
	assert_false(guest_paging_walk(&paging, VA + 501 * 4096, &page));
	assert_int_equal(nr_bytes, 4 * 64 + 8 + 4096);
}

static void forgotten(void **state)
{
	const uint16_t at[] = { 1, 2, 3, 4 };
	uint64_t *leaf = make_tables(4, at);
	struct guest_page page;

	(void)state;
	leaf[9] = 7ULL << 12 | PRESENT;
	assert_true(guest_paging_walk(&paging, VA + 0x9000, &page));
	/* believed until it is forgotten, the upper levels until all are */
	leaf[9] = 8ULL << 12 | PRESENT;
	ram[5][9] = 9ULL << 12 | PRESENT;
	ram[3][VA >> 21 & 511] = 5ULL << 12 | PRESENT;
	assert_true(guest_paging_walk(&paging, VA + 0x9000, &page));
	assert_int_equal(page.address, 0x7000);
	guest_paging_forget(&paging, false);
	assert_true(guest_paging_walk(&paging, VA + 0x9000, &page));
	assert_int_equal(page.address, 0x8000);
	guest_paging_forget(&paging, true);
	assert_true(guest_paging_walk(&paging, VA + 0x9000, &page));
	assert_int_equal(page.address, 0x9000);
}

/* A table that cannot be read maps nothing, now and later. */
static void unreadable(void **state)
{
	const uint16_t at[] = { 1, 2, 3, 4 };
	struct guest_page page;

	(void)state;
	make_tables(4, at);
	ram[3][VA >> 21 & 511] = (uint64_t)PAGES << 12 | PRESENT;
	assert_false(guest_paging_walk(&paging, VA, &page));
	assert_false(guest_paging_walk(&paging, VA, &page));
	ram[3][VA >> 21 & 511] = 2ULL << 21 | PRESENT | HUGE;
	guest_paging_forget(&paging, true);
	assert_true(guest_paging_walk(&paging, VA + 0x12345, &page));
	assert_int_equal(page.address, (2ULL << 21) + 0x12345);
	assert_int_equal(page.left, (1ULL << 21) - 0x12345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scattered),
		cmocka_unit_test(single),
		cmocka_unit_test(forgotten),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
