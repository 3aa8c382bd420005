// SPDX-License-Identifier: GPL-2.0
/*
 * What a process that reads untrusted files can still do, and that 'report'
 * reads in such a one.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit.h"

#include "child.h"
#include "cmd/commands.h"
#include "datfile.h"
#include "sandbox.h"
#include "support.h"
#include "vm/guest-child.h"

static bool denied(long ret)
{
	return ret < 0 && errno == EPERM;
}

/* The number of the first thing that is not as it has to be. */
static int try_all(const char *path, int fd)
{
	char *argv[2] = { "true" };
	bool was_root = !geteuid();
	int available;
	char byte;

	if (!sandbox_enter())
		return 2;
	if (read(fd, &byte, 1) != 1)
		return 3;
	if (!geteuid() || !getuid() || !getegid() || !setuid(0))
		return 4;
	if (was_root && !access(path, R_OK))
		return 5;
	if (!denied(execv("/bin/true", argv)))
		return 6;
	if (!denied(socket(AF_UNIX, SOCK_STREAM, 0)))
		return 7;
	if (!denied(kill(getppid(), 0)))
		return 8;
	if (!denied(syscall(SYS_mmap, NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0)))
		return 10;
	if (!denied(ioctl(fd, TIOCSTI, "x")) ||
	    !denied(syscall(SYS_ioctl, fd, 1UL << 32 | TIOCSTI, "x")))
		return 11;
	if (!denied(ioctl(fd, TIOCLINUX, "x")))
		return 12;
	if (ioctl(fd, FIONREAD, &available))
		return 13;
	if (!denied(syscall(SYS_pidfd_open, getppid(), 0)))
		return 14;
	free(malloc(1 << 20));
	return printf("%c", byte) == 1 ? 0 : 9;
}

/* The same for files, and for processes of the same user */
static int try_files(void)
{
	struct rlimit limit;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
	if (!sandbox_enter())
		return 2;
	if (!denied(open(path, O_RDWR | O_CLOEXEC)))
		return 3;
	if (!denied(open("/dev/null", O_RDONLY | O_CLOEXEC)) ||
	    !denied(syscall(SYS_open, "/dev/null", O_RDONLY)) ||
	    !denied(syscall(SYS_openat2, AT_FDCWD, "/dev/null", NULL, 0)))
		return 4;
	if (!denied(creat("/tmp/vcpu-info-unit-creat", 0600)))
		return 5;
	if (!denied(truncate("/nonexistent", 0)) ||
	    !denied(unlink("/nonexistent")) ||
	    !denied(rename("/nonexistent", "/nonexistent2")) ||
	    !denied(mkdir("/nonexistent/x", 0700)) ||
	    !denied(symlink("x", "/nonexistent/x")) ||
	    !denied(link("/nonexistent", "/nonexistent2")) ||
	    !denied(chmod("/nonexistent", 0700)) ||
	    !denied(fchmod(STDIN_FILENO, 0700)))
		return 6;
	if (!denied(syscall(SYS_tgkill, getppid(), getppid(), 0)) ||
	    syscall(SYS_tgkill, getpid(), getpid(), 0))
		return 7;
	if (!denied(prlimit(getppid(), RLIMIT_CPU, NULL, &limit)) ||
	    getrlimit(RLIMIT_CPU, &limit))
		return 8;
	if (syscall(1000) != -1 || errno != ENOSYS)
		return 9;
	return 0;
}

/* One that is not root has nothing to give up; it is its own files and processes. */
static int try_as_user(void)
{
	int status;
	pid_t pid;

	if (!geteuid() && (setgroups(0, NULL) || setresgid(1, 1, 1) ||
			   setresuid(1, 1, 1)))
		return 20;
	/* a change of the user takes it */
	prctl(PR_SET_DUMPABLE, 1);
	pid = fork();
	if (!pid)
		_exit(try_files());
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 21;
	return WEXITSTATUS(status);
}

