// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "compiler.h"
#include "host-file.h"
#include "trace-time.h"
#include "trace/decode-text.h"
#include "trace/instance.h"

#define CHUNK		65536
/* No entry is longer: the kernel prints it into a buffer of two pages. */
#define MAX_ENTRY	(CHUNK / 2)

#define NS_PER_US	1000ULL

static const struct event_source_ops instance_ops;

/* Where the mount table says that tracefs is. */
static bool find_mount(char *dir, size_t size)
{
	char buf[4096];
	struct mntent mnt;
	bool found = false;
	FILE *f;

	f = host_file_path(buf, sizeof(buf), "/proc/self/mounts") ?
		    setmntent(buf, "re") :
		    NULL;
	if (!f)
		return false;
	while (!found && getmntent_r(f, &mnt, buf, sizeof(buf))) {
		found = !strcmp(mnt.mnt_type, "tracefs");
		if (found)
			host_file_path(dir, size, "%s", mnt.mnt_dir);
	}
	endmntent(f);
	return found;
}

enum instance_status instance_find_tracefs(char *dir, size_t size)
{
	if (!find_mount(dir, size))
		return INSTANCE_NO_TRACEFS;
	if (eaccess(dir, R_OK | X_OK))
		return errno == EACCES ? INSTANCE_DENIED : INSTANCE_NO_TRACEFS;
	return INSTANCE_OK;
}

struct instance *instance_of(struct tracefs_instance *tracefs)
{
	struct instance *inst = calloc(1, sizeof(*inst));

	if (!inst)
		return NULL;
	inst->source.ops = &instance_ops;
	inst->tracefs = tracefs;
	inst->dir = tracefs_instance_get_dir(tracefs);
	if (inst->dir)
		return inst;
	free(inst);
	return NULL;
}

enum instance_status instance_open(struct instance **inst)
{
	struct tracefs_instance *tracefs;
	enum instance_status status;
	char dir[PATH_MAX];

	status = instance_find_tracefs(dir, sizeof(dir));
	if (status != INSTANCE_OK)
		return status;
	tracefs = tracefs_instance_alloc(dir, VCPU_INFO_INSTANCE);
	if (!tracefs)
		return INSTANCE_MISSING;
	*inst = instance_of(tracefs);
	if (*inst)
		return INSTANCE_OK;
	tracefs_instance_free(tracefs);
	return INSTANCE_NO_MEMORY;
}

void instance_close(struct instance *inst)
{
	if (!inst)
		return;
	tracefs_instance_free(inst->tracefs);
	tracefs_put_tracing_file(inst->dir);
	free(inst);
}

/* "S.UUUUUU" of a clock in nanoseconds, a plain number of another */
static void parse_now(const char *text, struct instance_stats *stats)
{
	unsigned long long whole;
	unsigned long us;
	int n;

	n = sscanf(text, " %llu.%6lu", &whole, &us);
	if (n < 1)
		return;
	if (n == 2)
		whole = whole * NS_PER_SEC + us * NS_PER_US;
	stats->now_is_ns = n == 2;
	stats->now_known = true;
	if (whole > stats->now)
		stats->now = whole;
}

static void parse_stat(const char *line, struct instance_stats *stats)
{
	const struct {
		const char *name;
		uint64_t *sum;
	} sums[] = {
		{ "entries", &stats->entries },
		{ "overrun", &stats->lost.overrun },
		{ "commit overrun", &stats->lost.commit_overrun },
		{ "dropped events", &stats->lost.dropped },
	};
	const char *colon = strchr(line, ':');
	size_t len;

	if (!colon)
		return;
	len = colon - line;
	if (len == strlen("now ts") && !strncmp(line, "now ts", len)) {
		parse_now(colon + 1, stats);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		if (strlen(sums[i].name) == len &&
		    !strncmp(line, sums[i].name, len))
			*sums[i].sum += strtoull(colon + 1, NULL, 10);
	}
}

static bool add_cpu(const struct instance *inst, const char *cpu,
		    struct instance_stats *stats)
{
	char *save = NULL;
	char file[64];
	char *text;

	snprintf(file, sizeof(file), "per_cpu/%.20s/stats", cpu);
	text = tracefs_instance_file_read(inst->tracefs, file, NULL);
	if (!text)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		parse_stat(line, stats);
	free(text);
	stats->cpus++;
	return true;
}

bool instance_stats(const struct instance *inst, struct instance_stats *stats)
{
	struct dirent *entry;
	bool ok = true;
	char *path;
	DIR *dir;

	memset(stats, 0, sizeof(*stats));
	path = tracefs_instance_get_file(inst->tracefs, "per_cpu");
	dir = path ? opendir(path) : NULL;
	tracefs_put_tracing_file(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (!strncmp(entry->d_name, "cpu", 3))
			ok &= add_cpu(inst, entry->d_name, stats);
	}
	closedir(dir);
	return ok && stats->cpus;
}

