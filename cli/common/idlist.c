// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "idlist.h"

/* One number at *s, which moves behind it. */
static bool parse_id(const char **s, long long *id)
{
	const char *p = *s;
	char *end;

	if (!isdigit((unsigned char)p[p[0] == '-']))
		return false;
	errno = 0;
	*id = strtoll(p, &end, 10);
	*s = end;
	return !errno;
}

static const char *parse_range(const char **s, int min, int max,
			       struct id_range *range)
{
	long long first, last;

	if (!parse_id(s, &first))
		return "is not a number or a range such as 0-3";
	last = first;
	if (**s == '-') {
		(*s)++;
		if (!parse_id(s, &last))
			return "has a range without an end";
	}
	if (**s && **s != ',')
		return "is not a list of numbers and ranges such as 0-3,7";
	if (first < min || first > max || last < min || last > max)
		return "has a number out of range";
	if (last < first)
		return "has a range that ends before it starts";
	range->first = first;
	range->last = last;
	return NULL;
}

bool id_list_add(struct id_list *list, const char *s, int min, int max,
		 char *err, size_t err_size)
{
	size_t had = list->nr;
	const char *p = s;
	const char *what;

	for (;;) {
		struct id_range range = { 0 };
		struct id_range *bigger;

		what = parse_range(&p, min, max, &range);
		if (what)
			break;
		bigger = reallocarray(list->ranges, list->nr + 1,
				      sizeof(range));
		if (!bigger) {
			what = "is too long: out of memory";
			break;
		}
		list->ranges = bigger;
		list->ranges[list->nr++] = range;
		if (!*p)
			return true;
		p++;
	}
	list->nr = had;
	snprintf(err, err_size, "'%s' %s (allowed: %d to %d)", s, what, min,
		 max);
	return false;
}

void id_list_free(struct id_list *list)
{
	free(list->ranges);
	*list = (struct id_list){ 0 };
}

bool id_list_has(const struct id_list *list, int id)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (id >= list->ranges[i].first && id <= list->ranges[i].last)
			return true;
	}
	return false;
}

bool id_list_next(const struct id_list *list, struct id_iter *it, int *id)
{
	const struct id_range *range;

	if (it->range >= list->nr)
		return false;
	range = &list->ranges[it->range];
	*id = range->first + it->offset;
	if (*id == range->last) {
		it->range++;
		it->offset = 0;
	} else {
		it->offset++;
	}
	return true;
}
