// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/evidence.h"
#include "collect/redact.h"
#include "compiler.h"
#include "host-file.h"
#include "vm/cgroup.h"

#define MAX_LOG_RECORDS		100000
#define MAX_CGROUP_LEVELS	16

/* Of the process: what proc(5) has of memory, limits, time and open files */
static const char *const process_files[] = {
	"cgroup", "comm", "io", "limits", "oom_score", "oom_score_adj",
	"schedstat", "stat", "status", NULL
};

static const char *const thread_files[] = {
	"comm", "schedstat", "stack", "stat", "status", "wchan", NULL
};

/* Documentation/admin-guide/cgroup-v2.rst */
static const char *const cgroup_files[] = {
	"cgroup.events", "cgroup.freeze", "cgroup.type", "cpu.max",
	"cpu.pressure", "cpu.stat", "cpu.weight", "cpuset.cpus.effective",
	"io.max", "io.pressure", "io.stat", "memory.current",
	"memory.events", "memory.high", "memory.max", "memory.pressure",
	"memory.swap.current", NULL
};

/* path on the host, name in the archive */
static const char *const host_files[][2] = {
	{ "/proc/version", "host/version" },
	{ "/etc/os-release", "host/os-release" },
	{ "/proc/uptime", "host/uptime" },
	{ "/proc/loadavg", "host/loadavg" },
	{ "/proc/meminfo", "host/meminfo" },
	{ "/proc/cpuinfo", "host/cpuinfo" },
	{ "/proc/pressure/cpu", "host/pressure-cpu" },
	{ "/proc/pressure/io", "host/pressure-io" },
	{ "/proc/pressure/memory", "host/pressure-memory" },
	{ "/sys/kernel/security/lockdown", "host/lockdown" },
};

/* Directories of small files, each of which becomes one file: "NAME: VALUE" */
static const char *const host_directories[][2] = {
	{ "/sys/module/kvm/parameters", "host/kvm-parameters" },
	{ "/sys/module/kvm_amd/parameters", "host/kvm_amd-parameters" },
	{ "/sys/module/kvm_intel/parameters", "host/kvm_intel-parameters" },
	{ "/sys/module/vcpu_info/parameters", "host/vcpu_info-parameters" },
	{ "/sys/kernel/vcpu_info/stats", "host/vcpu_info-stats" },
};

/* Where all goes, and whether it still can */
struct evidence {
	struct archive_out *out;
	char *buf;
	bool failed;
	int err;
};

__printf(4, 5)
static void add(struct evidence *evidence, const void *data, size_t size,
		const char *fmt, ...)
{
	char name[NAME_MAX];
	va_list ap;

	if (evidence->failed)
		return;
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	if (archive_add(evidence->out, name, data, size))
		return;
	evidence->failed = true;
	evidence->err = errno;
}

static void add_file(struct evidence *evidence, const char *path,
		     const char *name)
{
	size_t size = host_file_bytes(evidence->buf, EVIDENCE_MAX_FILE, "%s",
				      path);

	if (size)
		add(evidence, evidence->buf, size, "%s", name);
}

static void add_files(struct evidence *evidence, const char *directory,
		      const char *const *files, const char *prefix)
{
	char path[PATH_MAX], name[NAME_MAX];

	for (; *files; files++) {
		if (snprintf(path, sizeof(path), "%s/%s", directory, *files) >=
		    (int)sizeof(path))
			continue;
		snprintf(name, sizeof(name), "%s%s", prefix, *files);
		add_file(evidence, path, name);
	}
}

/* What open_memstream() made, as a file of the archive */
static void add_stream(struct evidence *evidence, FILE *stream, char **data,
		       size_t *size, const char *name)
{
	if (fclose(stream)) {
		evidence->failed = true;
		evidence->err = ENOMEM;
	} else if (*size) {
		add(evidence, *data, *size, "%s", name);
	}
	free(*data);
}

static FILE *open_stream(struct evidence *evidence, char **data, size_t *size)
{
	FILE *stream = open_memstream(data, size);

	if (!stream) {
		evidence->failed = true;
		evidence->err = errno;
	}
	return stream;
}

static void add_command_line(struct evidence *evidence, int pid)
{
	size_t len = host_file_bytes(evidence->buf, EVIDENCE_MAX_FILE,
				     "/proc/%d/cmdline", pid);
	char *data = NULL;
	size_t size;
	FILE *stream = open_stream(evidence, &data, &size);

	if (!stream)
		return;
	redact_command_line(stream, evidence->buf, len);
	add_stream(evidence, stream, &data, &size, "vmm/command-line");
}

