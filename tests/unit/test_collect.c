// SPDX-License-Identifier: GPL-2.0
/*
 * What 'collect' keeps, and what reads its files.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "cmd/commands.h"
#include "collect/archive.h"
#include "collect/evidence.h"
#include "collect/parts.h"
#include "datfile.h"
#include "duration.h"
#include "host-file.h"
#include "signals.h"
#include "support.h"

static enum opt_outcome parse(struct opt_parser *op,
			      struct collect_params *params, int argc,
			      char **argv)
{
	return collect_parse(op, argc, argv, params);
}

#define PARSE(op, params, ...)						\
	parse(op, params,						\
	      (int)ARRAY_SIZE(((char *[]){ "collect", ##__VA_ARGS__ })), \
	      (char *[]){ "collect", ##__VA_ARGS__, NULL })

static void options(void **state)
{
	struct collect_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(PARSE(&op, &params, "web"), OPT_RUN);
	assert_null(params.file);
	assert_int_equal(params.count, 5);
	assert_int_equal(params.interval_ns, 200 * NS_PER_MS);
	assert_string_equal(params.select.vms[0].name, "web");
	select_free(&params.select);
	assert_int_equal(PARSE(&op, &params, "-o", "x.tar.zst", "-n", "7",
			       "-d", "1", "12:3"), OPT_RUN);
	assert_string_equal(params.file, "x.tar.zst");
	assert_int_equal(params.count, 7);
	assert_int_equal(params.interval_ns, NS_PER_SEC);
	assert_int_equal(params.select.vms[0].fd, 3);
	select_free(&params.select);
}

static void bad_options(void **state)
{
	static char *const lines[][4] = {
		{ "collect" },
		{ "collect", "web", "mail" },
		{ "collect", "-n", "0", "web" },
		{ "collect", "-n", "1001", "web" },
		{ "collect", "-d", "9ms", "web" },
		{ "collect", "-d", "11s", "web" },
		{ "collect", "-o", "", "web" },
		{ "collect", "" },
	};
	struct collect_params params;
	struct opt_parser op;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *argv[5] = { NULL };
		int argc = 0;

		for (; argc < 4 && lines[i][argc]; argc++)
			argv[argc] = lines[i][argc];
		assert_int_equal(collect_parse(&op, argc, argv, &params),
				 OPT_BAD);
		assert_true(op.err[0]);
		select_free(&params.select);
	}
}

static void log_lines(void **state)
{
	(void)state;
	assert_true(evidence_wants_log_line("kvm: vcpu 0 exits"));
	assert_true(evidence_wants_log_line("SVM: kvm_amd"));
	assert_true(evidence_wants_log_line("vcpu_info: serving"));
	assert_false(evidence_wants_log_line("usb 1-1: new device"));
}

static char *archive_path(const char *root)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/x.tar.zst", root) > 0);
	return path;
}

/* An archive that has one file */
static char *make_archive(const char *root, const char *name, const void *data,
			  size_t size)
{
	char *path = archive_path(root);
	struct archive_out *out = archive_create(path, "vcpu-info-1");

	assert_non_null(out);
	assert_true(archive_add(out, "other", "x", 1));
	assert_true(archive_add(out, name, data, size));
	assert_int_not_equal(access(path, F_OK), 0);
	assert_true(archive_commit(out));
	archive_close(out);
	return path;
}

static enum archive_status read_back(const char *path, const char *name,
				     size_t max, char *buf, size_t size)
{
	FILE *tmp = tmpfile();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum archive_status status;

	assert_true(archive_is(fd));
	status = archive_read_file(fd, name, max, fileno(tmp));
	memset(buf, 0, size);
	assert_true(pread(fileno(tmp), buf, size - 1, 0) >= 0);
	fclose(tmp);
	close(fd);
	return status;
}

