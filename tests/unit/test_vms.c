// SPDX-License-Identifier: GPL-2.0
/*
 * 'vms' over directories that look like hosts with VMs.
 */
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "unit.h"

#include "cmd/commands.h"
#include "exit-codes.h"
#include "host-file.h"
#include "support.h"
#include "vm/scan.h"
#include "wraps.h"

#define KVM_DIR	"/sys/kernel/debug/kvm"

/* How often a path was looked up by the commands' code */
static unsigned int lookups;

int __wrap_access(const char *path, int mode)
{
	lookups++;
	return __real_access(path, mode);
}

DIR *__wrap_opendir(const char *path)
{
	lookups++;
	return __real_opendir(path);
}

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	lookups++;
	return __real_open(path, flags, mode);
}

/* "FD=TARGET" */
static void link_fd(const char *root, int pid, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, atoi(text));
	tree_link(root, path, strchr(text, '=') + 1);
}

static void process(const char *root, int pid, const char *comm,
		    const char *cmdline, size_t len)
{
	tree_process(root, pid, comm, cmdline, len);
	link_fd(root, pid, "0=/dev/null");
}

static void thread(const char *root, int pid, int tid, const char *comm)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	tree_write(root, path, "%s\n", comm);
}

static void debugfs_vcpu(const char *root, int pid, int fd, int id, int tid)
{
	char path[100];

	snprintf(path, sizeof(path), KVM_DIR "/%d-%d/vcpu%d/%s", pid, fd, id,
		 tid ? "pid" : "guest_mode");
	tree_write(root, path, "%d\n", tid);
}

#define WEB_LINE	"qemu-system-x86_64\0-name\0guest=web,debug-threads=on"
#define DB_LINE		"/usr/bin/firecracker\0--id\0db (1)"

/* QEMU with odd APIC ids, known by its threads' names alone. */
static void make_web(const char *root)
{
	process(root, 200, "qemu (x) 1) R", WEB_LINE, sizeof(WEB_LINE));
	link_fd(root, 200, "9=anon_inode:[eventfd]");
	link_fd(root, 200, "10=anon_inode:kvm-vm");
	link_fd(root, 200, "12=anon_inode:kvm-vcpu:0");
	link_fd(root, 200, "13=anon_inode:kvm-vcpu:4");
	link_fd(root, 200, "14=anon_inode:kvm-vcpu:1");
	thread(root, 200, 200, "qemu (x) 1) R");
	thread(root, 200, 203, "CPU 2/KVM");
	thread(root, 200, 201, "CPU 0/KVM");
	thread(root, 200, 202, "CPU 1/KVM");
	thread(root, 200, 204, "CPU 9/TCG");
	tree_write(root, "/proc/200/cgroup",
		   "0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt\n");
}

/* Two VMs of one process, which only KVM's debugfs tells apart. */
static void make_twins(const char *root)
{
	process(root, 300, "my vmm", "my vmm", 7);
	link_fd(root, 300, "5=anon_inode:kvm-vm");
	link_fd(root, 300, "6=anon_inode:kvm-vm");
	link_fd(root, 300, "7=anon_inode:kvm-vm");	/* a duplicate of 6 */
	link_fd(root, 300, "8=anon_inode:kvm-vcpu:0");
	link_fd(root, 300, "9=anon_inode:kvm-vcpu:1");
	debugfs_vcpu(root, 300, 5, 0, 301);
	debugfs_vcpu(root, 300, 6, 0, 302);
	debugfs_vcpu(root, 300, 6, 1, 303);
}

static char *make_host(void)
{
	char *root = tree_make();

	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	process(root, 1, "init", "init", 5);
	make_web(root);
	make_twins(root);
	/* threads that are not named, and no debugfs */
	process(root, 400, "fc", DB_LINE, sizeof(DB_LINE));
	link_fd(root, 400, "4=anon_inode:kvm-vm");
	link_fd(root, 400, "5=anon_inode:kvm-vcpu:0");
	/* a VM that has no vCPU yet */
	process(root, 500, "young", "young", 6);
	link_fd(root, 500, "3=anon_inode:kvm-vm");
	return root;
}

