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

/*
 * VMs of a process. Without debugfs each duplicate of a descriptor looks like one, and of
 * these a process may have a million.
 */
#define MAX_VMS		4096

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

/* KVM calls its directory of a VM by the thread that made it and the descriptor. */
struct kvm_dir {
	int tid;
	int fd;
};

/* One look at all processes */
struct search {
	struct vm_scan *scan;
	bool with_vcpus;
	struct list vms;	/* of struct vm */
	struct list dirs;	/* of struct kvm_dir: all there are, by tid and fd */
	bool has_dirs;		/* they were read */
};

/* What is known of a process that has VMs. */
struct scanning {
	struct search *search;
	int pid;
	struct list vm_fds;	/* of int */
	struct list vcpus;	/* of struct vm_vcpu */
	struct list threads;	/* the same, with the VMM's index as vcpu_id */
	bool same_index;	/* two of these threads have one index */
	struct list dirs;	/* those that threads of the process made, by fd */
	bool has_dirs;		/* they were looked for */
};

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* By vcpu_id, which comes first in it, each once. Whether one came twice. */
static bool sort_vcpus(struct list *vcpus)
{
	struct vm_vcpu *list = vcpus->items;
	size_t nr = vcpus->nr, kept = 0;

	if (!nr)
		return false;
	qsort(list, nr, sizeof(*list), compare_ints);
	for (size_t i = 0; i < nr; i++) {
		if (!i || list[i].vcpu_id != list[i - 1].vcpu_id)
			list[kept++] = list[i];
	}
	vcpus->nr = kept;
	return kept != nr;
}

static bool has_vcpu(const struct list *vcpus, int id)
{
	return vcpus->nr && bsearch(&id, vcpus->items, vcpus->nr,
				    sizeof(struct vm_vcpu), compare_ints);
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
	} else if (proc->search->with_vcpus && !strncmp(target, VCPU_LINK, len) &&
		   num_parse_int(target + len, 0, INT_MAX, &id)) {
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
		proc->search->scan->denied += errno == EACCES || errno == EPERM;
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
	proc->search->scan->denied += denied;
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
		list_add(&proc->threads, &thread, sizeof(thread));
	}
	if (dir)
		closedir(dir);
	proc->same_index = sort_vcpus(&proc->threads);
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

static int compare_dirs(const void *a, const void *b)
{
	const struct kvm_dir *x = a, *y = b;

	return compare_ints(&x->tid, &y->tid) ?: compare_ints(&x->fd, &y->fd);
}

static int compare_dir_fds(const void *a, const void *b)
{
	const struct kvm_dir *x = a, *y = b;

	return compare_ints(&x->fd, &y->fd);
}

static int compare_dirs_by_fd(const void *a, const void *b)
{
	return compare_dir_fds(a, b) ?: compare_dirs(a, b);
}

/* "TID-FD"; there are files besides. */
static bool parse_dir(const char *name, struct kvm_dir *kvm_dir)
{
	const char *dash = strchr(name, '-');
	long long tid, fd;
	char number[16];

	if (!dash || dash - name >= (ptrdiff_t)sizeof(number))
		return false;
	snprintf(number, sizeof(number), "%.*s", (int)(dash - name), name);
	if (!num_parse_int(number, 1, INT_MAX, &tid) ||
	    !num_parse_int(dash + 1, 0, INT_MAX, &fd))
		return false;
	*kvm_dir = (struct kvm_dir){ .tid = tid, .fd = fd };
	return true;
}

/*
 * Once for all processes: to ask for each descriptor of each thread takes their product,
 * and whoever may start a VMM can have many of both.
 */
static void read_dirs(struct search *search)
{
	DIR *dir = search->has_dirs ? NULL : host_file_dir(DEBUGFS);
	struct dirent *entry;
	struct kvm_dir one;

	search->has_dirs = true;
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (parse_dir(entry->d_name, &one))
			list_add(&search->dirs, &one, sizeof(one));
	}
	closedir(dir);
	if (search->dirs.nr)
		qsort(search->dirs.items, search->dirs.nr, sizeof(one),
		      compare_dirs);
}

/* Those of a thread are next to each other. */
static void add_dirs_of(struct scanning *proc, int tid)
{
	const struct list *all = &proc->search->dirs;
	const struct kvm_dir *dirs = all->items;
	size_t low = 0, high = all->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dirs[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < all->nr && dirs[low].tid == tid; low++)
		list_add(&proc->dirs, &dirs[low], sizeof(dirs[low]));
}

/* A descriptor may have been used again: one thread is enough. */
static void keep_one_of_each_fd(struct list *list)
{
	struct kvm_dir *dirs = list->items;
	size_t kept = 0;

	for (size_t i = 0; i < list->nr; i++) {
		if (!i || dirs[i].fd != dirs[i - 1].fd)
			dirs[kept++] = dirs[i];
	}
	list->nr = kept;
}

static void find_dirs(struct scanning *proc)
{
	DIR *dir = proc->search->dirs.nr ?
			   host_file_dir("/proc/%d/task", proc->pid) : NULL;
	int tid;

	proc->has_dirs = true;
	while (dir && next_number(dir, &tid))
		add_dirs_of(proc, tid);
	if (dir)
		closedir(dir);
	if (!proc->dirs.nr)
		return;
	qsort(proc->dirs.items, proc->dirs.nr, sizeof(struct kvm_dir),
	      compare_dirs_by_fd);
	keep_one_of_each_fd(&proc->dirs);
}