static void archives(void **state)
{
	char *root = tree_make();
	char *path = make_archive(root, "a/b", "hello", 5);
	struct stat st;
	char buf[16];

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(read_back(path, "a/b", 5, buf, sizeof(buf)),
			 ARCHIVE_READ);
	assert_string_equal(buf, "hello");
	assert_int_equal(read_back(path, "a/b", 4, buf, sizeof(buf)),
			 ARCHIVE_LARGE);
	assert_int_equal(read_back(path, "b", 5, buf, sizeof(buf)),
			 ARCHIVE_LACKS);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	assert_int_equal(read_back(path, "a/b", 5, buf, sizeof(buf)),
			 ARCHIVE_BAD);
	free(path);
	tree_remove(root);
}

/* Nothing is left of one that is not committed, nor is an older one harmed. */
static void not_committed(void **state)
{
	char *root = tree_make();
	char *path = archive_path(root);
	struct archive_out *out;
	char buf[200];

	(void)state;
	tree_write(root, "/x.tar.zst", "old");
	out = archive_create(path, "vcpu-info-1");
	assert_non_null(out);
	assert_true(archive_add(out, "a", "x", 1));
	archive_close(out);
	host_file_set_root(root);
	assert_true(host_file_line(buf, sizeof(buf), "/x.tar.zst"));
	host_file_set_root("");
	assert_string_equal(buf, "old");
	tree_delete(root, "/x.tar.zst");
	assert_int_equal(rmdir(root), 0);
	free(path);
	free(root);

	assert_null(archive_create("/nonexistent/x.tar.zst", "d"));
	assert_int_equal(errno, ENOENT);
}

/* pread() takes less than 2 GiB at once, and so much memory may not be there. */
static void large_part(void **state)
{
	static const char end[] = "the end";
	const off_t size = (2LL << 30) + 4096;
	char *root = tree_make(), *path = archive_path(root);
	struct archive_out *out = archive_create(path, "d");
	int fd = memfd_create("part", MFD_CLOEXEC);
	int from, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char buf[16];

	(void)state;
	assert_int_equal(pwrite(fd, end, sizeof(end), size - sizeof(end)),
			 sizeof(end));
	assert_true(archive_add_fd(out, "large", fd));
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_true(archive_add_fd(out, "empty", fd));
	assert_true(archive_add(out, "after", "x", 1));
	assert_false(archive_add_fd(out, "none", -1));
	assert_int_equal(errno, EBADF);
	assert_true(archive_commit(out));
	archive_close(out);
	from = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(archive_read_file(from, "large", size, null),
			 ARCHIVE_READ);
	close(from);
	assert_int_equal(read_back(path, "after", 1, buf, sizeof(buf)),
			 ARCHIVE_READ);
	assert_int_equal(read_back(path, "empty", 1, buf, sizeof(buf)),
			 ARCHIVE_LACKS);
	close(fd);
	close(null);
	free(path);
	tree_remove(root);
}

/* Compress data that stays what it is, as a zstd frame of its own; its size. */
static size_t make_frame(void *frame, size_t max, const void *data, size_t size)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0;

	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_add_filter_zstd(archive), ARCHIVE_OK);
	archive_write_set_format_raw(archive);
	/* without padding */
	archive_write_set_bytes_in_last_block(archive, 1);
	archive_write_open_memory(archive, frame, max, &used);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, data, size), size);
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
	archive_entry_free(entry);
	return used;
}

/* A file of 7 GiB in ustar, without the data */
static void make_header(unsigned char *header)
{
	unsigned int sum = 8 * ' ';

	memset(header, 0, 512);
	strcpy((char *)header, "d/large");
	memcpy(header + 100, "0000600", 8);
	memcpy(header + 124, "070000000000", 12);
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	for (int i = 0; i < 512; i++)
		sum += header[i];
	sprintf((char *)header + 148, "%06o", sum);
	header[155] = ' ';
}