struct run {
	const char *root;
	const char *words[4];
};

static int run_vms(void *arg)
{
	char *argv[6] = { "vms" };
	const struct run *run = arg;
	struct vms_params params;
	struct opt_parser op;
	int argc = 1;
	int ret;

	for (; run->words[argc - 1]; argc++)
		argv[argc] = (char *)run->words[argc - 1];
	assert_int_equal(vms_parse(&op, argc, argv, &params), OPT_RUN);
	host_file_set_root(run->root);
	ret = vms_run(&params);
	host_file_set_root("");
	select_free(&params.select);
	return ret;
}

static void check_words(const char *root, const char *word, const char *other,
			const char *golden)
{
	struct run run = { root, { word, other } };
	struct captured cap = capture(run_vms, &run);

	assert_int_equal(cap.ret, EXIT_OK);
	assert_string_equal(cap.err, "");
	golden_check(golden, cap.out);
	captured_free(&cap);
}

static void check(const char *root, const char *word, const char *golden)
{
	check_words(root, word, NULL, golden);
}

static void all_kinds_of_vms(void **state)
{
	char *root = make_host();

	(void)state;
	check(root, NULL, "vms.txt");
	check(root, "--json", "vms.json");
	check(root, "--long", "vms-long.txt");
	check_words(root, "--long", "--json", "vms-long.json");
	check(root, "--vm=web", "vms-web.txt");
	check(root, "--vm=300:6", "vms-fd.txt");
	tree_remove(root);
}

/* Whatever 'vms' prints as a name, '--vm' takes: here one VM of each name. */
static void names_of_all_kinds(void **state)
{
	static const struct {
		const char *name;
		const char *shown;	/* NULL: as it is */
		const char *ascii;	/* the same in a locale without UTF-8 */
	} names[] = {
		{ "7a11f00d-0000-4000-8000-00000000beef" }, { "3tier-db" },
		{ "my web box" }, { ".hidden" }, { "all" }, { "web@home" },
		{ "b\303\274ro-m\303\266we", NULL, "b?ro-m?we" },
		{ "\316\251mega", NULL, "?mega" },
		{ "x\033[31mred\n", "x?[31mred?", "x?[31mred?" },
		{ "y\342\200\256\302\233", "y??", "y??" },
		{ "-rf" }, { "$(touch x)" }, { "1001" }, { "5:4" },
		{ "name:x" }, { "pid:1000" },
	};
	char *root = tree_make();
	char line[100] = "qemu\0-name", word[100];

	(void)state;
	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		strcpy(line + 11, names[i].name);
		process(root, 1000 + i, "qemu", line,
			11 + strlen(names[i].name) + 1);
		link_fd(root, 1000 + i, "4=anon_inode:kvm-vm");
	}
	for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++) {
		size_t n = i / 2;
		const char *shown = names[n].shown ?: names[n].name;
		const char *ascii = names[n].ascii ?: shown;
		struct run run = { root, { word } };
		struct captured cap;

		/* in the one locale, and then in the other */
		setlocale(LC_CTYPE, i % 2 ? "C.UTF-8" : "C");
		snprintf(word, sizeof(word), "--vm=%s%s",
			 select_name_prefix(shown), i % 2 ? shown : ascii);
		cap = capture(run_vms, &run);
		setlocale(LC_CTYPE, "C");
		assert_string_equal(cap.err, "");
		/* the heading and one row */
		assert_non_null(strstr(cap.out, i % 2 ? shown : ascii));
		assert_ptr_equal(strchr(strchr(cap.out, '\n') + 1, '\n')[1],
				 '\0');
		captured_free(&cap);
		run.words[1] = "--json";
		cap = capture(run_vms, &run);
		assert_non_null(strstr(cap.out, shown));
		captured_free(&cap);
	}
	tree_remove(root);
}

