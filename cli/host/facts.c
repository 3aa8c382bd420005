// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "facts.h"
#include "hostfile.h"

#define SYS_MODULE	"/sys/module/vcpu_info"
#define SYS_KERNEL	"/sys/kernel/vcpu_info"

const char * const fact_param_names[NR_PARAMS] = {
	[PARAM_POLICY] = "policy",
	[PARAM_VM_RATE] = "vm_rate",
	[PARAM_VM_BURST] = "vm_burst",
	[PARAM_HOST_RATE] = "host_rate",
	[PARAM_BUFFER_KB] = "buffer_kb",
};

const char * const fact_count_names[NR_COUNTS] = {
	[COUNT_REQUESTS] = "requests",
	[COUNT_RECORDS] = "records",
	[COUNT_PROBES] = "probes",
	[COUNT_UNLISTENED] = "unlistened",
	[COUNT_UNKNOWN_ID] = "unknown_id",
	[COUNT_POLICY] = "policy",
	[COUNT_RATE_LIMITED] = "rate_limited",
	[COUNT_NESTED] = "nested",
	[COUNT_TORN] = "torn",
};

static const struct {
	const char *module;
	const char *cpu_flag;
} vendors[] = {
	{ "kvm_intel", " vmx" },
	{ "kvm_amd", " svm" },
};

/*
 * A kernel refuses modules without a signature if it was told to, or if it is
 * locked down, as Debian's is under Secure Boot.
 */
static void gather_lockdown(struct facts *f)
{
	char line[FACT_LEN];

	f->signed_only =
		hostfile_line(line, sizeof(line),
			      "/sys/module/module/parameters/sig_enforce") &&
		!strcmp(line, "Y");
	if (!hostfile_line(line, sizeof(line), "/sys/kernel/security/lockdown"))
		return;
	f->signed_only |= !strstr(line, "[none]");
	f->confidential = strstr(line, "[confidentiality]");
}

static void gather_installed(struct facts *f)
{
	char path[PATH_MAX], text[128];

	f->installed = modfile_find(path, sizeof(path), f->release);
	if (f->installed)
		f->signature = modfile_signature(path);
	/* the log is that of the last build that failed, for any kernel */
	snprintf(text, sizeof(text), "for kernel %s (", f->release);
	f->build_failed = hostfile_contains(FACT_BUILD_LOG, text);
}

static void gather_host(struct facts *f)
{
	hostfile_line(f->release, sizeof(f->release),
		      "/proc/sys/kernel/osrelease");
	hostfile_line(f->ftrace_enabled, sizeof(f->ftrace_enabled),
		      "/proc/sys/kernel/ftrace_enabled");
	f->has_tracefs = hostfile_contains("/proc/filesystems", "\ttracefs");
	f->kvm = hostfile_exists("/sys/module/kvm");
	for (size_t i = 0; i < ARRAY_SIZE(vendors); i++) {
		if (hostfile_exists("/sys/module/%s", vendors[i].module))
			f->vendor = vendors[i].module;
		if (hostfile_contains("/proc/cpuinfo", vendors[i].cpu_flag))
			f->wants_vendor = vendors[i].module;
	}
	gather_lockdown(f);
	gather_installed(f);
}

static void gather_module(struct facts *f)
{
	f->loaded = hostfile_exists(SYS_MODULE);
	hostfile_line(f->version, FACT_LEN, SYS_MODULE "/version");
	hostfile_line(f->abi, FACT_LEN, SYS_KERNEL "/abi_version");
	hostfile_line(f->hypercall_nr, FACT_LEN, SYS_KERNEL "/hypercall_nr");
	hostfile_line(f->hook, FACT_LEN, SYS_KERNEL "/hook");
	hostfile_line(f->instance, FACT_LEN, SYS_KERNEL "/instance");
	f->missing_known =
		hostfile_line(f->missing, FACT_LEN, SYS_KERNEL "/missing");
	for (int i = 0; i < NR_PARAMS; i++)
		hostfile_line(f->params[i], FACT_PARAM_LEN,
			      SYS_MODULE "/parameters/%s", fact_param_names[i]);
	for (int i = 0; i < NR_COUNTS; i++)
		hostfile_line(f->counts[i], FACT_LEN, SYS_KERNEL "/stats/%s",
			      fact_count_names[i]);
}

static void gather_instance(struct facts *f)
{
	struct source *src;

	f->source = source_open(&src);
	if (f->source != SOURCE_OK)
		return;
	snprintf(f->dir, sizeof(f->dir), "%s", source_dir(src));
	source_setup(src, &f->setup);
	f->stats_known = source_stats(src, &f->stats);
	source_close(src);
}

void facts_gather(struct facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	gather_host(facts);
	gather_module(facts);
	gather_instance(facts);
}
