// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "export/page.h"

/* A message is one byte, with or without a file. */
union file_message {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

bool page_ask(int channel, enum metrics_format format)
{
	char byte = format;

	return send(channel, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

static int take_format(ssize_t n, char byte, enum metrics_format *format)
{
	if (n < 1)
		return n;
	if (byte < 0 || byte >= PAGE_FORMATS) {
		errno = EPROTO;
		return -1;
	}
	*format = byte;
	return 1;
}

int page_asked(int channel, enum metrics_format *format)
{
	char byte = 0;
	ssize_t n = recv(channel, &byte, 1, MSG_DONTWAIT);

	return take_format(n, byte, format);
}

bool page_answer(int channel, enum metrics_format format, int fd)
{
	union file_message control = { 0 };
	char byte = format;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.room);
	}
	return sendmsg(channel, &message, MSG_NOSIGNAL) == 1;
}

int page_answered(int channel, enum metrics_format *format, int *fd)
{
	union file_message control = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control.room),
	};
	ssize_t n = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = n == 1 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (header && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return take_format(n, byte, format);
}