/* A process may call itself anything, and must not be gone by that. */
static void name_with_a_newline(void **state)
{
	struct run run = { tree_make(), { "--vm=web" } };
	struct captured cap;

	(void)state;
	tree_write(run.root, "/proc/uptime", "130.00 200.00\n");
	process(run.root, 200, "two\nli) S 1", WEB_LINE, sizeof(WEB_LINE));
	link_fd(run.root, 200, "10=anon_inode:kvm-vm");
	link_fd(run.root, 200, "12=anon_inode:kvm-vcpu:0");
	thread(run.root, 200, 201, "CPU 0/KVM");
	thread(run.root, 200, 202, "CPU 0/KVM\nx");
	cap = capture(run_vms, &run);
	assert_string_equal(cap.out, "NAME VMM  PID FD VCPU THREAD\n"
				     "web  qemu 200 10    0   201?\n");
	captured_free(&cap);
	run.words[0] = "--json";
	cap = capture(run_vms, &run);
	assert_non_null(strstr(cap.out, "\"vmm_comm\":\"two?li) S 1\""));
	captured_free(&cap);
	tree_remove((char *)run.root);
}

/* Names of threads are believed for a second, as those of processes are. */
static void names_do_not_last(void **state)
{
	struct comm_cache *cache = calloc(1, sizeof(*cache));
	uint64_t now = 5000000000ULL;
	char *root = tree_make();

	(void)state;
	host_file_set_root(root);
	tree_write(root, "/proc/7/comm", "old\nname\n");
	assert_string_equal(comm_cache_get(cache, 7, now), "old\nname");
	tree_write(root, "/proc/7/comm", "new\n");
	assert_string_equal(comm_cache_get(cache, 7, now + 1), "old\nname");
	now += 1000000001ULL;
	assert_string_equal(comm_cache_get(cache, 7, now), "new");
	/* gone: its last name was right */
	tree_delete(root, "/proc/7/comm");
	now += 1000000001ULL;
	assert_string_equal(comm_cache_get(cache, 7, now), "new");
	/* another thread in the same place */
	assert_string_equal(comm_cache_get(cache, 7 + COMM_SLOTS, now), "");
	assert_string_equal(comm_cache_get(cache, 7, now), "");
	host_file_set_root("");
	free(cache);
	tree_remove(root);
}

/* What 'vms --json' says of the vCPUs of the only VM. */
static void check_vcpus(const char *root, const char *want)
{
	struct run run = { root, { "--json" } };
	struct captured cap = capture(run_vms, &run);

	assert_non_null(strstr(cap.out, "\"vcpus\":"));
	assert_string_equal(strstr(cap.out, "\"vcpus\":"), want);
	captured_free(&cap);
}

/* The table's last row ends so. */
static void check_last_thread(const char *root, const char *want)
{
	struct run run = { root, { NULL } };
	struct captured cap = capture(run_vms, &run);
	size_t len = strlen(cap.out);

	assert_true(len > strlen(want));
	assert_string_equal(cap.out + len - strlen(want), want);
	captured_free(&cap);
}

#define VCPU(id, pid)	"{\"vcpu_id\":" #id ",\"pid\":" #pid "}"

/*
 * QEMU with vCPUs 95 and then 94 plugged in: names of threads tell nothing of
 * that order, debugfs does.
 */
