// SPDX-License-Identifier: GPL-2.0
/*
 * device_errors - what is wrong is refused by the host's device, with the errno
 * that vcpu_info(4) has; and what is right is served
 */
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "sampler.h"

static void expect(const char *what, int got, int want)
{
	if (!tap_ok(got == want, "%s: %s", what, strerrorname_np(want) ?: "0"))
		note("it is %s", strerrorname_np(got) ?: "0");
}

static void sample_with(const char *what, int want,
			void (*change)(struct vcpu_info_host_sample *args),
			int vm_fd)
{
	static struct vcpu_info_host_vcpu entries[NR_TARGETS];
	struct vcpu_info_host_sample args = sample_args(vm_fd, entries,
							NR_TARGETS);

	change(&args);
	expect(what, call(VCPU_INFO_HOST_IOC_SAMPLE, &args), want);
}

static void change_nothing(struct vcpu_info_host_sample *args)
{
	(void)args;
}

#define CHANGE(name, statement)						\
	static void change_##name(struct vcpu_info_host_sample *args)	\
	{								\
		statement;						\
	}

CHANGE(size, args->size = 3)
CHANGE(huge, args->size = 5000)
CHANGE(flags, args->flags |= 16)
CHANGE(no_flags, args->flags = 0)
CHANGE(counts_event, args->flags |= VCPU_INFO_SAMPLE_COUNTS)
CHANGE(event_room, args->flags = VCPU_INFO_SAMPLE_EVENT)
CHANGE(reserved, args->reserved = 1)
CHANGE(attempts, args->max_attempts = 0)
CHANGE(attempts_many, args->max_attempts = VCPU_INFO_MAX_ATTEMPTS + 1)
CHANGE(ids_many, args->nr_ids = VCPU_INFO_HOST_MAX_IDS + 1)
CHANGE(ids_null, args->nr_ids = 1)
CHANGE(entries_null, args->entries = 0)
CHANGE(entries_kernel, args->entries = KERNEL_ADDRESS)
CHANGE(entry_size, args->entry_size = 0)
CHANGE(reserved2, args->reserved2 = 1)
CHANGE(root_alone, args->stack_root = 0x1000)
CHANGE(levels_alone, args->stack_levels = 4)

static struct vcpu_info_host_stack stacks[NR_TARGETS];

static void ask_for_stacks(struct vcpu_info_host_sample *args)
{
	args->flags |= VCPU_INFO_SAMPLE_STACK;
	args->stacks = (uintptr_t)stacks;
	args->stack_levels = 4;
	args->stack_root = 0x1000;
}

#define CHANGE_STACK(name, statement)					\
	CHANGE(name, ask_for_stacks(args); statement)

CHANGE_STACK(stacks, args->reserved = 0)
CHANGE_STACK(stacks_5, args->stack_levels = 5)
CHANGE_STACK(stacks_high, args->stack_root = 0xfffffffffffff000)
CHANGE_STACK(stacks_odd, args->stack_root = 0x1008)
CHANGE_STACK(stacks_3, args->stack_levels = 3)
CHANGE_STACK(stacks_counts, args->flags |= VCPU_INFO_SAMPLE_COUNTS)
CHANGE_STACK(stacks_no_copy, args->flags = VCPU_INFO_SAMPLE_STACK |
					   VCPU_INFO_SAMPLE_EVENT)
CHANGE_STACK(stacks_null, args->stacks = 0)
CHANGE_STACK(stacks_kernel, args->stacks = KERNEL_ADDRESS)

