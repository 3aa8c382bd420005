// SPDX-License-Identifier: GPL-2.0
#include <crypt.h>
#include <string.h>
#include <strings.h>

#include "export/web-config.h"
#include "signals.h"

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? p - digits : -1;
}

/* Up to the padding; false if it is something else or does not fit */
static bool base64_decode(const char *text, char *out, size_t size)
{
	unsigned int bits = 0, nr = 0;
	size_t len = 0;

	for (; *text && *text != '='; text++) {
		int digit = digit_of(*text);

		if (digit < 0)
			return false;
		bits = bits << 6 | digit;
		nr += 6;
		if (nr < 8)
			continue;
		nr -= 8;
		if (len + 1 >= size)
			return false;
		out[len++] = bits >> nr & 0xff;
	}
	out[len] = '\0';
	return strlen(out) == len && strspn(text, "=") == strlen(text) &&
	       strlen(text) < 3;
}

bool web_basic_decode(const char *authorization, char name[WEB_NAME_SIZE],
		      char password[WEB_PASSWORD_SIZE])
{
	char both[WEB_NAME_SIZE + WEB_PASSWORD_SIZE];
	char *colon;
	bool good = false;

	if (strncasecmp(authorization, "Basic ", 6))
		return false;
	authorization += 6;
	authorization += strspn(authorization, " ");
	if (base64_decode(authorization, both, sizeof(both))) {
		colon = strchr(both, ':');
		good = colon && colon - both < WEB_NAME_SIZE &&
		       strlen(colon + 1) < WEB_PASSWORD_SIZE && colon[1];
		if (good) {
			*colon = '\0';
			strcpy(name, both);
			strcpy(password, colon + 1);
		}
	}
	explicit_bzero(both, sizeof(both));
	return good;
}

/* In a time that does not tell where they differ, but for their lengths */
static bool same(const char *a, const char *b)
{
	size_t len = strlen(b);
	unsigned char differ = 0;

	if (strlen(a) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

static bool hash_matches(const char *password, const char *hash)
{
	static struct crypt_data data;
	const char *result = crypt_r(password, hash, &data);
	bool match = result && same(result, hash);

	explicit_bzero(&data, sizeof(data));
	return match;
}

static struct web_user *find(struct web_config *config, const char *name)
{
	for (size_t i = 0; i < config->nr_users; i++)
		if (!strcmp(config->users[i].name, name))
			return &config->users[i];
	return NULL;
}

/* What checks have taken is paid for by time without any. */
static bool may_check(const struct web_config *config, uint64_t now)
{
	return config->paid < now + WEB_CHECK_SHARE * WEB_CHECK_BURST;
}

/* Where there is no such user another one's hash is taken: that takes as long. */
static bool is_right(struct web_config *config, const struct web_user *user,
		     const char *password, uint64_t now)
{
	uint64_t begin = signals_clock();
	bool match = hash_matches(password, (user ?: config->users)->hash);

	if (config->paid < now)
		config->paid = now;
	config->paid += WEB_CHECK_SHARE * (signals_clock() - begin);
	return match && user;
}

static enum web_access check(struct web_config *config, const char *name,
			     const char *password, uint64_t now)
{
	struct web_user *user = find(config, name);

	if (user && user->verified[0] && same(user->verified, password))
		return WEB_GRANTED;
	if (!may_check(config, now))
		return WEB_TOO_MANY;
	if (!is_right(config, user, password, now))
		return WEB_DENIED;
	strcpy(user->verified, password);
	return WEB_GRANTED;
}

enum web_access web_config_check(struct web_config *config,
				 const char *authorization, uint64_t now)
{
	char name[WEB_NAME_SIZE], password[WEB_PASSWORD_SIZE];
	enum web_access access;

	if (!config->nr_users)
		return WEB_GRANTED;
	if (!authorization || !web_basic_decode(authorization, name, password))
		return WEB_DENIED;
	access = check(config, name, password, now);
	explicit_bzero(password, sizeof(password));
	return access;
}