static void plugged_in_later(void **state)
{
	char *root = tree_make();

	(void)state;
	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	process(root, 200, "qemu-system-x86", WEB_LINE, sizeof(WEB_LINE));
	link_fd(root, 200, "10=anon_inode:kvm-vm");
	link_fd(root, 200, "20=anon_inode:kvm-vcpu:0");
	link_fd(root, 200, "21=anon_inode:kvm-vcpu:1");
	link_fd(root, 200, "22=anon_inode:kvm-vcpu:95");
	link_fd(root, 200, "23=anon_inode:kvm-vcpu:94");
	for (int i = 0; i < 4; i++) {
		char comm[32];

		snprintf(comm, sizeof(comm), "CPU %d/KVM", i);
		thread(root, 200, 201 + i, comm);
	}
	check_vcpus(root, "\"vcpus\":[" VCPU(0, null) ","
		    VCPU(1, null) "," VCPU(94, null) ","
		    VCPU(95, null) "]}\n");
	check_last_thread(root, " 204?\n");
	debugfs_vcpu(root, 200, 10, 0, 201);
	debugfs_vcpu(root, 200, 10, 1, 202);
	debugfs_vcpu(root, 200, 10, 95, 203);
	debugfs_vcpu(root, 200, 10, 94, 204);
	check_vcpus(root, "\"vcpus\":[" VCPU(0, 201) ","
		    VCPU(1, 202) "," VCPU(94, 204) ","
		    VCPU(95, 203) "]}\n");
	check_last_thread(root, " 203\n");
	tree_remove(root);
}

/* Its VMs are made by threads of their own, which KVM calls their directories by. */
static void made_by_threads(void **state)
{
	char *root = tree_make();
	struct run run = { root, { "--json" } };
	struct captured cap;

	(void)state;
	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	process(root, 300, "vmm", "vmm", 4);
	link_fd(root, 300, "5=anon_inode:kvm-vm");
	link_fd(root, 300, "6=anon_inode:kvm-vm");
	link_fd(root, 300, "7=anon_inode:kvm-vcpu:0");
	link_fd(root, 300, "8=anon_inode:kvm-vcpu:1");
	/* another descriptor of the first VM */
	link_fd(root, 300, "9=anon_inode:kvm-vm");
	for (int tid = 300; tid < 306; tid++)
		thread(root, 300, tid, "vmm");
	debugfs_vcpu(root, 301, 5, 0, 303);
	debugfs_vcpu(root, 302, 6, 1, 304);
	cap = capture(run_vms, &run);
	assert_non_null(strstr(cap.out, "\"vm_fd\":5,\"vcpus\":[" VCPU(0, 303) "]}\n"));
	assert_non_null(strstr(cap.out, "\"vm_fd\":6,\"vcpus\":[" VCPU(1, 304) "]}\n"));
	assert_null(strstr(cap.out, "\"vm_fd\":9"));
	captured_free(&cap);
	check_last_thread(root, " 304\n");
	tree_remove(root);
}

/*
 * A process with many descriptors of VMs, threads and vCPUs: what is looked up grows with
 * the number of each, not with their products.
 */
static void many_of_all(void **state)
{
	enum { NR = 60 };
	char *root = tree_make(), text[64];
	struct vm_scan scan;

	(void)state;
	process(root, 300, "vmm", "vmm", 4);
	for (int i = 0; i < NR; i++) {
		snprintf(text, sizeof(text), "%d=anon_inode:kvm-vm", 1000 + i);
		link_fd(root, 300, text);
		snprintf(text, sizeof(text), "%d=anon_inode:kvm-vcpu:%d",
			 2000 + i, i);
		link_fd(root, 300, text);
		thread(root, 300, 300 + i, "vmm");
	}
	/* two VMs are real, and the first has all vCPUs but one */
	for (int i = 0; i < NR - 1; i++)
		debugfs_vcpu(root, 310, 1000, i, 320 + i);
	debugfs_vcpu(root, 311, 1001, NR - 1, 319);
	host_file_set_root(root);
	lookups = 0;
	assert_true(vm_scan_run(&scan));
	assert_true(lookups < 4 * NR);
	assert_int_equal(scan.nr, 2);
	assert_int_equal(scan.vms[0].fd, 1000);
	assert_int_equal(scan.vms[0].nr_vcpus, NR - 1);
	assert_int_equal(scan.vms[0].vcpus[NR - 2].vcpu_id, NR - 2);
	assert_int_equal(scan.vms[0].vcpus[NR - 2].thread, 320 + NR - 2);
	assert_int_equal(scan.vms[1].fd, 1001);
	assert_int_equal(scan.vms[1].nr_vcpus, 1);
	assert_int_equal(scan.vms[1].vcpus[0].thread, 319);
	vm_scan_free(&scan);
	lookups = 0;
	assert_true(vm_scan_without_vcpus(&scan));
	assert_true(lookups < 20);
	assert_int_equal(scan.nr, 2);
	vm_scan_free(&scan);
	host_file_set_root("");
	tree_remove(root);
}

