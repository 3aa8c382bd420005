// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "exit-codes.h"
#include "export/http.h"
#include "export/page.h"
#include "export/server.h"
#include "msg.h"
#include "sandbox.h"
#include "signals.h"

/* A text in memory that nobody can change any more; -1 and errno */
static int make_page(struct collector *collector, enum metrics_format format)
{
	int fd = memfd_create("metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int copy = fd >= 0 ? dup(fd) : -1;
	FILE *f = copy >= 0 ? fdopen(copy, "w") : NULL;
	bool done = false;

	if (f) {
		collector_write(collector, format, f);
		done = !ferror(f);
		done = !fclose(f) && done &&
		       !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
			      F_SEAL_WRITE | F_SEAL_SEAL);
	} else if (copy >= 0) {
		close(copy);
	}
	if (done || fd < 0)
		return fd;
	close(fd);
	return -1;
}

/* False if nobody will ask any more. */
static bool answer(struct collector *collector, int channel)
{
	enum metrics_format format;
	int n = page_asked(channel, &format), fd;
	bool done;

	if (n <= 0)
		return n && (errno == EAGAIN || errno == EINTR);
	fd = make_page(collector, format);
	done = page_answer(channel, format, fd);
	if (fd >= 0)
		close(fd);
	return done;
}

static void collect(struct collector *collector, int channel)
{
	bool goes_on = true;

	while (goes_on && !signals_want_end()) {
		uint64_t now = signals_clock();
		uint64_t due = collector_due(collector);
		uint64_t ms = due > now ? (due - now) / NS_PER_MS + 1 : 0;

		if (signals_wait_readable(channel, ms < 1000 ? ms : 1000))
			goes_on = answer(collector, channel);
		if (goes_on && !signals_want_end())
			collector_tick(collector);
	}
}

/* It ends with the other end of the channel. */
static int serve(int socket, int channel, struct web_config *web)
{
	return http_serve(socket, channel, web, &http_times, sandbox_enter) ?
		       EXIT_OK : EXIT_FAILED;
}

/* How the child ended */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (WTERMSIG(status) != SIGTERM || !signals_want_end())
		msg_error("the HTTP server was ended by a signal (%s)",
			  strsignal(WTERMSIG(status)));
	return EXIT_FAILED;
}

static int run(struct collector *collector, int socket, struct web_config *web)
{
	int channel[2], exit_code;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel)) {
		msg_error("cannot make a socket: %s", strerror(errno));
		return EXIT_FAILED;
	}
	fflush(stdout);
	fflush(stderr);
	pid = child_fork();
	if (!pid) {
		close(channel[0]);
		_exit(serve(socket, channel[1], web));
	}
	close(channel[1]);
	close(socket);
	if (pid < 0) {
		msg_error("cannot fork: %s", strerror(errno));
		close(channel[0]);
		return EXIT_FAILED;
	}
	sd_notify(0, "READY=1");
	collect(collector, channel[0]);
	sd_notify(0, "STOPPING=1");
	close(channel[0]);
	exit_code = wait_for(pid);
	/* it has no reason to end before us */
	return signals_want_end() ? EXIT_OK : exit_code ?: EXIT_FAILED;
}

static int report_listen(const struct listen_address *address)
{
	if (address->kind == LISTEN_SYSTEMD && errno == EINVAL)
		msg_error("systemd has not handed over one stream socket that listens");
	else if (address->kind == LISTEN_UNIX)
		msg_error("cannot listen on %s: %s", address->path,
			  strerror(errno));
	else
		msg_error("cannot listen on %s port %s: %s", address->host,
			  address->port, strerror(errno));
	return EXIT_FAILED;
}

static int listen_and_run(struct collector *collector,
			  const struct listen_address *address,
			  struct web_config *web)
{
	int socket = listen_open(address), exit_code;

	if (socket < 0)
		return report_listen(address);
	if (listen_is_public(address) && !web)
		msg_note("names and states of all VMs are open to everyone who can reach %s port %s; see --web-config",
			 address->host, address->port);
	exit_code = run(collector, socket, web);
	listen_remove(address);
	return exit_code;
}

int server_run(struct collector *collector,
	       const struct listen_address *address, const char *web_config)
{
	static struct web_config web;
	int exit_code;

	if (web_config && !web_config_load(&web, web_config)) {
		msg_error("%s: %s", web_config, web.err);
		msg_hint("TLS AND USERS in vcpu-info-export(1) has what such a file may have.");
		exit_code = EXIT_FAILED;
	} else {
		exit_code = listen_and_run(collector, address,
					   web_config ? &web : NULL);
	}
	web_config_free(&web);
	return exit_code;
}
