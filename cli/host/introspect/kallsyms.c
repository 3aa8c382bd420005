// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "kallsyms.h"

/* Tokens are found by 16-bit offsets. */
#define MAX_TOKENS	65536
#define INDEX_SIZE	(256 * sizeof(uint16_t))

/* A read of the search, and what two of them share: the digits it looks for. */
#define CHUNK		(256U << 10)
#define OVERLAP		32

/* The name of a symbol with its type, and a byte for NUL */
#define MAX_NAME	512

#define MIN_SYMBOLS	500

/* Most tokens are no longer, and copied in one instruction. */
#define SHORT_TOKEN	8

/*
 * Names that may be looked at in search of the table's start. A kernel takes few
 * more than it has symbols: a wrong start fails within some names.
 */
#define MAX_STEPS	(32UL << 20)

/* Places in a hostile image that look like a token table. */
#define MAX_CANDIDATES	64

/**
 * struct tables - what is known of the table while it is decoded
 * @paging: where it is read
 * @run: the part of the image that holds it
 * @base: address of _text
 * @steps: how many more names may be looked at
 * @tokens: copy of the token table and of what follows it
 * @index: offsets of the 256 tokens in it
 * @lengths: of these
 * @starts: whether a name may start with one: with the type of the symbol
 * @shown: the first bytes of each, as names are kept
 * @tokens_at: its address
 * @end: address behind the token index
 * @data: copy of what is in front of the tokens, at the end of the buffer
 * @room: bytes of the buffer
 * @loaded: how many bytes of that were read
 * @nr: number of symbols
 * @count_at: address of that number
 * @names: bytes from the start of the names to the tokens
 * @names_len: bytes of the names
 */
struct tables {
	struct guest_paging *paging;
	const struct guest_run *run;
	uint64_t base;
	unsigned long steps;
	uint8_t tokens[MAX_TOKENS + INDEX_SIZE + 8];
	uint16_t index[256];
	uint16_t lengths[256];
	bool starts[256];
	char shown[256][SHORT_TOKEN];
	uint64_t tokens_at;
	uint64_t end;
	uint8_t *data;
	size_t room;
	size_t loaded;
	uint32_t nr;
	uint64_t count_at;
	size_t names;
	size_t names_len;
};

