// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-file.h"
#include "msg.h"
#include "policy-file.h"
#include "text.h"

#define DIRECTORY	"/etc/vcpu-info"

/* Root alone can open it, so nobody else can hold it. */
#define LOCK		"/run/vcpu-info.lock"

#define BLANKS		" \t\r\n"

/* Far more than 2,000 names take. */
#define MAX_SIZE	(4 << 20)

static const char * const rule_names[] = {
	[RULE_ALLOW] = "allow",
	[RULE_DENY] = "deny",
};

const char *policy_rule_name(enum policy_rule rule)
{
	return rule_names[rule];
}

static enum policy_rule rule_of(const char *word, size_t len)
{
	for (int rule = RULE_ALLOW; rule <= RULE_DENY; rule++) {
		if (strlen(rule_names[rule]) == len &&
		    !strncmp(word, rule_names[rule], len))
			return rule;
	}
	return RULE_UNSET;
}

static char *strip(char *line)
{
	size_t len;

	line += strspn(line, BLANKS);
	len = strlen(line);
	while (len && strchr(BLANKS, line[len - 1]))
		line[--len] = '\0';
	return line;
}

bool policy_names_take(struct policy_names *names, char *line, char *err,
		       size_t err_size)
{
	char *word = strip(line);
	size_t len = strcspn(word, BLANKS);
	char *name = word + len + strspn(word + len, BLANKS);
	enum policy_rule rule = rule_of(word, len);
	struct select *vms = &names->vms;

	if (!word[0] || word[0] == '#')
		return true;
	if (!rule || !name[0]) {
		snprintf(err, err_size,
			 "expected 'allow NAME' or 'deny NAME'");
		return false;
	}
	if (names->rule && names->rule != rule) {
		snprintf(err, err_size,
			 "a file has either 'allow' or 'deny', not both");
		return false;
	}
	if (!select_add_vm(vms, name, err, err_size))
		return false;
	if (!vms->vms[vms->nr_vms - 1].name) {
		snprintf(err, err_size,
			 "'%.40s' is a process ID, which ends with the VM; 'name:%.40s' is a VM of that name",
			 name, name);
		return false;
	}
	names->rule = rule;
	return true;
}

static bool read_lines(struct policy_names *names, FILE *f)
{
	unsigned long number = 0;
	char *line = NULL;
	size_t room = 0, total = 0;
	char err[200] = "";
	ssize_t len;

	while (!err[0] && (len = getline(&line, &room, f)) >= 0) {
		number++;
		total += len;
		if (total > MAX_SIZE || strlen(line) != (size_t)len)
			snprintf(err, sizeof(err), "not a text file of names");
		else
			policy_names_take(names, line, err, sizeof(err));
	}
	free(line);
	if (err[0])
		msg_error(POLICY_NAMES ": line %lu: %s", number, err);
	else if (ferror(f))
		msg_error("cannot read " POLICY_NAMES ": %s", strerror(errno));
	return !err[0] && !ferror(f);
}

bool policy_names_read(struct policy_names *names)
{
	char path[PATH_MAX];
	FILE *f = NULL;
	bool ok;

	*names = (struct policy_names){ 0 };
	if (host_file_path(path, sizeof(path), POLICY_NAMES))
		f = fopen(path, "re");
	if (!f && errno == ENOENT)
		return true;
	if (!f) {
		msg_error("cannot read " POLICY_NAMES ": %s", strerror(errno));
		return false;
	}
	ok = read_lines(names, f);
	fclose(f);
	return ok;
}

/* Names as they are printed: a line break in one would make it two. */
static int write_lines(const struct policy_names *names, int fd)
{
	FILE *f = fdopen(fd, "w");
	int err;

	if (!f) {
		err = -errno;
		close(fd);
		return err;
	}
	fputs("# Written by 'vcpu-info policy'; see vcpu-info-policy(1).\n", f);
	for (size_t i = 0; i < names->vms.nr_vms; i++) {
		char name[TEXT_SIZE];

		text_utf8(name, sizeof(name), names->vms.vms[i].name);
		fprintf(f, "%s %s%s\n", rule_names[names->rule],
			select_name_prefix(name), name);
	}
	err = fchmod(fd, 0644) || fflush(f) || fsync(fd) ? -errno : 0;
	fclose(f);
	return err;
}

/* A reader sees the old file or the new one, all of it. */
static int replace(const struct policy_names *names, const char *path)
{
	char new[PATH_MAX];
	int fd, err;

	if (!host_file_path(new, sizeof(new), POLICY_NAMES ".XXXXXX"))
		return -ENAMETOOLONG;
	fd = mkostemp(new, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write_lines(names, fd);
	if (!err && rename(new, path))
		err = -errno;
	if (err)
		unlink(new);
	return err;
}

int policy_names_write(const struct policy_names *names)
{
	char dir[PATH_MAX], path[PATH_MAX];

	if (!host_file_path(dir, sizeof(dir), DIRECTORY) ||
	    !host_file_path(path, sizeof(path), POLICY_NAMES))
		return -ENAMETOOLONG;
	if (!names->rule)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	return replace(names, path);
}

void policy_names_lock(void)
{
	static int fd = -1;
	char path[PATH_MAX];

	if (fd >= 0 || !host_file_path(path, sizeof(path), "%s", LOCK))
		return;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		flock(fd, LOCK_EX);
}

void policy_names_free(struct policy_names *names)
{
	select_free(&names->vms);
	names->rule = RULE_UNSET;
}
