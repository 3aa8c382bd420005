// SPDX-License-Identifier: GPL-2.0
/*
 * 'export': its options, addresses, web configuration and users; which clients
 * go first.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "cmd/commands.h"
#include "duration.h"
#include "export/clients.h"
#include "export/http.h"
#include "export/web-config.h"
#include "signals.h"
#include "support.h"

static void options(void **state)
{
	char *argv[8] = { "export", "--textfile", "a.prom", "-d", "30",
			  "--no-diagnosis", "web" };
	char *server[6] = { "export", "--listen", ":9100", "--web-config",
			    "web.yml" };
	struct export_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(export_parse(&op, 7, argv, &params), OPT_RUN);
	assert_string_equal(params.textfile, "a.prom");
	assert_int_equal(params.interval_ns, 30 * NS_PER_SEC);
	assert_true(params.no_diagnosis);
	assert_string_equal(params.select.vms[0].name, "web");
	select_free(&params.select);
	assert_int_equal(export_parse(&op, 5, server, &params), OPT_RUN);
	assert_string_equal(params.address.host, "127.0.0.1");
	assert_string_equal(params.address.port, "9100");
	assert_string_equal(params.web_config, "web.yml");
	select_free(&params.select);
	assert_int_equal(export_parse(&op, 1, argv, &params), OPT_RUN);
	assert_int_equal(params.format, METRICS_OPENMETRICS);
	select_free(&params.select);
}

static void bad_options(void **state)
{
	static char *const lines[][6] = {
		{ "export", "--textfile", "a", "--listen", ":1" },
		{ "export", "--textfile", "" },
		{ "export", "-d", "30" },
		{ "export", "--listen", ":1", "-d", "30" },
		{ "export", "--textfile", "a", "-d", "999ms" },
		{ "export", "--textfile", "a", "-d", "2h" },
		{ "export", "--web-config", "a" },
		{ "export", "--format", "json" },
		{ "export", "--textfile", "a", "--format", "text" },
		{ "export", "--listen", "9100" },
		{ "export", "" },
	};
	struct export_params params;
	struct opt_parser op;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *argv[7] = { NULL };
		int argc = 0;

		for (; argc < 6 && lines[i][argc]; argc++)
			argv[argc] = lines[i][argc];
		assert_int_equal(export_parse(&op, argc, argv, &params),
				 OPT_BAD);
		assert_true(op.err[0]);
		select_free(&params.select);
	}
}

/* The port is ours: 9100 is node-exporter's. */
static void address_examples(void **state)
{
	char *argv[4] = { "export", "--listen", "9982", NULL };
	struct export_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(export_parse(&op, 3, argv, &params), OPT_BAD);
	assert_non_null(strstr(op.err, "(:9982, "));
	assert_null(strstr(op.err, "9100"));
	select_free(&params.select);
}