static const struct kvm_dir *find_dir(const struct list *dirs, int tid, int fd,
				      int (*compare)(const void *, const void *))
{
	const struct kvm_dir key = { .tid = tid, .fd = fd };

	return dirs->nr ? bsearch(&key, dirs->items, dirs->nr, sizeof(key),
				  compare) : NULL;
}

/*
 * The thread that made a VM, which need not be the process's first one. 0: KVM has no
 * directory of it.
 */
static int creator_of(struct scanning *proc, int fd)
{
	const struct kvm_dir *found;

	read_dirs(proc->search);
	if (find_dir(&proc->search->dirs, proc->pid, fd, compare_dirs))
		return proc->pid;
	if (!proc->has_dirs)
		find_dirs(proc);
	found = find_dir(&proc->dirs, 0, fd, compare_dir_fds);
	return found ? found->tid : 0;
}

/* Of the process's vCPUs those that are in KVM's directory of that VM */
static void vcpus_in_dir(const struct scanning *proc, int creator, int fd,
			 struct list *vcpus)
{
	DIR *dir = creator ? host_file_dir(DEBUGFS "/%d-%d", creator, fd) : NULL;
	struct dirent *entry;
	long long id;

	while (dir && (entry = readdir(dir))) {
		struct vm_vcpu vcpu = { .guest_cpu = -1 };

		if (strncmp(entry->d_name, "vcpu", 4) ||
		    !num_parse_int(entry->d_name + 4, 0, INT_MAX, &id) ||
		    !has_vcpu(&proc->vcpus, id))
			continue;
		vcpu.vcpu_id = id;
		list_add(vcpus, &vcpu, sizeof(vcpu));
	}
	if (dir)
		closedir(dir);
	sort_vcpus(vcpus);
}

/*
 * KVM itself knows best: its debugfs has the vCPUs of each VM of a process,
 * and from Linux 6.1 on their threads.
 */
static void vcpus_of(struct scanning *proc, struct vm *vm, int creator)
{
	struct list vcpus = { 0 };

	if (proc->vm_fds.nr > 1) {
		vcpus_in_dir(proc, creator, vm->fd, &vcpus);
	} else {
		vcpus = proc->vcpus;
		proc->vcpus = (struct list){ 0 };
	}
	vm->vcpus = vcpus.items;
	vm->nr_vcpus = vcpus.nr;
	for (size_t i = 0; creator && i < vm->nr_vcpus; i++) {
		long long thread;
		char line[32];

		if (host_file_line(line, sizeof(line),
				   DEBUGFS "/%d-%d/vcpu%d/pid", creator,
				   vm->fd, vm->vcpus[i].vcpu_id) &&
		    num_parse_int(line, 1, INT_MAX, &thread))
			vm->vcpus[i].thread = thread;
	}
	proc->search->scan->no_memory |= vcpus.no_memory;
	threads_by_name(proc, vm);
}

static void add_vms(struct scanning *proc)
{
	bool with_creator = proc->search->with_vcpus || proc->vm_fds.nr > 1;
	const int *fds = proc->vm_fds.items;
	bool debugfs = false;
	int creator = 0, nr = 0;
	struct process vmm;

	process_look_up(&vmm, proc->pid);
	for (size_t i = 0; with_creator && !debugfs && i < proc->vm_fds.nr; i++)
		debugfs = creator_of(proc, fds[i]);
	for (size_t i = 0; i < proc->vm_fds.nr && nr < MAX_VMS; i++) {
		struct vm vm = { .vmm = vmm, .fd = fds[i] };

		/* a duplicate of a descriptor is no VM of its own */
		if (with_creator)
			creator = creator_of(proc, fds[i]);
		if (debugfs && !creator)
			continue;
		if (proc->search->with_vcpus)
			vcpus_of(proc, &vm, creator);
		list_add(&proc->search->vms, &vm, sizeof(vm));
		nr++;
	}
}

static void look_at_process(struct search *search, int pid)
{
	struct scanning proc = { .search = search, .pid = pid };

	look_at_fds(&proc);
	if (proc.vm_fds.nr) {
		if (search->with_vcpus)
			look_at_threads(&proc);
		add_vms(&proc);
	}
	search->scan->no_memory |= proc.vm_fds.no_memory | proc.vcpus.no_memory |
				   proc.threads.no_memory | proc.dirs.no_memory;
	free(proc.vm_fds.items);
	free(proc.vcpus.items);
	free(proc.threads.items);
	free(proc.dirs.items);
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
	struct search search = { .scan = scan, .with_vcpus = with_vcpus };
	DIR *dir = host_file_dir("/proc");
	int pid;

	*scan = (struct vm_scan){ 0 };
	if (!dir)
		return false;
	while (next_number(dir, &pid))
		look_at_process(&search, pid);
	closedir(dir);
	scan->vms = search.vms.items;
	scan->nr = search.vms.nr;
	scan->no_memory |= search.vms.no_memory | search.dirs.no_memory;
	free(search.dirs.items);
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
