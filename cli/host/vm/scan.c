// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit-codes.h"
#include "host-file.h"
#include "msg.h"
#include "num.h"
#include "trace-time.h"
#include "vm/scan.h"

#define VM_LINK		"anon_inode:kvm-vm"
#define VCPU_LINK	"anon_inode:kvm-vcpu:"
#define DEBUGFS		"/sys/kernel/debug/kvm"

/* A growing list; what does not fit into memory is left out, and said. */
struct list {
	void *items;
	size_t nr;
	bool no_memory;
};

static void list_add(struct list *list, const void *item, size_t size)
{
	void *bigger = reallocarray(list->items, list->nr + 1, size);

	if (!bigger) {
		list->no_memory = true;
		return;
	}
	memcpy((char *)bigger + list->nr++ * size, item, size);
	list->items = bigger;
}

/* What is known of a process that has VMs. */
struct scanning {
	struct vm_scan *scan;
	int pid;
	bool with_vcpus;
	struct list vm_fds;	/* of int */
	struct list vcpus;	/* of struct vm_vcpu */
	struct list threads;	/* the same, with the VMM's index as vcpu_id */
	bool same_index;	/* two of these threads have one index */
};

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* vcpu_id comes first in it */
static void sort_vcpus(struct list *vcpus)
{
	if (vcpus->nr)
		qsort(vcpus->items, vcpus->nr, sizeof(struct vm_vcpu),
		      compare_ints);
}

static bool has_vcpu(const struct list *vcpus, int id)
{
	const struct vm_vcpu *list = vcpus->items;

	for (size_t i = 0; i < vcpus->nr; i++) {
		if (list[i].vcpu_id == id)
			return true;
	}
	return false;
}

int vm_scan_thread_index(const char *comm)
{
	/* QEMU, firecracker, cloud-hypervisor, crosvm, kvmtool */
	static const struct {
		const char *before;
		const char *after;
	} names[] = {
		{ "CPU ", "/KVM" }, { "fc_vcpu ", "" }, { "fc_vcpu", "" },
		{ "vcpu", "" }, { "crosvm_vcpu", "" }, { "kvm-vcpu-", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i].before);
		long index;
		char *end;

		if (strncmp(comm, names[i].before, len) ||
		    !isdigit((unsigned char)comm[len]))
			continue;
		errno = 0;
		index = strtol(comm + len, &end, 10);
		if (!errno && index <= INT_MAX && !strcmp(end, names[i].after))
			return index;
	}
	return -1;
}

/* The next entry whose name is a number. */
static bool next_number(DIR *dir, int *number)
{
	struct dirent *entry;
	long long val;

	while ((entry = readdir(dir))) {
		if (!num_parse_int(entry->d_name, 0, INT_MAX, &val))
			continue;
		*number = val;
		return true;
	}
	return false;
}

static void look_at_link(struct scanning *proc, int fd, const char *target)
{
	size_t len = strlen(VCPU_LINK);
	long long id;

	if (!strcmp(target, VM_LINK)) {
		list_add(&proc->vm_fds, &fd, sizeof(fd));
	} else if (proc->with_vcpus && !strncmp(target, VCPU_LINK, len) &&
		   num_parse_int(target + len, 0, INT_MAX, &id) &&
		   !has_vcpu(&proc->vcpus, id)) {
		struct vm_vcpu vcpu = { .vcpu_id = id, .guest_cpu = -1 };

		list_add(&proc->vcpus, &vcpu, sizeof(vcpu));
	}
}

static void look_at_fds(struct scanning *proc)
{
	bool denied = false;
	char target[64];
	char name[16];
	ssize_t len;
	DIR *dir;
	int fd;

	dir = host_file_dir("/proc/%d/fd", proc->pid);
	if (!dir) {
		proc->scan->denied += errno == EACCES || errno == EPERM;
		return;
	}
	while (next_number(dir, &fd)) {
		snprintf(name, sizeof(name), "%d", fd);
		len = readlinkat(dirfd(dir), name, target, sizeof(target) - 1);
		if (len < 0) {
			denied |= errno == EACCES || errno == EPERM;
			continue;
		}
		target[len] = '\0';
		look_at_link(proc, fd, target);
	}
	closedir(dir);
	proc->scan->denied += denied;
	if (proc->vm_fds.nr)
		qsort(proc->vm_fds.items, proc->vm_fds.nr, sizeof(int),
		      compare_ints);
	sort_vcpus(&proc->vcpus);
}

