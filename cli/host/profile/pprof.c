// SPDX-License-Identifier: GPL-2.0
/*
 * Profiles for pprof: a message of protobuf, compressed by gzip. Each pair of a name
 * and a kind is a function and a location.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "pprof.pb-c.h"
#include "profile/output.h"

/* Indices of strings that every profile has; those of names come after. */
enum {
	TEXT_EMPTY,
	TEXT_SAMPLES,
	TEXT_COUNT,
	TEXT_TIME,
	TEXT_NANOSECONDS,
	TEXT_KINDS,
	NR_TEXTS = TEXT_KINDS + FRAME_NR_KINDS
};

#define NR_VALUES	2

/**
 * struct message - the message, and what it points to
 * @tree: what it is made of
 * @location: of each node: its number
 * @pointers: arrays of pointers to what is in the arrays below
 */
struct message {
	const struct tree *tree;
	uint32_t *location;
	uint32_t nr_functions;
	Pprof__Function *functions;
	Pprof__Location *locations;
	Pprof__Line *lines;
	Pprof__Sample *samples;
	uint32_t nr_samples;
	uint64_t *ids;
	int64_t *values;
	char **strings;
	void **pointers;
};

static int by_name(const void *a, const void *b, void *arg)
{
	const struct tree *tree = arg;
	const struct tree_node *x = &tree->nodes[*(const uint32_t *)a];
	const struct tree_node *y = &tree->nodes[*(const uint32_t *)b];

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static bool allocate(struct message *message)
{
	const size_t nr = message->tree->nr;
	size_t depth = 0;

	for (size_t i = 1; i < nr; i++) {
		if (message->tree->nodes[i].samples) {
			depth += message->tree->nodes[i].depth;
			message->nr_samples++;
		}
	}
	message->location = calloc(nr, sizeof(*message->location));
	message->functions = calloc(nr, sizeof(*message->functions));
	message->locations = calloc(nr, sizeof(*message->locations));
	message->lines = calloc(nr, sizeof(*message->lines));
	message->samples = calloc(nr, sizeof(*message->samples));
	message->ids = calloc(depth + 1, sizeof(*message->ids));
	message->values = calloc(NR_VALUES * nr, sizeof(*message->values));
	message->strings = calloc(NR_TEXTS + nr, sizeof(*message->strings));
	message->pointers = calloc(4 * nr, sizeof(*message->pointers));
	return message->location && message->functions && message->locations &&
	       message->lines && message->samples && message->ids &&
	       message->values && message->strings && message->pointers;
}

static void release(struct message *message)
{
	free(message->location);
	free(message->functions);
	free(message->locations);
	free(message->lines);
	free(message->samples);
	free(message->ids);
	free(message->values);
	free(message->strings);
	free(message->pointers);
}

static void fill_texts(struct message *message)
{
	static const char *const texts[TEXT_KINDS] = {
		[TEXT_EMPTY] = "", [TEXT_SAMPLES] = "samples",
		[TEXT_COUNT] = "count", [TEXT_TIME] = "time",
		[TEXT_NANOSECONDS] = "nanoseconds",
	};

	for (int i = 0; i < TEXT_KINDS; i++)
		message->strings[i] = (char *)texts[i];
	for (int i = 0; i < FRAME_NR_KINDS; i++)
		message->strings[TEXT_KINDS + i] = (char *)frame_kind_word(i);
}

/* A function for a node's name and kind */
static void add_function(struct message *message, const struct tree_node *node)
{
	uint32_t at = message->nr_functions++;

	pprof__function__init(&message->functions[at]);
	message->functions[at].id = at + 1;
	message->functions[at].name = NR_TEXTS + at;
	message->functions[at].system_name = NR_TEXTS + at;
	message->functions[at].filename = TEXT_KINDS + node->kind;
	message->strings[NR_TEXTS + at] = (char *)tree_name(message->tree, node);
	pprof__line__init(&message->lines[at]);
	message->lines[at].function_id = at + 1;
	pprof__location__init(&message->locations[at]);
	message->locations[at].id = at + 1;
}

static bool fill_functions(struct message *message)
{
	const struct tree *tree = message->tree;
	uint32_t *order = calloc(tree->nr, sizeof(*order));

	if (!order)
		return false;
	for (uint32_t i = 0; i < tree->nr; i++)
		order[i] = i;
	qsort_r(order + 1, tree->nr - 1, sizeof(*order), by_name, (void *)tree);
	for (uint32_t i = 1; i < tree->nr; i++) {
		if (i == 1 || by_name(&order[i - 1], &order[i], (void *)tree))
			add_function(message, &tree->nodes[order[i]]);
		message->location[order[i]] = message->nr_functions;
	}
	free(order);
	return true;
}

static void fill_samples(struct message *message)
{
	const struct tree *tree = message->tree;
	uint64_t *ids = message->ids;
	int64_t *values = message->values;
	Pprof__Sample *sample = message->samples;

	for (uint32_t i = 1; i < tree->nr; i++) {
		if (!tree->nodes[i].samples)
			continue;
		pprof__sample__init(sample);
		sample->location_id = ids;
		for (uint32_t at = i; at; at = tree->nodes[at].parent)
			*ids++ = message->location[at];
		sample->n_location_id = ids - sample->location_id;
		values[0] = tree->nodes[i].samples;
		values[1] = tree->nodes[i].self;
		sample->value = values;
		sample->n_value = NR_VALUES;
		values += NR_VALUES;
		sample++;
	}
}

/* Lists of messages are arrays of pointers to them. */
static void point_to_all(struct message *message, Pprof__Profile *pprof)
{
	size_t nr = message->nr_functions;
	void **at = message->pointers;

	pprof->function = (Pprof__Function **)at;
	pprof->n_function = nr;
	for (size_t i = 0; i < nr; i++)
		*at++ = &message->functions[i];
	for (size_t i = 0; i < nr; i++) {
		message->locations[i].line = (Pprof__Line **)at;
		message->locations[i].n_line = 1;
		*at++ = &message->lines[i];
	}
	pprof->location = (Pprof__Location **)at;
	pprof->n_location = nr;
	for (size_t i = 0; i < nr; i++)
		*at++ = &message->locations[i];
	pprof->sample = (Pprof__Sample **)at;
	pprof->n_sample = message->nr_samples;
	for (size_t i = 0; i < message->nr_samples; i++)
		*at++ = &message->samples[i];
	pprof->string_table = message->strings;
	pprof->n_string_table = NR_TEXTS + nr;
}

/* As raw data through libarchive's gzip filter, without zeroes to fill a tape's block */
static bool write_gzip(FILE *out, const void *data, size_t size)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	bool done;

	if (archive && entry)
		archive_entry_set_filetype(entry, AE_IFREG);
	done = archive && entry &&
	       archive_write_add_filter_gzip(archive) == ARCHIVE_OK &&
	       archive_write_set_filter_option(archive, "gzip", "timestamp", NULL) ==
		       ARCHIVE_OK &&
	       archive_write_set_format_raw(archive) == ARCHIVE_OK &&
	       archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK &&
	       archive_write_open_FILE(archive, out) == ARCHIVE_OK &&
	       archive_write_header(archive, entry) == ARCHIVE_OK &&
	       archive_write_data(archive, data, size) == (la_ssize_t)size &&
	       archive_write_close(archive) == ARCHIVE_OK;
	if (!done && archive && archive_errno(archive) > 0)
		errno = archive_errno(archive);
	archive_entry_free(entry);
	archive_write_free(archive);
	return done;
}

