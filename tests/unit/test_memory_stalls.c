// SPDX-License-Identifier: GPL-2.0
/*
 * VMs whose memory does not arrive: their VMM has it taken away, and brings none of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "child.h"
#include "exit-codes.h"
#include "fake-vm.h"
#include "host-file.h"
#include "signals.h"
#include "support.h"
#include "trace-time.h"
#include "vm/guest.h"
#include "vm/guest-child.h"
#include "wraps.h"

static pid_t other_vmm;
static struct guest_look look;

/* A VMM that has all memory taken away, and nobody who brings it again */
static bool take_away(const struct guest_slot *slot)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	uint64_t first = (slot->where + GUEST_PAGE_SIZE - 1) & -GUEST_PAGE_SIZE;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { first, (slot->where + slot->size - first) & -GUEST_PAGE_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	return fd >= 0 && !ioctl(fd, UFFDIO_API, &api) &&
	       !ioctl(fd, UFFDIO_REGISTER, &range) &&
	       !madvise((void *)(uintptr_t)first, range.range.len, MADV_DONTNEED);
}

static void run_vmm(int ready)
{
	struct guest_memory memory = { 0 };
	bool done = true;

	fake_slots(&fake_vm.guest, &memory);
	for (size_t i = 0; i < memory.nr_slots; i++)
		done = done && take_away(&memory.slots[i]);
	if (write(ready, &done, sizeof(done)) == sizeof(done))
		pause();
	_exit(0);
}

/* Whether there is such a VMM; root's children may read each other's memory. */
static bool start_vmm(void)
{
	bool done = false;
	int fds[2];

	if (geteuid() || pipe(fds))
		return false;
	other_vmm = child_fork();
	if (!other_vmm)
		run_vmm(fds[1]);
	assert_int_equal(read(fds[0], &done, sizeof(done)), sizeof(done));
	close(fds[0]);
	close(fds[1]);
	return done;
}

static void end_vmm(void)
{
	if (other_vmm > 0) {
		kill(other_vmm, SIGKILL);
		waitpid(other_vmm, NULL, 0);
	}
	other_vmm = 0;
}

static const char *look_at(struct guest_names *names, int vm_pid, int vm_fd)
{
	struct vcpu_info_host_vcpu vcpu = fake_vm_vcpu(1);
	const struct guest_vcpu of = { .vm_pid = vm_pid, .vm_fd = vm_fd,
				       .vcpu = &vcpu };

	return guest_names_look(names, &of, true, &look);
}

#define STALLED	"the guest's memory does not arrive"

/*
 * Memory that does not arrive: that VM is given up for a while, with a reason; others are
 * read; signals are heard meanwhile; and no process is left.
 */
