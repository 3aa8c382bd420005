// SPDX-License-Identifier: GPL-2.0
#include <archive.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "host-file.h"
#include "host-state.h"

#define SYS_MODULE	"/sys/module/vcpu_info"
#define SYS_KERNEL	"/sys/kernel/vcpu_info"

const char *const host_param_names[NR_PARAMS] = {
	[PARAM_POLICY] = "policy",	 [PARAM_VM_RATE] = "vm_rate",
	[PARAM_VM_BURST] = "vm_burst",	 [PARAM_HOST_RATE] = "host_rate",
	[PARAM_BUFFER_KB] = "buffer_kb",
};

const char *const host_count_names[NR_COUNTS] = {
	[COUNT_REQUESTS] = "requests",
	[COUNT_RECORDS] = "records",
	[COUNT_PROBES] = "probes",
	[COUNT_UNLISTENED] = "unlistened",
	[COUNT_UNKNOWN_ID] = "unknown_id",
	[COUNT_POLICY] = "policy",
	[COUNT_RATE_LIMITED] = "rate_limited",
	[COUNT_NESTED] = "nested",
	[COUNT_RESERVE] = "reserve",
	[COUNT_TORN] = "torn",
};

static const struct {
	const char *module;
	const char *cpu_flag;
} vendors[] = {
	{ "kvm_intel", " vmx" },
	{ "kvm_amd", " svm" },
};

static const char mark[] = "~Module signature appended~\n";
#define MARK_LEN	(sizeof(mark) - 1)

/* As a module may be compressed: what its name ends in. */
static const char *const forms[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };

/* The form that a path has; -1 if it is not that of our module. */
static int form_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen("vcpu_info");

	if (strncmp(name, "vcpu_info", len))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (!strcmp(name + len, forms[i]))
			return i;
	}
	return -1;
}

/* Where depmod has found the module for a kernel; false if it has not. */
static bool module_file_find(char *path, size_t size, const char *release)
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

/* Read to the end; whether it ends in the mark of a signature. */
static enum module_file_signature read_end(struct archive *file)
{
	char buf[65536];
	size_t had = 0;
	la_ssize_t n;

	while ((n = archive_read_data(file, buf + had, sizeof(buf) - had)) > 0) {
		had += n;
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

/* By libarchive: Debian's libkmod lacks gzip. form is an index of forms. */
static enum module_file_signature read_file(struct archive *file, int fd,
					    int form)
{
	struct archive_entry *entry;

	archive_read_support_filter_gzip(file);
	archive_read_support_filter_xz(file);
	archive_read_support_filter_zstd(file);
	if (archive_read_support_format_raw(file) != ARCHIVE_OK ||
	    archive_read_open_fd(file, fd, 65536) != ARCHIVE_OK ||
	    archive_read_next_header(file, &entry) != ARCHIVE_OK)
		return SIGNATURE_UNKNOWN;
	/* "none" counts as one; what is damaged would be read as it is */
	if (form > 0 && archive_filter_count(file) < 2)
		return SIGNATURE_UNKNOWN;
	return read_end(file);
}

static enum module_file_signature module_file_signature(const char *path)
{
	enum module_file_signature signature = SIGNATURE_UNKNOWN;
	struct archive *file = archive_read_new();
	int form = form_of(path);
	char full[PATH_MAX];
	int fd;

	fd = host_file_path(full, sizeof(full), "%s", path) ?
		     open(full, O_RDONLY | O_CLOEXEC) :
		     -1;
	if (file && fd >= 0 && form >= 0)
		signature = read_file(file, fd, form);
	if (file)
		archive_read_free(file);
	if (fd >= 0)
		close(fd);
	return signature;
}

/*
 * A kernel refuses modules without a signature if it was told to, or if it is
 * locked down, as Debian's is under Secure Boot.
 */
static void gather_lockdown(struct host_state *f)
{
	char line[HOST_TEXT_LEN];

	f->signed_only =
		host_file_line(line, sizeof(line),
			       "/sys/module/module/parameters/sig_enforce") &&
		!strcmp(line, "Y");
	if (!host_file_line(line, sizeof(line),
			    "/sys/kernel/security/lockdown"))
		return;
	f->signed_only |= !strstr(line, "[none]");
	f->confidential = strstr(line, "[confidentiality]");
}

static void gather_installed(struct host_state *f)
{
	char path[PATH_MAX], text[128];

	f->installed = module_file_find(path, sizeof(path), f->release);
	if (f->installed)
		f->signature = module_file_signature(path);
	/* the log is that of the last build that failed, for any kernel */
	snprintf(text, sizeof(text), "for kernel %s (", f->release);
	f->build_failed = host_file_contains(HOST_BUILD_LOG, text);
}

static void gather_host(struct host_state *f)
{
	host_file_line(f->release, sizeof(f->release),
		       "/proc/sys/kernel/osrelease");
	host_file_line(f->ftrace_enabled, sizeof(f->ftrace_enabled),
		       "/proc/sys/kernel/ftrace_enabled");
	f->has_tracefs = host_file_contains("/proc/filesystems", "\ttracefs");
	f->kvm = host_file_exists("/sys/module/kvm");
	for (size_t i = 0; i < ARRAY_SIZE(vendors); i++) {
		if (host_file_exists("/sys/module/%s", vendors[i].module))
			f->vendor = vendors[i].module;
		if (host_file_contains("/proc/cpuinfo", vendors[i].cpu_flag))
			f->wants_vendor = vendors[i].module;
	}
	gather_lockdown(f);
	gather_installed(f);
}

static void gather_module(struct host_state *f)
{
	f->loaded = host_file_exists(SYS_MODULE);
	host_file_line(f->version, HOST_TEXT_LEN, SYS_MODULE "/version");
	host_file_line(f->abi, HOST_TEXT_LEN, SYS_KERNEL "/abi_version");
	host_file_line(f->hypercall_nr, HOST_TEXT_LEN,
		       SYS_KERNEL "/hypercall_nr");
	host_file_line(f->hook, HOST_TEXT_LEN, SYS_KERNEL "/hook");
	host_file_line(f->instance, HOST_TEXT_LEN, SYS_KERNEL "/instance");
	f->missing_known = host_file_line(f->missing, HOST_TEXT_LEN,
					  SYS_KERNEL "/missing");
	for (int i = 0; i < NR_PARAMS; i++)
		host_file_line(f->params[i], HOST_PARAM_LEN,
			       SYS_MODULE "/parameters/%s",
			       host_param_names[i]);
	for (int i = 0; i < NR_COUNTS; i++)
		host_file_line(f->counts[i], HOST_TEXT_LEN,
			       SYS_KERNEL "/stats/%s", host_count_names[i]);
}

static void gather_instance(struct host_state *f)
{
	struct instance *inst;

	f->instance_status = instance_open(&inst);
	if (f->instance_status != INSTANCE_OK)
		return;
	snprintf(f->dir, sizeof(f->dir), "%s", inst->dir);
	instance_setup(inst, &f->setup);
	f->stats_known = instance_stats(inst, &f->stats);
	instance_close(inst);
}

void host_state_read(struct host_state *state)
{
	memset(state, 0, sizeof(*state));
	gather_host(state);
	gather_module(state);
	gather_instance(state);
}

void host_state_read_module(struct host_state *state)
{
	memset(state, 0, sizeof(*state));
	gather_module(state);
	gather_instance(state);
}
