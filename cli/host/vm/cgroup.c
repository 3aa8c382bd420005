// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "host-file.h"
#include "vm/cgroup.h"

#define TEXT_LEN	8192

/* The names that these give their groups: what is between the two. */
static const struct {
	const char *before;
	const char *after;
	const char *manager;
} forms[] = {
	{ "machine-", ".scope", "machined" },
	{ "kubepods-burstable-pod", ".slice", "kubernetes" },
	{ "kubepods-besteffort-pod", ".slice", "kubernetes" },
	{ "kubepods-pod", ".slice", "kubernetes" },
	{ "lxc.payload.", "", "lxc" },
	{ "docker-", ".scope", "docker" },
	{ "libpod-", ".scope", "podman" },
};

/* The same as a directory of their own, with the name below it */
static const struct {
	const char *directory;
	const char *before;
	const char *manager;
} directories[] = {
	{ "kubepods", "pod", "kubernetes" },
	{ "burstable", "pod", "kubernetes" },
	{ "besteffort", "pod", "kubernetes" },
	{ "lxc", "", "lxc" },
	{ "docker", "", "docker" },
};

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c);
}

/* systemd writes what may not be in a name as \x2d. */
static void copy_name(char *name, size_t size, const char *from, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++) {
		char hex[3] = { 0 };

		if (i + 3 < len && from[i] == '\\' && from[i + 1] == 'x' &&
		    is_hex(from[i + 2]) && is_hex(from[i + 3])) {
			memcpy(hex, from + i + 2, 2);
			name[n++] = strtol(hex, NULL, 16);
			i += 3;
		} else {
			name[n++] = from[i];
		}
	}
	name[n] = '\0';
}

static bool ends_in(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && !memcmp(text + len - end_len, end, end_len);
}

static bool take_form(struct cgroup *cgroup, const char *part, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t before = strlen(forms[i].before);
		size_t after = strlen(forms[i].after);

		if (len <= before + after ||
		    memcmp(part, forms[i].before, before) ||
		    !ends_in(part, len, forms[i].after))
			continue;
		cgroup->manager = forms[i].manager;
		copy_name(cgroup->name, sizeof(cgroup->name), part + before,
			  len - before - after);
		return true;
	}
	return false;
}

static bool take_directory(struct cgroup *cgroup, const char *parent,
			   size_t parent_len, const char *part, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		size_t before = strlen(directories[i].before);

		if (strlen(directories[i].directory) != parent_len ||
		    memcmp(parent, directories[i].directory, parent_len) ||
		    len <= before ||
		    memcmp(part, directories[i].before, before))
			continue;
		cgroup->manager = directories[i].manager;
		copy_name(cgroup->name, sizeof(cgroup->name), part + before,
			  len - before);
		return true;
	}
	return false;
}

static void take_unit(struct cgroup *cgroup, const char *part, size_t len)
{
	if (!ends_in(part, len, ".service") && !ends_in(part, len, ".scope"))
		return;
	cgroup->manager = "systemd";
	copy_name(cgroup->name, sizeof(cgroup->name), part, len);
}

/* The outermost that is known counts, else the innermost unit. */
static void find_manager(struct cgroup *cgroup)
{
	const char *part = cgroup->path, *parent = "";
	size_t parent_len = 0;

	while (*part) {
		size_t len;

		part += strspn(part, "/");
		len = strcspn(part, "/");
		if (take_form(cgroup, part, len) ||
		    take_directory(cgroup, parent, parent_len, part, len))
			break;
		take_unit(cgroup, part, len);
		parent = part;
		parent_len = len;
		part += len;
	}
	/* in a unit's name '-' is a separator, so that UIDs have '_' */
	if (cgroup->manager && !strcmp(cgroup->manager, "kubernetes")) {
		for (char *c = cgroup->name; *c; c++)
			*c = *c == '_' ? '-' : *c;
	}
}

void cgroup_parse(struct cgroup *cgroup, const char *text)
{
	const char *line = text;

	*cgroup = (struct cgroup){ 0 };
	for (; line && *line; line = strchr(line, '\n')) {
		const char *path, *names;

		line += strspn(line, "\n");
		names = strchr(line, ':');
		path = names ? strchr(names + 1, ':') : NULL;
		if (!path)
			break;
		/* cgroup 2, or systemd's hierarchy of cgroup 1 */
		if (strncmp(line, "0::", 3) && strncmp(names, ":name=systemd:",
						       14))
			continue;
		snprintf(cgroup->path, sizeof(cgroup->path), "%.*s",
			 (int)strcspn(path + 1, "\n"), path + 1);
		if (strncmp(line, "0::", 3))
			break;
	}
	find_manager(cgroup);
}

void cgroup_look_up(struct cgroup *cgroup, int pid)
{
	char text[TEXT_LEN];

	*cgroup = (struct cgroup){ 0 };
	if (host_file_text(text, sizeof(text), "/proc/%d/cgroup", pid))
		cgroup_parse(cgroup, text);
}