static uint64_t align(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

static uint32_t get_u32(const uint8_t *data)
{
	uint32_t value;

	memcpy(&value, data, sizeof(value));
	return value;
}

/* The byte that is so many bytes in front of the tokens. */
static const uint8_t *before(const struct tables *t, size_t distance)
{
	return t->data + t->room - distance;
}

/* The index must be what the tokens' lengths add up to. */
static bool index_fits(const struct tables *t, size_t end)
{
	size_t offset = 0;

	for (int i = 0; i < 256; i++) {
		if (offset >= end || t->index[i] != offset)
			return false;
		offset += strnlen((const char *)t->tokens + offset,
				  end - offset) + 1;
	}
	return offset == end;
}

/* Find the end of the tokens, given that "0" starts at digits. */
static bool find_end(const uint8_t *digits, size_t len, size_t *end)
{
	size_t offset = 0;

	for (int i = '0'; i < 256; i++) {
		const uint8_t *nul = memchr(digits + offset, 0, len - offset);

		if (!nul)
			return false;
		offset = nul - digits + 1;
	}
	*end = offset;
	return true;
}

/* Read the token table that has the string "0" at the address. */
static bool read_tokens(struct tables *t, uint64_t digits)
{
	size_t len = sizeof(t->tokens), end;

	if (t->run->end - digits < len)
		len = t->run->end - digits;
	if (!guest_paging_read(t->paging, digits, t->tokens, len) ||
	    !find_end(t->tokens, len, &end))
		return false;
	for (int to = 2; to <= 8; to *= 2) {
		uint64_t index_at = align(digits + end, to);
		size_t start, total;

		if (index_at - digits + INDEX_SIZE > len)
			return false;
		memcpy(t->index, t->tokens + (index_at - digits), INDEX_SIZE);
		start = t->index['0'];
		total = start + end;
		if (start > digits - t->run->start || total > MAX_TOKENS)
			continue;
		/* from its start, which is what the offsets count from */
		if (!guest_paging_read(t->paging, digits - start, t->tokens, total))
			return false;
		if (index_fits(t, total)) {
			t->tokens_at = digits - start;
			t->end = index_at + INDEX_SIZE;
			return true;
		}
		if (!guest_paging_read(t->paging, digits, t->tokens, len))
			return false;
	}
	return false;
}

/* Have so many bytes in front of the tokens in memory. */
static bool load(struct tables *t, size_t distance)
{
	if (distance > t->room)
		return false;
	while (t->loaded < distance) {
		size_t part = t->room - t->loaded < 2 * CHUNK ?
			      t->room - t->loaded : 2 * CHUNK;

		if (!guest_paging_read(t->paging, t->tokens_at - t->loaded - part,
				       (uint8_t *)before(t, t->loaded + part), part))
			return false;
		t->loaded += part;
	}
	return true;
}

/* The length of the name at p in bytes, and of the number in front of it. */
static bool name_length(const uint8_t *p, size_t left, size_t *prefix,
			size_t *len)
{
	if (!left)
		return false;
	*prefix = 1;
	*len = p[0];
	if (p[0] & 0x80) {
		if (left < 2)
			return false;
		*prefix = 2;
		*len = (p[0] & 0x7f) | (size_t)p[1] << 7;
	}
	return *len && *len <= left - *prefix;
}

/* What is asked of the tokens for each name. Its first byte is the symbol's type. */
static void prepare_tokens(struct tables *t)
{
	for (int i = 0; i < 256; i++) {
		char *token = (char *)t->tokens + t->index[i];

		t->starts[i] = isalpha((unsigned char)*token) || *token == '?';
		t->lengths[i] = strlen(token);
		guest_symtab_printable(token, token, t->lengths[i]);
		memcpy(t->shown[i], token, SHORT_TOKEN);
	}
}

/* Walk nr names from so far in front of the tokens; true if the markers agree. */
static bool names_fit(struct tables *t, uint32_t nr, size_t names,
		      uint32_t *markers)
{
	const uint8_t *p = before(t, names);
	size_t offset = 0, nr_markers = (nr + 255) / 256;

	for (uint32_t i = 0; i < nr; i++) {
		size_t prefix, len;

		if (!t->steps || !name_length(p + offset, names - offset, &prefix, &len) ||
		    !t->starts[p[offset + prefix]])
			return false;
		t->steps--;
		if (!(i & 255))
			markers[i >> 8] = offset;
		offset += prefix + len;
	}
	for (int to = 4; to <= 8; to *= 2) {
		uint64_t start = t->tokens_at - names;
		size_t at = align(start + offset, to) - start;

		if (at + 4 * nr_markers <= names &&
		    !memcmp(p + at, markers, 4 * nr_markers)) {
			t->names_len = offset;
			return true;
		}
	}
	return false;
}

/*
 * Could there be so many names' markers? That of the first name is 0, and that of the
 * 257th what 256 of them take. They are in front of the tokens, up to alignment; from
 * Linux 6.2 on, and 6.1.160, there were sequence numbers of 3 bytes in between for a while.
 */
static bool may_have_markers(const struct tables *t, uint32_t nr, size_t distance)
{
	const size_t len = 4 * ((nr + 255) / 256), gaps[] = { 0, 3 * (size_t)nr };

	for (size_t i = 0; i < ARRAY_SIZE(gaps); i++) {
		size_t at = align(gaps[i] + len - (t->tokens_at & 3), 4) +
			    (t->tokens_at & 3);

		for (int pad = 0; pad <= 12; pad += 4, at += 4) {
			uint32_t second;

			if (at > distance)
				break;
			second = get_u32(before(t, at - 4));
			if (!get_u32(before(t, at)) && second >= 2 * 256 &&
			    second <= 256 * MAX_NAME)
				return true;
		}
	}
	return false;
}

/* Is the number of symbols so far in front of the tokens? */
static bool count_fits(struct tables *t, size_t distance, uint32_t *markers)
{
	uint32_t nr = get_u32(before(t, distance));

	/* names of 2 to 60 bytes, and 3 bytes of sequence number */
	if (nr < MIN_SYMBOLS || nr > KALLSYMS_MAX_SYMBOLS ||
	    2 * (uint64_t)nr > distance || 64 * (uint64_t)nr < distance ||
	    !may_have_markers(t, nr, distance))
		return false;
	for (int skip = 4; skip <= 8; skip += 4) {
		if (distance > (size_t)skip &&
		    names_fit(t, nr, distance - skip, markers)) {
			t->nr = nr;
			t->names = distance - skip;
			t->count_at = t->tokens_at - distance;
			return true;
		}
	}
	return false;
}

static bool find_count(struct tables *t)
{
	uint32_t *markers = calloc((KALLSYMS_MAX_SYMBOLS + 255) / 256,
				   sizeof(*markers));
	size_t distance = t->tokens_at & 3;
	bool found = false;

	while (markers && !found && t->steps) {
		distance += 4;
		if (!load(t, distance))
			break;
		found = count_fits(t, distance, markers);
	}
	free(markers);
	return found;
}

/* Append a name without its type; returns the type, or 0 if it is too long. */
static char expand(const struct tables *t, const uint8_t *p, size_t len,
		   struct guest_symtab *symbols)
{
	char name[MAX_NAME + SHORT_TOKEN];
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		size_t part = t->lengths[p[i]];

		if (part >= MAX_NAME - used)
			return 0;
		if (part <= SHORT_TOKEN)
			memcpy(name + used, t->shown[p[i]], SHORT_TOKEN);
		else
			memcpy(name + used, t->tokens + t->index[p[i]], part);
		used += part;
	}
	if (used < 2 || !guest_symtab_add_printable(symbols, name + 1, used - 1))
		return 0;
	return name[0];
}

