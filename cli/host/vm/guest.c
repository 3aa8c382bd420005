// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "exit-codes.h"
#include "introspect/remote.h"
#include "msg.h"
#include "vm/guest-child.h"
#include "vm/guest.h"
#include "vm/memory-process.h"

#define MAX_ATTEMPTS	16
#define MAX_LOOKS	8

/* One of the first vCPUs will do, and each look may take a tenth of a second. */
static int look_for_kernel(struct guest *guest)
{
	int looks = 0;

	for (size_t i = 0; i < guest->nr_vcpus && !guest->kernel &&
	     looks < MAX_LOOKS; i++) {
		struct guest_registers registers;

		if (!guest_registers(&guest->vcpus[i], &registers) ||
		    !guest_leads_to_kernel(&guest->vcpus[i]))
			continue;
		looks++;
		guest->error = guest_kernel_open(&guest->kernel, &guest->memory,
						 &registers);
	}
	return looks;
}

static bool any_runs(const struct guest *guest)
{
	for (size_t i = 0; i < guest->nr_vcpus; i++) {
		if (guest_runs(&guest->vcpus[i]))
			return true;
	}
	return false;
}

static void find_kernel(struct guest *guest)
{
	struct vcpu_info_host_vcpu *vcpus;
	size_t nr;

	guest->error = KERNEL_NO_PAGING;
	for (int i = 0; i < GUEST_ROOT_TRIES; i++) {
		if (look_for_kernel(guest) || !any_runs(guest))
			return;
		usleep(GUEST_ROOT_WAIT_MS * 1000);
		if (!remote_sample(guest->fd, -1, &vcpus, &nr))
			return;
		free(guest->vcpus);
		guest->vcpus = vcpus;
		guest->nr_vcpus = nr;
	}
}

bool guest_sample(struct guest *guest, int vcpu_id,
		  struct vcpu_info_host_vcpu *vcpu)
{
	struct vcpu_info_host_vcpu *vcpus;
	size_t nr;

	if (!remote_sample(guest->fd, vcpu_id, &vcpus, &nr))
		return false;
	*vcpu = vcpus[0];
	free(vcpus);
	return !vcpu->result;
}

bool guest_sample_stack(struct guest *guest, int vcpu_id,
			struct vcpu_info_host_vcpu *vcpu,
			struct vcpu_info_host_stack *stack)
{
	const struct guest_paging *paging;

	stack->len = 0;
	if (!guest->kernel)
		return guest_sample(guest, vcpu_id, vcpu);
	paging = &guest->kernel->paging;
	return remote_sample_stack(guest->fd, vcpu_id, paging->root, paging->levels,
				   vcpu, stack) && !vcpu->result;
}

/* One look: the parent's side. */
struct look {
	struct host_device *dev;
	const struct vm *vm;
	struct guest_memory memory;
};

static struct vm_sample sample_of(const struct look *look, const int *vcpu_id)
{
	return (struct vm_sample){
		.pid = look->vm->vmm.pid,
		.fd = look->vm->fd,
		.attempts = look->dev->max_attempts < MAX_ATTEMPTS ?
			    look->dev->max_attempts : MAX_ATTEMPTS,
		.ids = *vcpu_id < 0 ? NULL : vcpu_id,
		.nr_ids = *vcpu_id >= 0,
	};
}

static bool sample(void *arg, int vcpu_id, struct vcpu_info_host_vcpu **vcpus,
		   size_t *nr)
{
	struct look *look = arg;
	struct vm_sample all = sample_of(look, &vcpu_id);

	if (host_device_sample(look->dev, &all) != DEVICE_OK)
		return false;
	*vcpus = all.vcpus;
	*nr = all.nr;
	return true;
}

static bool sample_stack(void *arg, int vcpu_id, uint64_t root, int levels,
			 struct vcpu_info_host_vcpu *vcpu,
			 struct vcpu_info_host_stack *stack)
{
	struct look *look = arg;
	struct vm_sample one = sample_of(look, &vcpu_id);

	one.stack_root = root;
	one.stack_levels = levels;
	if (vcpu_id < 0 || host_device_sample(look->dev, &one) != DEVICE_OK)
		return false;
	if (one.nr)
		*vcpu = one.vcpus[0];
	if (one.nr && one.stacks)
		*stack = one.stacks[0];
	free(one.vcpus);
	free(one.stacks);
	return one.nr;
}

static int child(struct look *look, struct remote_client *client,
		 int (*call)(struct guest *guest, void *arg), void *arg)
{
	struct guest guest = {
		.vm = look->vm, .fd = client->fd, .memory = look->memory,
	};
	int exit_code = EXIT_FAILED;

	if (!guest_child_confine(guest.fd, GUEST_CHILD_SECONDS)) {
		msg_error("cannot give up privileges: %s", strerror(errno));
		return EXIT_FAILED;
	}
	guest.memory.read = remote_read;
	guest.memory.context = client;
	if (remote_sample(guest.fd, -1, &guest.vcpus, &guest.nr_vcpus)) {
		find_kernel(&guest);
		exit_code = call(&guest, arg);
	} else {
		msg_error("the vCPUs of the VM cannot be sampled");
	}
	guest_kernel_close(guest.kernel);
	free(guest.vcpus);
	return cmd_flush(exit_code);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILED;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	msg_error("the guest's memory could not be read to the end (%s)",
		  strsignal(WTERMSIG(status)));
	return EXIT_FAILED;
}

