// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/clients.h"
#include "export/gzip.h"
#include "export/http.h"
#include "export/page.h"
#include "msg.h"
#include "signals.h"

#define BLOCK_SIZE	(32UL << 10)
#define TICK_MS		200

const struct http_times http_times = {
	.client = 30 * NS_PER_SEC, .grace = 5 * NS_PER_SEC,
	.fresh = NS_PER_SEC, .answer = 10 * NS_PER_SEC,
};

static const char types[PAGE_FORMATS][64] = {
	[METRICS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
	[METRICS_OPENMETRICS] =
		"application/openmetrics-text; version=1.0.0; charset=utf-8",
};

static const char front_page[] =
	"<!DOCTYPE html><title>vcpu-info</title><h1>vcpu-info</h1>\n"
	"<p><a href=\"/metrics\">Metrics</a>\n";

/* What is answered besides metrics */
enum canned {
	CANNED_FRONT,
	CANNED_NOT_FOUND,
	CANNED_METHOD,
	CANNED_DENIED,
	CANNED_NO_CERT,
	CANNED_TOO_MANY,
	CANNED_UNAVAILABLE,
	NR_CANNED,
};

static const struct {
	unsigned int code;
	const char *text;
	const char *header;
	const char *value;
} canned[NR_CANNED] = {
	[CANNED_FRONT] = { MHD_HTTP_OK, front_page, "Content-Type",
			   "text/html; charset=utf-8" },
	[CANNED_NOT_FOUND] = { MHD_HTTP_NOT_FOUND, "Not found: see /metrics\n" },
	[CANNED_METHOD] = { MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n",
			    "Allow", "GET, HEAD" },
	[CANNED_DENIED] = { MHD_HTTP_UNAUTHORIZED, "Unauthorized\n",
			    "WWW-Authenticate", "Basic" },
	[CANNED_NO_CERT] = { MHD_HTTP_FORBIDDEN,
			     "A client certificate is needed\n" },
	[CANNED_TOO_MANY] = { MHD_HTTP_TOO_MANY_REQUESTS,
			      "Too many passwords to check\n", "Retry-After",
			      "1" },
	[CANNED_UNAVAILABLE] = { MHD_HTTP_SERVICE_UNAVAILABLE,
				 "The collector does not answer\n" },
};

/**
 * struct page - the newest text of a format
 * @response: it; NULL: there is none
 * @fd: its file, as long as there is @response
 * @gzip: the same compressed; NULL: nobody has asked for that yet
 * @nr: texts of the format that are kept, by clients that read them or here
 * @nr_gzips: compressed ones of which that is so
 * @wanted: somebody got an old one, for others are read still
 * @made: when it came
 * @asked: one is asked for
 * @asked_at: when
 */
struct page {
	struct MHD_Response *response;
	int fd;
	struct MHD_Response *gzip;
	size_t nr;
	size_t nr_gzips;
	bool wanted;
	uint64_t made;
	bool asked;
	uint64_t asked_at;
};

/**
 * struct http - the server
 * @daemon: libmicrohttpd's
 * @epoll: what it waits for
 * @channel: to the collector
 * @web: who may come in
 * @times: limits
 * @clients: connections
 * @pages: by format
 * @stops: nobody is to wait any more
 * @canned: other answers
 */
struct http {
	struct MHD_Daemon *daemon;
	int epoll;
	int channel;
	struct web_config *web;
	const struct http_times *times;
	struct clients clients;
	struct page pages[PAGE_FORMATS];
	bool stops;
	struct MHD_Response *canned[NR_CANNED];
};

/* What a response reads from */
struct page_file {
	struct page *page;
	int fd;
};

/* "q=0", "q=0.0"; "q=0.5" is none */
static bool is_refusal(const char *parameter)
{
	size_t len;

	if (strncasecmp(parameter, "q=", 2))
		return false;
	len = strcspn(parameter + 2, ",; \t");
	return len && strspn(parameter + 2, "0.") >= len;
}

/* Whether a list of "NAME; PARAMETER" has that name, and does not refuse it. */
static bool accepts(const char *header, const char *what)
{
	size_t len = strlen(what);
	const char *at = header ?: "";
	bool is_it = false, refused = false;

	while (*at && !is_it) {
		at += strspn(at, ", \t");
		is_it = !strncasecmp(at, what, len) && strchr(",; \t", at[len]);
		refused = false;
		for (at += strcspn(at, ",;"); *at == ';';
		     at += strcspn(at, ",;")) {
			at += 1 + strspn(at + 1, " \t");
			refused |= is_refusal(at);
		}
	}
	return is_it && !refused;
}

bool http_wants_openmetrics(const char *accept)
{
	return accepts(accept, "application/openmetrics-text");
}

bool http_takes_gzip(const char *accept)
{
	return accepts(accept, "gzip");
}

static ssize_t read_page(void *cls, uint64_t pos, char *buf, size_t max)
{
	const struct page_file *file = cls;
	ssize_t n = pread(file->fd, buf, max, pos);

	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_page(void *cls)
{
	struct page_file *file = cls;

	file->page->nr--;
	close(file->fd);
	free(file);
}

/* One request a connection, so that none is kept for longer than that takes */
static bool add_headers(struct MHD_Response *response, const char *name,
			const char *value)
{
	return MHD_add_response_header(response, "Connection", "close") &&
	       MHD_add_response_header(response, "X-Content-Type-Options",
				       "nosniff") &&
	       (!name || MHD_add_response_header(response, name, value));
}

/* The file is closed with the response, or now. */
static struct MHD_Response *new_page(struct page *page, int fd,
				     enum metrics_format format)
{
	struct page_file *file = malloc(sizeof(*file));
	struct MHD_Response *response = NULL;
	struct stat st;

	if (file && !fstat(fd, &st)) {
		*file = (struct page_file){ page, fd };
		response = MHD_create_response_from_callback(st.st_size,
							     BLOCK_SIZE,
							     read_page, file,
							     free_page);
	}
	if (!response) {
		free(file);
		close(fd);
		return NULL;
	}
	page->nr++;
	if (add_headers(response, "Content-Type", types[format]) &&
	    MHD_add_response_header(response, "Vary", "Accept, Accept-Encoding"))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

struct gzip {
	struct page *page;
	void *data;
};

static void free_gzip(void *cls)
{
	struct gzip *gzip = cls;

	gzip->page->nr_gzips--;
	free(gzip->data);
	free(gzip);
}

/* A name that leaves room for arguments */
#define create_with_free MHD_create_response_from_buffer_with_free_callback_cls

static struct MHD_Response *new_gzip(struct page *page,
				     enum metrics_format format)
{
	struct gzip *gzip = malloc(sizeof(*gzip));
	struct MHD_Response *response = NULL;
	size_t len;

	if (gzip)
		*gzip = (struct gzip){ page, gzip_file(page->fd, &len) };
	if (gzip && gzip->data)
		response = create_with_free(len, gzip->data, free_gzip, gzip);
	if (!response) {
		if (gzip)
			free(gzip->data);
		free(gzip);
		return NULL;
	}
	page->nr_gzips++;
	if (add_headers(response, "Content-Type", types[format]) &&
	    MHD_add_response_header(response, "Vary",
				    "Accept, Accept-Encoding") &&
	    MHD_add_response_header(response, "Content-Encoding", "gzip"))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

static void drop_page(struct page *page)
{
	if (page->response)
		MHD_destroy_response(page->response);
	if (page->gzip)
		MHD_destroy_response(page->gzip);
	page->response = NULL;
	page->gzip = NULL;
}

static enum MHD_Result answer(const struct http *http,
			      struct MHD_Connection *connection,
			      enum canned what)
{
	return MHD_queue_response(connection, canned[what].code,
				  http->canned[what]);
}

static void wake(struct http *http, enum metrics_format format)
{
	struct client *client = http->clients.oldest;

	for (; client; client = client->next) {
		if (!client->waiting || client->format != format)
			continue;
		client->waiting = false;
		client->answered = true;
		MHD_resume_connection(client->connection);
	}
}

static bool is_new(const struct http *http, const struct page *page,
		   uint64_t now)
{
	return page->response && now - page->made < http->times->fresh;
}

/* Good for this client: new, or as new as can be had */
static bool is_good(const struct http *http, const struct page *page,
		    const struct client *client, uint64_t now)
{
	return is_new(http, page, now) ||
	       (page->response &&
		(client->answered || page->nr >= HTTP_MAX_PAGES));
}

static const char *header_of(struct MHD_Connection *connection,
			     const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Compressed if the client takes that and there is room; else as it is */
static struct MHD_Response *response_for(struct http *http,
					 const struct client *client)
{
	struct page *page = &http->pages[client->format];

	if (!http_takes_gzip(header_of(client->connection, "Accept-Encoding")))
		return page->response;
	if (!page->gzip && page->nr_gzips < HTTP_MAX_PAGES)
		page->gzip = new_gzip(page, client->format);
	return page->gzip ?: page->response;
}

static enum MHD_Result give_metrics(struct http *http, struct client *client)
{
	struct MHD_Connection *connection = client->connection;
	uint64_t now = signals_clock();
	struct MHD_Response *response;
	struct page *page;

	if (!client->asked)
		client->format = http_wants_openmetrics(header_of(connection,
								  "Accept"));
	client->asked = true;
	page = &http->pages[client->format];
	if (is_good(http, page, client, now)) {
		page->wanted = page->nr >= HTTP_MAX_PAGES &&
			       !is_new(http, page, now);
		response = response_for(http, client);
		client->reads = response == page->response;
		return MHD_queue_response(connection, MHD_HTTP_OK, response);
	}
	if (client->answered || http->stops || page->nr >= HTTP_MAX_PAGES)
		return answer(http, connection, CANNED_UNAVAILABLE);
	if (!page->asked) {
		if (!page_ask(http->channel, client->format))
			return answer(http, connection, CANNED_UNAVAILABLE);
		page->asked = true;
		page->asked_at = now;
	}
	client->waiting = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

/* Whether the client has shown the certificate that it has to. */
static bool is_certified(const struct http *http,
			 struct MHD_Connection *connection)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (void *)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	const union MHD_ConnectionInfo *info;
	gnutls_session_t session;
	unsigned int status, nr;

	if (!http->web || !http->web->client_auth)
		return true;
	info = MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_GNUTLS_SESSION);
	session = info ? info->tls_session : NULL;
	if (!session)
		return false;
	if (!gnutls_certificate_get_peers(session, &nr))
		return http->web->client_auth == WEB_CLIENT_CERT_IF_GIVEN;
	return !gnutls_certificate_verify_peers(session, &purpose, 1,
						&status) && !status;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection,
			      const char *url, const char *method,
			      const char *version, const char *data,
			      size_t *size, void **request)
{
	struct client *client = client_of(connection);
	struct http *http = cls;
	enum web_access access = WEB_GRANTED;

	(void)version;
	(void)data;
	if (!client)
		return MHD_NO;
	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		return answer(http, connection, CANNED_METHOD);
	/* once for the headers, for what comes after them, and for the end */
	if (!*request || *size) {
		*request = http;
		*size = 0;
		return MHD_YES;
	}
	if (!is_certified(http, connection))
		return answer(http, connection, CANNED_NO_CERT);
	if (http->web && !client->asked)
		access = web_config_check(http->web,
					  header_of(connection, "Authorization"),
					  signals_clock());
	if (access != WEB_GRANTED)
		return answer(http, connection, access == WEB_DENIED ?
			      CANNED_DENIED : CANNED_TOO_MANY);
	if (!strcmp(url, "/metrics"))
		return give_metrics(http, client);
	return answer(http, connection,
		      strcmp(url, "/") ? CANNED_NOT_FOUND : CANNED_FRONT);
}

static int socket_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_CONNECTION_FD)
		->connect_fd;
}

static void notify(void *cls, struct MHD_Connection *connection,
		   void **context, enum MHD_ConnectionNotificationCode code)
{
	struct http *http = cls;
	uint64_t now = signals_clock();

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*context)
			clients_remove(&http->clients, *context);
		*context = NULL;
		return;
	}
	clients_make_room(&http->clients, HTTP_MAX_CLIENTS - 1,
			  http->times->grace, now);
	*context = clients_add(&http->clients, connection,
			       socket_of(connection), now);
}