static void memory_does_not_arrive(void **state)
{
	struct guest_names *names;
	pid_t sender;
	int asked;

	(void)state;
	fake_linux_make(&fake_vm.guest, FAKE_6_1, 0);
	fake_vm.now = 1000 * NS_PER_SEC;
	names = guest_names_new_of(&fake_vm_source, 0);
	if (!start_vmm()) {
		end_vmm();
		guest_names_free(names);
		fake_linux_free(&fake_vm.guest);
		print_message("# not root, or no userfaultfd: skipped\n");
		skip();
	}
	signals_catch();
	/* if it waits for ever, this ends the test */
	alarm(60);
	assert_null(look_at(names, getpid(), 10));
	assert_string_equal(look_at(names, other_vmm, 10), STALLED);
	asked = fake_vm.memory_asked;
	assert_string_equal(look_at(names, other_vmm, 10), STALLED);
	assert_int_equal(fake_vm.memory_asked, asked);
	assert_null(look_at(names, getpid(), 10));
	assert_true(look.stack.nr > 0);

	/* after a minute it is tried again; two signals end the wait at once */
	fake_vm.now += 120 * NS_PER_SEC;
	sender = child_fork();
	if (!sender) {
		for (int i = 0; i < 2; i++) {
			usleep(200000);
			kill(getppid(), SIGTERM);
		}
		_exit(0);
	}
	assert_string_not_equal(look_at(names, other_vmm, 10), STALLED);
	assert_true(fake_vm.memory_asked > asked);
	assert_true(signals_want_abort());
	alarm(0);
	signals_catch();
	waitpid(sender, NULL, 0);
	guest_names_free(names);
	fake_linux_free(&fake_vm.guest);
	end_vmm();
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

enum device_status __wrap_host_device_open(struct host_device *dev)
{
	*dev = (struct host_device){ .fd = -1, .max_attempts = 1, .max_ids = 1 };
	return DEVICE_OK;
}

enum device_status __wrap_host_device_sample(struct host_device *dev,
					     struct vm_sample *sample)
{
	(void)dev;
	sample->vcpus = malloc(sizeof(*sample->vcpus));
	sample->vcpus[0] = fake_vm_vcpu(1);
	sample->nr = 1;
	return DEVICE_OK;
}

enum device_status __wrap_host_device_memory(struct host_device *dev, int pid, int fd,
					     struct vm_memory *memory)
{
	struct guest_memory slots = { 0 };

	(void)dev;
	(void)pid;
	(void)fd;
	fake_slots(&fake_vm.guest, &slots);
	memory->nr = slots.nr_slots;
	memory->slots = calloc(slots.nr_slots, sizeof(*memory->slots));
	for (size_t i = 0; i < slots.nr_slots; i++)
		memory->slots[i] = (struct vcpu_info_host_memslot){
			.base_gfn = slots.slots[i].base / GUEST_PAGE_SIZE,
			.npages = slots.slots[i].size / GUEST_PAGE_SIZE,
			.userspace_addr = slots.slots[i].where,
		};
	free(slots.slots);
	return DEVICE_OK;
}

static int print_kernel(struct guest *guest, void *arg)
{
	(void)arg;
	printf("VM %s: %s\n", guest->vm->vmm.comm,
	       guest->kernel ? "kernel" : guest_kernel_strerror(guest->error));
	return EXIT_OK;
}

static int each_guest(void *arg)
{
	return guest_each(arg, print_kernel, NULL);
}

/* The same for 'stack', 'dmesg' and 'symbols': the next VM is read all the same. */
static void next_guest_is_read(void **state)
{
	const struct select all = { 0 };
	char *root = tree_make(), path[64], message[80];
	struct captured cap;
	pid_t vmm;
	bool stalls;

	(void)state;
	fake_linux_make(&fake_vm.guest, FAKE_6_1, 0);
	stalls = start_vmm();
	/* a later one, for VMs go by PID */
	vmm = stalls ? child_fork() : getpid();
	if (!vmm) {
		pause();
		_exit(0);
	}
	for (int i = stalls ? 0 : 1; i < 2; i++) {
		int pid = i ? vmm : other_vmm;

		tree_process(root, pid, i ? "web" : "stalls", "", 1);
		snprintf(path, sizeof(path), "/proc/%d/fd/14", pid);
		tree_link(root, path, "anon_inode:kvm-vm");
	}
	host_file_set_root(root);
	alarm(60);
	cap = capture(each_guest, (void *)&all);
	alarm(0);
	host_file_set_root("");
	assert_string_equal(cap.out, "VM web: kernel\n");
	snprintf(message, sizeof(message),
		 "vcpu-info: the memory of VM %d:14 does not arrive\n", other_vmm);
	assert_string_equal(cap.err, stalls ? message : "");
	assert_int_equal(cap.ret, stalls ? EXIT_FAILED : EXIT_OK);
	captured_free(&cap);
	end_vmm();
	if (stalls) {
		kill(vmm, SIGKILL);
		waitpid(vmm, NULL, 0);
	}
	fake_linux_free(&fake_vm.guest);
	tree_remove(root);
	if (!stalls) {
		print_message("# not root, or no userfaultfd: skipped\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_does_not_arrive),
		cmocka_unit_test(next_guest_is_read),
	};

	return cmocka_run_group_tests_name("memory_stalls", tests, NULL, NULL);
}
