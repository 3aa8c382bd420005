/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BTF of a guest's kernel: where the members of its structures are.
 *
 * A reader of its own and not libbpf's, because a guest may be newer than the
 * host: the longer header, the wider fields and the kinds of types of later
 * kernels make older versions of libbpf refuse all of it, and those before 1.3
 * do not check what they are given.
 */
#ifndef INTROSPECT_BTF_H
#define INTROSPECT_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many names guest_btf_find() takes. */
#define BTF_MAX_NAMES	32

/**
 * struct guest_btf - types
 * @data: a copy of the guest's bytes
 * @types: where types start in it
 * @types_len: their bytes
 * @strings: where names start
 * @strings_len: their bytes; the last one is NUL
 * @offsets: of each type from @types, by type id; that of id 0 is not used
 * @nr: their number, with id 0
 * @found: names that guest_btf_find() looked for, and their type ids
 * @nr_found: their number
 */
struct guest_btf {
	uint8_t *data;
	const uint8_t *types;
	size_t types_len;
	const char *strings;
	size_t strings_len;
	uint32_t *offsets;
	uint32_t nr;
	struct guest_btf_name {
		const char *name;
		uint32_t id;
	} found[BTF_MAX_NAMES];
	size_t nr_found;
};

/**
 * struct guest_field - a member of a structure
 * @offset: bytes from the structure's start
 * @size: bytes; of an array all of it, 0 if that is not known
 * @known: whether there is such a member
 */
struct guest_field {
	uint32_t offset;
	uint32_t size;
	bool known;
};

/*
 * Take over data, which came from malloc(). False if it is no BTF or on OOM;
 * data is freed then. Types behind one of an unknown kind are left out.
 */
bool guest_btf_parse(struct guest_btf *btf, uint8_t *data, size_t size);

/*
 * Look for a structure, union or variable with one of these names, all in one go.
 * The functions below know only those. The names have to stay; each is taken
 * once, and what is more than BTF_MAX_NAMES is left out.
 */
void guest_btf_find(struct guest_btf *btf, const char * const *names, size_t nr);

/*
 * Find a member, such as "thread.sp" of "task_struct". Members of anonymous
 * structures and unions count as members of what they are in. A path of ""
 * is the structure itself.
 */
struct guest_field guest_btf_field(const struct guest_btf *btf,
				   const char *structure, const char *path);

/* Bytes that a variable takes, 0 if it is not known. */
uint32_t guest_btf_variable_size(const struct guest_btf *btf,
				 const char *variable);

void guest_btf_free(struct guest_btf *btf);

#endif /* INTROSPECT_BTF_H */
