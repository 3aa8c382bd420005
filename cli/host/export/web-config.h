/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Certificate and users of an HTTP server, from the file that Prometheus' exporters
 * share (--web.config.file): YAML, with bcrypt hashes of passwords.
 */
#ifndef HOST_EXPORT_WEB_CONFIG_H
#define HOST_EXPORT_WEB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"

#define WEB_MAX_USERS		64
#define WEB_NAME_SIZE		64
#define WEB_HASH_SIZE		61	/* "$2y$10$..." */
#define WEB_PASSWORD_SIZE	73	/* bcrypt takes no longer ones */
#define WEB_PATH_SIZE		1024

/* Hashes that take longer would hold up every other client. */
#define WEB_MAX_COST		14

/*
 * Nobody else is served while a password is checked that was not verified before. That
 * takes a quarter of the time at most, but for so many nanoseconds at once.
 */
#define WEB_CHECK_SHARE		4
#define WEB_CHECK_BURST		(250 * NS_PER_MS)

/**
 * struct web_user - a user
 * @name: who
 * @hash: bcrypt's of the password
 * @verified: the password that was right last, "" if there was none; what is right
 *	need not be hashed again
 */
struct web_user {
	char name[WEB_NAME_SIZE];
	char hash[WEB_HASH_SIZE];
	char verified[WEB_PASSWORD_SIZE];
};

/* Whose certificates are asked for */
enum web_client_auth {
	WEB_NO_CLIENT_CERT,
	WEB_CLIENT_CERT_IF_GIVEN,	/* a client without one may come in */
	WEB_CLIENT_CERT_REQUIRED,
};

/**
 * struct web_config - the file
 * @cert_file: the certificate's file, "" for none
 * @key_file: its key's
 * @client_auth: which clients have to have a certificate of @client_ca_file
 * @client_ca_file: certificates of those who sign clients', "" for none
 * @min_tls13: do not speak TLS 1.2
 * @users: who may come in; if there are none, everyone
 * @nr_users: how many
 * @cert: what is in @cert_file, for free(); NULL: no TLS
 * @key: the same of @key_file
 * @client_ca: the same of @client_ca_file; NULL: it has none
 * @err: what is wrong
 * @paid: when what checks of passwords took will have been made up for
 */
struct web_config {
	char cert_file[WEB_PATH_SIZE];
	char key_file[WEB_PATH_SIZE];
	enum web_client_auth client_auth;
	char client_ca_file[WEB_PATH_SIZE];
	bool min_tls13;
	struct web_user users[WEB_MAX_USERS];
	size_t nr_users;
	char *cert;
	char *key;
	char *client_ca;
	char err[200];
	uint64_t paid;
};

/* From text. False with @err set: what is not known is an error. */
bool web_config_parse(struct web_config *config, const char *text, size_t len);

/*
 * From a file, with the files that it names; relative names are those of its own
 * directory. To be freed in any case.
 */
bool web_config_load(struct web_config *config, const char *path);
void web_config_free(struct web_config *config);

enum web_access {
	WEB_GRANTED,
	WEB_DENIED,
	WEB_TOO_MANY,	/* tries of passwords; later */
};

/*
 * Whether a request with that Authorization header may pass (NULL: it has none), at a
 * time in nanoseconds.
 */
enum web_access web_config_check(struct web_config *config,
				 const char *authorization, uint64_t now);

/* "Basic BASE64" to name and password. False if it is something else. */
bool web_basic_decode(const char *authorization, char name[WEB_NAME_SIZE],
		      char password[WEB_PASSWORD_SIZE]);

#endif /* HOST_EXPORT_WEB_CONFIG_H */