static bool expand_names(const struct tables *t, struct guest_symtab *symbols)
{
	const uint8_t *p = before(t, t->names);
	size_t offset = 0;

	for (uint32_t i = 0; i < t->nr; i++) {
		struct guest_symbol *symbol = &symbols->symbols[i];
		size_t prefix, len;

		if (!name_length(p + offset, t->names_len - offset, &prefix, &len))
			return false;
		symbol->name = symbols->names_len;
		symbol->type = expand(t, p + offset + prefix, len, symbols);
		if (!symbol->type)
			return false;
		offset += prefix + len;
	}
	symbols->nr = t->nr;
	return true;
}

/* How an entry of the offsets becomes an address. */
enum encoding {
	PERCPU_ABSOLUTE,	/* absolute, or relative to the base if negative */
	RELATIVE,		/* to the base */
	SELF_RELATIVE,		/* to the entry */
};

static uint64_t decode(enum encoding how, uint64_t base, uint64_t entry_at,
		       uint32_t entry)
{
	switch (how) {
	case PERCPU_ABSOLUTE:
		return (int32_t)entry >= 0 ? entry : base - 1 - (int64_t)(int32_t)entry;
	case RELATIVE:
		return base + entry;
	case SELF_RELATIVE:
		break;
	}
	return entry_at + (int64_t)(int32_t)entry;
}

/* With the right encoding _text is where the image starts. */
static bool try_encoding(const struct tables *t, enum encoding how,
			 uint64_t offsets_at, const uint32_t *offsets,
			 struct guest_symtab *symbols)
{
	const struct guest_symbol *text = guest_symtab_get(symbols, "_text");
	size_t i;

	if (!text)
		return false;
	i = text - symbols->symbols;
	if (decode(how, t->base, offsets_at + 4 * i, offsets[i]) != t->base)
		return false;
	for (i = 0; i < t->nr; i++)
		symbols->symbols[i].address =
			decode(how, t->base, offsets_at + 4 * i, offsets[i]);
	return true;
}

static bool is_base(const struct tables *t, uint64_t at)
{
	uint64_t value;

	return guest_paging_read(t->paging, at, &value, sizeof(value)) &&
	       value == t->base;
}

