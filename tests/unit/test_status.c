// SPDX-License-Identifier: GPL-2.0
/*
 * 'status' over directories that look like hosts, from one with nothing to one
 * on which all is well.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "cmd/commands.h"
#include "exit-codes.h"
#include "host-file.h"
#include "host-state.h"
#include "host.h"

struct run {
	const char *root;
	struct status_params params;
};

static int run_status(void *arg)
{
	const struct run *run = arg;

	int ret;

	host_file_set_root(run->root);
	ret = status_run(&run->params);
	host_file_set_root("");
	return ret;
}

static struct captured status_of(const char *root, bool json)
{
	struct run run = { root, { .json = json } };

	return capture(run_status, &run);
}

/* The root's name differs from run to run. */
static void hide_root(char *text, const char *root)
{
	size_t len = strlen(root);

	for (char *p = text; (p = strstr(p, root)); )
		memmove(p, p + len, strlen(p + len) + 1);
}

static void check_golden(const char *root, bool json, int exit_code,
			 const char *golden)
{
	struct captured cap = status_of(root, json);

	hide_root(cap.out, root);
	assert_int_equal(cap.ret, exit_code);
	golden_check(golden, cap.out);
	assert_string_equal(cap.err, "");
	captured_free(&cap);
}

/* Whether the problem to be solved first, and what to do, is the one wanted. */
static void check_answer(struct captured *cap, const char *root,
			 int exit_code, const char *what, const char *fix)
{
	const char *problem;

	hide_root(cap->out, root);
	problem = strstr(cap->out, "\nproblem: ");
	assert_int_equal(cap->ret, exit_code);
	if (!exit_code) {
		assert_null(problem);
		problem = strstr(cap->out, "\nnote: ");
	}
	assert_non_null(problem);
	if (!strstr(problem, what) || !strstr(problem, fix))
		fail_msg("neither '%s' nor '%s' in:%s", what, fix, problem);
	captured_free(cap);
}

static void check_problem(const char *root, int exit_code, const char *what,
			  const char *fix)
{
	struct captured cap = status_of(root, false);

	check_answer(&cap, root, exit_code, what, fix);
}

/* No advice that cannot help. */
static void check_without(const char *root, const char *advice)
{
	struct captured cap = status_of(root, false);

	assert_null(strstr(cap.out, advice));
	captured_free(&cap);
}

static int setup(void **state)
{
	*state = host_make();
	return 0;
}

static int teardown(void **state)
{
	tree_remove(*state);
	return 0;
}

static void all_is_well(void **state)
{
	check_golden(*state, false, EXIT_OK, "status-well.txt");
	check_golden(*state, true, EXIT_OK, "status-well.json");
}

static void nothing_there(void **state)
{
	char *root = tree_make();

	(void)state;
	check_golden(root, false, EXIT_NO_KVM, "status-nothing.txt");
	check_golden(root, true, EXIT_NO_KVM, "status-nothing.json");
	tree_remove(root);
}

/* From a bare machine to a recording one, doing what each answer says. */
static void one_step_after_the_other(void **state)
{
	char *root = tree_make();

	(void)state;
	tree_write(root, "/proc/cpuinfo", "flags\t\t: fpu vmx ept\n");
	tree_write(root, "/proc/filesystems", "nodev\ttracefs\n");
	check_problem(root, EXIT_NO_KVM, "KVM is not loaded",
		      "modprobe kvm_intel");
	tree_write(root, "/sys/module/kvm/initstate", "live\n");
	check_problem(root, EXIT_NO_KVM, "KVM has no module for this CPU",
		      "modprobe kvm_intel");
	host_write_kvm(root);
	tree_write(root, "/proc/self/mounts", "sysfs /sys sysfs rw 0 0\n");
	check_problem(root, EXIT_NO_TRACEFS, "tracefs is not mounted",
		      "mount -t tracefs nodev /sys/kernel/tracing");
	host_write_kvm(root);
	check_problem(root, EXIT_NO_MODULE,
		      "not installed for kernel 6.1.0-56-amd64",
		      "apt install vcpu-info-dkms");
	/* the log of another kernel says nothing of this */
	tree_write(root, HOST_BUILD_LOG,
		   "DKMS make.log for vcpu-info-1 for kernel 6.1.0-56-rt-amd64 (x86_64)\n");
	check_problem(root, EXIT_NO_MODULE,
		      "not installed for kernel 6.1.0-56-amd64",
		      "apt install vcpu-info-dkms linux-headers-6.1.0-56-amd64,");
	tree_write(root, HOST_BUILD_LOG,
		   "DKMS (dkms-3.2.2) make.log for vcpu-info/1 for kernel 6.1.0-56-amd64 (x86_64)\n");
	check_problem(root, EXIT_NO_MODULE,
		      "could not build the module vcpu_info for kernel 6.1.0-56-amd64",
		      HOST_BUILD_LOG);
	tree_write(root, "/lib/modules/6.1.0-56-amd64/modules.dep",
		   "updates/dkms/vcpu_info.ko.xz: kernel/x.ko\n");
	check_problem(root, EXIT_NO_MODULE, "vcpu_info is not loaded",
		      "modprobe vcpu_info");
	tree_write(root, "/proc/sys/kernel/ftrace_enabled", "0\n");
	check_problem(root, EXIT_NO_MODULE, "cannot be loaded",
		      "sysctl kernel.ftrace_enabled=1");
	tree_write(root, "/proc/sys/kernel/ftrace_enabled", "1\n");
	host_write_module(root);
	check_problem(root, EXIT_NO_INSTANCE, "instance vcpu_info is missing",
		      "modprobe -r vcpu_info && modprobe vcpu_info");
	host_write_instance(root);
	check_golden(root, false, EXIT_OK, "status-well.txt");
	tree_remove(root);
}

