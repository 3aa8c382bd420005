// SPDX-License-Identifier: GPL-2.0
/*
 * Files of trace-cmd, as 'report' reads them: in a child.
 *
 * The child may end by a fault of libtracecmd's, which 'report' has to say; a
 * fault in code of ours is one of this test. A file that is cut off may have
 * fewer records, but no other ones than the whole file.
 */
#include <dlfcn.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "counters.h"
#include "exit-codes.h"
#include "fuzz.h"

/* Of a child whose own code has a fault, and of one in which a library has. */
#define EXIT_OURS	99
#define EXIT_THEIRS	98

#define RECORD	"{\"schema\":1,\"type\":\"record\","

/* ASan asks for it by this name. The child may not run its symbolizer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "exitcode=99:symbolize=0";
}

/*
 * Whose the innermost function in ASan's report is. Functions of its own in
 * this program are exported, ours are not.
 */
static void judge(const char *report)
{
	void *self = (void *)(uintptr_t)judge;
	Dl_info us, at;

	dladdr(self, &us);
	for (const char *p = report; (p = strstr(p, " 0x")); p += 3) {
		const char *number = p;
		uintptr_t address;

		while (number > report && number[-1] >= '0' && number[-1] <= '9')
			number--;
		if (number == p || number == report || number[-1] != '#')
			continue;
		address = strtoull(p + 1, NULL, 16);
		if (!dladdr((void *)address, &at) || !at.dli_fname)
			continue;
		if (strstr(at.dli_fname, "/libtrace"))
			_exit(EXIT_THEIRS);
		if (at.dli_fbase == us.dli_fbase && !at.dli_sname)
			return;
	}
}

static int new_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size))
		abort();
	return fd;
}

/* What was written to it, with a NUL. */
static char *contents(int fd)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st))
		abort();
	text = calloc(1, st.st_size + 1);
	if (!text || pread(fd, text, st.st_size, 0) != st.st_size)
		abort();
	close(fd);
	return text;
}

static int run_report(int file)
{
	char path[64], *argv[] = { "report", "-j", path, NULL };
	struct report_params params;
	struct opt_parser op;
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (report_parse(&op, 3, argv, &params) != OPT_RUN)
		abort();
	ret = report_run(&params);
	event_options_free(&params.events);
	return ret;
}

/* Its standard output; it has to end well, or to say why not. */
static char *report_on(const uint8_t *data, size_t size)
{
	int file = new_file(data, size);
	int out = new_file(NULL, 0), err = new_file(NULL, 0);
	int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);
	char *said, *text;
	int ret;

	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	ret = run_report(file);
	counters_carry();
	fflush(NULL);
	dup2(old_out, STDOUT_FILENO);
	dup2(old_err, STDERR_FILENO);
	close(old_out);
	close(old_err);
	close(file);

	text = contents(out);
	said = contents(err);
	if (ret != EXIT_OK && ret != EXIT_THEIRS &&
	    (ret != EXIT_FAILED || !said[0])) {
		fprintf(stderr, "exit status %d\n%s", ret, said);
		abort();
	}
	free(said);
	return text;
}

/* Only the age depends on when it is printed, and a report has none. */
static void check_records(const char *part, const char *whole)
{
	for (const char *line = part; *line; ) {
		size_t len = strcspn(line, "\n");
		char *copy = strndup(line, len + (line[len] == '\n'));

		if (!copy)
			abort();
		if (!strncmp(line, RECORD, strlen(RECORD)) &&
		    copy[len] == '\n' && !strstr(whole, copy)) {
			fprintf(stderr, "not in the whole file: %s", copy);
			abort();
		}
		free(copy);
		line += len + (line[len] == '\n');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *whole, *part;

	counters_init();
	__asan_set_error_report_callback(judge);
	if (size < 4)
		return 0;
	/* the last two bytes say where it is cut off */
	size -= 2;
	whole = report_on(data, size);
	part = report_on(data, (data[size] << 8 | data[size + 1]) % size);
	check_records(part, whole);
	free(part);
	free(whole);
	return 0;
}
