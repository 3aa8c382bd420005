// SPDX-License-Identifier: GPL-2.0
/*
 * The messages of a fake guest's kernel (fake-linux.h).
 */
#include "unit.h"

#include "fake-linux.h"
#include "introspect/printk.h"
#include "support.h"

static struct fake_linux fake;

static struct guest_kernel *open_fake(enum fake_version version)
{
	struct guest_kernel *kernel;

	fake_linux_make(&fake, version, 0);
	assert_true(guest_memory_sort(&fake.memory));
	assert_int_equal(guest_kernel_open(&kernel, &fake.memory,
					   &fake.registers[0]), KERNEL_OK);
	return kernel;
}

static void close_fake(struct guest_kernel *kernel)
{
	guest_kernel_close(kernel);
	fake_linux_free(&fake);
}

/* Text, in one string, of all messages there are. */
static void check_messages(struct guest_kernel *kernel, const char *want,
			   size_t torn)
{
	struct guest_messages messages;
	char text[512] = "";

	assert_null(guest_messages_read(kernel, &messages));
	for (size_t i = 0; i < messages.nr; i++) {
		strcat(text, messages.list[i].text);
		strcat(text, ";");
	}
	assert_string_equal(text, want);
	assert_int_equal(messages.torn, torn);
	guest_messages_free(&messages);
}

static void kernel_messages(void **state)
{
	struct guest_messages messages;

	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		struct guest_kernel *kernel = open_fake(version);
		uint64_t last, *desc;

		check_messages(kernel, "", 0);
		fake_printk(&fake, 6, "one", false);
		fake_printk(&fake, 0, "two\nlines", false);
		last = fake_printk(&fake, 3, "", false);
		check_messages(kernel, "one;two\nlines;;", 0);
		assert_null(guest_messages_read(kernel, &messages));
		assert_int_equal(messages.list[1].seq, 1);
		assert_int_equal(messages.list[1].ts_ns, 5000001000);
		assert_int_equal(messages.list[1].level, 0);
		assert_int_equal(messages.list[2].level, 3);
		assert_int_equal(messages.list[0].facility, 0);
		guest_messages_free(&messages);

		/* one that may be continued is there, one that is begun is not */
		desc = fake_printk_desc(&fake, last);
		desc[0] ^= 3ULL << 62;
		check_messages(kernel, "one;two\nlines;;", 0);
		desc[0] &= ~0ULL >> 2;
		check_messages(kernel, "one;two\nlines;", 0);
		close_fake(kernel);
	}
}

/* Four blocks of 64 bytes fill the ring; whose place was taken has no text. */
static void messages_go_around(void **state)
{
	static const char * const want[2][3] = {
		{ "bcd", "cde", "fgh" }, { "abcd", "bcde", "efgh" },
	};
	static const size_t torn[2][3] = { { 1, 2, 5 }, { 0, 1, 4 } };
	char text[57] = "";

	(void)state;
	for (int fits = 0; fits < 2; fits++) {
		struct guest_kernel *kernel = open_fake(FAKE_6_12);
		struct guest_messages messages;

		for (int i = 0; i < 8; i++) {
			size_t n = i == 7 ? 2 : i - 3;

			memset(text, 'a' + i, 56);
			fake_printk(&fake, 6, text, fits);
			if (i != 3 && i != 4 && i != 7)
				continue;
			assert_null(guest_messages_read(kernel, &messages));
			assert_int_equal(messages.torn, torn[fits][n]);
			assert_int_equal(messages.nr, strlen(want[fits][n]));
			for (size_t j = 0; j < messages.nr; j++) {
				memset(text, want[fits][n][j], 56);
				assert_string_equal(messages.list[j].text, text);
			}
			guest_messages_free(&messages);
		}
		/* the oldest go when there are no more descriptors */
		for (int i = 0; i < 8; i++)
			fake_printk(&fake, 6, "", fits);
		check_messages(kernel, ";;;;;;;;", 0);
		close_fake(kernel);
	}
}

static void hostile_messages(void **state)
{
	static const uint64_t places[][2] = {
		{ 0, 1 << 20 }, { 248, 248 }, { 0, 0 }, { 8, 4 }, { 250, 258 },
		{ UINT64_MAX - 1, 2 }, { 252, 256 },
	};
	struct guest_kernel *kernel = open_fake(FAKE_6_1);
	uint64_t *desc = fake_printk_desc(&fake, fake_printk(&fake, 6, "text", false));
	struct guest_messages messages;
	uint32_t *bits = fake_at(&fake, FAKE_PRINTK);

	(void)state;
	check_messages(kernel, "text;", 0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		desc[1] = places[i][0];
		desc[2] = places[i][1];
		check_messages(kernel, "", 1);
	}
	*bits = 40;
	assert_string_equal(guest_messages_read(kernel, &messages),
			    "its messages could not be read");
	*(uint64_t *)fake_at(&fake, fake_address(&fake, "prb")) = 0x1000;
	assert_non_null(guest_messages_read(kernel, &messages));
	kernel->layout.fields[PRINTK_INFO_LEN].known = false;
	assert_string_equal(guest_messages_read(kernel, &messages),
			    "its kernel has no BTF, or keeps its messages otherwise");
	close_fake(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_messages),
		cmocka_unit_test(messages_go_around),
		cmocka_unit_test(hostile_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