static void errors_of_arguments(int vm_fd)
{
	sample_with("a good call", 0, change_nothing, vm_fd);
	sample_with("size below itself", EINVAL, change_size, vm_fd);
	sample_with("size above a page", E2BIG, change_huge, vm_fd);
	sample_with("an unknown flag", EINVAL, change_flags, vm_fd);
	sample_with("no flag", EINVAL, change_no_flags, vm_fd);
	sample_with("counts and event", EINVAL, change_counts_event, vm_fd);
	sample_with("event, with room", EINVAL, change_event_room, vm_fd);
	sample_with("reserved not 0", EINVAL, change_reserved, vm_fd);
	sample_with("no attempts", EINVAL, change_attempts, vm_fd);
	sample_with("17 attempts", EINVAL, change_attempts_many, vm_fd);
	sample_with("4097 ids", EINVAL, change_ids_many, vm_fd);
	sample_with("ids at NULL", EFAULT, change_ids_null, vm_fd);
	sample_with("entries at NULL", EFAULT, change_entries_null, vm_fd);
	sample_with("entries in the kernel", EFAULT, change_entries_kernel,
		    vm_fd);
	sample_with("entries of size 0", EINVAL, change_entry_size, vm_fd);
	sample_with("reserved2 not 0", EINVAL, change_reserved2, vm_fd);
	sample_with("a stack's root, and no stack", EINVAL, change_root_alone,
		    vm_fd);
	sample_with("levels, and no stack", EINVAL, change_levels_alone, vm_fd);
	stacks[0].address = 1;
	stacks[0].len = 1;
	sample_with("stacks", 0, change_stacks, vm_fd);
	tap_ok(!stacks[0].address && !stacks[0].len,
	       "a vCPU that does not run has none");
	sample_with("stacks, with five levels", 0, change_stacks_5, vm_fd);
	sample_with("stacks, with a root that is no memory", 0,
		    change_stacks_high, vm_fd);
	sample_with("a root in the midst of a page", EINVAL, change_stacks_odd,
		    vm_fd);
	sample_with("three levels", EINVAL, change_stacks_3, vm_fd);
	sample_with("stacks and counts", EINVAL, change_stacks_counts, vm_fd);
	sample_with("stacks, and nothing is copied", EINVAL,
		    change_stacks_no_copy, vm_fd);
	sample_with("stacks at NULL", EFAULT, change_stacks_null, vm_fd);
	sample_with("stacks in the kernel", EFAULT, change_stacks_kernel, vm_fd);
	expect("an unknown command",
	       call(_IOWR(VCPU_INFO_IOC_MAGIC, 67, __u32), NULL), ENOTTY);
	expect("arguments at NULL", call(VCPU_INFO_HOST_IOC_INFO, NULL),
	       EFAULT);
}

static void errors_of_descriptors(const struct vm *vm)
{
	struct vcpu_info_host_memslots slots = {
		.size = sizeof(slots),
		.entry_size = sizeof(struct vcpu_info_host_memslot),
	};
	int pipes[2];

	if (pipe(pipes))
		die("pipe: %s", strerror(errno));
	sample_with("no descriptor", EBADF, change_nothing, -1);
	sample_with("a pipe", EINVAL, change_nothing, pipes[0]);
	sample_with("/dev/kvm", EINVAL, change_nothing, host.kvm_fd);
	sample_with("a vCPU", EINVAL, change_nothing, vm->vcpus[0].fd);
	sample_with("the device itself", EINVAL, change_nothing, device);
	slots.vm_fd = pipes[0];
	expect("the memory of a pipe",
	       call(VCPU_INFO_HOST_IOC_MEMSLOTS, &slots), EINVAL);
	close(pipes[0]);
	close(pipes[1]);
}

/* A structure that is longer than ours, and one that is shorter */
static void errors_of_versions(int vm_fd)
{
	struct {
		struct vcpu_info_host_sample args;
		uint64_t more;
	} newer = { sample_args(vm_fd, NULL, 0), 0 };
	struct {
		struct vcpu_info_host_vcpu entry;
		uint64_t more;
	} entry = { .more = 7 };
	struct { uint32_t size, abi_version; } older = { 8, 0 };
	int32_t ids[2] = { 0, 12345 };
	struct { int32_t id, result; } shorts[2] = { 0 };

	newer.args.size = sizeof(newer);
	newer.args.entries = (uintptr_t)&entry;
	newer.args.nr_entries = 1;
	newer.args.entry_size = sizeof(entry);
	expect("a newer program", call(VCPU_INFO_HOST_IOC_SAMPLE, &newer), 0);
	tap_ok(newer.args.nr_done == 1 && entry.entry.vm_pid == getpid() &&
	       entry.more == 7, "it gets what the module knows, and no more");
	newer.more = 1;
	expect("what the module does not know",
	       call(VCPU_INFO_HOST_IOC_SAMPLE, &newer), E2BIG);
	expect("an older program", call(VCPU_INFO_HOST_IOC_INFO, &older), 0);
	tap_ok(older.abi_version == VCPU_INFO_ABI_VERSION,
	       "it gets what it knows");
	newer.more = 0;
	newer.args.nr_ids = 2;
	newer.args.nr_entries = 2;
	newer.args.ids = (uintptr_t)ids;
	newer.args.entries = (uintptr_t)shorts;
	newer.args.entry_size = sizeof(shorts[0]);
	expect("short entries, one of no vCPU",
	       call(VCPU_INFO_HOST_IOC_SAMPLE, &newer), 0);
	tap_ok(newer.args.nr_done == 2 && !shorts[0].id && !shorts[0].result &&
	       shorts[1].id == 12345 && shorts[1].result == -ENOENT,
	       "the one is there, the other is -ENOENT");
}

