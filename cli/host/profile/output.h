/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Profiles in files, one format a source file.
 */
#ifndef HOST_PROFILE_OUTPUT_H
#define HOST_PROFILE_OUTPUT_H

#include <stdio.h>

#include "profile/profile.h"

enum profile_format {
	PROFILE_FORMAT_NONE,
	PROFILE_FORMAT_TEXT,
	PROFILE_FORMAT_FOLDED,
	PROFILE_FORMAT_JSON,
	PROFILE_FORMAT_SVG,
	PROFILE_FORMAT_PPROF,
	PROFILE_FORMAT_NR
};

/* The format that the end of a file's name stands for; NONE if it is no such name. */
enum profile_format profile_format_of(const char *path);

/* By its name; NONE if there is none of that name. */
enum profile_format profile_format_by_name(const char *name);

/*
 * Write the profile, whose tree has its totals, to a file, which is there as a whole
 * or not at all; or to standard output if path is NULL. False with errno set.
 */
bool profile_write(const struct profile *profile, enum profile_format format,
		   const char *path);

/*
 * A file that gets its name when it is complete. Writing "write(out, arg)" to it:
 * false, with errno set, if that or anything else failed.
 */
bool output_file(const char *path, bool (*write)(FILE *out, const void *arg),
		 const void *arg);

/* One for each format; false with errno set if memory is exhausted. */
bool profile_write_text(FILE *out, const void *profile);
bool profile_write_folded(FILE *out, const void *profile);
bool profile_write_json(FILE *out, const void *profile);
bool profile_write_svg(FILE *out, const void *profile);
bool profile_write_pprof(FILE *out, const void *profile);

/* What part is of total, in percent; 0 of nothing. */
double profile_percent(uint64_t part, uint64_t total);

/*
 * What has to be said of how good a profile is, a line each: call is given printable
 * text. Nothing is said of what did not happen.
 */
void profile_remarks(const struct profile *profile,
		     void (*call)(void *arg, const char *text), void *arg);

#endif /* HOST_PROFILE_OUTPUT_H */
