// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "export/gzip.h"

/* Metrics are names over and over: the fastest level leaves a tenth of them. */
#define LEVEL		1

/* The largest window, and gzip's header */
#define WINDOW_BITS	(15 + 16)
#define MEMORY_LEVEL	8

/* Room for what a block becomes, and more than gzip's end takes */
#define BLOCK_SIZE	(32UL << 10)

/* What has come out so far */
struct output {
	unsigned char *data;
	size_t len;
	size_t room;
};

static bool make_room(struct output *out)
{
	size_t room = out->room ? 2 * out->room : 2 * BLOCK_SIZE;
	unsigned char *bigger;

	if (out->room - out->len >= BLOCK_SIZE)
		return true;
	bigger = realloc(out->data, room);
	if (!bigger)
		return false;
	out->data = bigger;
	out->room = room;
	return true;
}

/*
 * Put what it has been given, or with Z_FINISH all there is. False if that failed.
 * Z_BUF_ERROR is none: what has filled the room was all there was.
 */
static bool deflate_all(z_stream *stream, int flush, struct output *out)
{
	int status;

	do {
		if (!make_room(out))
			return false;
		stream->next_out = out->data + out->len;
		stream->avail_out = out->room - out->len;
		status = deflate(stream, flush);
		out->len = out->room - stream->avail_out;
	} while (status == Z_OK && !stream->avail_out);
	return status == (flush == Z_FINISH ? Z_STREAM_END : Z_OK) ||
	       (flush != Z_FINISH && status == Z_BUF_ERROR);
}

static bool compress_file(z_stream *stream, int fd, struct output *out)
{
	unsigned char block[BLOCK_SIZE];
	off_t pos = 0;
	ssize_t n;

	while ((n = pread(fd, block, sizeof(block), pos)) > 0) {
		pos += n;
		stream->next_in = block;
		stream->avail_in = n;
		if (!deflate_all(stream, Z_NO_FLUSH, out))
			return false;
	}
	stream->avail_in = 0;
	return !n && deflate_all(stream, Z_FINISH, out);
}

void *gzip_file(int fd, size_t *len)
{
	struct output out = { 0 };
	z_stream stream = { 0 };
	bool done;

	if (deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	done = compress_file(&stream, fd, &out);
	deflateEnd(&stream);
	*len = out.len;
	if (done)
		return out.data;
	free(out.data);
	return NULL;
}