static void look_at_threads(struct scanning *proc)
{
	DIR *dir = host_file_dir("/proc/%d/task", proc->pid);
	struct vm_vcpu thread = { .guessed = true };
	char comm[64];

	while (dir && next_number(dir, &thread.thread)) {
		host_file_text(comm, sizeof(comm), "/proc/%d/task/%d/comm",
			       proc->pid, thread.thread);
		thread.vcpu_id = vm_scan_thread_index(comm);
		if (thread.vcpu_id < 0)
			continue;
		if (has_vcpu(&proc->threads, thread.vcpu_id))
			proc->same_index = true;
		else
			list_add(&proc->threads, &thread, sizeof(thread));
	}
	if (dir)
		closedir(dir);
	sort_vcpus(&proc->threads);
}

/*
 * VMMs count vCPUs on, while vcpu_ids may have gaps: likely the first thread is
 * that of the first vCPU, and so on. That is a guess: vCPUs that are plugged in
 * later may come in another order. If there is not just one thread for each,
 * there is not even that.
 */
static void threads_by_name(const struct scanning *proc, struct vm *vm)
{
	const struct vm_vcpu *threads = proc->threads.items;

	if (proc->threads.nr != vm->nr_vcpus || proc->same_index ||
	    proc->vm_fds.nr != 1)
		return;
	for (size_t i = 0; i < vm->nr_vcpus; i++) {
		if (vm->vcpus[i].thread)
			continue;
		vm->vcpus[i].thread = threads[i].thread;
		vm->vcpus[i].guessed = true;
	}
}

/*
 * KVM calls the directory of a VM by the thread that made it, which need not be the
 * process's first one. 0: it has none.
 */
static int creator_of(const struct scanning *proc, int fd)
{
	int tid, creator = 0;
	DIR *dir;

	if (host_file_exists(DEBUGFS "/%d-%d", proc->pid, fd))
		return proc->pid;
	dir = host_file_dir("/proc/%d/task", proc->pid);
	while (dir && !creator && next_number(dir, &tid)) {
		if (host_file_exists(DEBUGFS "/%d-%d", tid, fd))
			creator = tid;
	}
	if (dir)
		closedir(dir);
	return creator;
}

/*
 * KVM itself knows best: its debugfs has the vCPUs of each VM of a process,
 * and from Linux 6.1 on their threads.
 */
static void vcpus_of(const struct scanning *proc, struct vm *vm, int creator)
{
	bool by_dir = proc->vm_fds.nr > 1;
	const struct vm_vcpu *all = proc->vcpus.items;
	struct list vcpus = { 0 };

	for (size_t i = 0; i < proc->vcpus.nr; i++) {
		struct vm_vcpu vcpu = all[i];
		long long thread;
		char line[32];

		if (by_dir &&
		    !host_file_exists(DEBUGFS "/%d-%d/vcpu%d", creator,
				      vm->fd, vcpu.vcpu_id))
			continue;
		if (host_file_line(line, sizeof(line),
				   DEBUGFS "/%d-%d/vcpu%d/pid", creator,
				   vm->fd, vcpu.vcpu_id) &&
		    num_parse_int(line, 1, INT_MAX, &thread))
			vcpu.thread = thread;
		list_add(&vcpus, &vcpu, sizeof(vcpu));
	}
	vm->vcpus = vcpus.items;
	vm->nr_vcpus = vcpus.nr;
	proc->scan->no_memory |= vcpus.no_memory;
	threads_by_name(proc, vm);
}

