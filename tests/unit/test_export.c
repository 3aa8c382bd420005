// SPDX-License-Identifier: GPL-2.0
/*
 * 'export': its options, addresses, web configuration and users; and an HTTP server
 * with clients that mean well, and others.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "cmd/commands.h"
#include "duration.h"
#include "export/clients.h"
#include "export/http.h"
#include "export/page.h"
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

	(void)state;
	assert_true(parse(&config, "basic_auth_users:\n  a: " HASH "\n"));
	assert_int_equal(web_config_check(&config, NULL, 0), WEB_DENIED);
	assert_int_equal(web_config_check(&config, "Basic YTpi", 0),
			 WEB_GRANTED);
	for (int i = 1; i < WEB_CHECKS_PER_SECOND; i++)
		assert_int_equal(web_config_check(&config, "Basic YTpj", 0),
				 WEB_DENIED);
	assert_int_equal(web_config_check(&config, "Basic YTpj", 0),
			 WEB_TOO_MANY);
	assert_int_equal(web_config_check(&config, "Basic YTpi", 0),
			 WEB_GRANTED);
	assert_int_equal(web_config_check(&config, "Basic Yjpi", NS_PER_SEC),
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
	client_cut(c[1]);
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

/* The rest of this file: a server in a child, and its collector here */

struct served {
	pid_t pid;
	int channel;
	struct sockaddr_in addr;
	struct web_config *web;
};

static bool keep_privileges(void)
{
	return true;
}

static struct served serve_in(struct web_config *web,
			      const struct http_times *times)
{
	struct served served = { .addr.sin_family = AF_INET, .web = web };
	socklen_t len = sizeof(served.addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), channel[2];

	served.addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&served.addr, len), 0);
	assert_int_equal(listen(fd, 128), 0);
	getsockname(fd, (struct sockaddr *)&served.addr, &len);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
	served.pid = fork();
	if (!served.pid) {
		close(channel[0]);
		signals_catch();
		_exit(http_serve(fd, channel[1], web, times, keep_privileges) ?
		      0 : 1);
	}
	close(fd);
	close(channel[1]);
	served.channel = channel[0];
	return served;
}

static struct served serve(struct web_config *web)
{
	return serve_in(web, &http_times);
}

/* When the collector goes the server does. */
static void stop(struct served *served)
{
	int status;

	close(served->channel);
	assert_int_equal(waitpid(served->pid, &status, 0), served->pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static int dial(const struct served *served)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&served->addr,
				 sizeof(served->addr)), 0);
	return fd;
}

static int request(const struct served *served, const char *text)
{
	int fd = dial(served);

	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 strlen(text));
	return fd;
}

/* Wait until there is something to read; a bound for when there is never. */
static void wait_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, 60000), 1);
}