static void add_threads(struct evidence *evidence, int pid)
{
	DIR *dir = host_file_dir("/proc/%d/task", pid);
	char directory[64], prefix[64];
	const struct dirent *entry;
	int nr = 0;

	if (!dir)
		return;
	while ((entry = readdir(dir)) && nr < EVIDENCE_MAX_THREADS) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		nr++;
		snprintf(directory, sizeof(directory), "/proc/%d/task/%.16s",
			 pid, entry->d_name);
		snprintf(prefix, sizeof(prefix), "vmm/threads/%.16s/",
			 entry->d_name);
		add_files(evidence, directory, thread_files, prefix);
	}
	closedir(dir);
}

/* The group that the process is in, and those above it, whose limits hold, too */
static void add_cgroups(struct evidence *evidence, int pid)
{
	char directory[PATH_MAX], prefix[64];
	struct cgroup cgroup;
	char *end;

	cgroup_look_up(&cgroup, pid);
	for (int level = 0; cgroup.path[0] && level < MAX_CGROUP_LEVELS;
	     level++) {
		if (strstr(cgroup.path, "/../"))
			return;
		snprintf(directory, sizeof(directory), "/sys/fs/cgroup%s",
			 cgroup.path);
		snprintf(prefix, sizeof(prefix), "cgroup/%d/", level);
		add(evidence, cgroup.path, strlen(cgroup.path), "%spath",
		    prefix);
		add_files(evidence, directory, cgroup_files, prefix);
		end = strrchr(cgroup.path, '/');
		if (!end || end == cgroup.path)
			return;
		*end = '\0';
	}
}

static void add_directory(struct evidence *evidence, const char *path,
			  const char *name)
{
	DIR *dir = host_file_dir("%s", path);
	const struct dirent *entry;
	char line[4096];
	char *data = NULL;
	size_t size;
	FILE *stream;

	if (!dir)
		return;
	stream = open_stream(evidence, &data, &size);
	while (stream && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' &&
		    host_file_line(line, sizeof(line), "%s/%s", path,
				   entry->d_name))
			fprintf(stream, "%s: %s\n", entry->d_name, line);
	}
	closedir(dir);
	if (stream)
		add_stream(evidence, stream, &data, &size, name);
}

bool evidence_wants_log_line(const char *text)
{
	return strcasestr(text, "kvm") || strstr(text, "vcpu_info") ||
	       strstr(text, "vhost") || strstr(text, "SVM") ||
	       strstr(text, "VMX");
}

/* A record of /dev/kmsg: "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT\n..." */
static void print_log_record(FILE *stream, char *record)
{
	char *text = strchr(record, ';');
	unsigned long long us = 0;

	if (!text)
		return;
	*text++ = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!evidence_wants_log_line(text) ||
	    sscanf(record, "%*u,%*u,%llu", &us) != 1)
		return;
	fprintf(stream, "[%5llu.%06llu] %s\n", us / 1000000, us % 1000000,
		text);
}

/* Documentation/ABI/testing/dev-kmsg: EPIPE tells of records that are gone. */
static void add_log(struct evidence *evidence)
{
	char path[PATH_MAX], record[8192];
	char *data = NULL;
	FILE *stream;
	size_t size;
	ssize_t n;
	int fd;

	host_file_path(path, sizeof(path), "/dev/kmsg");
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	stream = open_stream(evidence, &data, &size);
	for (int i = 0; stream && i < MAX_LOG_RECORDS; i++) {
		n = read(fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		print_log_record(stream, record);
	}
	close(fd);
	if (stream)
		add_stream(evidence, stream, &data, &size, "host/kernel-log");
}

static void add_process(struct evidence *evidence, int pid)
{
	char directory[32];

	snprintf(directory, sizeof(directory), "/proc/%d", pid);
	add_files(evidence, directory, process_files, "vmm/");
	add_command_line(evidence, pid);
	add_threads(evidence, pid);
	add_cgroups(evidence, pid);
}

bool evidence_add(struct archive_out *out, int pid)
{
	struct evidence evidence = { .out = out };

	evidence.buf = malloc(EVIDENCE_MAX_FILE);
	if (!evidence.buf)
		return false;
	add_process(&evidence, pid);
	for (size_t i = 0; i < ARRAY_SIZE(host_files); i++)
		add_file(&evidence, host_files[i][0], host_files[i][1]);
	for (size_t i = 0; i < ARRAY_SIZE(host_directories); i++)
		add_directory(&evidence, host_directories[i][0],
			      host_directories[i][1]);
	add_log(&evidence);
	free(evidence.buf);
	errno = evidence.err;
	return !evidence.failed;
}
