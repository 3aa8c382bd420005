// SPDX-License-Identifier: GPL-2.0
/*
 * The HTTP server of 'export', with clients that mean well, and others: it runs in a
 * child, and its collector is here.
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
#include <zlib.h>

#include "unit.h"

#include "duration.h"
#include "export/http.h"
#include "export/page.h"
#include "export/web-config.h"
#include "signals.h"

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

#define GZIP "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"

/* What is in an answer that is compressed, or NULL */
static char *unzipped(char *answer, char *text, size_t size)
{
	char *length = strstr(answer, "Content-Length: ");
	char *body = strstr(answer, "\r\n\r\n");
	z_stream stream = { 0 };

	if (!length || !body || !strstr(answer, "Content-Encoding: gzip\r\n"))
		return NULL;
	stream.next_in = (unsigned char *)body + 4;
	stream.avail_in = atoi(length + strlen("Content-Length: "));
	stream.next_out = (unsigned char *)text;
	stream.avail_out = size - 1;
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	text[size - 1 - stream.avail_out] = '\0';
	inflateEnd(&stream);
	return text;
}

/* More than a block of what goes in */
static void compressed_text(void **state)
{
	static char page[100000], text[sizeof(page) + 1];
	struct served served = serve(NULL);
	int first;

	(void)state;
	for (size_t i = 0; i < sizeof(page) - 1; i++)
		page[i] = i % 5 ? "vcpu"[i % 4] : '0' + rand() % 10;
	first = request(&served, GZIP);
	answer_next(&served, page);
	assert_non_null(unzipped(read_all(first), text, sizeof(text)));
	assert_string_equal(text, page);
	/* nothing at all */
	first = request(&served, "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n\r\n");
	answer_next(&served, "");
	assert_non_null(unzipped(read_all(first), text, sizeof(text)));
	assert_string_equal(text, "");
	stop(&served);
}

/* One question to the collector serves those who take gzip and those who do not. */
static void compressed_or_not(void **state)
{
	const struct http_times times = { .client = 60 * NS_PER_SEC,
					  .fresh = 60 * NS_PER_SEC,
					  .answer = 60 * NS_PER_SEC };
	struct served served = serve_in(NULL, &times);
	char text[100];
	int first;

	(void)state;
	first = request(&served, GZIP);
	answer_next(&served, "page\n");
	assert_non_null(unzipped(read_all(first), text, sizeof(text)));
	assert_true(is_ok(read_all(request(&served, GET)), "\r\n\r\npage\n"));
	assert_non_null(unzipped(read_all(request(&served, GZIP)), text,
				 sizeof(text)));
	assert_string_equal(text, "page\n");
	stop(&served);
}

/* Clients that read slowly make it keep so many; then texts are not compressed. */
static void compressed_texts_are_bounded(void **state)
{
	static char big[4 << 20], text[100];
	const struct http_times times = { .client = 60 * NS_PER_SEC,
					  .answer = 60 * NS_PER_SEC };
	struct served served = serve_in(NULL, &times);
	int fds[HTTP_MAX_PAGES], last, tries = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(big) - 1; i++)
		big[i] = 1 + rand() % 255;
	for (int i = 0; i < HTTP_MAX_PAGES; i++) {
		fds[i] = request(&served, GZIP);
		answer_next(&served, big);
		wait_readable(fds[i]);
	}
	last = request(&served, GZIP);
	answer_next(&served, "as it is\n");
	assert_true(is_ok(read_all(last), "\r\n\r\nas it is\n"));
	for (int i = 0; i < HTTP_MAX_PAGES; i++)
		close(fds[i]);
	/* until the server has seen that they are gone */
	do {
		last = request(&served, GZIP);
		answer_next(&served, "small\n");
	} while (!unzipped(read_all(last), text, sizeof(text)) &&
		 ++tries < 1000);
	assert_string_equal(text, "small\n");
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

/* As many clients as there may be texts take one each, and do not read it. */
static void take_all(const struct served *served, int fds[HTTP_MAX_PAGES])
{
	static char big[4 << 20];

	memset(big, 'a', sizeof(big) - 1);
	for (int i = 0; i < HTTP_MAX_PAGES; i++) {
		fds[i] = request(served, GET);
		answer_next(served, big);
		wait_readable(fds[i]);
	}
}