static void single_faults(void **state)
{
	static const struct {
		const char *path;
		const char *bad;
		const char *good;
		int exit_code;
		const char *what;
		const char *fix;
	} faults[] = {
		{ "/proc/sys/kernel/ftrace_enabled", "0", "1", EXIT_FAILED,
		  "the hook cannot work", "sysctl kernel.ftrace_enabled=1" },
		{ "/sys/kernel/vcpu_info/abi_version", "2", "1", EXIT_FAILED,
		  "the module has ABI 2, vcpu-info has 1", "same version" },
		{ "/sys/kernel/vcpu_info/abi_version", "x", "1", EXIT_FAILED,
		  "the module has ABI x", "same version" },
		{ "/sys/kernel/vcpu_info/hook", "inactive", "active",
		  EXIT_FAILED, "the module's hook is inactive", "dmesg" },
		{ HOST_INSTANCE "/events/vcpu_info/vcpu_info/enable", "0", "1",
		  EXIT_NO_INSTANCE, "event vcpu_info is not enabled",
		  "echo 1 > " HOST_INSTANCE
		  "/events/vcpu_info/vcpu_info/enable" },
		{ HOST_INSTANCE "/tracing_on", "0", "1", EXIT_NO_INSTANCE,
		  "switched off", "echo 1 > " HOST_INSTANCE "/tracing_on" },
		{ HOST_INSTANCE "/events/vcpu_info/vcpu_info_error/enable",
		  "0", "1", EXIT_OK, "event vcpu_info_error is not enabled",
		  "vcpu_info_error/enable" },
		{ HOST_INSTANCE "/options/pause-on-trace", "1", "0", EXIT_OK,
		  "loses events while it is read", "pause-on-trace" },
		{ "/sys/module/vcpu_info/parameters/policy", "none", "all",
		  EXIT_OK, "the policy refuses every VM", "vcpu-info policy all" },
		{ "/sys/kernel/vcpu_info/missing", "kvm_get_rflags vcpu_put",
		  "", EXIT_OK, "does not export functions that the module uses: kvm_get_rflags vcpu_put",
		  "vcpu_info(4)" },
		{ "/sys/module/vcpu_info/version", "0.0.9", VCPU_INFO_VERSION,
		  EXIT_OK, "the module is version 0.0.9", "same version" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		tree_write(*state, faults[i].path, "%s\n", faults[i].bad);
		check_problem(*state, faults[i].exit_code, faults[i].what,
			      faults[i].fix);
		tree_write(*state, faults[i].path, "%s\n", faults[i].good);
	}
	check_golden(*state, false, EXIT_OK, "status-well.txt");
}

static void missing_functions_in_json(void **state)
{
	struct captured cap;

	tree_write(*state, "/sys/kernel/vcpu_info/missing",
		   "kvm_get_rflags vcpu_put\n");
	cap = status_of(*state, true);
	assert_non_null(strstr(cap.out, "\"missing\":[\"kvm_get_rflags\",\"vcpu_put\"]"));
	captured_free(&cap);
}

#define HOST_KO	"/lib/modules/6.1.0-56-amd64/updates/dkms/vcpu_info.ko"
#define SIG_END	"~Module signature appended~\n"

/* What a kernel that takes only signed modules makes of ours. */
static void signed_modules_only(void **state)
{
	static const char * const enforced[][3] = {
		{ "/sys/module/module/parameters/sig_enforce", "Y", "N" },
		{ "/sys/kernel/security/lockdown",
		  "none [integrity] confidentiality",
		  "[none] integrity confidentiality" },
	};
	struct captured cap;
	char *root = tree_make();

	(void)state;
	host_write_kvm(root);
	tree_write(root, "/lib/modules/6.1.0-56-amd64/modules.dep",
		   "updates/dkms/vcpu_info.ko: kernel/x.ko\n");
	for (size_t i = 0; i < ARRAY_SIZE(enforced); i++) {
		tree_write(root, enforced[i][0], "%s\n", enforced[i][1]);
		tree_write(root, HOST_KO, "ELF");
		check_problem(root, EXIT_NO_MODULE, "vcpu_info is not signed",
			      "mokutil --import /var/lib/dkms/mok.pub");
		tree_write(root, HOST_KO, "ELF and a longer text without it");
		cap = status_of(root, false);
		assert_non_null(strstr(cap.out, " not loaded, not signed\n"));
		captured_free(&cap);
		cap = status_of(root, true);
		assert_non_null(strstr(cap.out, "\"signed_modules_only\":true"));
		assert_non_null(strstr(cap.out, "\"signed\":false"));
		captured_free(&cap);
		tree_delete(root, HOST_KO);
		cap = status_of(root, false);
		assert_non_null(strstr(cap.out, " not loaded\n"));
		captured_free(&cap);
		tree_write(root, HOST_KO, "ELF" SIG_END);
		cap = status_of(root, false);
		assert_non_null(strstr(cap.out, " not loaded, signed\n"));
		captured_free(&cap);
		check_problem(root, EXIT_NO_MODULE, "a key that it knows",
			      "mokutil --import /var/lib/dkms/mok.pub");
		tree_write(root, enforced[i][0], "%s\n", enforced[i][2]);
		check_problem(root, EXIT_NO_MODULE, "vcpu_info is not loaded",
			      "modprobe vcpu_info");
	}
	cap = status_of(root, true);
	assert_non_null(strstr(cap.out, "\"signed_modules_only\":false"));
	assert_non_null(strstr(cap.out, "\"signed\":true"));
	captured_free(&cap);
	tree_remove(root);
}

/* The same of modules that are compressed, wherever they are installed. */
static void compressed_modules(void **state)
{
	static const char * const forms[][2] = {
		{ "xz", "xz -zc" }, { "zst", "zstd -qc" }, { "gz", "gzip -c" },
	};
	char *root = tree_make();
	char *command;

	(void)state;
	host_write_kvm(root);
	tree_write(root, "/sys/kernel/security/lockdown",
		   "none [integrity] confidentiality\n");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(forms); i++) {
		bool is_signed = i % 2;
		const char *form = forms[i / 2][0];

		tree_write(root, "/lib/modules/6.1.0-56-amd64/modules.dep",
			   "extra/other.ko: extra/vcpu_info.ko\nextra/vcpu_info.ko.%s: kernel/x.ko\n",
			   form);
		tree_write(root, "/lib/modules/6.1.0-56-amd64/extra/plain",
			   "ELF %0100000d%s", 0, is_signed ? SIG_END : "");
		assert_true(asprintf(&command,
				     "cd %s/lib/modules/*/extra && %s <plain >vcpu_info.ko.%s",
				     root, forms[i / 2][1], form) > 0);
		assert_int_equal(system(command), 0);
		free(command);
		check_problem(root, EXIT_NO_MODULE, is_signed ?
			      "a key that it knows" : "vcpu_info is not signed",
			      "mokutil --import /var/lib/dkms/mok.pub");
	}
	/* one that is damaged is not called unsigned */
	tree_write(root, "/lib/modules/6.1.0-56-amd64/extra/vcpu_info.ko.gz",
		   "no gzip");
	check_problem(root, EXIT_NO_MODULE, "a key that it knows",
		      "mokutil --import /var/lib/dkms/mok.pub");
	tree_write(root, "/lib/modules/6.1.0-56-amd64/modules.dep",
		   "extra/other.ko: extra/vcpu_info.ko\n");
	check_problem(root, EXIT_NO_MODULE, "is not installed",
		      "apt install vcpu-info-dkms");
	tree_remove(root);
}

