// SPDX-License-Identifier: GPL-2.0
/*
 * 'report' on files as trace-cmd makes them, and the options of 'record'.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "cmd/commands.h"
#include "datfile.h"
#include "exit-codes.h"
#include "spool.h"
#include "support.h"

#define MAX_WORDS	6
#define SEC		1000000000ULL

/* 2026-01-31 12:00:00 UTC in microseconds, less 1000 s of trace clock */
#define DATE		1769859800000000ULL

struct run {
	const char *words[MAX_WORDS];
};

static int run_report(void *arg)
{
	char *argv[MAX_WORDS + 2] = { "report" };
	const struct run *run = arg;
	struct report_params params;
	struct opt_parser op;
	int argc = 1;
	int ret;

	for (; argc <= MAX_WORDS && run->words[argc - 1]; argc++)
		argv[argc] = (char *)run->words[argc - 1];
	assert_int_equal(report_parse(&op, argc, argv, &params), OPT_RUN);
	ret = report_run(&params);
	event_options_free(&params.events);
	return ret;
}

static struct captured report_on(const char *path, const char *word1,
				 const char *word2)
{
	struct run run = { { path, word1, word1 ? word2 : NULL } };

	return capture(run_report, &run);
}

static size_t count(const char *text, const char *what)
{
	size_t nr = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		nr++;
	return nr;
}

static void add_record(struct datfile *file, int vcpu_id, uint64_t ts,
		       uint64_t exits)
{
	struct raw_record rec = raw_record();

	rec.vcpu_id = vcpu_id;
	rec.pid = 1240 + vcpu_id;
	for (int i = 0; i < 8; i++)
		rec.exits[i] = exits + i;
	if (vcpu_id && ts > 1001 * SEC) {
		rec.reason = VCPU_INFO_WHY_OOPS;
		rec.cookie = 0xfedcba9876543210;
	}
	datfile_add(file, ts, &rec, sizeof(rec));
}

/* CPU 0 has records of vCPU 0, CPU 1 of vCPU 1 and an error in between. */
static void make_file(const char *path, uint64_t date)
{
	struct datfile *file = datfile_new(path, 3, true, date);
	const struct raw_error err = {
		.type = RAW_ERROR_ID, .thread = 5, .vm_pid = 77, .vm_fd = 10,
		.vcpu_id = 999, .result = -22,
		.reason = VCPU_INFO_REASON_UNKNOWN_ID, .count = 1,
		.request_reason = VCPU_INFO_WHY_MARK, .cookie = 0x2a,
	};
	const uint16_t other[20] = { 17 };

	datfile_next_cpu(file);
	for (int i = 0; i < 20; i++)
		add_record(file, 0, 1000 * SEC + i * 1000, 100 * i);
	datfile_add(file, 1001 * SEC, other, sizeof(other));
	datfile_next_cpu(file);
	add_record(file, 1, 1000 * SEC + 500, 7);
	datfile_add(file, 1000 * SEC + 1500, &err, sizeof(err));
	add_record(file, 1, 1002 * SEC, 1007);
	datfile_next_cpu(file);
	datfile_close(file);
}

static int setup(void **state)
{
	char *dir = tree_make();
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/trace.dat", dir);
	make_file(path, 0);
	snprintf(path, sizeof(path), "%s/dated.dat", dir);
	make_file(path, DATE);
	*state = dir;
	return 0;
}

static int teardown(void **state)
{
	tree_remove(*state);
	return 0;
}

static const char *in(void **state, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", (char *)*state, name);
	return path;
}

static void every_event_in_order(void **state)
{
	struct captured cap = report_on(in(state, "trace.dat"), "-j",
					"--rates");

	assert_int_equal(cap.ret, EXIT_OK);
	assert_string_equal(cap.err, "");
	golden_check("report.json", cap.out);
	captured_free(&cap);
}

static void text_of_the_last(void **state)
{
	struct captured cap = report_on(in(state, "trace.dat"), "--last=1",
					"--rates");

	assert_int_equal(cap.ret, EXIT_OK);
	golden_check("report.txt", cap.out);
	captured_free(&cap);
}