/* Some hundred kilobytes of file are 7 GiB: it is given up before they are all read. */
static void bomb(void **state)
{
	const size_t size = 128 << 20, max = 1 << 20;
	char *root = tree_make(), *path = archive_path(root);
	char *zeros = calloc(1, size), *frame = malloc(max), buf[16];
	unsigned char header[512];
	FILE *f = fopen(path, "we");
	size_t len;

	(void)state;
	make_header(header);
	len = make_frame(frame, max, header, sizeof(header));
	assert_int_equal(fwrite(frame, 1, len, f), len);
	len = make_frame(frame, max, zeros, size);
	for (int i = 0; i < 7 * 8; i++)
		assert_int_equal(fwrite(frame, 1, len, f), len);
	fclose(f);
	assert_int_equal(read_back(path, "diagnosis.txt", 5, buf, sizeof(buf)),
			 ARCHIVE_LARGE);
	free(zeros);
	free(frame);
	free(path);
	tree_remove(root);
}

/* A device stays what it is. */
static void no_file(void **state)
{
	char *root = tree_make(), *path = archive_path(root);
	struct stat st;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(archive_create(path, "d"));
	assert_int_equal(errno, ESPIPE);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_false(archive_can_write("/dev/null"));
	assert_int_equal(errno, ESPIPE);
	assert_false(archive_can_write(root));
	assert_int_equal(errno, EISDIR);
	assert_false(archive_can_write("/nonexistent/x.tar.zst"));
	assert_int_equal(errno, ENOENT);
	tree_delete(root, "/x.tar.zst");
	assert_true(archive_can_write(path));
	/* nothing is left */
	assert_int_equal(rmdir(root), 0);
	assert_int_equal(mkdir(root, 0700), 0);
	free(path);
	tree_remove(root);
}

static int run_diagnose(void *arg)
{
	char **argv = arg;
	int argc = 0;

	while (argv[argc])
		argc++;
	return cmd_diagnose(&(struct cmd){ .name = "diagnose" }, argc, argv);
}

/* What comes to the terminal out of a file is text. */
static void diagnose_file(void **state)
{
	static const char text[] = "VM 1:2 (web): hung\033]0;x\a\n  vCPU 0\n";
	char *root = tree_make();
	char *path = make_archive(root, ARCHIVE_DIAGNOSIS, text,
				  sizeof(text) - 1);
	char *argv[3] = { "diagnose", path };
	char *json[5] = { "diagnose", "--json", "-i", path };
	char *two[5] = { "diagnose", "-i", path, "web" };
	struct diagnose_params params;
	struct opt_parser op;
	struct captured cap = capture(run_diagnose, argv);

	(void)state;
	assert_int_equal(cap.ret, 0);
	assert_string_equal(cap.out, "VM 1:2 (web): hung?]0;x?\n  vCPU 0\n");
	captured_free(&cap);
	cap = capture(run_diagnose, json);
	assert_int_equal(cap.ret, 1);
	assert_non_null(strstr(cap.err, "has no such file in it"));
	captured_free(&cap);
	assert_int_equal(diagnose_parse(&op, 4, two, &params), OPT_BAD);
	assert_string_equal(op.err, "a file has one VM: give no other");
	free(path);
	tree_remove(root);
}

static void diagnose_bad_file(void **state)
{
	char *root = tree_make();
	char *path = archive_path(root);
	char *argv[3] = { "diagnose", path };
	struct captured cap;

	(void)state;
	cap = capture(run_diagnose, argv);
	assert_int_equal(cap.ret, 1);
	assert_non_null(strstr(cap.err, "'vcpu-info collect' makes such a file"));
	captured_free(&cap);
	tree_write(root, "/x.tar.zst", "not zstd at all");
	cap = capture(run_diagnose, argv);
	assert_int_equal(cap.ret, 1);
	assert_non_null(strstr(cap.err, "is damaged, or was not written by"));
	assert_non_null(strstr(cap.err, "'zstd -t'"));
	captured_free(&cap);
	free(path);
	tree_remove(root);
}