static void add_vms(struct scanning *proc, struct list *vms)
{
	bool with_creator = proc->with_vcpus || proc->vm_fds.nr > 1;
	const int *fds = proc->vm_fds.items;
	bool debugfs = false;
	int creator = 0;
	struct vm vm;

	for (size_t i = 0; with_creator && i < proc->vm_fds.nr; i++)
		debugfs |= creator_of(proc, fds[i]) != 0;
	for (size_t i = 0; i < proc->vm_fds.nr; i++) {
		/* a duplicate of a descriptor is no VM of its own */
		if (with_creator)
			creator = creator_of(proc, fds[i]);
		if (debugfs && !creator)
			continue;
		vm = (struct vm){ .fd = fds[i] };
		process_look_up(&vm.vmm, proc->pid);
		if (proc->with_vcpus)
			vcpus_of(proc, &vm, creator);
		list_add(vms, &vm, sizeof(vm));
	}
}

static void look_at_process(struct vm_scan *scan, int pid, bool with_vcpus,
			    struct list *vms)
{
	struct scanning proc = {
		.scan = scan, .pid = pid, .with_vcpus = with_vcpus,
	};

	look_at_fds(&proc);
	if (proc.vm_fds.nr) {
		if (with_vcpus)
			look_at_threads(&proc);
		add_vms(&proc, vms);
	}
	scan->no_memory |= proc.vm_fds.no_memory | proc.vcpus.no_memory |
			   proc.threads.no_memory;
	free(proc.vm_fds.items);
	free(proc.vcpus.items);
	free(proc.threads.items);
}

static int compare_vms(const void *a, const void *b)
{
	const struct vm *x = a, *y = b;

	if (x->vmm.pid != y->vmm.pid)
		return x->vmm.pid < y->vmm.pid ? -1 : 1;
	return compare_ints(&x->fd, &y->fd);
}

static bool run(struct vm_scan *scan, bool with_vcpus)
{
	DIR *dir = host_file_dir("/proc");
	struct list vms = { 0 };
	int pid;

	*scan = (struct vm_scan){ 0 };
	if (!dir)
		return false;
	while (next_number(dir, &pid))
		look_at_process(scan, pid, with_vcpus, &vms);
	closedir(dir);
	scan->vms = vms.items;
	scan->nr = vms.nr;
	scan->no_memory |= vms.no_memory;
	if (scan->nr)
		qsort(scan->vms, scan->nr, sizeof(*scan->vms), compare_vms);
	return true;
}

bool vm_scan_run(struct vm_scan *scan)
{
	return run(scan, true);
}

bool vm_scan_without_vcpus(struct vm_scan *scan)
{
	return run(scan, false);
}

void vm_mark_take(struct vm_mark *mark)
{
	char path[PATH_MAX];
	struct stat st;

	*mark = (struct vm_mark){ 0 };
	if (!host_file_path(path, sizeof(path), DEBUGFS) || stat(path, &st))
		return;
	mark->known = true;
	mark->links = st.st_nlink;
	mark->changed = st.st_mtim.tv_sec * NS_PER_SEC + st.st_mtim.tv_nsec;
}

bool vm_mark_same(const struct vm_mark *before, const struct vm_mark *now)
{
	return before->known && now->known && before->links == now->links &&
	       before->changed == now->changed;
}

void vm_scan_free(struct vm_scan *scan)
{
	for (size_t i = 0; i < scan->nr; i++)
		free(scan->vms[i].vcpus);
	free(scan->vms);
	*scan = (struct vm_scan){ 0 };
}

void vm_scan_report_denied(unsigned int denied)
{
	msg_error("cannot inspect %u process%s: permission denied", denied,
		  denied == 1 ? "" : "es");
	msg_hint("fix: run vcpu-info as root, with CAP_SYS_PTRACE");
}

int vm_scan_report_none(const struct select *select, size_t nr,
			unsigned int denied)
{
	if (!nr || !select_report_missing(select, SELECT_HINT_VMS))
		msg_error("no %sVM runs on this host", nr ? "such " : "");
	if (denied) {
		vm_scan_report_denied(denied);
		return EXIT_DENIED;
	}
	return EXIT_NO_VM;
}

void vm_scan_find(const struct select *select)
{
	struct vm_scan scan;

	if (!select->nr_vms || !vm_scan_without_vcpus(&scan))
		return;
	for (size_t i = 0; i < scan.nr; i++) {
		const struct vm *vm = &scan.vms[i];

		select_has_vm(select, vm->vmm.pid, vm->fd, vm->vmm.vm.name,
			      vm->vmm.comm);
	}
	vm_scan_free(&scan);
}