static void addresses(void **state)
{
	static const struct {
		const char *text;
		enum listen_kind kind;
		const char *host;
		bool is_public;
	} good[] = {
		{ ":9100", LISTEN_TCP, "127.0.0.1", false },
		{ "127.0.0.2:1", LISTEN_TCP, "127.0.0.2", false },
		{ "0.0.0.0:65535", LISTEN_TCP, "0.0.0.0", true },
		{ "[::]:9100", LISTEN_TCP, "::", true },
		{ "[::1]:9100", LISTEN_TCP, "::1", false },
		{ "/run/x", LISTEN_UNIX, "", false },
		{ "systemd", LISTEN_SYSTEMD, "", false },
	};
	static const char *const bad[] = {
		"", ":", ":0", ":65536", ":x", ": 1", "9100", "localhost:9100",
		"::1:9100", "[::1]", "[::1]9100", "[127.0.0.1]:1", "[]:1",
		"[:1", "127.0.0.1", "/", "run/x", "1.2.3.4.5:1",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:1",
		"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	};
	struct listen_address address;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(listen_parse(good[i].text, &address));
		assert_int_equal(address.kind, good[i].kind);
		assert_string_equal(address.host, good[i].host);
		assert_int_equal(listen_is_public(&address),
				 good[i].is_public);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (listen_parse(bad[i], &address))
			fail_msg("%s", bad[i]);
}

/* A socket that nobody listens to is replaced, another one is not. */
static void unix_socket(void **state)
{
	struct listen_address address;
	char *root = tree_make(), path[100];
	struct stat st;
	int fd, again;

	(void)state;
	snprintf(path, sizeof(path), "%s/socket", root);
	assert_true(listen_parse(path, &address));
	fd = listen_open(&address);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(listen_open(&address), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(fd);
	again = listen_open(&address);
	assert_true(again >= 0);
	close(again);
	listen_remove(&address);
	assert_int_not_equal(stat(path, &st), 0);
	tree_write(root, "/socket", "a file");
	assert_int_equal(listen_open(&address), -1);
	assert_int_equal(stat(path, &st), 0);
	tree_remove(root);
}

#define HASH	"$2y$04$abcdefghijklmnopqrstuu12f.Pu8ic0A965BfTwGcW6x7Xin9Xgu"

static bool parse(struct web_config *config, const char *text)
{
	return web_config_parse(config, text, strlen(text));
}

static void web_config(void **state)
{
	static const char *const bad[] = {
		"", "x", "a: b\n", "- a\n", "tls_server_config: x\n",
		"tls_server_config:\n  cert_file: a\n",
		"tls_server_config:\n  cert_file: a\n  key_file: b\n  client_ca_file: c\n",
		"tls_server_config:\n  cert_file: a\n  key_file: b\n  client_auth_type: RequireAndVerifyClientCert\n",
		"tls_server_config:\n  cert_file: a\n  key_file: b\n  client_ca_file: c\n  client_auth_type: NoClientCert\n",
		"tls_server_config:\n  cert_file: a\n  key_file: b\n  client_ca_file: c\n  client_auth_type: RequireAnyClientCert\n",
		"tls_server_config:\n  client_ca_file: c\n  client_auth_type: VerifyClientCertIfGiven\nbasic_auth_users:\n  a: " HASH "\n",
		"tls_server_config:\n  cert_file: [a]\n  key_file: b\n",
		"tls_server_config:\n  cert_file:\n    x: y\n",
		"tls_server_config:\n  min_version: SSL3\n",
		"basic_auth_users:\n  a: secret\n",
		"basic_auth_users:\n  a: $2y$15$abcdefghijklmnopqrstuu12f.Pu8ic0A965BfTwGcW6x7Xin9Xgu\n",
		"basic_auth_users:\n  \"a:b\": " HASH "\n",
		"basic_auth_users:\n  \"\": " HASH "\n",
		"basic_auth_users:\n  a: " HASH "\n  a: " HASH "\n",
		"basic_auth_users: &x\n  a: *x\n", "basic_auth_users:\n\ta: b\n",
		"basic_auth_users:\n  \"a\\0b\": " HASH "\n",
		"http_server_config:\n  http2: true\n", "{", "\xff\xfe",
	};
	static struct web_config config;

	(void)state;
	assert_true(parse(&config, "# comment\ntls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n  min_version: TLS13\nbasic_auth_users:\n  alice: " HASH "\n  bob: " HASH "\n"));
	assert_string_equal(config.cert_file, "a.crt");
	assert_string_equal(config.key_file, "a.key");
	assert_true(config.min_tls13);
	assert_int_equal(config.client_auth, WEB_NO_CLIENT_CERT);
	assert_int_equal(config.nr_users, 2);
	assert_string_equal(config.users[1].name, "bob");
	assert_true(parse(&config, "tls_server_config:\n  cert_file: a\n  key_file: b\n  client_ca_file: c\n  client_auth_type: RequireAndVerifyClientCert\n"));
	assert_int_equal(config.client_auth, WEB_CLIENT_CERT_REQUIRED);
	assert_string_equal(config.client_ca_file, "c");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (parse(&config, bad[i]))
			fail_msg("case %zu", i);
		assert_true(config.err[0]);
	}
	assert_false(parse(&config, "# comment\njust a word\n"));
	assert_string_equal(config.err,
			    "line 2: a word where a mapping should be");
	assert_false(parse(&config, "basic_auth_users:\n  a: secret\n"));
	assert_memory_equal(config.err, "line 2: ", 8);
	assert_false(web_config_load(&config, "/nonexistent/web.yml"));
	assert_true(config.err[0]);
}

static void basic(void **state)
{
	static const char *const bad[] = {
		"", "Basic", "Basic ", "Bearer YTpi", "Basic YTpi=====",
		"Basic Y*pi", "Basic YWI=", "Basic YTo=", "Basic YTpiAGM=",
		"Basic YTpi=YTpi",
	};
	char name[WEB_NAME_SIZE], password[WEB_PASSWORD_SIZE], text[1000];

	(void)state;
	assert_true(web_basic_decode("basic  YTpi", name, password));
	assert_string_equal(name, "a");
	assert_string_equal(password, "b");
	assert_true(web_basic_decode("Basic YTpiOmM=", name, password));
	assert_string_equal(password, "b:c");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (web_basic_decode(bad[i], name, password))
			fail_msg("%s", bad[i]);
	strcpy(text, "Basic ");
	memset(text + 6, 'Y', sizeof(text) - 7);
	text[sizeof(text) - 1] = '\0';
	assert_false(web_basic_decode(text, name, password));
}

/* "a" has the password "b"; what is tried is bounded, what is right is not. */
static void users(void **state)
{
	static struct web_config config;
	uint64_t now = 0, paid = 0;

	(void)state;
	assert_true(parse(&config, "basic_auth_users:\n  a: " HASH "\n"));
	assert_int_equal(web_config_check(&config, NULL, 0), WEB_DENIED);
	assert_int_equal(web_config_check(&config, "Basic YTpi", 0),
			 WEB_GRANTED);
	/* as many as one likes, if one waits */
	for (uint64_t i = 0; i < 1000; i++) {
		now += 60 * NS_PER_SEC;
		assert_int_equal(web_config_check(&config, "Basic YTpj", now),
				 WEB_DENIED);
		paid = config.paid;
		assert_true(paid > now);
	}
	while (web_config_check(&config, "Basic YTpj", now) == WEB_DENIED) {
		assert_true(config.paid > paid);
		assert_true(paid - now < WEB_CHECK_SHARE * WEB_CHECK_BURST);
		paid = config.paid;
	}
	assert_true(paid - now >= WEB_CHECK_SHARE * WEB_CHECK_BURST);
	assert_int_equal(web_config_check(&config, "Basic YTpj", now),
			 WEB_TOO_MANY);
	assert_int_equal(web_config_check(&config, "Basic Yjpi", now),
			 WEB_TOO_MANY);
	/* that it was right is known */
	assert_int_equal(web_config_check(&config, "Basic YTpi", now),
			 WEB_GRANTED);
	assert_int_equal(web_config_check(&config, "Basic Yjpi", paid),
			 WEB_DENIED);
}

static bool wants(const char *accept)
{
	return http_wants_openmetrics(accept);
}

static void accepts(void **state)
{
	(void)state;
	assert_false(wants(NULL));
	assert_false(wants("*/*"));
	assert_false(wants("text/plain;version=0.0.4"));
	assert_true(wants("application/openmetrics-text"));
	assert_true(wants("application/openmetrics-text;version=1.0.0,text/plain;q=0"));
	assert_true(wants("application/openmetrics-text;q=0.5,*/*;q=0.1"));
	assert_false(wants("application/openmetrics-text;q=0,text/plain"));
	assert_false(wants("application/openmetrics-text;q=0.0"));
	assert_false(wants("application/openmetrics-text ; version=1.0.0 ; q=0 , a/b"));
	assert_false(wants("application/openmetrics-text; q=0.000"));
	assert_true(wants("a/b;q=0,\tapplication/openmetrics-text; q=0.001"));
	assert_false(wants("xapplication/openmetrics-text"));
	assert_false(wants("application/openmetrics-text2"));
	assert_false(wants("a/b;x=application/openmetrics-text"));
	assert_false(wants(""));
	assert_false(wants(";,;"));
	assert_true(http_takes_gzip("gzip"));
	assert_true(http_takes_gzip("deflate, GZIP;q=1.0, *;q=0.5"));
	assert_false(http_takes_gzip("gzip;q=0, identity"));
	assert_false(http_takes_gzip("identity"));
	assert_false(http_takes_gzip("gzip; q=0"));
	assert_false(http_takes_gzip("x-gzip"));
	assert_true(http_takes_gzip("br;q=0 , gzip"));
	assert_false(http_takes_gzip(NULL));
}

/* The silent go first, then those that have had their time. */
static void victims(void **state)
{
	struct clients clients = { 0 };
	struct client *c[3];

	(void)state;
	assert_null(clients_victim(&clients, 5, 10));
	for (int i = 0; i < 3; i++)
		c[i] = clients_add(&clients, NULL, -1, i);
	c[0]->asked = true;
	assert_ptr_equal(clients_victim(&clients, 5, 10), c[1]);
	client_cut(&clients, c[1]);
	assert_ptr_equal(clients_victim(&clients, 5, 10), c[2]);
	c[2]->asked = true;
	assert_ptr_equal(clients_victim(&clients, 5, 10), c[0]);
	assert_null(clients_victim(&clients, 11, 10));
	clients_cut_old(&clients, 9, 10);
	assert_true(c[0]->cut);
	assert_false(c[2]->cut);
	clients_remove(&clients, c[1]);
	clients_remove(&clients, c[0]);
	assert_ptr_equal(clients.oldest, c[2]);
	assert_ptr_equal(clients.newest, c[2]);
	clients_remove(&clients, c[2]);
	assert_int_equal(clients.nr, 0);
	assert_null(clients.oldest);
}

/* Room is made by as many as it takes, of those that may be cut. */
static void room(void **state)
{
	struct clients clients = { 0 };
	struct client *c[5];

	(void)state;
	for (int i = 0; i < 5; i++) {
		c[i] = clients_add(&clients, NULL, -1, i);
		c[i]->asked = i != 3;
	}
	clients_make_room(&clients, 5, 5, 7);
	assert_int_equal(clients.nr_cut, 0);
	clients_make_room(&clients, 2, 5, 7);
	assert_int_equal(clients.nr_cut, 3);
	assert_true(c[3]->cut && c[0]->cut && c[1]->cut);
	clients_make_room(&clients, 2, 5, 100);
	assert_int_equal(clients.nr_cut, 3);
	/* the others are within their grace */
	clients_make_room(&clients, 0, 6, 7);
	assert_int_equal(clients.nr_cut, 3);
	clients_remove(&clients, c[3]);
	assert_int_equal(clients.nr_cut, 2);
	for (int i = 0; i < 5; i++)
		if (i != 3)
			clients_remove(&clients, c[i]);
	assert_int_equal(clients.nr_cut, 0);
}

/* Who reads goes, the oldest first, and nobody else. */
static void readers(void **state)
{
	struct clients clients = { 0 };
	struct client *c[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		c[i] = clients_add(&clients, NULL, -1, i);
	c[1]->reads = true;
	c[1]->format = METRICS_OPENMETRICS;
	c[2]->reads = true;
	c[3]->reads = true;
	clients_cut_reader(&clients, METRICS_TEXT, 5, 6);
	assert_int_equal(clients.nr_cut, 0);
	clients_cut_reader(&clients, METRICS_TEXT, 5, 20);
	assert_true(c[2]->cut);
	assert_int_equal(clients.nr_cut, 1);
	clients_cut_reader(&clients, METRICS_TEXT, 5, 20);
	assert_true(c[3]->cut);
	clients_cut_reader(&clients, METRICS_TEXT, 5, 20);
	assert_int_equal(clients.nr_cut, 2);
	for (int i = 0; i < 4; i++)
		clients_remove(&clients, c[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(options), cmocka_unit_test(bad_options),
		cmocka_unit_test(address_examples),
		cmocka_unit_test(addresses), cmocka_unit_test(unix_socket),
		cmocka_unit_test(web_config), cmocka_unit_test(basic),
		cmocka_unit_test(users), cmocka_unit_test(accepts),
		cmocka_unit_test(victims), cmocka_unit_test(room),
		cmocka_unit_test(readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
