// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <string.h>

#include "compiler.h"
#include "duration.h"

bool duration_take(const char **s, uint64_t unit, uint64_t *ns)
{
	const char *p = *s;
	uint64_t whole = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		whole = whole * 10 + (*p - '0');
		if (whole > DURATION_MAX_NS / unit)
			return false;
	}
	*ns = whole * unit;
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return false;
		for (; isdigit((unsigned char)*p); p++) {
			*ns += unit / 10 * (*p - '0');
			unit /= 10;
		}
	}
	*s = p;
	return true;
}

bool duration_parse(uint64_t *ns, const char *s)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "", NS_PER_SEC },	    { "ms", 1000000 },
		{ "s", NS_PER_SEC },	    { "m", 60 * NS_PER_SEC },
		{ "h", 3600 * NS_PER_SEC }, { "d", SEC_PER_DAY * NS_PER_SEC },
	};
	const char *unit = s + strspn(s, "0123456789.");

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(unit, units[i].name))
			continue;
		return duration_take(&s, units[i].ns, ns) && s == unit;
	}
	return false;
}