/* Every format, from the first record to the last, and the selections. */
static void every_format(void **state)
{
	static const struct {
		const char *words[2];
		const char *golden;
	} runs[] = {
		{ { "--format=text", "--rates" }, "report-all.txt" },
		{ { "--format=line", "--rates" }, "report-lines.txt" },
		{ { "--format=table", "--time-format=wall" },
		  "report-table.txt" },
		{ { "--format=csv", NULL }, "report.csv" },
		{ { "--format=csv", "--errors" }, "report-errors.csv" },
		{ { "--format=json", "--last=2" }, "report-last.json" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct captured cap = report_on(in(state, "trace.dat"),
						runs[i].words[0],
						runs[i].words[1]);

		assert_int_equal(cap.ret, EXIT_OK);
		assert_string_equal(cap.err, "");
		golden_check(runs[i].golden, cap.out);
		captured_free(&cap);
	}
}

static int report_from(void *arg)
{
	struct run run = { { "-i", "-", "-j", "--rates" } };
	int saved = dup(STDIN_FILENO), *from = arg, ret;

	assert_true(dup2(*from, STDIN_FILENO) == STDIN_FILENO);
	ret = run_report(&run);
	dup2(saved, STDIN_FILENO);
	close(saved);
	return ret;
}

/* A file, and a pipe, in which nothing can go back. */
static void standard_input(void **state)
{
	int file = open(in(state, "trace.dat"), O_RDONLY | O_CLOEXEC);
	struct captured cap;
	char buf[65536];
	int fds[2];
	ssize_t n;

	assert_true(file >= 0);
	cap = capture(report_from, &file);
	assert_int_equal(cap.ret, EXIT_OK);
	golden_check("report.json", cap.out);
	captured_free(&cap);

	assert_int_equal(pipe(fds), 0);
	assert_true(fcntl(fds[0], F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
	lseek(file, 0, SEEK_SET);
	while ((n = read(file, buf, sizeof(buf))) > 0)
		assert_int_equal(write(fds[1], buf, n), n);
	close(fds[1]);
	close(file);
	cap = capture(report_from, &fds[0]);
	close(fds[0]);
	assert_int_equal(cap.ret, EXIT_OK);
	golden_check("report.json", cap.out);
	captured_free(&cap);
}

struct spooling {
	const char *data;
	size_t len;
	uint64_t max;
};

/* A descriptor of the copy, or a negative errno number */
static int spool(const struct spooling *what)
{
	int fds[2], copy;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], what->data, what->len), what->len);
	close(fds[1]);
	copy = spool_copy(fds[0], what->max);
	if (copy < 0)
		copy = -errno;
	close(fds[0]);
	return copy;
}

/* A pipe's copy ends with the process and is never longer than may be. */
static void copies_of_pipes(void **state)
{
	const struct rlimit small = { 5, RLIM_INFINITY };
	struct spooling what = { "0123456789", 10, 10 };
	struct rlimit before;
	struct stat st;
	char got[20];
	int fd;

	setenv("TMPDIR", *state, 1);
	fd = spool(&what);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, sizeof(got)), 10);
	assert_memory_equal(got, "0123456789", 10);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
	what.max = 9;
	assert_int_equal(spool(&what), -EFBIG);
	what.max = 10;
	/* a file that cannot be written to the end */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	fd = spool(&what);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(fd, -EFBIG);
	setenv("TMPDIR", in(state, "none"), 1);
	assert_int_equal(spool(&what), -ENOENT);
	unsetenv("TMPDIR");
	assert_string_equal(spool_directory(), "/var/tmp");
}

/* What is said where it cannot be copied. */
static void pipe_without_room(void **state)
{
	struct captured cap;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	close(fds[1]);
	setenv("TMPDIR", in(state, "none"), 1);
	cap = capture(report_from, &fds[0]);
	unsetenv("TMPDIR");
	close(fds[0]);
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_string_equal(cap.out, "");
	assert_non_null(strstr(cap.err, "cannot copy standard input to a file in "));
	assert_non_null(strstr(cap.err, "/none: No such file or directory\n"
			       "  Save it in a file and give its name, or set TMPDIR"));
	captured_free(&cap);
}

