/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An HTTP server for texts that somebody else writes. It has no privileges, waits for no
 * client, and what clients can make it keep is bounded by what follows.
 */
#ifndef HOST_EXPORT_HTTP_H
#define HOST_EXPORT_HTTP_H

#include "duration.h"
#include "export/web-config.h"

/*
 * Connections at the same time. For each one beyond, the one goes that has been silent
 * longest, before one that has asked for something. Those that were cut off take
 * libmicrohttpd some rounds to forget, in each of which it takes ten new ones: for
 * these there is room to spare, since what exceeds that is closed unheard.
 */
#define HTTP_MAX_CLIENTS	128
#define HTTP_SPARE_CLIENTS	128

/* What a connection may take of memory: its headers have to fit. */
#define HTTP_CLIENT_MEMORY	(16UL << 10)

/* Silence of a connection */
#define HTTP_SILENCE_SECONDS	10

/*
 * Texts of a format that are read still, with the newest; then there is no newer one
 * until one of those who have read for longer than their grace is cut off. As many may be
 * compressed, others get a text as it is.
 */
#define HTTP_MAX_PAGES		2

/**
 * struct http_times - what takes how long, in nanoseconds
 * @client: a connection's whole life; it is for one request
 * @grace: one that has asked is left alone for so long, however many come
 * @fresh: a text is given to all who ask within that time
 * @answer: a collector that takes longer hangs, which is said
 */
struct http_times {
	uint64_t client;
	uint64_t grace;
	uint64_t fresh;
	uint64_t answer;
};

/* 30 s, 5 s, 1 s and 10 s */
extern const struct http_times http_times;

/*
 * Serve the clients of a socket until a signal comes or the channel's other end is
 * closed. ready() is called when all is set up, for privileges to be given up; false if
 * that failed. False and a message on failure.
 */
bool http_serve(int socket, int channel, struct web_config *web,
		const struct http_times *times, bool (*ready)(void));

/* Whether an Accept header asks for OpenMetrics; NULL: there is none */
bool http_wants_openmetrics(const char *accept);

/* Whether an Accept-Encoding header allows gzip; NULL: there is none */
bool http_takes_gzip(const char *accept);

#endif /* HOST_EXPORT_HTTP_H */
