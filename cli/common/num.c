// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "num.h"

bool num_parse_int(const char *s, long long min, long long max,
		   long long *val)
{
	char *end;

	if (!isdigit((unsigned char)s[s[0] == '-']))
		return false;
	errno = 0;
	*val = strtoll(s, &end, 10);
	return !errno && !*end && *val >= min && *val <= max;
}

bool num_parse_u64(const char *s, uint64_t *val)
{
	bool hex = s[0] == '0' && s[1] == 'x';
	const char *digits = hex ? s + 2 : s;
	char *end;

	if (!isxdigit((unsigned char)digits[0]))
		return false;
	/* strtoull() would take a second "0x" */
	if (hex && digits[0] == '0' && (digits[1] | 0x20) == 'x')
		return false;
	errno = 0;
	*val = strtoull(digits, &end, hex ? 16 : 10);
	return !errno && !*end;
}