static void filters(void **state)
{
	static const struct {
		const char *words[2];
		size_t blocks;
	} runs[] = {
		{ { NULL }, 23 },
		{ { "--errors" }, 1 },
		{ { "--vcpu=1" }, 2 },
		{ { "--vm=qemu-system-x86" }, 22 },
		{ { "--vm=77", "--vm=qemu-system-x86" }, 23 },
		{ { "--vm=77" }, 1 },
		{ { "--state=user", "--vcpu=0" }, 20 },
		{ { "--since=1001.5" }, 1 },
		{ { "--reason=oops" }, 1 },
		{ { "--reason=oops,mark" }, 2 },
		{ { "--reason=none" }, 21 },
		{ { "--reason=panic", "--reason=halt" }, 0 },
		{ { "--last=3", "--vcpu=0" }, 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct captured cap = report_on(in(state, "trace.dat"),
						runs[i].words[0],
						runs[i].words[1]);

		assert_int_equal(cap.ret, EXIT_OK);
		assert_int_equal(count(cap.out, "VM "), runs[i].blocks);
		captured_free(&cap);
	}
}

/* A file does not say which VM a process is. */
static void vms_that_are_not_in_the_file(void **state)
{
	struct captured cap = report_on(in(state, "trace.dat"), "--vm=web",
					"--vm=77");

	assert_int_equal(cap.ret, EXIT_NO_VM);
	assert_int_equal(count(cap.out, "VM "), 1);
	assert_string_equal(cap.err,
			    "vcpu-info: no such VM 'web'\n"
			    "  The file knows VMs by PID, PID:FD or the name of their process.\n");
	captured_free(&cap);
	/* it is there, and no record of it is wanted */
	cap = report_on(in(state, "trace.dat"), "--vm=77", "--vcpu=5");
	assert_int_equal(cap.ret, EXIT_OK);
	assert_int_equal(count(cap.err, "that the options ask for"), 1);
	captured_free(&cap);
}

static void time_of_day(void **state)
{
	struct captured cap = report_on(in(state, "dated.dat"), "--vcpu=1",
					"--time-format=wall");

	assert_int_equal(cap.ret, EXIT_OK);
	assert_int_equal(count(cap.out, " at 2026-01-31 12:00:0"), 2);
	assert_non_null(strstr(cap.out, " at 2026-01-31 12:00:02.000000 "));
	captured_free(&cap);
	cap = report_on(in(state, "dated.dat"), "--since=2026-01-31 12:00:01",
			NULL);
	assert_int_equal(count(cap.out, "VM "), 1);
	captured_free(&cap);
	cap = report_on(in(state, "trace.dat"), "--time-format=wall", NULL);
	assert_int_equal(count(cap.out, " at - "), 23);
	captured_free(&cap);
	cap = report_on(in(state, "trace.dat"), "--since=5m", NULL);
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_string_equal(cap.out, "");
	assert_non_null(strstr(cap.err, "record with --date"));
	captured_free(&cap);
}

static void lost_and_undecodable(void **state)
{
	struct datfile *file = datfile_new(in(state, "x.dat"), 1, true, 0);
	struct captured cap;

	datfile_next_cpu(file);
	add_record(file, 0, 1000 * SEC, 1);
	datfile_lose(file, 42);
	add_record(file, 0, 1001 * SEC, 2);
	/* a record that ends too early */
	datfile_add(file, 1001 * SEC, &(const uint16_t){ RAW_RECORD_ID }, 2);
	datfile_close(file);
	cap = report_on(in(state, "x.dat"), "-j", NULL);
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_int_equal(count(cap.out, "\"record\""), 2);
	assert_int_equal(count(cap.out, "\"overrun\":42,"), 1);
	golden_check("report-lost.json", cap.out);
	assert_non_null(strstr(cap.err, "42 events were lost"));
	assert_non_null(strstr(cap.err, "1 events could not be decoded"));
	captured_free(&cap);
}

static void files_that_are_no_use(void **state)
{
	struct captured cap = report_on(in(state, "none.dat"), NULL, NULL);
	struct datfile *file;

	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_non_null(strstr(cap.err, "No such file"));
	captured_free(&cap);

	tree_write(*state, "/bad.dat", "not a trace\n");
	cap = report_on(in(state, "bad.dat"), NULL, NULL);
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_non_null(strstr(cap.err, "is not a trace-cmd file, or truncated"));
	assert_int_equal(count(cap.err, "\n"), 2);
	captured_free(&cap);

	file = datfile_new(in(state, "other.dat"), 1, false, 0);
	datfile_next_cpu(file);
	add_record(file, 0, 1000 * SEC, 1);
	datfile_close(file);
	cap = report_on(in(state, "other.dat"), NULL, NULL);
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_non_null(strstr(cap.err, "without the events of vcpu_info"));
	captured_free(&cap);

	file = datfile_new(in(state, "empty.dat"), 1, true, 0);
	datfile_next_cpu(file);
	datfile_close(file);
	cap = report_on(in(state, "empty.dat"), NULL, NULL);
	assert_int_equal(cap.ret, EXIT_OK);
	assert_string_equal(cap.out, "");
	assert_non_null(strstr(cap.err, "there are no records in the file"));
	captured_free(&cap);
}

/* Each line with a record is one of the whole. */
static void assert_lines_of(const char *part, const char *whole)
{
	while (*part) {
		size_t len = strcspn(part, "\n") + 1;
		char *line = strndup(part, len);

		assert_non_null(line);
		if (strstr(line, "\"type\":\"record\""))
			assert_non_null(strstr(whole, line));
		free(line);
		part += len;
	}
}

/* The start of a file that this version, or the library, cannot read. */
static void files_of_other_forms(void **state)
{
#define MAGIC	"\027\010Dtracing"
#define SIZES	"\0\010\0\020\0\0"
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} files[] = {
		{ MAGIC "8\0" SIZES "none\0x\0", 26,
		  "has version 8 of trace-cmd's format, which is not known" },
		{ MAGIC "12\0" SIZES, 19, "has version 12" },
		{ MAGIC "7\0" SIZES "lz\0331.3.2\0", 27,
		  "is compressed with lz?1.3.2, which libtracecmd on this system lacks" },
		{ MAGIC "7\0" SIZES "none\0", 23,
		  "not a trace-cmd file, or truncated" },
		{ MAGIC "7\0" SIZES "lz", 20,
		  "not a trace-cmd file, or truncated" },
		{ MAGIC "7\0\0", 12, "not a trace-cmd file, or truncated" },
		{ MAGIC "6", 11, "not a trace-cmd file, or truncated" },
		{ MAGIC, 10, "not a trace-cmd file, or truncated" },
	};
	char *root = tree_make();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char path[200];
		struct captured cap;

		tree_bytes(root, "/t.dat", files[i].bytes, files[i].len);
		snprintf(path, sizeof(path), "%s/t.dat", root);
		cap = report_on(path, NULL, NULL);
		assert_int_equal(cap.ret, EXIT_FAILED);
		if (!strstr(cap.err, files[i].says))
			fail_msg("no '%s' in: %s", files[i].says, cap.err);
		captured_free(&cap);
	}
	tree_remove(root);
}