/* Without debugfs nothing tells duplicates of a descriptor from VMs: not without end */
static void many_without_debugfs(void **state)
{
	enum { MOST = 4096 };
	char *root = tree_make(), text[64];
	struct vm_scan scan;

	(void)state;
	process(root, 300, "vmm", "vmm", 4);
	process(root, 301, "web", "web", 4);
	link_fd(root, 301, "14=anon_inode:kvm-vm");
	for (int i = 0; i < MOST + 10; i++) {
		snprintf(text, sizeof(text), "%d=anon_inode:kvm-vm", 1000 + i);
		link_fd(root, 300, text);
	}
	host_file_set_root(root);
	assert_true(vm_scan_without_vcpus(&scan));
	assert_int_equal(scan.nr, MOST + 1);
	assert_int_equal(scan.vms[MOST].vmm.pid, 301);
	vm_scan_free(&scan);
	host_file_set_root("");
	tree_remove(root);
}

/* cloud-hypervisor that has unplugged a vCPU and plugged it in again */
static void two_threads_of_one_name(void **state)
{
	char *root = tree_make();

	(void)state;
	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	process(root, 300, "cloud-hyperviso", "cloud-hypervisor", 17);
	link_fd(root, 300, "10=anon_inode:kvm-vm");
	link_fd(root, 300, "20=anon_inode:kvm-vcpu:0");
	link_fd(root, 300, "21=anon_inode:kvm-vcpu:1");
	thread(root, 300, 301, "vcpu0");
	thread(root, 300, 302, "vcpu1");
	thread(root, 300, 307, "vcpu1");
	check_vcpus(root, "\"vcpus\":[" VCPU(0, null) ","
		    VCPU(1, null) "]}\n");
	check_last_thread(root, " -\n");
	debugfs_vcpu(root, 300, 10, 0, 301);
	debugfs_vcpu(root, 300, 10, 1, 307);
	check_vcpus(root, "\"vcpus\":[" VCPU(0, 301) ","
		    VCPU(1, 307) "]}\n");
	tree_remove(root);
}

static void no_vms(void **state)
{
	struct run run = { tree_make(), { NULL } };
	struct captured cap = capture(run_vms, &run);

	(void)state;
	assert_int_equal(cap.ret, EXIT_FAILED);
	assert_non_null(strstr(cap.err, "cannot read /proc"));
	captured_free(&cap);

	process(run.root, 1, "init", "init", 5);
	cap = capture(run_vms, &run);
	assert_int_equal(cap.ret, EXIT_OK);
	assert_string_equal(cap.out, "");
	assert_string_equal(cap.err, "vcpu-info: no VM runs on this host\n");
	captured_free(&cap);

	run.words[0] = "web";
	cap = capture(run_vms, &run);
	assert_int_equal(cap.ret, EXIT_NO_VM);
	assert_string_equal(cap.out, "");
	assert_string_equal(cap.err, "vcpu-info: no such VM 'web'\n"
				     "  'vcpu-info vms' lists the VMs.\n");
	captured_free(&cap);
	tree_remove((char *)run.root);
}

