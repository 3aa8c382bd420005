// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler.h"
#include "profile/output.h"

static const struct {
	const char *name;
	const char *suffix;
	bool (*write)(FILE *out, const void *profile);
} formats[PROFILE_FORMAT_NR] = {
	[PROFILE_FORMAT_TEXT] = { "text", ".txt", profile_write_text },
	[PROFILE_FORMAT_FOLDED] = { "folded", ".folded", profile_write_folded },
	[PROFILE_FORMAT_JSON] = { "json", ".json", profile_write_json },
	[PROFILE_FORMAT_SVG] = { "svg", ".svg", profile_write_svg },
	[PROFILE_FORMAT_PPROF] = { "pprof", ".pb.gz", profile_write_pprof },
};

enum profile_format profile_format_of(const char *path)
{
	size_t len = strlen(path);

	for (int i = 1; i < PROFILE_FORMAT_NR; i++) {
		size_t end = strlen(formats[i].suffix);

		if (len > end && !strcmp(path + len - end, formats[i].suffix))
			return i;
	}
	return PROFILE_FORMAT_NONE;
}

enum profile_format profile_format_by_name(const char *name)
{
	for (int i = 1; i < PROFILE_FORMAT_NR; i++) {
		if (!strcmp(name, formats[i].name))
			return i;
	}
	return PROFILE_FORMAT_NONE;
}

static bool write_and_close(FILE *out, bool (*write)(FILE *out, const void *arg),
			    const void *arg)
{
	bool done = write(out, arg) && !fflush(out) && !ferror(out);
	int err = errno;

	if (fclose(out) && done)
		return false;
	errno = err;
	return done;
}

/* As open() would have made it */
static void set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

static bool write_part(const char *part, int fd, const char *path,
		       bool (*write)(FILE *out, const void *arg), const void *arg)
{
	FILE *out = fdopen(fd, "w");
	int err;

	if (!out) {
		close(fd);
	} else {
		set_mode(fd);
		if (write_and_close(out, write, arg) && !rename(part, path))
			return true;
	}
	err = errno;
	unlink(part);
	errno = err;
	return false;
}

/* Something that is no file, such as /dev/stdout, is written to as it is. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

bool output_file(const char *path, bool (*write)(FILE *out, const void *arg),
		 const void *arg)
{
	bool done = false;
	char *part;
	FILE *out;
	int fd;

	if (is_special(path)) {
		out = fopen(path, "we");
		return out && write_and_close(out, write, arg);
	}
	if (asprintf(&part, "%s.XXXXXX", path) < 0) {
		errno = ENOMEM;
		return false;
	}
	fd = mkostemp(part, O_CLOEXEC);
	if (fd >= 0)
		done = write_part(part, fd, path, write, arg);
	free(part);
	return done;
}

bool profile_write(const struct profile *profile, enum profile_format format,
		   const char *path)
{
	if (path)
		return output_file(path, formats[format].write, profile);
	return formats[format].write(stdout, profile);
}

double profile_percent(uint64_t part, uint64_t total)
{
	return total ? (double)part * 100 / (double)total : 0;
}

void profile_remarks(const struct profile *profile,
		     void (*call)(void *arg, const char *text), void *arg)
{
	const struct {
		uint64_t nr;
		const char *text;
	} remarks[] = {
		{ profile->approximate,
		  "stacks are approximate: the vCPU ran on while they were read" },
		{ profile->incomplete,
		  "stacks are incomplete: see frames [incomplete]" },
		{ profile->guessed,
		  "stacks have a frame that is a guess" },
		{ profile->torn,
		  "samples have registers that may not belong together" },
		{ profile->unnamed,
		  "samples are of guests whose kernel was not found, or of nested ones" },
		{ profile->tree.folded,
		  "samples had no room of their own: see frames [other]" },
	};
	char text[TEXT_SIZE + 256];

	for (size_t i = 0; i < ARRAY_SIZE(remarks); i++) {
		if (!remarks[i].nr)
			continue;
		snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " %s",
			 remarks[i].nr, profile->samples, remarks[i].text);
		call(arg, text);
	}
	if (profile->missed) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " of %" PRIu64 " rounds came too late and were left out; their time is in the next ones",
			 profile->missed, profile->missed + profile->rounds);
		call(arg, text);
	}
	for (size_t i = 0; i < profile->nr; i++) {
		if (!profile->vms[i].gone)
			continue;
		snprintf(text, sizeof(text), "VM %s ended meanwhile",
			 profile->vms[i].frame);
		call(arg, text);
	}
}