/* Wherever it is cut off: an error, or a part of what there was. */
static void file_that_is_cut_off(void **state)
{
	struct captured whole = report_on(in(state, "trace.dat"), "-j", NULL);
	struct stat st;

	assert_int_equal(stat(in(state, "trace.dat"), &st), 0);
	for (off_t len = st.st_size - 1; len > 0; len -= 997) {
		struct captured cap;

		assert_int_equal(truncate(in(state, "trace.dat"), len), 0);
		cap = report_on(in(state, "trace.dat"), "-j", NULL);
		assert_lines_of(cap.out, whole.out);
		if (cap.ret != EXIT_OK)
			assert_true(cap.err[0]);
		captured_free(&cap);
	}
	captured_free(&whole);
}

static enum opt_outcome parse_record(const char * const *words,
				     struct record_params *params,
				     struct opt_parser *op)
{
	/* the command stays in there */
	static char *argv[MAX_WORDS + 2];
	int argc = 1;

	memset(argv, 0, sizeof(argv));
	argv[0] = "record";
	for (; argc <= MAX_WORDS && words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return record_parse(op, argc, argv, params);
}

/* "-" is a name that no message has. */
static void names_standard_input(void **state)
{
	int saved = dup(STDIN_FILENO), pipe_ends[2];
	struct captured cap;

	(void)state;
	assert_int_equal(pipe(pipe_ends), 0);
	assert_int_equal(write(pipe_ends[1], "no trace", 8), 8);
	close(pipe_ends[1]);
	assert_int_equal(dup2(pipe_ends[0], STDIN_FILENO), STDIN_FILENO);
	close(pipe_ends[0]);
	cap = report_on("-", NULL, NULL);
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_non_null(strstr(cap.err,
			       "vcpu-info: standard input is not a trace-cmd file"));
	captured_free(&cap);
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
}

static void what_record_is_asked_for(void **state)
{
	static const struct {
		const char *words[MAX_WORDS];
		const char *file;
		uint64_t duration_ns;
		const char *command;
	} runs[] = {
		{ { NULL }, "trace.dat", 0, "" },
		{ { "-o", "x y" }, "x y", 0, "" },
		{ { "--duration=1.5m" }, "trace.dat", 90 * SEC, "" },
		{ { "-t", "30" }, "trace.dat", 30 * SEC, "" },
		{ { "-o", "f", "ls", "-o", "--help" },
		  "f",
		  0,
		  "ls -o --help " },
		{ { "--", "-x" }, "trace.dat", 0, "-x " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct record_params params;
		struct opt_parser op;
		char line[200] = "";

		assert_int_equal(parse_record(runs[i].words, &params, &op),
				 OPT_RUN);
		for (char **word = params.command; *word; word++) {
			strcat(line, *word);
			strcat(line, " ");
		}
		assert_string_equal(params.file, runs[i].file);
		assert_true(params.duration_ns == runs[i].duration_ns);
		assert_string_equal(line, runs[i].command);
	}
}

static void bad_options(void **state)
{
	static const char *const record_words[][3] = {
		{ "-o" },
		{ "-o", "" },
		{ "--duration=x" },
		{ "--duration=0s" },
		{ "--duration=5s", "ls" },
		{ "--all" },
	};
	static const char *const report_words[][3] = {
		{ "a", "b" },	{ "-i", "b", "a" }, { "--all" },
		{ "--last=0" }, { "-f", "x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(record_words); i++) {
		struct record_params params;
		struct opt_parser op;

		assert_int_equal(parse_record(record_words[i], &params, &op),
				 OPT_BAD);
		assert_true(op.err[0]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(report_words); i++) {
		char *argv[5] = { "report", (char *)report_words[i][0],
				  (char *)report_words[i][1],
				  (char *)report_words[i][2] };
		struct report_params params;
		struct opt_parser op;

		assert_int_equal(report_parse(&op,
					      argv[3] ? 4 :
					      argv[2] ? 3 :
							2,
					      argv, &params),
				 OPT_BAD);
		assert_true(op.err[0]);
		event_options_free(&params.events);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_other_forms),
		cmocka_unit_test_setup_teardown(every_event_in_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(text_of_the_last, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_format, setup, teardown),
		cmocka_unit_test_setup_teardown(standard_input, setup,
						teardown),
		cmocka_unit_test_setup_teardown(copies_of_pipes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(pipe_without_room, setup,
						teardown),
		cmocka_unit_test_setup_teardown(filters, setup, teardown),
		cmocka_unit_test_setup_teardown(vms_that_are_not_in_the_file,
						setup, teardown),
		cmocka_unit_test_setup_teardown(time_of_day, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_and_undecodable, setup,
						teardown),
		cmocka_unit_test_setup_teardown(files_that_are_no_use, setup,
						teardown),
		cmocka_unit_test_setup_teardown(file_that_is_cut_off, setup,
						teardown),
		cmocka_unit_test(names_standard_input),
		cmocka_unit_test(what_record_is_asked_for),
		cmocka_unit_test(bad_options),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
