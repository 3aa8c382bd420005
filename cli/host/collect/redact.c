// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "collect/redact.h"
#include "compiler.h"

#define BLANKS	" \t\r\n"

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
 * Whether what a key of such a name holds is nobody's business. "data", "string(s)" and
 * "value" are QEMU's: -object secret,data=, -fw_cfg string=, -smbios type=11,value=,
 * microvm's oem_strings=; "sig" is in URLs of Azure's storage.
 */
static bool is_secret(const char *key, size_t len)
{
	static const char *const words[] = {
		"pass", "secret", "token", "credential", "private", "auth",
		"cookie", "session", "signature", "ticket", "bearer",
		"accesskey",
	};
	static const char *const ends[] = {
		"key", "keys", "pwd", "psk", "sig", "jwt", "data", "string",
		"strings", "value",
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

/* The length of a list or object: to the bracket that closes it. */
static size_t bracketed_length(const char *s)
{
	size_t len = 0;
	int depth = 0;

	do {
		if (s[len] == '"') {
			len += quoted_length(s + len);
			continue;
		}
		depth += s[len] == '[' || s[len] == '{';
		depth -= s[len] == ']' || s[len] == '}';
		len++;
	} while (s[len] && depth);
	return len;
}

/* The length to a comma that is not doubled, as QEMU has it, or to one of those. */
static size_t length_to(const char *s, const char *ends)
{
	size_t len = 0;

	while (s[len] && !strchr(ends, s[len])) {
		if (s[len] == ',') {
			if (s[len + 1] != ',')
				break;
			len++;
		}
		len++;
	}
	return len;
}

/*
 * The length of a value. A secret may have blanks and quotes in it; in JSON a comma
 * inside of quotes does not end it, and quotes of JSON inside of JSON begin with \.
 */
static size_t value_length(const char *s)
{
	size_t len = 0;

	if (*s == '\\')
		return strlen(s);
	if (*s == '"')
		len = quoted_length(s);
	else if (*s == '[' || *s == '{')
		len = bracketed_length(s);
	return len + length_to(s + len, "");
}

/* After a key: what is between it and its value, such as "=" or "\" : "; 0: no value */
static size_t separator_length(const char *s)
{
	size_t len = strspn(s, "\\");
	bool quoted = s[len] == '"';

	len += quoted;
	len += strspn(s + len, BLANKS);
	if (s[len] != '=' && s[len] != ':')
		return 0;
	len++;
	return quoted ? len + strspn(s + len, BLANKS) : len;
}

/* The "//" of a URL, which JSON may write as "\/\/"; 0 if it is something else */
static size_t slashes_length(const char *s)
{
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		len += s[len] == '\\';
		if (s[len++] != '/')
			return 0;
	}
	return len;
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

/*
 * The "//" of a URL, and what stands for its "user:password". Passwords have all kinds of
 * characters in them, if nobody has encoded them: rather more than a login is left out. A
 * comma inside of JSON's quotes is one of them. Up to *known there is no '@' for sure, so
 * that no argument is searched again and again.
 */
static size_t print_login(FILE *out, const char *s, bool json,
			  const char **known)
{
	size_t slashes = slashes_length(s), len;
	const char *login = s + slashes, *at;

	put(out, s, slashes);
	if (login < *known)
		return slashes;
	len = json ? strcspn(login, BLANKS "\"") : length_to(login, BLANKS);
	*known = login + len;
	at = memrchr(login, '@', len);
	if (!at || at == login)
		return slashes;
	fputs(REDACTED, out);
	return at - s;
}

/* Keys, too, can be written in JSON's \u0070: nobody does, and nothing is known of it. */
static void print_argument(FILE *out, const char *s)
{
	bool json = strchr(s, '"');
	const char *known = s;

	if (json && strstr(s, "\\u")) {
		fputs(REDACTED "\n", out);
		return;
	}
	while (*s) {
		if (is_key_char(*s))
			s += print_key(out, s);
		else if (slashes_length(s))
			s += print_login(out, s, json, &known);
		else
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
