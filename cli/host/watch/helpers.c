// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "collect/archive.h"
#include "duration.h"
#include "exit-codes.h"
#include "msg.h"
#include "print/stack.h"
#include "signals.h"
#include "text.h"
#include "vm/guest.h"
#include "watch/finding.h"
#include "watch/helpers.h"

#define PREFIX	"vcpu-info-"
#define SUFFIX	".tar.zst"

/* What a process that reads a guest's memory may write */
#define OUTPUT_MAX	(1 << 20)

#define TIDY_UP_NS	(5 * NS_PER_SEC)

static int free_place(const struct helpers *helpers)
{
	for (int i = 0; i < MAX_HELPERS; i++)
		if (!helpers->running[i])
			return i;
	errno = EAGAIN;
	return -1;
}

/*
 * A child in a group of its own, without our handlers and files, among which is a trace
 * instance that can be removed only when nobody has it open. 0 in it, -1 and errno.
 * out and err become its standard output and error.
 */
static pid_t start(struct helpers *helpers, int seconds, int out, int err)
{
	int place = free_place(helpers);
	pid_t pid;

	if (place < 0)
		return -1;
	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (pid > 0) {
		helpers->running[place] = pid;
		helpers->deadline[place] = signals_clock() +
					   seconds * NS_PER_SEC;
	}
	if (!pid) {
		setpgid(0, 0);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
			_exit(EXIT_FAILED);
		syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
	}
	return pid;
}

static void set_number(const char *name, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	setenv(name, text, 1);
}

static void set_last_words(const struct last_words *words)
{
	char cookie[24];

	if (!words) {
		unsetenv("VCPU_INFO_REASON");
		unsetenv("VCPU_INFO_COOKIE");
		unsetenv("VCPU_INFO_CALLER");
		return;
	}
	snprintf(cookie, sizeof(cookie), "0x%" PRIx64, words->cookie);
	setenv("VCPU_INFO_REASON", last_words_name(words), 1);
	setenv("VCPU_INFO_COOKIE", cookie, 1);
	set_number("VCPU_INFO_CALLER", words->caller);
}

static void set_environment(const struct change *change)
{
	const struct process *vmm = &change->vm->vmm;
	char name[TEXT_SIZE];

	text_utf8(name, sizeof(name), process_vm_name(vmm));
	setenv("VCPU_INFO_VM_NAME", name, 1);
	set_number("VCPU_INFO_VM_PID", vmm->pid);
	set_number("VCPU_INFO_VM_FD", change->vm->fd);
	setenv("VCPU_INFO_WORD", change->word, 1);
	setenv("VCPU_INFO_WORD_BEFORE", change->before, 1);
	set_last_words(change->last_words);
}

/* Its input, in a file without a name: no pipe that somebody has to fill */
static bool set_input(const char *text)
{
	int fd = memfd_create("diagnosis", MFD_CLOEXEC);
	size_t len = strlen(text);

	return fd >= 0 && write(fd, text, len) == (ssize_t)len &&
	       !lseek(fd, 0, SEEK_SET) && dup2(fd, STDIN_FILENO) >= 0;
}

bool helpers_exec(struct helpers *helpers, const char *program,
		  const struct change *change)
{
	char *const argv[] = { (char *)program, NULL };
	pid_t pid;

	helpers_reap(helpers);
	pid = start(helpers, EXEC_SECONDS, STDOUT_FILENO, STDERR_FILENO);
	if (pid)
		return pid > 0;
	set_environment(change);
	if (set_input(change->json))
		execvp(program, argv);
	msg_error("cannot run %s: %s", program, strerror(errno));
	_exit(EXIT_FAILED);
}

/* The oldest archive and the size of all; "" if there is none */
struct oldest {
	char name[NAME_MAX + 1];
	struct timespec time;
	uint64_t sum;
	size_t nr;
};

static bool is_archive(const char *name)
{
	size_t len = strlen(name);

	return !strncmp(name, PREFIX, strlen(PREFIX)) &&
	       len > strlen(PREFIX) + strlen(SUFFIX) &&
	       !strcmp(name + len - strlen(SUFFIX), SUFFIX);
}

/* What a 'collect' that was killed while it wrote left behind: nobody renames it now. */
static bool is_leftover(const char *name, const struct stat *st)
{
	static const char part[] = SUFFIX ARCHIVE_PART;
	const char *found = strstr(name, part);

	return found && !strncmp(name, PREFIX, strlen(PREFIX)) &&
	       strlen(found) == strlen(part) + 6 &&
	       time(NULL) - st->st_mtim.tv_sec > COLLECT_SECONDS;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static bool find_oldest(const char *directory, struct oldest *oldest)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	struct stat st;

	*oldest = (struct oldest){ 0 };
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) ||
		    !(is_archive(entry->d_name) ||
		      is_leftover(entry->d_name, &st)))
			continue;
		oldest->sum += st.st_size;
		if (oldest->nr++ && !is_before(&st.st_mtim, &oldest->time))
			continue;
		oldest->time = st.st_mtim;
		snprintf(oldest->name, sizeof(oldest->name), "%s",
			 entry->d_name);
	}
	closedir(dir);
	return oldest->nr;
}

