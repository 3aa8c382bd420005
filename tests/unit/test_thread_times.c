// SPDX-License-Identifier: GPL-2.0
/*
 * Times of threads, from files that are kept open.
 */
#include <dirent.h>

#include "unit.h"

#include "host-file.h"
#include "support.h"
#include "vm/thread-times.h"

static int nr_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	assert_non_null(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

static void write_times(const char *root, int pid, int tid, unsigned int run)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	tree_write(root, path, "%u %u 3\n", run, 2 * run);
}

static void check(struct thread_times *times, int pid, int tid, uint64_t want)
{
	uint64_t run = 0, wait = 0;

	assert_true(thread_times_read(times, pid, tid, &run, &wait));
	assert_int_equal(run, want);
	assert_int_equal(wait, 2 * want);
}

static void are_kept(void **state)
{
	struct thread_times times = { 0 };
	char *root = tree_make();
	int before = nr_open();
	uint64_t run, wait;

	(void)state;
	host_file_set_root(root);
	for (int tid = 1; tid <= 200; tid++) {
		write_times(root, 7, tid, tid);
		check(&times, 7, tid, tid);
	}
	assert_int_equal(nr_open(), before + 200);
	write_times(root, 7, 5, 500);
	check(&times, 7, 5, 500);
	assert_false(thread_times_read(&times, 7, 300, &run, &wait));
	assert_int_equal(nr_open(), before + 200);

	/* the same number in another process */
	write_times(root, 8, 6, 66);
	check(&times, 8, 6, 66);
	assert_false(thread_times_read(&times, 9, 6, &run, &wait));
	check(&times, 8, 6, 66);
	assert_int_equal(nr_open(), before + 200);

	thread_times_sweep(&times);
	assert_int_equal(nr_open(), before + 200);
	check(&times, 7, 200, 200);
	check(&times, 7, 1, 1);
	thread_times_sweep(&times);
	assert_int_equal(nr_open(), before + 2);
	check(&times, 7, 1, 1);
	check(&times, 7, 9, 9);
	thread_times_free(&times);
	assert_int_equal(nr_open(), before);
	host_file_set_root("");
	tree_remove(root);
}

/* Where there is no room a file is opened each time. */
static void few_descriptors(void **state)
{
	struct thread_times times = { .max = 4 };
	char *root = tree_make();
	int before = nr_open();

	(void)state;
	host_file_set_root(root);
	for (int tid = 1; tid <= 20; tid++) {
		write_times(root, 7, tid, tid);
		check(&times, 7, tid, tid);
		check(&times, 7, tid, tid);
	}
	assert_int_equal(nr_open(), before + 4);
	thread_times_free(&times);
	assert_int_equal(nr_open(), before);
	host_file_set_root("");
	tree_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_kept),
		cmocka_unit_test(few_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
