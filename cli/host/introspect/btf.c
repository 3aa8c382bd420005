// SPDX-License-Identifier: GPL-2.0
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "btf.h"

/* More than any kernel has; each takes 12 bytes at least. */
#define MAX_TYPES	(4U << 20)

/* How deep typedefs, qualifiers and arrays may be nested. */
#define MAX_DEPTH	32

/* How deep members are looked for in anonymous structures, and among how many. */
#define MAX_NESTING	8
#define MAX_MEMBERS	100000

/* Later kernels have more bits for both; earlier ones leave those bits zero. */
static uint32_t kind_of(const struct btf_type *type)
{
	return type->info >> 24 & 0x7f;
}

static uint32_t vlen_of(const struct btf_type *type)
{
	return type->info & 0xffffff;
}

static bool has_kind_flag(const struct btf_type *type)
{
	return type->info >> 31;
}

/* Bytes that follow struct btf_type. False if the kind is not known. */
static bool extra_size(const struct btf_type *type, uint64_t *size)
{
	switch (kind_of(type)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		*size = 4;
		return true;
	case BTF_KIND_ARRAY:
		*size = sizeof(struct btf_array);
		return true;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		*size = 12 * (uint64_t)vlen_of(type);
		return true;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		*size = 8 * (uint64_t)vlen_of(type);
		return true;
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		*size = 0;
		return true;
	}
	return false;
}

/* Number the types. Each was checked to lie inside once this has returned. */
static bool index_types(struct guest_btf *btf)
{
	size_t offset = 0, room = 1024;

	btf->offsets = malloc(room * sizeof(*btf->offsets));
	if (!btf->offsets)
		return false;
	btf->nr = 1;
	while (btf->types_len - offset >= sizeof(struct btf_type) &&
	       btf->nr < MAX_TYPES) {
		const struct btf_type *type = (const void *)(btf->types + offset);
		uint64_t extra;

		if (!extra_size(type, &extra) ||
		    extra > btf->types_len - offset - sizeof(*type))
			break;
		if (btf->nr == room) {
			uint32_t *bigger;

			room *= 2;
			bigger = realloc(btf->offsets, room * sizeof(*bigger));
			if (!bigger)
				return false;
			btf->offsets = bigger;
		}
		btf->offsets[btf->nr++] = offset;
		offset += sizeof(*type) + extra;
	}
	return true;
}

static bool read_header(struct guest_btf *btf, size_t size)
{
	struct btf_header header;
	uint64_t left;

	if (size < sizeof(header))
		return false;
	memcpy(&header, btf->data, sizeof(header));
	if (header.magic != BTF_MAGIC || header.hdr_len < sizeof(header) ||
	    header.hdr_len > size || header.hdr_len & 3)
		return false;
	left = size - header.hdr_len;
	if (header.type_off > left || header.type_len > left - header.type_off ||
	    header.str_off > left || header.str_len > left - header.str_off ||
	    header.type_off & 3 || !header.str_len)
		return false;
	btf->types = btf->data + header.hdr_len + header.type_off;
	btf->types_len = header.type_len;
	btf->strings = (const char *)btf->data + header.hdr_len + header.str_off;
	btf->strings_len = header.str_len;
	return !btf->strings[0] && !btf->strings[header.str_len - 1];
}

bool guest_btf_parse(struct guest_btf *btf, uint8_t *data, size_t size)
{
	*btf = (struct guest_btf){ .data = data };
	if (read_header(btf, size) && index_types(btf))
		return true;
	guest_btf_free(btf);
	return false;
}

/* NULL for "void" and for what is not there. */
static const struct btf_type *get_type(const struct guest_btf *btf, uint32_t id)
{
	if (!id || id >= btf->nr)
		return NULL;
	return (const void *)(btf->types + btf->offsets[id]);
}

/* A cheap hash of a name's start, which spares most comparisons. */
static unsigned int hash(const char *name)
{
	unsigned int h = 0;

	for (int i = 0; i < 6 && name[i]; i++)
		h = h * 33 + (unsigned char)name[i];
	return h & 255;
}

/* The index of a name, nr_found if it is none of them. */
static size_t find_name(const struct guest_btf *btf, const char *name)
{
	size_t i = 0;

	while (i < btf->nr_found && strcmp(btf->found[i].name, name))
		i++;
	return i;
}