/* What the collector has for us. False if it is gone. */
static bool take_answers(struct http *http)
{
	enum metrics_format format;
	int fd, n;

	while ((n = page_answered(http->channel, &format, &fd)) > 0) {
		struct page *page = &http->pages[format];

		drop_page(page);
		page->fd = fd;
		if (fd >= 0)
			page->response = new_page(page, fd, format);
		page->wanted = false;
		page->made = signals_clock();
		page->asked = false;
		wake(http, format);
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Those who have waited for too long; what comes later is for those who come later. */
static void give_up(struct http *http, uint64_t now)
{
	for (size_t i = 0; i < PAGE_FORMATS; i++) {
		struct page *page = &http->pages[i];

		if (!page->asked || now - page->asked_at < http->times->answer)
			continue;
		drop_page(page);
		wake(http, i);
	}
}

/*
 * A text that nobody asks for any more takes memory for nothing. If there can be no newer
 * one since others are read still, for longer than they should, one of these has to end.
 */
static void drop_stale(struct http *http, uint64_t now)
{
	for (size_t i = 0; i < PAGE_FORMATS; i++) {
		struct page *page = &http->pages[i];

		if (page->nr < HTTP_MAX_PAGES && !is_new(http, page, now))
			drop_page(page);
		else if (page->nr >= HTTP_MAX_PAGES && page->wanted)
			clients_cut_reader(&http->clients, i,
					   http->times->grace, now);
	}
}

static int wait_ms(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms < TICK_MS)
		return (int)ms;
	return TICK_MS;
}

static bool serve(struct http *http)
{
	struct pollfd fds[] = {
		{ .fd = http->epoll, .events = POLLIN },
		{ .fd = http->channel, .events = POLLIN },
	};

	while (!signals_want_end()) {
		uint64_t now;

		if (poll(fds, 2, wait_ms(http)) < 0 && errno != EINTR) {
			msg_error("cannot wait for clients: %s",
				  strerror(errno));
			return false;
		}
		if (!take_answers(http))
			break;
		now = signals_clock();
		give_up(http, now);
		clients_cut_old(&http->clients, http->times->client, now);
		clients_make_room(&http->clients, HTTP_MAX_CLIENTS,
				  http->times->grace, now);
		MHD_run(http->daemon);
		drop_stale(http, now);
	}
	return true;
}

static bool make_canned(struct http *http)
{
	for (size_t i = 0; i < NR_CANNED; i++) {
		void *text = (void *)canned[i].text;
		struct MHD_Response *response;

		response = MHD_create_response_from_buffer(strlen(text), text,
							   MHD_RESPMEM_PERSISTENT);
		http->canned[i] = response;
		if (!response ||
		    !add_headers(response, canned[i].header, canned[i].value))
			return false;
	}
	return true;
}

/* What is said of clients is no message of ours. */
static void be_quiet(void *cls, const char *fmt, va_list ap)
{
	(void)cls;
	(void)fmt;
	(void)ap;
}

static bool start(struct http *http, int socket)
{
	const struct web_config *web = http->web;
	bool tls = web && web->cert;
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			     MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_LISTEN_SOCKET, socket, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT,
		  HTTP_MAX_CLIENTS + HTTP_SPARE_CLIENTS, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, HTTP_SILENCE_SECONDS, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_CLIENT_MEMORY,
		  NULL },
		{ MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem tls_options[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? web->cert : NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? web->key : NULL },
		{ web && web->client_ca ? MHD_OPTION_HTTPS_MEM_TRUST :
					  MHD_OPTION_END,
		  0, web ? web->client_ca : NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem priorities[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, tls && web->min_tls13 ?
		  "NORMAL:-VERS-ALL:+VERS-TLS1.3" :
		  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	const union MHD_DaemonInfo *info;

	http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, http,
					MHD_OPTION_EXTERNAL_LOGGER, be_quiet,
					NULL, MHD_OPTION_NOTIFY_CONNECTION,
					notify, http, MHD_OPTION_ARRAY, options,
					MHD_OPTION_ARRAY,
					tls ? tls_options : none,
					MHD_OPTION_ARRAY,
					tls ? priorities : none,
					MHD_OPTION_END);
	if (!http->daemon)
		return false;
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	http->epoll = info ? info->epoll_fd : -1;
	return info;
}

/* libmicrohttpd aborts if a client is left that waits. */
static void stop(struct http *http)
{
	http->stops = true;
	for (size_t i = 0; i < PAGE_FORMATS; i++)
		wake(http, i);
	if (http->daemon) {
		MHD_run(http->daemon);
		MHD_stop_daemon(http->daemon);
	}
	for (size_t i = 0; i < PAGE_FORMATS; i++)
		drop_page(&http->pages[i]);
	for (size_t i = 0; i < NR_CANNED; i++)
		if (http->canned[i])
			MHD_destroy_response(http->canned[i]);
}

bool http_serve(int socket, int channel, struct web_config *web,
		const struct http_times *times, bool (*ready)(void))
{
	struct http http = { .channel = channel, .web = web, .times = times };
	bool done = false;

	if (!make_canned(&http) || !start(&http, socket))
		msg_error("cannot start the HTTP server%s", web && web->cert ?
			  ": are the certificates and the key good?" : "");
	else if (!ready())
		msg_error("cannot give up privileges: %s", strerror(errno));
	else
		done = serve(&http);
	stop(&http);
	return done;
}