static void answer_next(const struct served *served, const char *text)
{
	enum metrics_format format;
	int fd = memfd_create("page", 0);

	wait_readable(served->channel);
	assert_int_equal(page_asked(served->channel, &format), 1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_true(page_answer(served->channel, format, fd));
	close(fd);
}

/* All that comes until the connection ends */
static char *read_all(int fd)
{
	static char text[65536];
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof(text) - 1) {
		wait_readable(fd);
		n = read(fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? n : 0;
	}
	text[len] = '\0';
	close(fd);
	return text;
}

#define OPENMETRICS "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n"
#define WITH_USER "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n"
#define GET "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"

static bool is_ok(const char *text, const char *body)
{
	return !strncmp(text, "HTTP/1.1 200 ", 13) && strstr(text, body);
}

static void served_text(void **state)
{
	struct served served = serve(NULL);
	int first, second;
	char *text;

	(void)state;
	first = request(&served, GET);
	answer_next(&served, "page one\n");
	text = read_all(first);
	assert_true(is_ok(text, "\r\n\r\npage one\n"));
	assert_non_null(strstr(text, "text/plain; version=0.0.4"));
	/* one that comes at once gets the same, without another question */
	second = request(&served, GET);
	assert_true(is_ok(read_all(second), "page one\n"));
	first = request(&served, OPENMETRICS);
	answer_next(&served, "page two\n");
	text = read_all(first);
	assert_true(is_ok(text, "page two\n"));
	assert_non_null(strstr(text, "application/openmetrics-text; version=1.0.0"));
	stop(&served);
}

static void other_requests(void **state)
{
	static const struct {
		const char *request;
		const char *want;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 " },
		{ "GET /metricsx HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
		{ "GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
		  "HTTP/1.1 404 " },
		{ "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n",
		  "HTTP/1.1 405 " },
		{ "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		  "HTTP/1.1 200 " },
		{ "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 " },
	};
	struct served served = serve(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = read_all(request(&served, cases[i].request));

		if (strncmp(text, cases[i].want, strlen(cases[i].want)))
			fail_msg("%s: %s", cases[i].request, text);
	}
	stop(&served);
}

/* Others are served while one sends a byte now and then. */
static void slow_client(void **state)
{
	struct served served = serve(NULL);
	int slow = request(&served, "GET /met");
	char *text;

	(void)state;
	for (int i = 0; i < 3; i++) {
		int fd = request(&served, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");

		assert_true(is_ok(read_all(fd), "<h1>vcpu-info</h1>"));
		assert_int_equal(send(slow, "r", 1, MSG_NOSIGNAL), 1);
	}
	/* nothing is lost of what it wanted, either */
	assert_true(send(slow, "\r\n\r\n", 4, MSG_NOSIGNAL) == 4);
	text = read_all(slow);
	assert_true(!text[0] || !strncmp(text, "HTTP/1.1 4", 10));
	stop(&served);
}

/* One that goes on sending bytes has no longer than others. */
static void endless_client(void **state)
{
	const struct http_times times = { .client = NS_PER_SEC / 2 };
	struct served served = serve_in(NULL, &times);
	struct pollfd fd = { .fd = request(&served, "GET / HTTP/1.1\r\nX: "),
			     .events = POLLIN };
	int sent = 0;

	(void)state;
	while (!poll(&fd, 1, 20) && sent < 3000)
		sent += send(fd.fd, "x", 1, MSG_NOSIGNAL) == 1;
	assert_true(sent && sent < 3000);
	assert_true(read(fd.fd, &sent, 1) <= 0);
	close(fd.fd);
	stop(&served);
}

static void huge_headers(void **state)
{
	struct served served = serve(NULL);
	static char junk[4 * HTTP_CLIENT_MEMORY];
	int fd = request(&served, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
	char *text;

	(void)state;
	memset(junk, 'a', sizeof(junk));
	/* it answers long before the end, or hangs up */
	assert_true(send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0);
	text = read_all(fd);
	assert_true(!text[0] || !strncmp(text, "HTTP/1.1 4", 10));
	fd = request(&served, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(is_ok(read_all(fd), "vcpu-info"));
	stop(&served);
}

static long resident_kb(pid_t pid)
{
	char path[64], line[200];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/* A thousand that say nothing, or half of something: the next one is served. */
static void many_clients(void **state)
{
	struct served served = serve(NULL);
	static int fds[1000];
	long before;
	int fd;

	(void)state;
	fd = request(&served, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(is_ok(read_all(fd), "vcpu-info"));
	before = resident_kb(served.pid);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = i % 2 ? dial(&served) :
				 request(&served, "GET /metrics HTTP/1.1\r\nX: ");
	fd = request(&served, GET);
	answer_next(&served, "page\n");
	assert_true(is_ok(read_all(fd), "page\n"));
#ifndef __SANITIZE_ADDRESS__	/* whose malloc() frees late */
	assert_true(resident_kb(served.pid) - before <
		    (long)(HTTP_MAX_CLIENTS * HTTP_CLIENT_MEMORY / 1024 * 2));
#else
	(void)before;
#endif
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	stop(&served);
}

/* A collector that says that it cannot */
static void no_page(void **state)
{
	struct served served = serve(NULL);
	int fd = request(&served, GET);
	enum metrics_format format;

	(void)state;
	wait_readable(served.channel);
	assert_int_equal(page_asked(served.channel, &format), 1);
	assert_true(page_answer(served.channel, format, -1));
	assert_non_null(strstr(read_all(fd), "HTTP/1.1 503 "));
	stop(&served);
}

/* It hangs: who waits is told so, and others are served meanwhile. */
static void collector_hangs(void **state)
{
	const struct http_times times = { .client = 60 * NS_PER_SEC,
					  .answer = NS_PER_SEC };
	struct served served = serve_in(NULL, &times);
	int fd = request(&served, GET), other;

	(void)state;
	wait_readable(served.channel);
	other = request(&served, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(is_ok(read_all(other), "vcpu-info"));
	assert_non_null(strstr(read_all(fd), "HTTP/1.1 503 "));
	stop(&served);
}

/* Those who take a text and do not read it get one of a few. */
static void unread_pages(void **state)
{
	static char big[4 << 20];
	const struct http_times times = { .client = 60 * NS_PER_SEC,
					  .answer = 60 * NS_PER_SEC };
	struct served served = serve_in(NULL, &times);
	enum metrics_format format;
	int fds[HTTP_MAX_PAGES];

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	for (int i = 0; i < HTTP_MAX_PAGES; i++) {
		fds[i] = request(&served, GET);
		answer_next(&served, big);
		wait_readable(fds[i]);
	}
	close(request(&served, GET));
	read_all(request(&served, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
	assert_int_equal(page_asked(served.channel, &format), -1);
	assert_int_equal(errno, EAGAIN);
	for (int i = 0; i < HTTP_MAX_PAGES; i++)
		close(fds[i]);
	stop(&served);
}

static void with_users(void **state)
{
	static struct web_config config;
	struct served served;
	char *text;

	(void)state;
	assert_true(parse(&config, "basic_auth_users:\n  a: " HASH "\n"));
	served = serve(&config);
	text = read_all(request(&served, GET));
	assert_non_null(strstr(text, "HTTP/1.1 401 "));
	assert_non_null(strstr(text, "WWW-Authenticate: Basic"));
	text = read_all(request(&served, WITH_USER));
	assert_true(is_ok(text, "vcpu-info"));
	stop(&served);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(options), cmocka_unit_test(bad_options),
		cmocka_unit_test(addresses), cmocka_unit_test(unix_socket),
		cmocka_unit_test(web_config), cmocka_unit_test(basic),
		cmocka_unit_test(users), cmocka_unit_test(accepts),
		cmocka_unit_test(victims), cmocka_unit_test(served_text),
		cmocka_unit_test(other_requests),
		cmocka_unit_test(slow_client), cmocka_unit_test(endless_client), cmocka_unit_test(huge_headers),
		cmocka_unit_test(many_clients), cmocka_unit_test(no_page),
		cmocka_unit_test(collector_hangs),
		cmocka_unit_test(unread_pages), cmocka_unit_test(with_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
