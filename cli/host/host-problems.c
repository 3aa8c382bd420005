// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compiler.h"
#include "exit-codes.h"
#include "host-problems.h"
#include "msg.h"
#include "num.h"

__printf(3, 4)
static bool found(struct problem *p, int exit_code, const char *fmt, ...)
{
	va_list ap;

	p->exit_code = exit_code;
	va_start(ap, fmt);
	vsnprintf(p->what, sizeof(p->what), fmt, ap);
	va_end(ap);
	return true;
}

__printf(2, 3)
static void fix(struct problem *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->fix, sizeof(p->fix), fmt, ap);
	va_end(ap);
}

/* Not even root may read it then, and there is nothing to mount or reload. */
static bool check_lockdown(const struct host_state *f, struct problem *p)
{
	if (!f->confidential)
		return false;
	fix(p, "boot without lockdown=confidentiality (lockdown=integrity does)");
	return found(p, EXIT_DENIED,
		     "this kernel is locked down for confidentiality, which forbids tracing");
}

static bool check_permission(const struct host_state *f, struct problem *p)
{
	if (f->instance_status != INSTANCE_DENIED)
		return false;
	fix(p, "run vcpu-info as root");
	return found(p, EXIT_DENIED, "no permission to read tracefs");
}

static bool check_kvm(const struct host_state *f, struct problem *p)
{
	if (f->kvm && f->vendor)
		return false;
	if (f->wants_vendor)
		fix(p, "modprobe %s", f->wants_vendor);
	else
		fix(p, "use a machine whose CPU has VMX or SVM, or enable it in the firmware's setup");
	if (f->kvm)
		return found(p, EXIT_NO_KVM,
			     "KVM has no module for this CPU (kvm_intel or kvm_amd)");
	return found(p, EXIT_NO_KVM, "KVM is not loaded");
}

static bool check_tracefs(const struct host_state *f, struct problem *p)
{
	if (f->instance_status != INSTANCE_NO_TRACEFS || f->confidential)
		return false;
	if (f->has_tracefs) {
		fix(p, "mount -t tracefs nodev /sys/kernel/tracing");
		return found(p, EXIT_NO_TRACEFS, "tracefs is not mounted");
	}
	fix(p, "use a kernel with CONFIG_FTRACE, such as Debian's");
	return found(p, EXIT_NO_TRACEFS, "this kernel has no tracefs");
}

static bool check_ftrace(const struct host_state *f, struct problem *p)
{
	if (strcmp(f->ftrace_enabled, "0"))
		return false;
	fix(p, "sysctl kernel.ftrace_enabled=1");
	if (f->loaded)
		return found(p, EXIT_FAILED,
			     "kernel.ftrace_enabled is 0: the hook cannot work");
	return found(p, EXIT_NO_MODULE,
		     "kernel.ftrace_enabled is 0: the module vcpu_info cannot be loaded");
}

/* Whether its key is known shows only when it is loaded. */
static bool check_signature(const struct host_state *f, struct problem *p)
{
	if (f->loaded || !f->installed || !f->signed_only)
		return false;
	if (f->signature == SIGNATURE_NONE) {
		fix(p, "apt install openssl && dpkg-reconfigure vcpu-info-dkms && mokutil --import /var/lib/dkms/mok.pub, then reboot and confirm the key");
		return found(p, EXIT_NO_MODULE,
			     "this kernel takes only signed modules (Secure Boot), and vcpu_info is not signed");
	}
	fix(p, "if modprobe vcpu_info rejects the key or the operation: mokutil --import /var/lib/dkms/mok.pub, then reboot and confirm the key");
	return found(p, EXIT_NO_MODULE,
		     "this kernel takes only modules signed with a key that it knows (Secure Boot)");
}

#define OLDEST_MAJOR	6
#define OLDEST_MINOR	1

/* "6.1.0-56-amd64": two numbers that it begins with */
static bool parse_release(const char *release, int *major, int *minor)
{
	return sscanf(release, "%d.%d", major, minor) == 2;
}

static bool ends(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len > strlen(end) && !strcmp(text + len - strlen(end), end);
}