static void keeps_off_own_files(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(try_as_user());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int call_abort(void *arg)
{
	(void)arg;
	abort();
}

static int abort_confined(void *arg)
{
	return sandbox_call(call_abort, arg, "file");
}

/* The signal is the one that abort() stands for. */
static void abort_is_told(void **state)
{
	struct captured cap = capture(abort_confined, NULL);

	(void)state;
	assert_int_equal(cap.ret, 1);
	assert_non_null(strstr(cap.err, "crashed (Aborted)"));
	captured_free(&cap);
}

static void gives_up_privileges(void **state)
{
	char *root = tree_make();
	char path[200];
	int status, fd;
	pid_t pid;

	(void)state;
	tree_write(root, "/secret", "text");
	snprintf(path, sizeof(path), "%s/secret", root);
	assert_int_equal(chmod(path, 0600), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(try_all(path, fd));
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	tree_remove(root);
}

/* As a service that is not root, but may do what root may */
static int try_capabilities(void)
{
	char status[4096];
	ssize_t n;
	int fd;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setresuid(1, 1, 1))
		return 2;
	/* written when it is read */
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	n = sandbox_enter() ? read(fd, status, sizeof(status) - 1) : -1;
	status[n > 0 ? n : 0] = '\0';
	close(fd);
	return strstr(status, "CapPrm:\t0000000000000000\n") ? 0 : 4;
}

static void gives_up_capabilities(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(try_capabilities());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void write_file(const char *path)
{
	struct datfile *file = datfile_new(path, 1, true, 0);
	struct raw_record rec = raw_record();

	datfile_next_cpu(file);
	for (int i = 0; i < 1000; i++)
		datfile_add(file, (1000 + i) * 1000000ULL, &rec, sizeof(rec));
	datfile_close(file);
}

/* Whether a line of the process's status is that. */
static bool status_has(pid_t pid, const char *want)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, want, strlen(want));
	if (f)
		fclose(f);
	return found;
}

static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	return child;
}

static int run_report(const char *path, int out)
{
	char *argv[3] = { "report", (char *)path };
	struct report_params params;
	struct opt_parser op;

	if (dup2(out, STDOUT_FILENO) < 0 ||
	    report_parse(&op, 2, argv, &params) != OPT_RUN)
		return 100;
	return report_run(&params);
}

/* The reader of the file is looked at while it waits for us to read. */
static void report_is_confined(void **state)
{
	char *root = tree_make();
	int fds[2], status, got = 0;
	char path[200], buf[4096];
	pid_t pid, child;

	(void)state;
	snprintf(path, sizeof(path), "%s/t.dat", root);
	write_file(path);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(root, 0700), 0);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		close(fds[0]);
		_exit(run_report(path, fds[1]));
	}
	close(fds[1]);
	do {
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		ioctl(fds[0], FIONREAD, &got);
	} while (!got);
	child = child_of(pid);
	assert_true(child > 0);
	assert_true(status_has(child, "NoNewPrivs:\t1"));
	assert_true(status_has(child, "Seccomp:\t2"));
	assert_false(status_has(child, "Uid:\t0"));
	while (read(fds[0], buf, sizeof(buf)) > 0)
		;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
	tree_remove(root);
}

/* Whatever it is sent, it goes on, and the command's output stays open. */
static int go_on(void *arg)
{
	(void)arg;
	/* in case it is not killed */
	alarm(120);
	signal(SIGTERM, SIG_IGN);
	if (write(STDOUT_FILENO, "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

static void read_file(void)
{
	sandbox_call(go_on, NULL, "file");
}

/* As those that look into guests do */
static void look_into_guest(void)
{
	pid_t pid = child_fork();

	if (!pid && guest_child_confine(STDERR_FILENO + 1, 60))
		go_on(NULL);
	waitpid(pid, NULL, 0);
}

static void run_part(void)
{
	pid_t pid = child_fork();

	if (!pid)
		go_on(NULL);
	waitpid(pid, NULL, 0);
}

/* A command is killed while its child works: who reads its output reads the end. */
static void ends_with_parent(void (*run)(void))
{
	struct pollfd pfd = { .events = POLLIN };
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (dup2(fds[1], STDOUT_FILENO) < 0)
			_exit(1);
		run();
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	pfd.fd = fds[0];
	assert_int_equal(poll(&pfd, 1, 60000), 1);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

static void children_end_with_command(void **state)
{
	(void)state;
	ends_with_parent(read_file);
	ends_with_parent(look_into_guest);
	ends_with_parent(run_part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_up_privileges),
		cmocka_unit_test(gives_up_capabilities),
		cmocka_unit_test(keeps_off_own_files),
		cmocka_unit_test(abort_is_told),
		cmocka_unit_test(report_is_confined),
		cmocka_unit_test(children_end_with_command),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
