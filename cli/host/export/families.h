/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing families of metrics: what declares them, and their samples.
 */
#ifndef HOST_EXPORT_FAMILIES_H
#define HOST_EXPORT_FAMILIES_H

#include "export/metrics.h"
#include "print/outbuf.h"

enum family_type {
	FAMILY_GAUGE,
	FAMILY_COUNTER,		/* its samples' names end in _total */
	FAMILY_INFO,		/* its samples' names end in _info, their value is 1 */
};

/**
 * struct family - a metric
 * @name: without the end that its type gives it
 * @type: its type
 * @unit: its unit, in which the name ends; NULL for none
 * @help: what it is, in half a line
 */
struct family {
	const char *name;
	enum family_type type;
	const char *unit;
	const char *help;
};

/**
 * struct family_writer - one text
 * @line: where it goes
 * @format: its format
 * @family: the family that was begun last
 * @has_labels: the sample that was begun last has some
 */
struct family_writer {
	struct outbuf line;
	enum metrics_format format;
	const struct family *family;
	bool has_labels;
};

void family_start(struct family_writer *writer, enum metrics_format format,
		  FILE *out);

/* After the last family */
void family_finish(struct family_writer *writer);

/* Declare a family; its samples follow. */
void family_begin(struct family_writer *writer, const struct family *family);

/*
 * A sample: up to its labels, then any number of labels, then its value. A label's
 * value may be any text: it is cut to at most so many bytes (with the NUL).
 */
void sample_begin(struct family_writer *writer);

/* These labels as they are; they come first. */
void sample_labels(struct family_writer *writer, const char *text, size_t len);
void sample_label(struct family_writer *writer, const char *name,
		  const char *value, size_t size);
void sample_label_int(struct family_writer *writer, const char *name,
		      int64_t value);
void sample_uint(struct family_writer *writer, uint64_t value);

/* In seconds */
void sample_ns(struct family_writer *writer, uint64_t ns);

/* A family with one sample that has no labels */
void family_uint(struct family_writer *writer, const struct family *family,
		 uint64_t value);

/*
 * Text in which a label's value may stand between quotation marks: with escapes.
 * dst has room for twice the text.
 */
size_t label_escape(char *dst, const char *src);

#endif /* HOST_EXPORT_FAMILIES_H */