/* The package with a kernel's headers; "" if only its maker can tell. */
static void headers_package(char *name, size_t size, const char *release)
{
	int major, minor;

	if (!parse_release(release, &major, &minor))
		snprintf(name, size, "linux-headers-amd64");
	else if (ends(release, "-pve"))	/* Proxmox renamed it for 6.5 */
		snprintf(name, size, "%s-headers-%s", major > 6 ||
			 (major == 6 && minor >= 5) ? "proxmox" : "pve",
			 release);
	else if (ends(release, "-amd64") || ends(release, "-generic"))
		snprintf(name, size, "linux-headers-%s", release);
	else
		name[0] = '\0';
}

/* As dkms.conf has it: no use to install anything for an older one. */
static bool is_too_old(const struct host_state *f)
{
	int major, minor;

	return !f->installed && parse_release(f->release, &major, &minor) &&
	       (major < OLDEST_MAJOR ||
		(major == OLDEST_MAJOR && minor < OLDEST_MINOR));
}

static bool check_kernel(const struct host_state *f, struct problem *p)
{
	if (f->loaded || !is_too_old(f))
		return false;
	fix(p, "boot a newer kernel, such as Debian 12's or later");
	return found(p, EXIT_NO_MODULE,
		     "the module vcpu_info needs Linux %d.%d or later, this is %s",
		     OLDEST_MAJOR, OLDEST_MINOR, f->release);
}

static bool check_module(const struct host_state *f, struct problem *p)
{
	char headers[128];

	if (f->loaded || is_too_old(f))
		return false;
	if (f->installed) {
		fix(p, "modprobe vcpu_info");
		return found(p, EXIT_NO_MODULE,
			     "the module vcpu_info is not loaded");
	}
	if (f->build_failed) {
		fix(p, "read " HOST_BUILD_LOG ", then run dkms autoinstall");
		return found(p, EXIT_NO_MODULE,
			     "DKMS could not build the module vcpu_info for kernel %s",
			     f->release);
	}
	headers_package(headers, sizeof(headers), f->release);
	if (headers[0])
		fix(p, "apt install vcpu-info-dkms %s, then modprobe vcpu_info",
		    headers);
	else
		fix(p, "install vcpu-info-dkms and the headers of this kernel, then modprobe vcpu_info");
	return found(p, EXIT_NO_MODULE,
		     "the module vcpu_info is not installed for kernel %s",
		     f->release[0] ? f->release : "(unknown release)");
}

static bool check_abi(const struct host_state *f, struct problem *p)
{
	uint64_t abi;

	if (!f->loaded || (num_parse_u64(f->abi, &abi) &&
			   abi == VCPU_INFO_ABI_VERSION))
		return false;
	fix(p, "install vcpu-info and vcpu-info-dkms of the same version, then modprobe -r vcpu_info && modprobe vcpu_info");
	return found(p, EXIT_FAILED,
		     "the module has ABI %s, vcpu-info has %d",
		     f->abi[0] ? f->abi : "unknown", VCPU_INFO_ABI_VERSION);
}

static bool check_hook(const struct host_state *f, struct problem *p)
{
	if (!f->loaded || !strcmp(f->hook, "active"))
		return false;
	fix(p, "modprobe -r vcpu_info && modprobe vcpu_info; 'dmesg | grep vcpu_info' says why");
	return found(p, EXIT_FAILED, "the module's hook is %s",
		     f->hook[0] ? f->hook : "in an unknown state");
}

static bool check_missing(const struct host_state *f, struct problem *p)
{
	if (!f->missing[0])
		return false;
	fix(p, "vcpu_info(4) lists the registers that will be missing; Debian kernels export all of them");
	return found(p, EXIT_OK,
		     "this kernel's KVM does not export functions that the module uses: %s",
		     f->missing);
}

static bool check_instance(const struct host_state *f, struct problem *p)
{
	if (!f->loaded || f->instance_status != INSTANCE_MISSING)
		return false;
	fix(p, "modprobe -r vcpu_info && modprobe vcpu_info");
	return found(p, EXIT_NO_INSTANCE,
		     "the trace instance " VCPU_INFO_INSTANCE " is missing");
}

