// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "compiler.h"
#include "export/web-config.h"
#include "num.h"

#define MAX_FILE	(256UL << 10)

__printf(2, 3)
static bool bad(struct web_config *config, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(config->err, sizeof(config->err), fmt, ap);
	va_end(ap);
	return false;
}

static bool take_text(struct web_config *config, char *dst, size_t size,
		      const char *key, const char *value)
{
	if (strlen(value) >= size)
		return bad(config, "%.40s is too long", key);
	strcpy(dst, value);
	return true;
}

/* Go's names. Those that do not verify a certificate keep nobody out. */
static bool take_client_auth(struct web_config *config, const char *value)
{
	static const char *const types[] = {
		[WEB_NO_CLIENT_CERT] = "NoClientCert",
		[WEB_CLIENT_CERT_IF_GIVEN] = "VerifyClientCertIfGiven",
		[WEB_CLIENT_CERT_REQUIRED] = "RequireAndVerifyClientCert",
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(value, types[i])) {
			config->client_auth = i;
			return true;
		}
	}
	return bad(config,
		   "client_auth_type is NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert");
}

static bool take_tls(struct web_config *config, const char *key,
		     const char *value)
{
	if (!strcmp(key, "cert_file"))
		return take_text(config, config->cert_file,
				 sizeof(config->cert_file), key, value);
	if (!strcmp(key, "key_file"))
		return take_text(config, config->key_file,
				 sizeof(config->key_file), key, value);
	if (!strcmp(key, "client_ca_file"))
		return take_text(config, config->client_ca_file,
				 sizeof(config->client_ca_file), key, value);
	if (!strcmp(key, "client_auth_type"))
		return take_client_auth(config, value);
	if (!strcmp(key, "min_version")) {
		config->min_tls13 = !strcmp(value, "TLS13");
		return config->min_tls13 || !strcmp(value, "TLS12") ||
		       bad(config, "min_version is TLS12 or TLS13");
	}
	return bad(config,
		   "tls_server_config has cert_file, key_file, client_auth_type, client_ca_file and min_version, not '%.40s'",
		   key);
}

/* "$2y$10$" and 53 letters: bcrypt */
static bool is_hash(const char *hash)
{
	char digits[3] = "";
	long long cost;

	if (strlen(hash) != WEB_HASH_SIZE - 1 || strncmp(hash, "$2", 2) ||
	    !strchr("aby", hash[2]) || hash[3] != '$' || hash[6] != '$')
		return false;
	memcpy(digits, hash + 4, 2);
	digits[0] = digits[0] == '0' ? ' ' : digits[0];
	return num_parse_int(digits + (digits[0] == ' '), 4, WEB_MAX_COST,
			     &cost);
}

static bool take_user(struct web_config *config, const char *name,
		      const char *hash)
{
	struct web_user *user = &config->users[config->nr_users];

	for (size_t i = 0; i < config->nr_users; i++)
		if (!strcmp(config->users[i].name, name))
			return bad(config, "user '%.40s' twice", name);

	if (config->nr_users == WEB_MAX_USERS)
		return bad(config, "more than %d users", WEB_MAX_USERS);
	if (!name[0] || strlen(name) >= sizeof(user->name) || strchr(name, ':'))
		return bad(config, "invalid user name '%.40s'", name);
	if (!is_hash(hash))
		return bad(config, "the password of '%.40s' is no bcrypt hash of cost 4 to %d (htpasswd -nB)",
			   name, WEB_MAX_COST);
	strcpy(user->name, name);
	strcpy(user->hash, hash);
	config->nr_users++;
	return true;
}

/* Two levels: SECTION: { KEY: VALUE } */
struct reading {
	struct web_config *config;
	unsigned int depth;
	char section[64];
	char key[256];
	bool has_key;
};

static bool take_scalar(struct reading *at, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	struct web_config *config = at->config;
	bool in_section = at->depth == 2;

	if (strlen(text) != event->data.scalar.length)
		return bad(config, "a NUL in the text");
	if (!at->has_key) {
		at->has_key = true;
		return take_text(config, in_section ? at->key : at->section,
				 in_section ? sizeof(at->key) :
					      sizeof(at->section),
				 "a key", text);
	}
	at->has_key = false;
	if (!in_section)
		return bad(config, "'%.40s' has no value of its own",
			   at->section);
	if (!strcmp(at->section, "tls_server_config"))
		return take_tls(config, at->key, text);
	return take_user(config, at->key, text);
}

