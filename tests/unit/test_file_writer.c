// SPDX-License-Identifier: GPL-2.0
/*
 * Files as 'record' writes them, read by libtracecmd.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "datfile.h"
#include "support.h"
#include "trace/file-writer.h"
#include "trace/trace-file.h"

#define SUBBUF 4096
#define HEAD   16
#define SEC    1000000000ULL

/* 2026-01-31 12:00:00 UTC, when the trace clock is at 1000 s */
#define OFFSET (1769860800 * SEC - 1000 * SEC)

/* A sub-buffer with one record of that vCPU; returns how much is in use. */
static size_t fill(char *subbuf, int vcpu_id, uint64_t ts)
{
	struct raw_record rec = raw_record();
	uint32_t head[2] = { 0, (sizeof(rec) + 3) / 4 * 4 + 4 };
	uint64_t len = sizeof(head) + head[1] - 4;

	rec.vcpu_id = vcpu_id;
	memset(subbuf, 0, SUBBUF);
	memcpy(subbuf, &ts, 8);
	memcpy(subbuf + 8, &len, 8);
	memcpy(subbuf + HEAD, head, sizeof(head));
	memcpy(subbuf + HEAD + sizeof(head), &rec, sizeof(rec));
	return HEAD + len;
}

static struct file_formats make_formats(void)
{
	return (struct file_formats){
		.header_page = strdup("\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n"),
		.header_event = strdup("# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n"),
		.events = { data_read("format-record.dat", NULL),
			    data_read("format-error.dat", NULL) },
		.subbuf_size = SUBBUF,
		.clock_offset_ns = OFFSET,
	};
}

static void free_formats(struct file_formats *formats)
{
	free(formats->header_page);
	free(formats->header_event);
	free(formats->events[0]);
	free(formats->events[1]);
}

/* "VCPU/CPU@TIME(COMM) " for each */
static bool show(const struct event *ev, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), "%d/%d@%d(%s) ",
		event_int(ev, FIELD_VCPU_ID), ev->trace_cpu,
		(int)((ev->ts - OFFSET) / SEC), ev->comm);
	return true;
}

static void check(const char *path, const char *want)
{
	struct trace_file_form form;
	struct trace_file *file;
	struct timebase tb;
	char got[400] = "";

	assert_int_equal(trace_file_open(open(path, O_RDONLY | O_CLOEXEC), &file, &form),
			 TRACE_FILE_OK);
	assert_true(source_read(trace_file_source(file), show, got));
	assert_string_equal(got, want);
	source_clock(trace_file_source(file), &tb);
	assert_true(tb.known || !want[0]);
	source_close(trace_file_source(file));
}

/* CPU 1 of 3 has nothing; sub-buffers are as short as they were read. */
static void what_was_added_is_read(void **state)
{
	struct file_formats formats = make_formats();
	struct file_writer *writer;
	char subbuf[SUBBUF];
	char *root = tree_make();
	char path[200];
	size_t size;

	(void)state;
	snprintf(path, sizeof(path), "%s/t.dat", root);
	writer = file_writer_open(path);
	assert_non_null(writer);
	for (int i = 0; i < 3; i++) {
		size = fill(subbuf, i, (1000 + 10 * i) * SEC);
		assert_true(file_writer_add(writer, 2, subbuf, size, SUBBUF));
		size = fill(subbuf, 7 + i, (1005 + 10 * i) * SEC);
		assert_true(file_writer_add(writer, 0, subbuf, size, SUBBUF));
	}
	assert_false(file_writer_has_name(writer, 1239));
	assert_true(file_writer_add_name(writer, 1239, "CPU 0/KVM\nx"));
	assert_true(file_writer_add_name(writer, 1239, "another"));
	assert_true(file_writer_has_name(writer, 1239));
	assert_true(file_writer_finish(writer, &formats));
	file_writer_free(writer);
	check(path,
	      "0/2@1000(CPU 0/KVM) 7/0@1005(CPU 0/KVM) 1/2@1010(CPU 0/KVM) 8/0@1015(CPU 0/KVM) 2/2@1020(CPU 0/KVM) 9/0@1025(CPU 0/KVM) ");
	free_formats(&formats);
	tree_remove(root);
}