void helpers_make_room(const char *directory, uint64_t keep)
{
	char path[PATH_MAX];
	struct oldest oldest;

	while (find_oldest(directory, &oldest) && oldest.sum > keep) {
		if (snprintf(path, sizeof(path), "%s/%s", directory,
			     oldest.name) >= (int)sizeof(path) || unlink(path)) {
			msg_error("cannot remove %s/%s: %s", directory,
				  oldest.name, strerror(errno));
			return;
		}
	}
}

static void collect(const char *directory, uint64_t keep, const struct vm *vm)
{
	struct collect_params params = { .count = 5,
					 .interval_ns = 200 * NS_PER_MS };
	char path[PATH_MAX], when[32], name[32], err[64];
	time_t now = time(NULL);
	struct tm tm;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	helpers_make_room(directory, keep);
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, sizeof(name), "%d:%d", vm->vmm.pid, vm->fd);
	if (snprintf(path, sizeof(path), "%s/" PREFIX "%d-%s" SUFFIX, directory,
		     vm->vmm.pid, when) >= (int)sizeof(path) ||
	    !select_add_vm(&params.select, name, err, sizeof(err)))
		_exit(EXIT_FAILED);
	params.file = path;
	_exit(collect_run(&params));
}

bool helpers_collect(struct helpers *helpers, const char *directory,
		     uint64_t keep, const struct vm *vm)
{
	pid_t pid;

	helpers_reap(helpers);
	pid = start(helpers, COLLECT_SECONDS, STDOUT_FILENO, STDERR_FILENO);
	if (!pid)
		collect(directory, keep, vm);
	return pid > 0;
}

static void add_messages(struct guest *guest, struct finding *finding)
{
	struct guest_messages messages;
	const char *why;

	if (!guest->kernel) {
		finding_set_messages(finding, NULL,
				     guest_kernel_strerror(guest->error));
		return;
	}
	why = guest_messages_read(guest->kernel, &messages);
	finding_set_messages(finding, why ? NULL : &messages, why);
	if (!why)
		guest_messages_free(&messages);
}

static bool hand_over(const struct finding *finding)
{
	return pwrite(STDOUT_FILENO, finding, sizeof(*finding), 0) ==
	       sizeof(*finding);
}

/* In the child without privileges. It is ended if it takes long: first things first. */
static int find(struct guest *guest, void *arg)
{
	static struct finding finding;
	const int *vcpu_id = arg;
	struct stack_record record;
	struct guest_task task;

	if (*vcpu_id >= 0) {
		stack_of_vcpu(guest, *vcpu_id, &task, &record);
		finding_set_stack(&finding, &record);
		if (!hand_over(&finding))
			return EXIT_FAILED;
	}
	add_messages(guest, &finding);
	return hand_over(&finding) ? EXIT_OK : EXIT_FAILED;
}

static void read_guest(const struct vm *vm, int vcpu_id)
{
	const struct rlimit output = { OUTPUT_MAX, OUTPUT_MAX };
	struct select select = { 0 };
	char name[32], err[64];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(name, sizeof(name), "%d:%d", vm->vmm.pid, vm->fd);
	if (setrlimit(RLIMIT_FSIZE, &output) ||
	    !select_add_vm(&select, name, err, sizeof(err)))
		_exit(EXIT_FAILED);
	_exit(guest_each(&select, find, &vcpu_id));
}

int helpers_read_guest(struct helpers *helpers, const struct vm *vm, int vcpu_id,
		       int out, int messages)
{
	pid_t pid = start(helpers, READ_SECONDS, out, messages);

	if (!pid)
		read_guest(vm, vcpu_id);
	for (int i = 0; pid > 0 && i < MAX_HELPERS; i++)
		if (helpers->running[i] == pid)
			return i;
	return -1;
}

uint64_t helpers_deadline(const struct helpers *helpers)
{
	uint64_t first = UINT64_MAX;

	for (int i = 0; i < MAX_HELPERS; i++)
		if (helpers->running[i] && helpers->deadline[i] < first)
			first = helpers->deadline[i];
	return first;
}

void helpers_reap(struct helpers *helpers)
{
	for (int i = 0; i < MAX_HELPERS; i++) {
		if (!helpers->running[i])
			continue;
		if (signals_clock() > helpers->deadline[i])
			kill(-helpers->running[i], SIGKILL);
		if (waitpid(helpers->running[i], NULL, WNOHANG))
			helpers->running[i] = 0;
	}
}

static bool any_runs(const struct helpers *helpers)
{
	for (int i = 0; i < MAX_HELPERS; i++)
		if (helpers->running[i])
			return true;
	return false;
}

void helpers_wait(struct helpers *helpers)
{
	for (helpers_reap(helpers); any_runs(helpers); helpers_reap(helpers)) {
		if (signals_want_end())
			break;
		poll(NULL, 0, 20);
	}
}

void helpers_stop(struct helpers *helpers)
{
	uint64_t deadline = signals_clock() + TIDY_UP_NS;

	for (int i = 0; i < MAX_HELPERS; i++) {
		if (!helpers->running[i])
			continue;
		kill(-helpers->running[i], SIGTERM);
		helpers->deadline[i] = deadline;
	}
	for (helpers_reap(helpers); any_runs(helpers); helpers_reap(helpers))
		poll(NULL, 0, 20);
}