static bool set_addresses(const struct tables *t, struct guest_symtab *symbols)
{
	uint64_t size = 4 * (uint64_t)t->nr;
	const struct {
		uint64_t offsets;
		uint64_t base;
		enum encoding how;
	} layouts[] = {
		{ t->count_at - 8 - align(size, 8), t->count_at - 8, PERCPU_ABSOLUTE },
		{ align(t->end, 8), align(t->end, 8) + align(size, 8), PERCPU_ABSOLUTE },
		{ align(t->end, 8), align(t->end, 8) + align(size, 8), RELATIVE },
		{ align(t->end, 4), 0, SELF_RELATIVE },
		{ align(t->end, 8), 0, SELF_RELATIVE },
	};
	uint32_t *offsets = malloc(size);
	bool found = false;

	for (size_t i = 0; offsets && !found && i < ARRAY_SIZE(layouts); i++) {
		if (layouts[i].base && !is_base(t, layouts[i].base))
			continue;
		found = guest_paging_read(t->paging, layouts[i].offsets, offsets,
					  size) &&
			try_encoding(t, layouts[i].how, layouts[i].offsets,
				     offsets, symbols);
	}
	free(offsets);
	return found;
}

/* Decode the table whose tokens were found. */
static bool decode_tables(struct tables *t, struct guest_symtab *symbols)
{
	prepare_tokens(t);
	free(t->data);
	t->loaded = 0;
	t->room = t->tokens_at - t->run->start;
	if (t->room > KALLSYMS_MAX_TABLES)
		t->room = KALLSYMS_MAX_TABLES;
	t->data = malloc(t->room ? t->room : 1);
	/* Tokens make names two to three times as long in real kernels. */
	if (!t->data || !find_count(t) ||
	    !guest_symtab_init(symbols, t->nr, 8 * t->names_len))
		return false;
	if (expand_names(t, symbols) && set_addresses(t, symbols) &&
	    guest_symtab_sort(symbols))
		return true;
	guest_symtab_free(symbols);
	return false;
}

static bool search_chunk(struct tables *t, uint64_t at, const uint8_t *chunk,
			 size_t len, int *candidates,
			 struct guest_symtab *symbols)
{
	static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	const uint8_t *from = chunk, *hit;

	while (*candidates > 0) {
		hit = memmem(from, chunk + len - from, digits, sizeof(digits));
		if (!hit)
			return false;
		(*candidates)--;
		if (read_tokens(t, at + (hit - chunk)) && decode_tables(t, symbols))
			return true;
		from = hit + 1;
	}
	return false;
}

static bool search_run(struct tables *t, uint8_t *chunk, int *candidates,
		       struct guest_symtab *symbols)
{
	uint64_t at = t->run->start;

	while (at < t->run->end) {
		size_t len = t->run->end - at < CHUNK ? t->run->end - at : CHUNK;

		if (!t->paging->memory->bytes_left)
			return false;
		if (guest_paging_read(t->paging, at, chunk, len) &&
		    search_chunk(t, at, chunk, len, candidates, symbols))
			return true;
		if (len < CHUNK)
			return false;
		at += CHUNK - OVERLAP;
	}
	return false;
}

bool guest_kallsyms_load(struct guest_paging *paging,
			 const struct guest_image *image,
			 struct guest_symtab *symbols)
{
	struct tables *t = calloc(1, sizeof(*t));
	uint8_t *chunk = malloc(CHUNK);
	int candidates = MAX_CANDIDATES;
	bool found = false;

	if (!t || !chunk)
		goto out;
	t->paging = paging;
	t->base = image->text;
	t->steps = MAX_STEPS;
	/* Read-only data first; until the boot is over nothing is read-only. */
	for (int pass = 0; pass < 2 && !found; pass++) {
		for (size_t i = 0; i < image->nr && !found; i++) {
			bool likely = !image->runs[i].writable &&
				      !image->runs[i].executable;

			t->run = &image->runs[i];
			if (likely == !pass)
				found = search_run(t, chunk, &candidates, symbols);
		}
	}
out:
	if (t)
		free(t->data);
	free(t);
	free(chunk);
	return found;
}
