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

struct source {
	struct tracefs_instance *instance;
	char *dir;
};

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

enum source_status source_find_tracefs(char *dir, size_t size)
{
	if (!find_mount(dir, size))
		return SOURCE_NO_TRACEFS;
	if (eaccess(dir, R_OK | X_OK))
		return errno == EACCES ? SOURCE_DENIED : SOURCE_NO_TRACEFS;
	return SOURCE_OK;
}

struct source *source_of(struct tracefs_instance *instance)
{
	struct source *src = calloc(1, sizeof(*src));

	if (!src)
		return NULL;
	src->instance = instance;
	src->dir = tracefs_instance_get_dir(instance);
	if (src->dir)
		return src;
	free(src);
	return NULL;
}

enum source_status source_open(struct source **src)
{
	struct tracefs_instance *instance;
	enum source_status status;
	char dir[PATH_MAX];

	status = source_find_tracefs(dir, sizeof(dir));
	if (status != SOURCE_OK)
		return status;
	instance = tracefs_instance_alloc(dir, VCPU_INFO_INSTANCE);
	if (!instance)
		return SOURCE_NO_INSTANCE;
	*src = source_of(instance);
	if (*src)
		return SOURCE_OK;
	tracefs_instance_free(instance);
	return SOURCE_NO_MEMORY;
}

void source_close(struct source *src)
{
	if (!src)
		return;
	tracefs_instance_free(src->instance);
	tracefs_put_tracing_file(src->dir);
	free(src);
}

const char *source_dir(const struct source *src)
{
	return src->dir;
}

/* "S.UUUUUU" of a clock in nanoseconds, a plain number of another */
static void parse_now(const char *text, struct source_stats *stats)
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

static void parse_stat(const char *line, struct source_stats *stats)
{
	const struct {
		const char *name;
		uint64_t *sum;
	} sums[] = {
		{ "entries", &stats->entries },
		{ "overrun", &stats->overrun },
		{ "commit overrun", &stats->commit_overrun },
		{ "dropped events", &stats->dropped },
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

static bool add_cpu(struct source *src, const char *cpu,
		    struct source_stats *stats)
{
	char *save = NULL;
	char file[64];
	char *text;

	snprintf(file, sizeof(file), "per_cpu/%.20s/stats", cpu);
	text = tracefs_instance_file_read(src->instance, file, NULL);
	if (!text)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		parse_stat(line, stats);
	free(text);
	stats->cpus++;
	return true;
}

bool source_stats(struct source *src, struct source_stats *stats)
{
	struct dirent *entry;
	bool ok = true;
	char *path;
	DIR *dir;

	memset(stats, 0, sizeof(*stats));
	path = tracefs_instance_get_file(src->instance, "per_cpu");
	dir = path ? opendir(path) : NULL;
	tracefs_put_tracing_file(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (!strncmp(entry->d_name, "cpu", 3))
			ok &= add_cpu(src, entry->d_name, stats);
	}
	closedir(dir);
	return ok && stats->cpus;
}

/* A file whose text starts with the number. */
static bool file_starts(struct source *src, const char *file, char digit)
{
	char *text = tracefs_instance_file_read(src->instance, file, NULL);
	bool yes = text && text[0] == digit;

	free(text);
	return yes;
}

static bool event_on(struct source *src, const char *event)
{
	char file[128];

	snprintf(file, sizeof(file), "events/" VCPU_INFO_SYSTEM "/%s/enable",
		 event);
	return file_starts(src, file, '1');
}

void source_setup(struct source *src, struct source_setup *setup)
{
	char *size = tracefs_instance_file_read(src->instance,
						"buffer_size_kb", NULL);

	*setup = (struct source_setup){
		.event_on[EVENT_RECORD] = event_on(src, VCPU_INFO_EVENT),
		.event_on[EVENT_ERROR] = event_on(src, VCPU_INFO_EVENT_ERROR),
		.tracing_on = file_starts(src, "tracing_on", '1'),
		.pause_on_read = file_starts(src, "options/pause-on-trace",
					     '1'),
		/* "X" if the CPUs differ, which is no number */
		.buffer_kb = size ? strtoul(size, NULL, 10) : 0,
	};
	free(size);
}

/* What source_read() hands down. */
struct reading {
	void (*found)(const struct event *ev, void *arg);
	void *arg;
	struct source_tally *tally;
};

static void add_entry(const struct reading *rd, const char *entry, size_t len)
{
	struct source_tally *tally = rd->tally;
	struct event ev;

	switch (text_decode(entry, len, &ev)) {
	case TEXT_EVENT:
		rd->found(&ev, rd->arg);
		break;
	case TEXT_OTHER:
		break;
	case TEXT_BAD:
		if (!tally->bad++)
			snprintf(tally->first_bad, sizeof(tally->first_bad),
				 "%.*s", (int)strcspn(entry, "\n"), entry);
		break;
	}
}

/*
 * Take the whole entries off the text in buf; at the end of the file, or when
 * it is longer than an entry can be, the rest is an entry too. Returns how
 * much is left, moved to the front.
 */
static size_t take_entries(const struct reading *rd, char *buf, size_t len,
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

bool source_read(struct source *src,
		 void (*found)(const struct event *ev, void *arg), void *arg,
		 struct source_tally *tally)
{
	struct reading rd = { found, arg, tally };
	size_t len = 0;
	char *buf;
	int fd, err;
	ssize_t n;

	memset(tally, 0, sizeof(*tally));
	buf = malloc(CHUNK + 1);
	if (!buf)
		return false;
	fd = tracefs_instance_file_open(src->instance, "trace", O_RDONLY);
	if (fd < 0) {
		free(buf);
		return false;
	}
	do {
		do {
			n = read(fd, buf + len, CHUNK - len);
		} while (n < 0 && errno == EINTR);
		err = errno;
		len += n > 0 ? n : 0;
		buf[len] = '\0';
		len = take_entries(&rd, buf, len, n <= 0);
	} while (n > 0);
	close(fd);
	free(buf);
	errno = err;
	return !n;
}