static void serve(struct remote_server *server)
{
	remote_serve(server);
}

/*
 * Until the child has ended; false if the VM's memory does not come. It may take as long
 * as it likes with all it reads, but not with one read.
 */
static bool wait_for_memory(struct remote_server *server, pid_t pid)
{
	struct pollfd end = {
		.fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN,
	};
	siginfo_t info = { 0 };
	uint32_t before = 0;
	bool came = true;

	while (came && !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid) {
		uint32_t reading = remote_reading(server);

		if (reading != before)
			server->stalls = 0;
		before = reading;
		came = !remote_stalls(server);
		if (came)
			poll(&end, 1, REMOTE_STALL_CHECK_MS);
	}
	if (end.fd >= 0)
		close(end.fd);
	return came;
}

static int wait_or_end(struct remote_server *server, const struct vm *vm, pid_t pid)
{
	bool came = wait_for_memory(server, pid);

	/* first: it has nothing to say of memory that it never got */
	if (!came)
		memory_process_end(pid);
	memory_process_end(server->reader);
	if (came)
		return wait_for(pid);
	msg_error("the memory of VM %d:%d does not arrive", vm->vmm.pid, vm->fd);
	return EXIT_FAILED;
}

static int run_child(struct look *look, struct remote_slot *shared,
		     int (*call)(struct guest *guest, void *arg), void *arg)
{
	struct remote_server server = {
		.pid = look->vm->vmm.pid, .slots = look->memory.slots,
		.nr_slots = look->memory.nr_slots, .sample = sample,
		.sample_stack = sample_stack, .arg = look, .shared = shared,
		.job = memory_process_share(sizeof(*server.job)),
	};
	struct remote_client client = { .by_socket = true, .shared = shared };
	int fds[2], exit_code = EXIT_FAILED;
	pid_t pid = -1;

	if (!server.job || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		msg_error("cannot make a socket: %s", strerror(errno));
		memory_process_unshare(server.job, sizeof(*server.job));
		return EXIT_FAILED;
	}
	fflush(stdout);
	fflush(stderr);
	server.fd = fds[0];
	server.reader = memory_process_start(&server, sizeof(*server.job),
					     look->dev->fd, serve);
	if (server.reader)
		pid = child_fork();
	if (!pid) {
		close(fds[0]);
		client.fd = fds[1];
		_exit(child(look, &client, call, arg));
	}
	if (pid < 0)
		msg_error("cannot fork: %s", strerror(errno));
	close(fds[0]);
	close(fds[1]);
	if (pid > 0)
		exit_code = wait_or_end(&server, look->vm, pid);
	else
		memory_process_end(server.reader);
	memory_process_unshare(server.job, sizeof(*server.job));
	return exit_code;
}

static int look_at(struct host_device *dev, const struct vm *vm,
		   int (*call)(struct guest *guest, void *arg), void *arg)
{
	struct look look = { .dev = dev, .vm = vm };
	struct vm_memory memory;
	struct remote_slot *shared;
	enum device_status status;
	int exit_code = EXIT_FAILED;

	status = host_device_memory(dev, vm->vmm.pid, vm->fd, &memory);
	if (status != DEVICE_OK)
		return host_device_report(status);
	shared = remote_share();
	if (shared && guest_child_slots(&memory, &look.memory))
		exit_code = run_child(&look, shared, call, arg);
	else
		msg_error("the VM's memory slots are invalid, or memory is exhausted");
	remote_unshare(shared);
	free(memory.slots);
	free(look.memory.slots);
	return exit_code;
}

static int look_at_each(struct host_device *dev, const struct select *select,
			const struct vm_scan *scan,
			int (*call)(struct guest *guest, void *arg), void *arg)
{
	int exit_code = EXIT_OK;
	bool any = false;

	for (size_t i = 0; i < scan->nr; i++) {
		const struct vm *vm = &scan->vms[i];
		int code;

		if (!select_has_vm(select, vm->vmm.pid, vm->fd, vm->vmm.vm.name,
				   vm->vmm.comm))
			continue;
		any = true;
		code = look_at(dev, vm, call, arg);
		if (code)
			exit_code = code;
	}
	if (!any)
		return vm_scan_report_none(select, scan->nr, scan->denied);
	if (select_report_missing(select, SELECT_HINT_VMS) && !exit_code)
		exit_code = EXIT_NO_VM;
	return exit_code;
}

int guest_each(const struct select *select,
	       int (*call)(struct guest *guest, void *arg), void *arg)
{
	enum device_status status;
	struct host_device dev;
	struct vm_scan scan;
	int exit_code;

	status = host_device_open(&dev);
	if (status != DEVICE_OK)
		return host_device_report(status);
	if (vm_scan_run(&scan)) {
		exit_code = look_at_each(&dev, select, &scan, call, arg);
		vm_scan_free(&scan);
	} else {
		msg_error("cannot read /proc");
		msg_hint("fix: mount -t proc none /proc");
		exit_code = EXIT_FAILED;
	}
	host_device_close(&dev);
	return exit_code;
}