static int run_report_none(void *arg)
{
	const struct select all = { 0 };

	return vm_scan_report_none(&all, 0, *(unsigned int *)arg);
}

/* VMs may be among the processes that this user may not look into. */
static void denied_processes(void **state)
{
	static const char fix[] =
		"permission denied\n"
		"  fix: run vcpu-info as root, with CAP_SYS_PTRACE\n";
	unsigned int denied = 1;
	struct captured cap = capture(run_report_none, &denied);

	(void)state;
	assert_int_equal(cap.ret, EXIT_DENIED);
	assert_non_null(strstr(cap.err, "cannot inspect 1 process: "));
	assert_non_null(strstr(cap.err, fix));
	captured_free(&cap);
	denied = 2;
	cap = capture(run_report_none, &denied);
	assert_non_null(strstr(cap.err, "cannot inspect 2 processes: "));
	captured_free(&cap);
}

static void names_of_threads(void **state)
{
	static const struct {
		const char *comm;
		int index;
	} names[] = {
		{ "CPU 0/KVM", 0 }, { "CPU 127/KVM", 127 },
		{ "CPU 1/TCG", -1 }, { "CPU 1/KVM2", -1 }, { "CPU /KVM", -1 },
		{ "CPU -1/KVM", -1 }, { "CPU 99999999999/KVM", -1 },
		{ "CPU 1", -1 }, { "fc_vcpu 3", 3 }, { "vcpu7", 7 },
		{ "vcpu", -1 }, { "vcpu7x", -1 }, { "crosvm_vcpu2", 2 },
		{ "kvm-vcpu-5", 5 }, { "", -1 }, { "(CPU 0/KVM)", -1 },
		{ " CPU 0/KVM", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(vm_scan_thread_index(names[i].comm),
				 names[i].index);
}

static void bad_options(void **state)
{
	static const char *const bad[] = {
		"--vm=",
		"--all",
		"",
		"--json=yes",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *argv[3] = { "vms", (char *)bad[i] };
		struct vms_params params;
		struct opt_parser op;

		assert_int_equal(vms_parse(&op, 2, argv, &params), OPT_BAD);
		assert_true(op.err[0]);
		select_free(&params.select);
	}
}

/* What KVM's directory of all VMs is like tells whether there may be others. */
static void marks(void **state)
{
	const struct timespec then[2] = { { 1000, 1 }, { 1000, 1 } };
	char *root = tree_make(), path[200];
	struct vm_mark none, one, two;

	(void)state;
	host_file_set_root(root);
	vm_mark_take(&none);
	assert_false(none.known);
	assert_false(vm_mark_same(&none, &none));
	tree_write(root, KVM_DIR "/10-3/x", "1\n");
	vm_mark_take(&one);
	assert_true(one.known);
	assert_true(vm_mark_same(&one, &one));
	assert_false(vm_mark_same(&none, &one));
	assert_false(vm_mark_same(&one, &none));
	snprintf(path, sizeof(path), "%s" KVM_DIR, root);
	assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
	vm_mark_take(&two);
	assert_false(vm_mark_same(&one, &two));
	/* one VM more: debugfs does not change the time then */
	one = two;
	two.links++;
	assert_false(vm_mark_same(&one, &two));
	host_file_set_root("");
	tree_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_of_vms),
		cmocka_unit_test(names_of_all_kinds),
		cmocka_unit_test(name_with_a_newline),
		cmocka_unit_test(names_do_not_last),
		cmocka_unit_test(plugged_in_later),
		cmocka_unit_test(made_by_threads),
		cmocka_unit_test(many_of_all),
		cmocka_unit_test(many_without_debugfs),
		cmocka_unit_test(two_threads_of_one_name),
		cmocka_unit_test(no_vms),
		cmocka_unit_test(denied_processes),
		cmocka_unit_test(names_of_threads),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(marks),
	};

	return cmocka_run_group_tests_name("vms", tests, NULL, NULL);
}
