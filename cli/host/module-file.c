// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler.h"
#include "host-file.h"
#include "module-file.h"

static const char mark[] = "~Module signature appended~\n";
#define MARK_LEN	(sizeof(mark) - 1)

/* As a module may be compressed: what its name ends in, and by what program. */
static const struct {
	const char *suffix;
	const char *program;	/* NULL: it is not */
} forms[] = {
	{ ".ko", NULL }, { ".ko.xz", "xz" }, { ".ko.zst", "zstd" },
	{ ".ko.gz", "gzip" },
};

/* The form that a path has; -1 if it is not that of our module. */
static int form_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen("vcpu_info");

	if (strncmp(name, "vcpu_info", len))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (!strcmp(name + len, forms[i].suffix))
			return i;
	}
	return -1;
}

bool module_file_find(char *path, size_t size, const char *release)
{
	char dep[PATH_MAX];
	char *line = NULL;
	bool found = false;
	size_t room = 0;
	FILE *f;

	f = host_file_path(dep, sizeof(dep), "/lib/modules/%s/modules.dep",
			   release) ?
		    fopen(dep, "re") :
		    NULL;
	if (!f)
		return false;
	/* "PATH: PATHS OF WHAT IT NEEDS" */
	while (!found && getline(&line, &room, f) >= 0) {
		line[strcspn(line, ":\n")] = '\0';
		found = form_of(line) >= 0;
	}
	fclose(f);
	if (found && line[0] == '/')
		snprintf(path, size, "%s", line);
	else if (found)
		snprintf(path, size, "/lib/modules/%s/%s", release, line);
	free(line);
	return found;
}

/* Have a program read in and write to what is returned; -1 if it cannot. */
static int start(const char *program, int in, pid_t *pid)
{
	char * const argv[] = { (char *)program, "-dcq", NULL };
	posix_spawn_file_actions_t actions;
	int fds[2], err;

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	err = posix_spawnp(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	if (!err)
		return fds[0];
	close(fds[0]);
	return -1;
}

/* Read to the end; whether it ends in the mark of a signature. */
static enum module_file_signature read_end(int fd)
{
	char buf[65536];
	size_t had = 0;
	ssize_t n;

	while ((n = read(fd, buf + had, sizeof(buf) - had)) > 0 ||
	       (n < 0 && errno == EINTR)) {
		had += n > 0 ? n : 0;
		if (had > MARK_LEN) {
			memmove(buf, buf + had - MARK_LEN, MARK_LEN);
			had = MARK_LEN;
		}
	}
	if (n < 0)
		return SIGNATURE_UNKNOWN;
	return had == MARK_LEN && !memcmp(buf, mark, MARK_LEN) ?
	       SIGNATURE_THERE : SIGNATURE_NONE;
}

static enum module_file_signature read_compressed(const char *program, int in)
{
	enum module_file_signature signature;
	int status;
	pid_t pid;
	int out;

	out = start(program, in, &pid);
	if (out < 0)
		return SIGNATURE_UNKNOWN;
	signature = read_end(out);
	close(out);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return SIGNATURE_UNKNOWN;
	}
	return status ? SIGNATURE_UNKNOWN : signature;
}

enum module_file_signature module_file_signature(const char *path)
{
	enum module_file_signature signature;
	int form = form_of(path);
	char full[PATH_MAX];
	int fd;

	fd = host_file_path(full, sizeof(full), "%s", path) ?
		     open(full, O_RDONLY | O_CLOEXEC) :
		     -1;
	if (fd < 0 || form < 0)
		signature = SIGNATURE_UNKNOWN;
	else if (forms[form].program)
		signature = read_compressed(forms[form].program, fd);
	else
		signature = read_end(fd);
	if (fd >= 0)
		close(fd);
	return signature;
}