/* The memory of one VM, as it was set up */
static void check_memslots(const struct vm *vm)
{
	struct vcpu_info_host_memslot entries[8] = { 0 };
	struct vcpu_info_host_memslots slots = {
		.size = sizeof(slots),
		.vm_fd = vm->fd,
		.entry_size = sizeof(entries[0]),
		.nr_entries = 8,
		.entries = (uintptr_t)entries,
	};
	struct kvm_userspace_memory_region none = { .slot = 1 };
	uint64_t generation;

	expect("memslots", call(VCPU_INFO_HOST_IOC_MEMSLOTS, &slots), 0);
	tap_ok(slots.nr_entries >= 2 && slots.nr_spaces == 2 &&
	       !entries[0].base_gfn && !entries[0].as_id &&
	       entries[0].npages == VM_MEM_SIZE / PAGE &&
	       entries[0].userspace_addr == (uintptr_t)vm->mem &&
	       entries[1].base_gfn == VM_TRAP_GPA / PAGE &&
	       entries[1].userspace_addr == (uintptr_t)vm->trap,
	       "they are those that the VMM made");
	generation = slots.generation[0];
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &none))
		die("a slot cannot be removed: %s", strerror(errno));
	slots.nr_entries = 1;
	expect("memslots, with room for one",
	       call(VCPU_INFO_HOST_IOC_MEMSLOTS, &slots), 0);
	tap_ok(slots.nr_entries >= 1 && slots.generation[0] != generation,
	       "a change shows");
}

static void drop_capabilities(unsigned int keep)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };

	data[keep / 32].effective = 1U << keep % 32;
	data[keep / 32].permitted = data[keep / 32].effective;
	if (syscall(SYS_capset, &header, data))
		die("capset: %s", strerror(errno));
}

static int open_with_capability(unsigned int capability)
{
	int status, fd;
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		drop_capabilities(capability);
		fd = open(VCPU_INFO_HOST_DEV_PATH, O_RDWR);
		_exit(fd < 0 ? errno : 0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die("a child is lost");

	return WEXITSTATUS(status);
}

static void check_32_bits(int vm_fd)
{
	struct low {
		struct vcpu_info_host_sample args;
		struct vcpu_info_host_vcpu entries[NR_TARGETS];
	} *low = low_memory(sizeof(*low));

	low->args = sample_args(vm_fd, low->entries, NR_TARGETS);
	expect("a call of a 32-bit program",
	       call32(VCPU_INFO_HOST_IOC_SAMPLE, low), 0);
	tap_ok(low->args.nr_done == NR_TARGETS &&
	       low->entries[1].vcpu_id == 2 && low->entries[1].index == 1,
	       "it gets all vCPUs");
	munmap(low, sizeof(*low));
}

int main(void)
{
	struct vcpu_info_host_info info = { .size = sizeof(info) };
	struct vm *vm, *empty;
	int dead;

	begin();
	dead = dead_vm();
	vm = make_vm(NR_TARGETS);
	empty = vm_create(MODE_64);
	expect("info", call(VCPU_INFO_HOST_IOC_INFO, &info), 0);
	tap_ok(info.abi_version == VCPU_INFO_ABI_VERSION &&
	       info.vcpu_size == sizeof(struct vcpu_info_host_vcpu) &&
	       info.flags == (VCPU_INFO_HOST_CAN_SAMPLE |
			      VCPU_INFO_HOST_CAN_MEMSLOTS |
			      VCPU_INFO_HOST_CAN_STACK) &&
	       !info.missing[0], "it says what the module can");
	errors_of_arguments(vm->fd);
	errors_of_descriptors(vm);
	errors_of_versions(vm->fd);
	check_32_bits(vm->fd);
	check_memslots(vm);
	sample_with("a VM without vCPUs", 0, change_nothing, empty->fd);
	sample_with("a VM whose VMM is gone", EIO, change_nothing, dead);
	expect("open with CAP_PERFMON", open_with_capability(CAP_PERFMON), 0);
	expect("open with CAP_SYS_ADMIN", open_with_capability(CAP_SYS_ADMIN),
	       0);
	expect("open with CAP_SYS_PTRACE alone",
	       open_with_capability(CAP_SYS_PTRACE), EPERM);
	close(dead);
	vm_destroy(empty);
	vm_destroy(vm);

	return tap_done();
}