/* As 'collect' has it written: to a file that has no name */
static void by_descriptor(void **state)
{
	int fd = memfd_create("t.dat", MFD_CLOEXEC);
	struct file_formats formats = make_formats();
	struct file_writer *writer;
	char path[64], subbuf[SUBBUF];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writer = file_writer_open(path);
	assert_non_null(writer);
	assert_true(file_writer_add(writer, 0, subbuf, fill(subbuf, 1, 1000 * SEC),
				    SUBBUF));
	assert_true(file_writer_finish(writer, &formats));
	file_writer_free(writer);
	check(path, "1/0@1000() ");
	close(fd);
	free_formats(&formats);
}

static void nothing_was_recorded(void **state)
{
	struct file_formats formats = make_formats();
	struct file_writer *writer;
	char *root = tree_make();
	char path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/t.dat", root);
	writer = file_writer_open(path);
	assert_non_null(writer);
	assert_true(file_writer_finish(writer, &formats));
	file_writer_free(writer);
	check(path, "");
	free_formats(&formats);
	tree_remove(root);
}

static void files_that_cannot_be_written(void **state)
{
	struct file_formats formats = make_formats();
	struct file_writer *writer;

	(void)state;
	assert_null(file_writer_open("/proc/none/t.dat"));
	writer = file_writer_open("/dev/full");
	assert_non_null(writer);
	errno = 0;
	assert_false(file_writer_finish(writer, &formats));
	assert_int_equal(errno, ENOSPC);
	file_writer_free(writer);
	free_formats(&formats);
}

/* So many bytes have room; sub-buffers are larger than what stdio writes at once. */
static void fill_disk(const char *path, size_t room)
{
	struct file_formats formats = make_formats();
	struct file_writer *writer = file_writer_open(path);
	struct rlimit limit, before;
	char subbuf[SUBBUF];

	assert_non_null(writer);
	formats.subbuf_size = 4 * SUBBUF;
	assert_true(file_writer_add(writer, 0, subbuf, fill(subbuf, 1, SEC),
				    formats.subbuf_size));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){ room, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	errno = 0;
	assert_false(file_writer_finish(writer, &formats));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	file_writer_free(writer);
	free_formats(&formats);
}

/* Wherever the disk is full, that is the end: there is nothing to wait for. */
static void full_disk(void **state)
{
	char *root = tree_make();
	char path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/t.dat", root);
	signal(SIGXFSZ, SIG_IGN);
	alarm(60);
	for (size_t room = 0; room < 4 * SUBBUF; room += 500)
		fill_disk(path, room);
	alarm(0);
	signal(SIGXFSZ, SIG_DFL);
	tree_remove(root);
}

/* The offsets in the file have to be known: a pipe has none. */
static void outputs_that_cannot_seek(void **state)
{
	char *root = tree_make();
	char path[200];
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[1]);
	assert_null(file_writer_open(path));
	assert_int_equal(errno, ESPIPE);
	close(fds[0]);
	close(fds[1]);
	/* nobody reads it: does not wait for that */
	snprintf(path, sizeof(path), "%s/fifo", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(60);
	assert_null(file_writer_open(path));
	alarm(0);
	assert_int_equal(errno, ESPIPE);
	tree_remove(root);
}

/* It has registers of guests in it. */
static void only_owner_reads(void **state)
{
	struct file_writer *writer;
	char *root = tree_make();
	mode_t mask = umask(0);
	struct stat st;
	char path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/t.dat", root);
	writer = file_writer_open(path);
	umask(mask);
	assert_non_null(writer);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	file_writer_free(writer);
	tree_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_read),
		cmocka_unit_test(by_descriptor),
		cmocka_unit_test(nothing_was_recorded),
		cmocka_unit_test(files_that_cannot_be_written),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(outputs_that_cannot_seek),
		cmocka_unit_test(only_owner_reads),
	};

	return cmocka_run_group_tests_name("file_writer", tests, NULL, NULL);
}