static bool check_event(const struct host_state *f, struct problem *p,
			enum event_kind kind, const char *name)
{
	if (!f->loaded || f->instance_status != INSTANCE_OK ||
	    f->setup.event_on[kind])
		return false;
	fix(p, "echo 1 > %.180s/events/" VCPU_INFO_SYSTEM "/%s/enable", f->dir,
	    name);
	return found(p, EXIT_NO_INSTANCE,
		     "the event %s is not enabled in the trace instance",
		     name);
}

static bool check_record_event(const struct host_state *f, struct problem *p)
{
	return check_event(f, p, EVENT_RECORD, VCPU_INFO_EVENT);
}

/* Without it records are still made. */
static bool check_error_event(const struct host_state *f, struct problem *p)
{
	bool yes = check_event(f, p, EVENT_ERROR, VCPU_INFO_EVENT_ERROR);

	p->exit_code = EXIT_OK;
	return yes;
}

static bool check_recording(const struct host_state *f, struct problem *p)
{
	if (f->instance_status != INSTANCE_OK || f->setup.tracing_on)
		return false;
	fix(p, "echo 1 > %.200s/tracing_on", f->dir);
	return found(p, EXIT_NO_INSTANCE, "the trace instance is switched off");
}

static bool check_pause(const struct host_state *f, struct problem *p)
{
	if (f->instance_status != INSTANCE_OK || !f->setup.pause_on_read)
		return false;
	fix(p, "echo 0 > %.200s/options/pause-on-trace", f->dir);
	return found(p, EXIT_OK,
		     "the trace instance loses events while it is read");
}

static bool check_policy(const struct host_state *f, struct problem *p)
{
	if (strcmp(f->params[PARAM_POLICY], "none"))
		return false;
	fix(p, "vcpu-info policy all");
	return found(p, EXIT_OK, "the policy refuses every VM");
}

static bool check_lost(const struct host_state *f, struct problem *p)
{
	uint64_t lost = losses_unread(&f->stats.lost);

	if (!f->stats_known || !lost)
		return false;
	fix(p, "load the module with larger buffers: modprobe vcpu_info buffer_kb=N (now %lu)",
	    f->setup.buffer_kb);
	return found(p, EXIT_OK, "%" PRIu64 " events are lost", lost);
}

static bool check_version(const struct host_state *f, struct problem *p)
{
	if (!f->version[0] || !strcmp(f->version, VCPU_INFO_VERSION))
		return false;
	fix(p, "install vcpu-info and vcpu-info-dkms of the same version, then reload the module");
	return found(p, EXIT_OK, "the module is version %s, vcpu-info is %s",
		     f->version, VCPU_INFO_VERSION);
}

/* In the order in which problems have to be solved. */
static const struct {
	const char *name;
	bool (*check)(const struct host_state *f, struct problem *p);
} checks[] = {
	{ "lockdown", check_lockdown },
	{ "permission", check_permission },
	{ "kvm", check_kvm },
	{ "tracefs", check_tracefs },
	{ "ftrace", check_ftrace },
	{ "kernel", check_kernel },
	{ "signature", check_signature },
	{ "module", check_module },
	{ "abi", check_abi },
	{ "hook", check_hook },
	{ "instance", check_instance },
	{ "event", check_record_event },
	{ "recording", check_recording },
	{ "error-event", check_error_event },
	{ "pause-on-trace", check_pause },
	{ "missing", check_missing },
	{ "policy", check_policy },
	{ "lost", check_lost },
	{ "version", check_version },
};

_Static_assert(ARRAY_SIZE(checks) <= MAX_PROBLEMS,
	       "every check must have room to complain");

size_t diagnose_all(const struct host_state *state,
		    struct problem problems[MAX_PROBLEMS])
{
	size_t nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct problem *p = &problems[nr];

		memset(p, 0, sizeof(*p));
		p->check = checks[i].name;
		if (checks[i].check(state, p))
			nr++;
	}
	return nr;
}

const struct problem *diagnose_first(const struct problem *problems, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (problems[i].exit_code)
			return &problems[i];
	}
	return NULL;
}

int diagnose_report(void)
{
	struct problem problems[MAX_PROBLEMS] = { 0 };
	const struct problem *first;
	struct host_state state;

	host_state_read(&state);
	first = diagnose_first(problems, diagnose_all(&state, problems));
	if (!first)
		return EXIT_OK;
	msg_error("%s", first->what);
	msg_hint("fix: %s", first->fix);
	return first->exit_code;
}