/* Tracefs is mounted, and empty: loading, reloading and keys do not help. */
static void locked_down(void **state)
{
	char *root = tree_make();

	(void)state;
	host_write_kvm(root);
	tree_delete(root, HOST_TRACING "/trace");
	tree_write(root, "/sys/kernel/security/lockdown",
		   "none integrity [confidentiality]\n");
	tree_write(root, "/lib/modules/6.1.0-56-amd64/modules.dep",
		   "updates/dkms/vcpu_info.ko: kernel/x.ko\n");
	check_problem(root, EXIT_DENIED, "locked down for confidentiality",
		      "boot without lockdown=confidentiality");
	check_without(root, "mount");
	host_write_module(root);
	check_problem(root, EXIT_DENIED, "locked down for confidentiality",
		      "boot without lockdown=confidentiality");
	check_without(root, "mount");
	tree_remove(root);
}

/* What to install has to exist, and to help. */
static void headers_of_kernels(void **state)
{
	static const struct {
		const char *release;
		const char *what;
		const char *fix;
	} kernels[] = {
		{ "6.1.0-56-cloud-amd64", "not installed",
		  "vcpu-info-dkms linux-headers-6.1.0-56-cloud-amd64," },
		{ "6.12.9+bpo-amd64", "not installed",
		  "vcpu-info-dkms linux-headers-6.12.9+bpo-amd64," },
		{ "6.8.12-4-pve", "not installed",
		  "vcpu-info-dkms proxmox-headers-6.8.12-4-pve," },
		{ "6.2.16-3-pve", "not installed",
		  "vcpu-info-dkms pve-headers-6.2.16-3-pve," },
		{ "6.9.0-mine", "not installed for kernel 6.9.0-mine",
		  "install vcpu-info-dkms and the headers of this kernel" },
		{ "5.10.0-28-amd64", "needs Linux 6.1 or later, this is 5.10",
		  "boot a newer kernel" },
		{ "6.0.0-1-amd64", "needs Linux 6.1 or later", "newer kernel" },
		{ "10.0.0-1-amd64", "not installed", "linux-headers-10.0.0-1-amd64" },
	};
	char *root = tree_make();

	(void)state;
	host_write_kvm(root);
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		tree_write(root, "/proc/sys/kernel/osrelease", "%s\n",
			   kernels[i].release);
		check_problem(root, EXIT_NO_MODULE, kernels[i].what,
			      kernels[i].fix);
		if (!strstr(kernels[i].fix, "headers"))
			check_without(root, "apt install");
	}
	tree_remove(root);
}

