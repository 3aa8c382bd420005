// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel prints an entry as
 *
 *	"%16s-%-7d (%7d) [%03d] FLAGS %5lu.%06lu: EVENT: KEY=VALUE ..."
 *
 * where the options record-tgid and irq-info decide whether "(TGID)" and FLAGS
 * are there. The thread's name fills exactly the first 16 bytes and may hold
 * anything, so that only its position tells where it ends.
 */
#include <ctype.h>
#include <string.h>

#include "num.h"
#include "trace-time.h"
#include "trace/decode-text.h"

#define COMM_WIDTH	16
#define NS_PER_US	1000ULL

/* What is left of an entry, which ends with a NUL. */
struct cursor {
	const char *p;
};

static bool is_comment(const char *s)
{
	return s[0] == '#' || s[0] == '\n' || !strncmp(s, "CPU:", 4);
}

size_t text_entry_len(const char *buf, size_t len)
{
	size_t skip = 0;
	const char *end;

	/* a name is at most 15 bytes long: an entry starts with a blank */
	if (len && buf[0] == ' ') {
		if (len <= COMM_WIDTH)
			return 0;
		if (buf[COMM_WIDTH] == '-')
			skip = COMM_WIDTH;
	}
	end = memchr(buf + skip, '\n', len - skip);
	return end ? (size_t)(end - buf) + 1 : 0;
}

static void skip_blanks(struct cursor *c)
{
	while (*c->p == ' ')
		c->p++;
}

/* A decimal number of at most 18 digits. */
static bool take_digits(struct cursor *c, uint64_t *val, int *nr_digits)
{
	int n = 0;

	*val = 0;
	while (isdigit((unsigned char)c->p[n])) {
		if (n == 18)
			return false;
		*val = *val * 10 + (c->p[n] - '0');
		n++;
	}
	c->p += n;
	if (nr_digits)
		*nr_digits = n;
	return n > 0;
}

static bool take_char(struct cursor *c, char want)
{
	if (*c->p != want)
		return false;
	c->p++;
	return true;
}

static void take_comm(struct cursor *c, struct event *ev)
{
	size_t len = COMM_WIDTH;

	while (len && *c->p == ' ') {
		c->p++;
		len--;
	}
	memcpy(ev->comm, c->p, len);
	ev->comm[len] = '\0';
	c->p += len;
}

static bool take_small(struct cursor *c, int *val)
{
	uint64_t n;

	if (!take_digits(c, &n, NULL) || n > INT32_MAX)
		return false;
	*val = n;
	return true;
}

/* "(%7d) " or "(-------) ", or nothing */
static bool skip_tgid(struct cursor *c)
{
	if (*c->p != '(')
		return true;
	c->p += 1 + strspn(c->p + 1, " -0123456789");
	if (!take_char(c, ')'))
		return false;
	skip_blanks(c);
	return true;
}

/* "%5lu.%06lu" of a clock in nanoseconds, "%12llu" of another */
static bool take_time(struct cursor *c, struct event *ev)
{
	uint64_t whole, us;
	int nr_digits;

	if (!take_digits(c, &whole, NULL))
		return false;
	ev->ts_is_ns = take_char(c, '.');
	ev->ts = whole;
	if (!ev->ts_is_ns)
		return true;
	if (!take_digits(c, &us, &nr_digits) || nr_digits != 6)
		return false;
	if (whole > UINT64_MAX / NS_PER_SEC - 1)
		return false;
	ev->ts = whole * NS_PER_SEC + us * NS_PER_US;
	return true;
}

static bool take_context(struct cursor *c, struct event *ev)
{
	take_comm(c, ev);
	if (!take_char(c, '-') || !take_small(c, &ev->thread))
		return false;
	skip_blanks(c);
	if (!skip_tgid(c))
		return false;
	if (!take_char(c, '[') || !take_small(c, &ev->trace_cpu) ||
	    !take_char(c, ']'))
		return false;
	skip_blanks(c);
	/* flags such as "d..1." never start with a digit */
	if (!isdigit((unsigned char)*c->p))
		c->p += strcspn(c->p, " ");
	skip_blanks(c);
	return take_time(c, ev) && take_char(c, ':') && take_char(c, ' ');
}

static bool take_int(const char *s, uint64_t *val)
{
	long long n;

	if (!num_parse_int(s, INT32_MIN, INT32_MAX, &n))
		return false;
	*val = n;
	return true;
}

static bool is_hex(const char *s)
{
	return s[0] == '0' && s[1] == 'x';
}

/* The kernel prints a number that has no name as "0x%llx". */
static bool take_name(const char *s, uint64_t *val,
		      bool (*find)(const char *name, uint64_t *val))
{
	return find(s, val) || (is_hex(s) && num_parse_u64(s, val));
}

static bool parse_value(enum field_type type, const char *s, uint64_t *val)
{
	switch (type) {
	case FIELD_INT:
		return take_int(s, val);
	case FIELD_COUNT:
		return !is_hex(s) && num_parse_u64(s, val);
	case FIELD_BITS:
	case FIELD_REG:
	case FIELD_HEX64:
		return is_hex(s) && num_parse_u64(s, val);
	case FIELD_STATE:
		return take_name(s, val, event_state_value);
	case FIELD_REASON:
		return take_name(s, val, event_reason_value);
	case FIELD_WHY:
		return take_name(s, val, event_why_value);
	}
	return false;
}

static bool take_field(struct cursor *c, struct event *ev)
{
	size_t name_len = strcspn(c->p, "= ");
	const char *name = c->p;
	const char *value = name + name_len + 1;
	size_t value_len;
	char text[32];
	uint64_t val;
	int id;

	if (!name_len || name[name_len] != '=')
		return false;
	value_len = strcspn(value, " ");
	if (!value_len)
		return false;
	c->p = value + value_len;

	id = event_find_field(ev->kind, name, name_len);
	if (id < 0) {
		event_add_extra(ev, name, name_len, value, value_len);
		return true;
	}
	if (event_has(ev, id) || value_len >= sizeof(text))
		return false;
	memcpy(text, value, value_len);
	text[value_len] = '\0';
	if (!parse_value(fields[id].type, text, &val))
		return false;
	event_set(ev, id, val);
	return true;
}

static bool take_fields(struct cursor *c, struct event *ev)
{
	skip_blanks(c);
	while (*c->p) {
		if (!take_field(c, ev))
			return false;
		skip_blanks(c);
	}
	return event_has_key(ev);
}

static enum text_outcome decode(struct cursor *c, struct event *ev)
{
	size_t name_len;
	int kind;

	if (!take_context(c, ev))
		return TEXT_BAD;
	name_len = strcspn(c->p, ": ");
	kind = event_find_kind(c->p, name_len);
	if (kind < 0)
		return TEXT_OTHER;
	ev->kind = kind;
	c->p += name_len;
	if (!take_char(c, ':') || !take_fields(c, ev))
		return TEXT_BAD;
	return TEXT_EVENT;
}

enum text_outcome text_decode(const char *entry, size_t len,
			      struct event *ev)
{
	char text[8192];
	struct cursor c = { text };

	memset(ev, 0, sizeof(*ev));
	if (!len || entry[len - 1] != '\n')
		return TEXT_BAD;
	if (is_comment(entry))
		return TEXT_OTHER;
	/* longer than the kernel's own buffer for a line */
	if (len > sizeof(text) || len <= COMM_WIDTH || memchr(entry, 0, len))
		return TEXT_BAD;
	memcpy(text, entry, len - 1);
	text[len - 1] = '\0';
	return decode(&c, ev);
}