static void close_all(const int fds[HTTP_MAX_PAGES])
{
	for (int i = 0; i < HTTP_MAX_PAGES; i++)
		close(fds[i]);
}

/* Those who come then get the last one, but those who want the other format a new one. */
static void unread_pages(void **state)
{
	const struct http_times times = { .client = 60 * NS_PER_SEC,
					  .grace = 60 * NS_PER_SEC,
					  .answer = 60 * NS_PER_SEC };
	struct served served = serve_in(NULL, &times);
	int fds[HTTP_MAX_PAGES], other;
	enum metrics_format format;

	(void)state;
	take_all(&served, fds);
	for (int i = 0; i < 20; i++)
		assert_true(is_ok(read_all(request(&served, GET)), "aaaa"));
	assert_int_equal(page_asked(served.channel, &format), -1);
	assert_int_equal(errno, EAGAIN);
	other = request(&served, OPENMETRICS);
	answer_next(&served, "other\n");
	assert_true(is_ok(read_all(other), "other\n"));
	close_all(fds);
	stop(&served);
}

/* They have their grace; after that one is cut off if somebody wants a newer text. */
static void slow_readers(void **state)
{
	const struct http_times times = { .client = 600 * NS_PER_SEC,
					  .grace = NS_PER_SEC / 10,
					  .answer = 60 * NS_PER_SEC };
	struct served served = serve_in(NULL, &times);
	int fds[HTTP_MAX_PAGES], fd, tries = 0;
	struct pollfd both[2];

	(void)state;
	take_all(&served, fds);
	do {
		fd = request(&served, GET);
		both[0] = (struct pollfd){ fd, POLLIN, 0 };
		both[1] = (struct pollfd){ served.channel, POLLIN, 0 };
		assert_true(poll(both, 2, 60000) > 0);
		if (!both[1].revents)
			read_all(fd);
	} while (!both[1].revents && ++tries < 100000);
	answer_next(&served, "new\n");
	assert_true(is_ok(read_all(fd), "new\n"));
	close_all(fds);
	stop(&served);
}

/* Requests that come while it ends are answered, or hung up on; it ends well. */
static void end_while_asked(void)
{
	struct served served = serve(NULL);
	int fds[60], status;
	char *text;

	read_all(request(&served, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
	kill(served.pid, SIGSTOP);
	assert_int_equal(waitpid(served.pid, &status, WUNTRACED), served.pid);
	assert_true(WIFSTOPPED(status));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = request(&served, GET);
	kill(served.pid, SIGTERM);
	kill(served.pid, SIGCONT);
	assert_int_equal(waitpid(served.pid, &status, 0), served.pid);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		text = read_all(fds[i]);
		assert_true(!text[0] || strstr(text, "HTTP/1.1 503 "));
	}
	close(served.channel);
}

/* It is a matter of how far it is then. */
static void ends_while_asked(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		end_while_asked();
}

/* "a" has the password "b". */
static void with_users(void **state)
{
	static const char yml[] = "basic_auth_users:\n  a: $2y$04$abcdefghijklmnopqrstuu12f.Pu8ic0A965BfTwGcW6x7Xin9Xgu\n";
	static struct web_config config;
	struct served served;
	char *text;

	(void)state;
	assert_true(web_config_parse(&config, yml, strlen(yml)));
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
		cmocka_unit_test(served_text),
		cmocka_unit_test(compressed_text),
		cmocka_unit_test(compressed_or_not),
		cmocka_unit_test(compressed_texts_are_bounded),
		cmocka_unit_test(other_requests),
		cmocka_unit_test(slow_client),
		cmocka_unit_test(endless_client),
		cmocka_unit_test(huge_headers),
		cmocka_unit_test(many_clients), cmocka_unit_test(no_page),
		cmocka_unit_test(collector_hangs),
		cmocka_unit_test(unread_pages), cmocka_unit_test(slow_readers),
		cmocka_unit_test(ends_while_asked), cmocka_unit_test(with_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