void guest_btf_find(struct guest_btf *btf, const char * const *names, size_t nr)
{
	bool wanted[256] = { 0 };

	for (size_t i = 0; i < nr && btf->nr_found < BTF_MAX_NAMES; i++) {
		if (find_name(btf, names[i]) < btf->nr_found)
			continue;
		btf->found[btf->nr_found++] = (struct guest_btf_name){ names[i], 0 };
		wanted[hash(names[i])] = true;
	}
	for (uint32_t id = 1; id < btf->nr; id++) {
		const struct btf_type *type = get_type(btf, id);
		size_t i;

		if (kind_of(type) != BTF_KIND_STRUCT &&
		    kind_of(type) != BTF_KIND_UNION && kind_of(type) != BTF_KIND_VAR)
			continue;
		/* the last byte of the strings is NUL */
		if (type->name_off >= btf->strings_len ||
		    !wanted[hash(btf->strings + type->name_off)])
			continue;
		i = find_name(btf, btf->strings + type->name_off);
		if (i < btf->nr_found && !btf->found[i].id)
			btf->found[i].id = id;
	}
}

static const struct btf_type *find_type(const struct guest_btf *btf,
					const char *name)
{
	size_t i = find_name(btf, name);

	return i < btf->nr_found ? get_type(btf, btf->found[i].id) : NULL;
}

/* Look through typedefs, qualifiers and variables. */
static const struct btf_type *resolve(const struct guest_btf *btf, uint32_t id)
{
	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		const struct btf_type *type = get_type(btf, id);

		if (!type)
			return NULL;
		switch (kind_of(type)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
		case BTF_KIND_VAR:
			id = type->type;
			break;
		default:
			return type;
		}
	}
	return NULL;
}

static uint32_t size_of(const struct guest_btf *btf, uint32_t id)
{
	uint64_t times = 1, size;

	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		const struct btf_type *type = resolve(btf, id);
		const struct btf_array *array;

		if (!type)
			return 0;
		switch (kind_of(type)) {
		case BTF_KIND_ARRAY:
			array = (const void *)(type + 1);
			times *= array->nelems;
			if (times > UINT32_MAX)
				return 0;
			id = array->type;
			continue;
		case BTF_KIND_PTR:
			size = 8;
			break;
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
			size = type->size;
			break;
		default:
			return 0;
		}
		size *= times;
		return size > UINT32_MAX ? 0 : size;
	}
	return 0;
}

/* One search for a member. */
struct search {
	const struct guest_btf *btf;
	const char *name;
	size_t name_len;
	unsigned int members_left;
	uint32_t type;
	uint64_t bits;
};

static bool is_name(const struct search *search, uint32_t string)
{
	/* the last byte is NUL, so a comparison does not go beyond it */
	return string && string < search->btf->strings_len &&
	       !strncmp(search->btf->strings + string, search->name,
			search->name_len) &&
	       !search->btf->strings[string + search->name_len];
}

static bool find_member(struct search *search, const struct btf_type *type,
			int nesting)
{
	const struct btf_member *member = (const void *)(type + 1);

	if (kind_of(type) != BTF_KIND_STRUCT && kind_of(type) != BTF_KIND_UNION)
		return false;
	for (uint32_t i = 0; i < vlen_of(type); i++, member++) {
		uint32_t bits = has_kind_flag(type) ?
				member->offset & 0xffffff : member->offset;
		const struct btf_type *inner;

		if (!search->members_left)
			return false;
		search->members_left--;
		if (is_name(search, member->name_off)) {
			search->type = member->type;
			search->bits += bits;
			return true;
		}
		if (member->name_off || nesting == MAX_NESTING)
			continue;
		inner = resolve(search->btf, member->type);
		if (inner && find_member(search, inner, nesting + 1)) {
			search->bits += bits;
			return true;
		}
	}
	return false;
}

struct guest_field guest_btf_field(const struct guest_btf *btf,
				   const char *structure, const char *path)
{
	struct search search = { .btf = btf, .members_left = MAX_MEMBERS };
	const struct btf_type *type = find_type(btf, structure);
	uint32_t size;

	if (!type || kind_of(type) == BTF_KIND_VAR)
		return (struct guest_field){ 0 };
	size = type->size;
	while (*path) {
		search.name = path;
		search.name_len = strcspn(path, ".");
		if (!type || !find_member(&search, type, 0))
			return (struct guest_field){ 0 };
		type = resolve(btf, search.type);
		size = size_of(btf, search.type);
		path += search.name_len + (path[search.name_len] == '.');
	}
	if (search.bits & 7 || search.bits / 8 > UINT32_MAX)
		return (struct guest_field){ 0 };
	return (struct guest_field){
		.offset = search.bits / 8, .size = size, .known = true,
	};
}

uint32_t guest_btf_variable_size(const struct guest_btf *btf,
				 const char *variable)
{
	const struct btf_type *type = find_type(btf, variable);

	return type && kind_of(type) == BTF_KIND_VAR ? size_of(btf, type->type) : 0;
}

void guest_btf_free(struct guest_btf *btf)
{
	free(btf->data);
	free(btf->offsets);
	*btf = (struct guest_btf){ 0 };
}
