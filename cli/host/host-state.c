// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <string.h>

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
