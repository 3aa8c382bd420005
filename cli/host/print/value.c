// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "print/outbuf.h"
#include "print/value.h"
#include "text.h"
#include "trace-time.h"

static size_t name_or_hex(char *buf, const char *name, uint64_t val)
{
	size_t len;

	if (!name)
		return digits_hex(buf, val);
	len = strlen(name);
	memcpy(buf, name, len);
	return len;
}

size_t value_put(char *buf, const struct event *ev, enum field_id id)
{
	uint64_t val = ev->val[id];

	if (!event_has(ev, id))
		return 0;
	switch (fields[id].type) {
	case FIELD_INT:
		return digits_int(buf, event_int(ev, id));
	case FIELD_COUNT:
		return digits_uint(buf, val);
	case FIELD_REG:
		return event_reg(ev, id - FIELD_REGS, &val) ?
			       digits_hex(buf, val) :
			       0;
	case FIELD_BITS:
	case FIELD_HEX64:
		return digits_hex(buf, val);
	case FIELD_STATE:
		return name_or_hex(buf, event_state_name(val), val);
	case FIELD_REASON:
		return name_or_hex(buf, event_reason_name(val), val);
	case FIELD_WHY:
		return name_or_hex(buf, event_why_name(val), val);
	}
	return 0;
}

bool value_field(char *buf, const struct event *ev, enum field_id id)
{
	size_t len = value_put(buf, ev, id);

	buf[len] = '\0';
	return len;
}

static void seconds(char *buf, uint64_t ns, int digits)
{
	uint64_t rest = ns % NS_PER_SEC;
	size_t len = digits_uint(buf, ns / NS_PER_SEC);

	for (int i = digits; i < 9; i++)
		rest /= 10;
	buf[len] = '.';
	for (int i = digits; i > 0; i--) {
		buf[len + i] = '0' + rest % 10;
		rest /= 10;
	}
	buf[len + digits + 1] = '\0';
}

static void date(char *buf, uint64_t wall_ns)
{
	time_t sec = wall_ns / NS_PER_SEC;
	struct tm tm;
	size_t len;

	localtime_r(&sec, &tm);
	len = strftime(buf, VALUE_LEN, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buf + len, VALUE_LEN - len, ".%06u",
		 (unsigned int)(wall_ns % NS_PER_SEC / 1000));
}

void value_utc(char *buf, uint64_t wall_ns)
{
	time_t sec = wall_ns / NS_PER_SEC;
	struct tm tm;
	size_t len;

	gmtime_r(&sec, &tm);
	len = strftime(buf, VALUE_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, VALUE_LEN - len, ".%09uZ",
		 (unsigned int)(wall_ns % NS_PER_SEC));
}

bool value_time(char *buf, const struct event *ev,
		const struct event_about *about, enum time_format time)
{
	bool known = true;

	strcpy(buf, UNKNOWN);
	switch (time) {
	case TIME_TRACE:
		if (ev->ts_is_ns)
			seconds(buf, ev->ts, 6);
		else
			snprintf(buf, VALUE_LEN, "%" PRIu64, ev->ts);
		break;
	case TIME_WALL:
		known = about->wall_known;
		if (known)
			date(buf, about->wall_ns);
		break;
	case TIME_AGE:
		known = about->age_known;
		if (known)
			seconds(buf, about->age_ns, 3);
		break;
	}
	return known;
}

void value_symbol(char *buf, size_t size, const struct event_about *about)
{
	char name[SYMBOL_LEN];

	buf[0] = '\0';
	if (!about->symbol)
		return;
	text_utf8(name, sizeof(name), about->symbol);
	snprintf(buf, size, "%s+0x%" PRIx64, name, about->symbol_offset);
}

void value_place(char *buf, size_t size, const struct event_about *about)
{
	char comm[GUEST_COMM_SIZE];

	if (!about->symbol && about->task) {
		text_utf8(comm, sizeof(comm), about->task->comm);
		snprintf(buf, size, "%s/%d (user)", comm, about->task->pid);
		return;
	}
	value_symbol(buf, size, about);
	if (buf[0] && about->module)
		snprintf(buf + strlen(buf), size - strlen(buf), " [%s]",
			 about->module);
}