/* A file whose text starts with the number. */
static bool file_starts(const struct instance *inst, const char *file,
			char digit)
{
	char *text = tracefs_instance_file_read(inst->tracefs, file, NULL);
	bool yes = text && text[0] == digit;

	free(text);
	return yes;
}

static bool event_on(const struct instance *inst, const char *event)
{
	char file[128];

	snprintf(file, sizeof(file), "events/" VCPU_INFO_SYSTEM "/%s/enable",
		 event);
	return file_starts(inst, file, '1');
}

void instance_setup(const struct instance *inst, struct instance_setup *setup)
{
	char *size = tracefs_instance_file_read(inst->tracefs, "buffer_size_kb",
						NULL);

	*setup = (struct instance_setup){
		.event_on[EVENT_RECORD] = event_on(inst, VCPU_INFO_EVENT),
		.event_on[EVENT_ERROR] = event_on(inst, VCPU_INFO_EVENT_ERROR),
		.tracing_on = file_starts(inst, "tracing_on", '1'),
		.pause_on_read =
			file_starts(inst, "options/pause-on-trace", '1'),
		/* "X" if the CPUs differ, which is no number */
		.buffer_kb = size ? strtoul(size, NULL, 10) : 0,
	};
	free(size);
}

/* What a read hands down. */
struct reading {
	struct instance *inst;
	event_fn *found;
	void *arg;
	bool enough;
};

static void add_entry(struct reading *rd, const char *entry, size_t len)
{
	struct instance *inst = rd->inst;
	struct event ev;

	if (rd->enough)
		return;
	switch (text_decode(entry, len, &ev)) {
	case TEXT_EVENT:
		rd->enough = !rd->found(&ev, rd->arg);
		break;
	case TEXT_OTHER:
		break;
	case TEXT_BAD:
		if (!inst->bad++)
			snprintf(inst->first_bad, sizeof(inst->first_bad),
				 "%.*s", (int)strcspn(entry, "\n"), entry);
		break;
	}
}

/*
 * Take the whole entries off the text in buf; at the end of the file, or when
 * it is longer than an entry can be, the rest is an entry too. Returns how
 * much is left, moved to the front.
 */
static size_t take_entries(struct reading *rd, char *buf, size_t len,
			   bool at_end)
{
	size_t done = 0;

	while (done < len) {
		size_t n = text_entry_len(buf + done, len - done);

		if (!n && (at_end || len - done > MAX_ENTRY))
			n = len - done;
		if (!n)
			break;
		add_entry(rd, buf + done, n);
		done += n;
	}
	memmove(buf, buf + done, len - done);
	return len - done;
}

static bool read_entries(struct reading *rd, int fd, char *buf)
{
	size_t len = 0;
	ssize_t n;

	do {
		do {
			n = read(fd, buf + len, CHUNK - len);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			return false;
		len += n;
		buf[len] = '\0';
		len = take_entries(rd, buf, len, !n);
	} while (n && !rd->enough);
	return true;
}

static bool read_source(struct event_source *src, event_fn *found, void *arg)
{
	struct instance *inst = (struct instance *)src;
	struct reading rd = { inst, found, arg };
	bool ok = false;
	char *buf;
	int fd, err;

	inst->bad = 0;
	buf = malloc(CHUNK + 1);
	if (!buf)
		return false;
	fd = tracefs_instance_file_open(inst->tracefs, "trace", O_RDONLY);
	if (fd >= 0) {
		ok = read_entries(&rd, fd, buf);
		err = errno;
		close(fd);
		errno = err;
	}
	free(buf);
	return ok;
}

static void read_clock(struct event_source *src, struct timebase *tb)
{
	const struct instance *inst = (const struct instance *)src;
	struct instance_stats stats;

	instance_stats(inst, &stats);
	*tb = (struct timebase){
		.known = stats.now_known && stats.now_is_ns,
		.trace = stats.now,
		.wall = timebase_wall_now(),
	};
}

static bool read_losses(struct event_source *src, struct losses *losses)
{
	const struct instance *inst = (const struct instance *)src;
	struct instance_stats stats;
	bool ok = instance_stats(inst, &stats);

	*losses = stats.lost;
	losses->undecodable = inst->bad;
	return ok;
}

static bool close_source(struct event_source *src)
{
	instance_close((struct instance *)src);
	return true;
}

static const struct event_source_ops instance_ops = {
	.read = read_source,
	.clock = read_clock,
	.losses = read_losses,
	.close = close_source,
};