static void lost_events_are_reported(void **state)
{
	struct captured cap;

	host_write_stats(*state, 1, 2, 10, 20, 5);
	check_problem(*state, EXIT_OK, "35 events are lost", "buffer_kb");
	cap = status_of(*state, true);
	assert_non_null(strstr(cap.out, "\"overrun\":10,\"commit_overrun\":20,\"dropped\":5"));
	assert_non_null(strstr(cap.out, "{\"check\":\"lost\",\"exit_code\":0,"));
	captured_free(&cap);
}

static void no_permission(void **state)
{
	bool is_root = !geteuid();
	struct captured cap;
	char path[4096];

	snprintf(path, sizeof(path), "%s" HOST_TRACING, (char *)*state);
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(chmod(path, 0), 0);
	/* root may read all the same; be nobody for a moment */
	if (is_root)
		assert_int_equal(seteuid(65534), 0);
	cap = status_of(*state, false);
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(path, 0755), 0);
	check_answer(&cap, *state, EXIT_DENIED,
		     "no permission to read tracefs",
		     "run vcpu-info as root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_well, setup, teardown),
		cmocka_unit_test(nothing_there),
		cmocka_unit_test(one_step_after_the_other),
		cmocka_unit_test_setup_teardown(single_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_functions_in_json,
						setup, teardown),
		cmocka_unit_test(signed_modules_only),
		cmocka_unit_test(compressed_modules),
		cmocka_unit_test(locked_down),
		cmocka_unit_test(headers_of_kernels),
		cmocka_unit_test_setup_teardown(lost_events_are_reported,
						setup, teardown),
		cmocka_unit_test_setup_teardown(no_permission, setup, teardown),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
