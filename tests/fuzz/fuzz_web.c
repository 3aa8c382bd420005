// SPDX-License-Identifier: GPL-2.0
/*
 * What 'export' is told by a configuration file, and by clients' headers.
 */
#include <stdlib.h>
#include <string.h>

#include "export/http.h"
#include "export/listen.h"
#include "export/web-config.h"
#include "fuzz.h"

/* A name ends where it has to, and a file that is refused says why. */
static void parse_config(const char *text, size_t len)
{
	static struct web_config config;

	if (!web_config_parse(&config, text, len)) {
		if (!config.err[0])
			abort();
		return;
	}
	for (size_t i = 0; i < config.nr_users; i++)
		if (!config.users[i].name[0] ||
		    strlen(config.users[i].hash) != WEB_HASH_SIZE - 1)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[WEB_NAME_SIZE], password[WEB_PASSWORD_SIZE];
	struct listen_address address;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	parse_config(text, size);
	if (web_basic_decode(text, name, password) && !password[0])
		abort();
	http_wants_openmetrics(text);
	listen_parse(text, &address);
	free(text);
	return 0;
}