static bool begin_mapping(struct reading *at)
{
	if (at->depth == 2 || at->depth != at->has_key)
		return bad(at->config, "a mapping where a word should be");
	if (at->depth && strcmp(at->section, "tls_server_config") &&
	    strcmp(at->section, "basic_auth_users"))
		return bad(at->config, "there are tls_server_config and basic_auth_users, no '%.40s'",
			   at->section);
	at->depth++;
	at->has_key = false;
	return true;
}

static bool take_event(struct reading *at, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_MAPPING_START_EVENT:
		return begin_mapping(at);
	case YAML_MAPPING_END_EVENT:
		at->depth--;
		at->has_key = false;
		return true;
	case YAML_SCALAR_EVENT:
		return at->depth ? take_scalar(at, event) :
				   bad(at->config, "a word where a mapping should be");
	case YAML_SEQUENCE_START_EVENT:
	case YAML_ALIAS_EVENT:
		return bad(at->config, "neither lists nor aliases are allowed");
	default:
		return true;
	}
}

/* Puts the line before what is wrong with it. */
static bool bad_line(struct web_config *config, size_t line)
{
	char what[sizeof(config->err)];

	strcpy(what, config->err);
	return bad(config, "line %zu: %.160s", line, what);
}

static bool parse_events(struct reading *at, yaml_parser_t *parser)
{
	yaml_event_type_t type = YAML_NO_EVENT;
	yaml_event_t event;
	size_t line;
	bool good;

	while (type != YAML_STREAM_END_EVENT) {
		if (!yaml_parser_parse(parser, &event))
			return bad(at->config, "line %zu: %s",
				   parser->problem_mark.line + 1,
				   parser->problem ?: "not YAML");
		type = event.type;
		good = take_event(at, &event);
		line = event.start_mark.line + 1;
		yaml_event_delete(&event);
		if (!good)
			return bad_line(at->config, line);
	}
	return true;
}

static bool check(struct web_config *config)
{
	if (!config->cert_file[0] != !config->key_file[0])
		return bad(config, "cert_file and key_file go together");
	if (!config->client_ca_file[0] != !config->client_auth)
		return bad(config, "client_ca_file and a client_auth_type that verifies go together");
	if (config->client_auth && !config->cert_file[0])
		return bad(config, "client_ca_file needs cert_file and key_file");
	if (!config->cert_file[0] && !config->nr_users)
		return bad(config, "neither a certificate nor users");
	return true;
}

bool web_config_parse(struct web_config *config, const char *text, size_t len)
{
	struct reading at = { .config = config };
	yaml_parser_t parser;
	bool good;

	*config = (struct web_config){ 0 };
	if (!yaml_parser_initialize(&parser))
		return bad(config, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	good = parse_events(&at, &parser) && check(config);
	yaml_parser_delete(&parser);
	return good;
}

/* All of a small file, with a NUL after it; NULL and errno */
static char *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	char *text = fd >= 0 ? malloc(MAX_FILE + 1) : NULL;
	ssize_t n = 0;

	*len = 0;
	while (text && *len < MAX_FILE &&
	       (n = read(fd, text + *len, MAX_FILE - *len)) > 0)
		*len += n;
	err = n < 0 ? errno : *len == MAX_FILE ? EFBIG : 0;
	if (fd < 0)
		return NULL;
	close(fd);
	if (!text || !err) {
		if (text)
			text[*len] = '\0';
		return text;
	}
	free(text);
	errno = err;
	return NULL;
}

/* A file that the configuration names */
static char *read_named(struct web_config *config, const char *base,
			const char *name)
{
	const char *slash = strrchr(base, '/');
	char path[2 * WEB_PATH_SIZE], *text;
	size_t len;

	if (name[0] == '/' || !slash)
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - base),
			 base, name);
	text = read_file(path, &len);
	if (!text)
		bad(config, "cannot read %.100s: %s", path, strerror(errno));
	return text;
}

bool web_config_load(struct web_config *config, const char *path)
{
	size_t len;
	char *text;
	bool good;

	*config = (struct web_config){ 0 };
	if (strlen(path) >= WEB_PATH_SIZE)
		return bad(config, "%s", strerror(ENAMETOOLONG));
	text = read_file(path, &len);
	if (!text)
		return bad(config, "%s", strerror(errno));
	good = web_config_parse(config, text, len);
	free(text);
	if (!good || !config->cert_file[0])
		return good;
	config->cert = read_named(config, path, config->cert_file);
	if (config->cert)
		config->key = read_named(config, path, config->key_file);
	if (config->key && config->client_ca_file[0])
		config->client_ca = read_named(config, path,
					       config->client_ca_file);
	return config->key && !config->client_ca_file[0] == !config->client_ca;
}

void web_config_free(struct web_config *config)
{
	free(config->cert);
	free(config->key);
	free(config->client_ca);
	explicit_bzero(config, sizeof(*config));
}
