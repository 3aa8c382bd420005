// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "collect/redact.h"
#include "compiler.h"

static bool is_key_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool has_word(const char *key, size_t len, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i + size <= len; i++)
		if (!strncasecmp(key + i, word, size))
			return true;
	return false;
}

static bool ends_with(const char *key, size_t len, const char *word)
{
	size_t size = strlen(word);

	return len >= size && !strncasecmp(key + len - size, word, size);
}

/*
 * Whether what a key of such a name holds is nobody's business. "data", "string" and
 * "value" are QEMU's: -object secret,data=, -fw_cfg string=, -smbios type=11,value=.
 */
static bool is_secret(const char *key, size_t len)
{
	static const char *const words[] = {
		"pass", "secret", "token", "credential", "private", "auth",
	};
	static const char *const ends[] = {
		"key", "pwd", "data", "string", "value",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (has_word(key, len, words[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends_with(key, len, ends[i]))
			return true;
	return false;
}

/* The length of a JSON string, with its quotes. */
static size_t quoted_length(const char *s)
{
	size_t len = 1;

	while (s[len] && s[len] != '"')
		len += s[len] == '\\' && s[len + 1] ? 2 : 1;
	return len + !!s[len];
}

/*
 * The length of a value: to a comma that is not doubled, as QEMU has it. A secret may
 * have blanks and quotes in it; in JSON a comma inside of quotes does not end it.
 */
static size_t value_length(const char *s)
{
	size_t len = *s == '"' ? quoted_length(s) : 0;

	while (s[len]) {
		if (s[len] == ',') {
			if (s[len + 1] != ',')
				break;
			len++;
		}
		len++;
	}
	return len;
}

/* After a key: what is between it and its value, such as "=" or "\": "; 0: no value */
static size_t separator_length(const char *s)
{
	size_t len = 0;

	if (s[len] == '"')
		len++;
	if (s[len] != '=' && s[len] != ':')
		return 0;
	len++;
	while (s[len] == ' ' && s[0] == '"')
		len++;
	return len;
}

/* "user:password@" of a URL, from behind its "//"; 0 if it has none */
static size_t login_length(const char *s)
{
	size_t len = strcspn(s, "/, \"'?");
	const char *at = memrchr(s, '@', len);

	return at ? (size_t)(at - s) : 0;
}

static void put(FILE *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		putc(iscntrl((unsigned char)s[i]) ? '?' : s[i], out);
}

/* A key that may be a secret's: prints it and what stands for its value. */
static size_t print_key(FILE *out, const char *s)
{
	size_t len = 0, separator;

	while (is_key_char(s[len]))
		len++;
	separator = separator_length(s + len);
	put(out, s, len + separator);
	if (!separator || !is_secret(s, len) || !s[len + separator])
		return len + separator;
	fputs(REDACTED, out);
	return len + separator + value_length(s + len + separator);
}

static void print_argument(FILE *out, const char *s)
{
	size_t len;

	while (*s) {
		if (is_key_char(*s)) {
			s += print_key(out, s);
			continue;
		}
		if (!strncmp(s, "//", 2)) {
			put(out, s, 2);
			s += 2;
			len = login_length(s);
			if (len)
				fputs(REDACTED, out);
			s += len;
			continue;
		}
		put(out, s++, 1);
	}
	putc('\n', out);
}

/* An option of a secret's name whose value is the next argument: "--password" */
static bool wants_secret(const char *argument)
{
	const char *key = argument + strspn(argument, "-");
	size_t len = 0;

	while (is_key_char(key[len]))
		len++;
	return key != argument && len && !key[len] && is_secret(key, len);
}

void redact_command_line(FILE *out, const char *bytes, size_t len)
{
	bool secret = false;
	size_t at = 0, size;

	while (at < len) {
		char argument[65536];

		size = strnlen(bytes + at, len - at);
		if (size >= sizeof(argument)) {
			fputs(REDACTED "\n", out);
			secret = false;
		} else {
			memcpy(argument, bytes + at, size);
			argument[size] = '\0';
			if (secret)
				fputs(REDACTED "\n", out);
			else
				print_argument(out, argument);
			secret = !secret && wants_secret(argument);
		}
		at += size + 1;
	}
}