static bool pack(FILE *out, const Pprof__Profile *pprof)
{
	size_t size = pprof__profile__get_packed_size(pprof);
	uint8_t *data = malloc(size);
	bool done;

	if (!data)
		return false;
	pprof__profile__pack(pprof, data);
	done = write_gzip(out, data, size);
	free(data);
	return done;
}

static bool write_message(FILE *out, const struct profile *profile,
			  struct message *message)
{
	Pprof__Profile pprof = PPROF__PROFILE__INIT;
	Pprof__ValueType count = PPROF__VALUE_TYPE__INIT;
	Pprof__ValueType time = PPROF__VALUE_TYPE__INIT;
	Pprof__ValueType *types[NR_VALUES] = { &count, &time };

	count.type = TEXT_SAMPLES;
	count.unit = TEXT_COUNT;
	time.type = TEXT_TIME;
	time.unit = TEXT_NANOSECONDS;
	fill_texts(message);
	if (!fill_functions(message))
		return false;
	fill_samples(message);
	point_to_all(message, &pprof);
	pprof.sample_type = types;
	pprof.n_sample_type = NR_VALUES;
	pprof.default_sample_type = TEXT_TIME;
	pprof.period_type = &time;
	pprof.period = NS_PER_SEC / profile->frequency;
	pprof.time_nanos = profile->started_wall;
	pprof.duration_nanos = profile->ended - profile->started;
	return pack(out, &pprof);
}

bool profile_write_pprof(FILE *out, const void *arg)
{
	const struct profile *profile = arg;
	struct message message = { .tree = &profile->tree };
	bool done = allocate(&message) && write_message(out, profile, &message);
	int err = errno;

	release(&message);
	errno = err;
	return done;
}
