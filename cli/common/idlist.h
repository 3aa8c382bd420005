/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists of CPUs or vcpu_ids as the user writes them: "0-3,7".
 */
#ifndef COMMON_IDLIST_H
#define COMMON_IDLIST_H

#include <stdbool.h>
#include <stddef.h>

struct id_range {
	int first;
	int last;
};

/* Ranges in the order given; all zeroes is an empty list. */
struct id_list {
	struct id_range *ranges;
	size_t nr;
};

/* A place in a list; all zeroes is before the first id. */
struct id_iter {
	size_t range;
	long long offset;
};

/**
 * id_list_add - append the ids that a string lists
 * @list: list to append to; left as it was if the string is bad
 * @s: numbers and ranges FIRST-LAST, separated by commas; with @min < 0
 *	numbers may be negative ("-1", "-3--1")
 * @min: smallest id that is allowed
 * @max: greatest id that is allowed
 * @err: where to put what is wrong with @s
 * @err_size: size of @err
 */
bool id_list_add(struct id_list *list, const char *s, int min, int max,
		 char *err, size_t err_size);
void id_list_free(struct id_list *list);

bool id_list_has(const struct id_list *list, int id);

/* Every id in the order given; false at the end. Starts with *it zeroed. */
bool id_list_next(const struct id_list *list, struct id_iter *it, int *id);

#endif /* COMMON_IDLIST_H */
