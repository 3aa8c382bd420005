// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host-file.h"
#include "vm/thread-times.h"

/* Descriptors that are left to all others */
#define RESERVE		256
#define MOST_FILES	65536
#define FIRST_SIZE	64

/**
 * struct thread_file - the file of a thread
 * @tid: the thread, 0 if this place is free
 * @pid: its process
 * @fd: the file
 * @used: it was read since the last sweep
 */
struct thread_file {
	int tid;
	int pid;
	int fd;
	bool used;
};

/* As many as the limit on descriptors allows, which is raised for that. */
static size_t allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	if (limit.rlim_cur < MOST_FILES + RESERVE) {
		limit.rlim_cur = limit.rlim_max < MOST_FILES + RESERVE ?
				 limit.rlim_max : MOST_FILES + RESERVE;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			return 0;
	}
	if (limit.rlim_cur <= RESERVE)
		return 0;
	return limit.rlim_cur < MOST_FILES ? limit.rlim_cur - RESERVE : MOST_FILES;
}

static struct thread_file *place_of(const struct thread_times *times, int tid)
{
	size_t at = (unsigned int)tid * 2654435761U & (times->size - 1);

	while (times->files[at].tid && times->files[at].tid != tid)
		at = (at + 1) & (times->size - 1);
	return &times->files[at];
}

/* A table of another size with those that are kept; false on OOM. */
static bool rebuild(struct thread_times *times, size_t size, bool used_only)
{
	struct thread_times old = *times;

	times->files = calloc(size, sizeof(*times->files));
	if (!times->files) {
		*times = old;
		return false;
	}
	times->size = size;
	times->nr = 0;
	for (size_t i = 0; i < old.size; i++) {
		struct thread_file *file = &old.files[i];

		if (!file->tid)
			continue;
		if (used_only && !file->used) {
			close(file->fd);
			continue;
		}
		*place_of(times, file->tid) = *file;
		times->nr++;
	}
	free(old.files);
	return true;
}

static int open_file(int pid, int tid)
{
	char path[PATH_MAX];

	return host_file_path(path, sizeof(path), "/proc/%d/task/%d/schedstat",
			      pid, tid) ?
		       open(path, O_RDONLY | O_CLOEXEC) : -1;
}

/* As the kernel writes it; sscanf() would take as long as the kernel. */
static const char *parse_number(const char *p, uint64_t *number)
{
	*number = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		*number = *number * 10 + (*p - '0');
	return p;
}

static bool read_file(int fd, uint64_t *run_ns, uint64_t *wait_ns)
{
	char line[80];
	ssize_t len = pread(fd, line, sizeof(line) - 1, 0);
	const char *p;

	if (len <= 0)
		return false;
	line[len] = '\0';
	p = parse_number(line, run_ns);
	if (p == line || *p != ' ')
		return false;
	return parse_number(p + 1, wait_ns) > p + 1;
}

/* Where its file is to be kept; NULL if there is no room. */
static struct thread_file *get_place(struct thread_times *times, int tid)
{
	struct thread_file *file;

	if (!times->size) {
		if (!times->max)
			times->max = allow_files();
		if (!rebuild(times, FIRST_SIZE, false))
			return NULL;
	}
	file = place_of(times, tid);
	if (file->tid)
		return file;
	if (times->nr >= times->max)
		return NULL;
	if (2 * times->nr < times->size)
		return file;
	return rebuild(times, 2 * times->size, false) ? place_of(times, tid) : NULL;
}

bool thread_times_read(struct thread_times *times, int pid, int tid,
		       uint64_t *run_ns, uint64_t *wait_ns)
{
	struct thread_file *file = get_place(times, tid);
	bool ok;
	int fd;

	if (file && file->tid) {
		file->used = true;
		if (file->pid == pid && read_file(file->fd, run_ns, wait_ns))
			return true;
		/* another thread has its number now */
		close(file->fd);
		file->fd = open_file(pid, tid);
		file->pid = pid;
		return read_file(file->fd, run_ns, wait_ns);
	}
	fd = open_file(pid, tid);
	if (fd < 0)
		return false;
	ok = read_file(fd, run_ns, wait_ns);
	if (!file || !ok) {
		close(fd);
		return ok;
	}
	*file = (struct thread_file){ tid, pid, fd, true };
	times->nr++;
	return true;
}

void thread_times_sweep(struct thread_times *times)
{
	if (!times->size || !rebuild(times, times->size, true))
		return;
	for (size_t i = 0; i < times->size; i++)
		times->files[i].used = false;
}

void thread_times_free(struct thread_times *times)
{
	for (size_t i = 0; i < times->size; i++) {
		if (times->files[i].tid)
			close(times->files[i].fd);
	}
	free(times->files);
	*times = (struct thread_times){ 0 };
}