static int run_report(void *arg)
{
	char *argv[4] = { "report", "--json", arg };

	return cmd_report(&(struct cmd){ .name = "report" }, 3, argv);
}

/* 'report' takes the trace out of it. */
static void report_archive(void **state)
{
	char *root = tree_make(), *path, *text;
	struct raw_record rec = raw_record();
	struct datfile *file;
	struct captured cap;
	char dat[200];
	long size;
	FILE *f;

	(void)state;
	snprintf(dat, sizeof(dat), "%s/t.dat", root);
	file = datfile_new(dat, 1, true, 0);
	datfile_next_cpu(file);
	datfile_add(file, 1000000, &rec, sizeof(rec));
	datfile_close(file);
	f = fopen(dat, "r");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = malloc(size);
	assert_int_equal(fread(text, 1, size, f), size);
	fclose(f);

	path = make_archive(root, ARCHIVE_TRACE, text, size);
	cap = capture(run_report, path);
	assert_int_equal(cap.ret, 0);
	assert_non_null(strstr(cap.out, "\"type\":\"record\""));
	captured_free(&cap);
	free(path);
	tree_delete(root, "/x.tar.zst");
	path = make_archive(root, "no-trace", "x", 1);
	cap = capture(run_report, path);
	assert_int_equal(cap.ret, 1);
	assert_non_null(strstr(cap.err, "has no such file in it"));
	captured_free(&cap);
	free(path);
	free(text);
	tree_remove(root);
}

static int print_both(void *arg)
{
	printf("%s", (char *)arg);
	fprintf(stderr, "message");
	return 7;
}

static int __attribute__((noreturn)) hang(void *arg)
{
	(void)arg;
	printf("begun");
	fflush(stdout);
	for (;;)
		pause();
}

static void check_output(const struct part *part, const char *want)
{
	char buf[16] = "";

	assert_true(pread(part->out, buf, sizeof(buf) - 1, 0) >= 0);
	assert_string_equal(buf, want);
}

/* One that hangs is ended, and what it has printed is there. */
static void parts(void **state)
{
	struct part all[] = {
		{ .run = print_both, .arg = "text" }, { .run = hang },
	};
	char *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		assert_true(part_start(&all[i]));
	parts_wait(all, 1, signals_clock() + 60 * NS_PER_SEC);
	assert_true(all[0].ended);
	assert_int_equal(all[0].exit_code, 7);
	check_output(&all[0], "text");
	text = part_messages(&all[0]);
	assert_string_equal(text, "message");
	free(text);
	while (lseek(all[1].out, 0, SEEK_END) <= 0)
		usleep(1000);
	check_output(&all[1], "begun");
	parts_wait(&all[1], 1, 0);
	assert_false(all[1].ended);
	assert_int_equal(all[1].exit_code, 128 + 15);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		part_close(&all[i]);
}

/* Asked to end, it does not wait for parts that were not. */
static void parts_end_early(void **state)
{
	struct part part = { .run = hang };

	(void)state;
	assert_true(part_start(&part));
	signals_catch();
	kill(getpid(), SIGTERM);
	alarm(60);
	parts_wait(&part, 1, signals_clock() + 3600 * NS_PER_SEC);
	alarm(0);
	signals_catch();
	assert_false(part.ended);
	assert_int_equal(part.exit_code, 128 + 15);
	part_close(&part);
}

/* Output that nobody takes counts as a signal to end does. */
static int run_interrupted(void *arg)
{
	char *argv[5] = { "collect", "-o", arg, "12" };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), ret;

	assert_true(full >= 0 && dup2(full, STDOUT_FILENO) >= 0);
	close(full);
	putchar('x');
	assert_int_not_equal(fflush(stdout), 0);
	ret = cmd_collect(&(struct cmd){ .name = "collect" }, 4, argv);
	__fpurge(stdout);
	clearerr(stdout);
	return ret;
}

/* What was cut short says so. */
static void interrupted(void **state)
{
	char *root = tree_make(), *path = archive_path(root), buf[4096];
	struct captured cap;

	(void)state;
	tree_process(root, 12, "qemu", "qemu", 5);
	tree_link(root, "/proc/12/fd/10", "anon_inode:kvm-vm");
	tree_link(root, "/proc/12/fd/11", "anon_inode:kvm-vcpu:0");
	host_file_set_root(root);
	cap = capture(run_interrupted, path);
	host_file_set_root("");
	assert_int_equal(cap.ret, 1);
	assert_non_null(strstr(cap.err,
			       "interrupted: the archive is not complete"));
	captured_free(&cap);
	assert_int_equal(read_back(path, "collection.json", sizeof(buf), buf,
				   sizeof(buf)), ARCHIVE_READ);
	assert_non_null(strstr(buf, "\"interrupted\":true"));
	free(path);
	tree_remove(root);
}

/* A VM's process, its group and the host, in an archive */
static void evidence(void **state)
{
	static const char cmdline[] = "qemu\0-spice\0password=hunter2";
	char *root = tree_make(), *path = archive_path(root);
	struct archive_out *out = archive_create(path, "vcpu-info-12");
	char buf[256];

	(void)state;
	tree_write(root, "/proc/12/limits", "Max open files 1024\n");
	tree_bytes(root, "/proc/12/cmdline", cmdline, sizeof(cmdline));
	tree_write(root, "/proc/12/environ", "TOKEN=x");
	tree_write(root, "/proc/12/task/13/comm", "CPU 0/KVM\n");
	tree_write(root, "/proc/12/cgroup", "0::/machine.slice/vm.scope\n");
	tree_write(root, "/sys/fs/cgroup/machine.slice/vm.scope/cpu.max",
		   "5000 100000\n");
	tree_write(root, "/sys/fs/cgroup/machine.slice/cpu.max", "max 100000\n");
	tree_write(root, "/sys/module/kvm/parameters/halt_poll_ns", "200000\n");
	tree_write(root, "/dev/kmsg", "6,7,5000001,-;kvm: hello\n KEY=x\n");
	host_file_set_root(root);
	assert_true(evidence_add(out, 12));
	host_file_set_root("");
	assert_true(archive_commit(out));
	archive_close(out);

#define HAS(name, want)							\
	do {								\
		assert_int_equal(read_back(path, name, 255, buf,	\
					   sizeof(buf)), ARCHIVE_READ);	\
		assert_string_equal(buf, want);				\
	} while (0)
	HAS("vmm/limits", "Max open files 1024\n");
	HAS("vmm/command-line", "qemu\n-spice\npassword=[removed]\n");
	HAS("vmm/threads/13/comm", "CPU 0/KVM\n");
	HAS("cgroup/0/path", "/machine.slice/vm.scope");
	HAS("cgroup/0/cpu.max", "5000 100000\n");
	HAS("cgroup/1/cpu.max", "max 100000\n");
	HAS("host/kvm-parameters", "halt_poll_ns: 200000\n");
	HAS("host/kernel-log", "[    5.000001] kvm: hello\n");
	assert_int_equal(read_back(path, "vmm/environ", 255, buf, sizeof(buf)),
			 ARCHIVE_LACKS);
	free(path);
	tree_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(log_lines),
		cmocka_unit_test(archives),
		cmocka_unit_test(not_committed),
		cmocka_unit_test(large_part),
		cmocka_unit_test(no_file),
		cmocka_unit_test(bomb),
		cmocka_unit_test(diagnose_file),
		cmocka_unit_test(diagnose_bad_file),
		cmocka_unit_test(report_archive),
		cmocka_unit_test(parts),
		cmocka_unit_test(parts_end_early),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
