// SPDX-License-Identifier: GPL-2.0
/*
 * Asking as the host does: by the device, from a process that has no vCPU and
 * takes the VM's descriptor out of this one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "oracle.h"

struct order {
	int vm_fd;
	int vcpu_id;
};

struct answer {
	int err;		/* errno, or what the entry says */
	struct vcpu_info_host_vcpu entry;
};

static int asker_sock = -1;

static void ask(int device, const struct order *order, struct answer *answer)
{
	struct vcpu_info_host_sample sample = {
		.size = sizeof(sample),
		.flags = VCPU_INFO_SAMPLE_EVENT | VCPU_INFO_SAMPLE_COPY,
		.max_attempts = VCPU_INFO_MAX_ATTEMPTS,
		.nr_ids = 1,
		.nr_entries = 1,
		.entry_size = sizeof(answer->entry),
		.ids = (uintptr_t)&order->vcpu_id,
		.entries = (uintptr_t)&answer->entry,
	};

	memset(answer, 0, sizeof(*answer));
	sample.vm_fd = host_take_vm(getppid(), order->vm_fd);
	if (sample.vm_fd < 0 || ioctl(device, VCPU_INFO_HOST_IOC_SAMPLE, &sample))
		answer->err = errno;
	else if (sample.nr_done != 1)
		answer->err = ENODATA;
	else
		answer->err = -answer->entry.result;
	if (sample.vm_fd >= 0)
		close(sample.vm_fd);
}

static __noreturn void asker(int sock)
{
	struct order order;
	struct answer answer;
	int device;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	device = open(VCPU_INFO_HOST_DEV_PATH, O_RDWR | O_CLOEXEC);
	if (device < 0)
		die("%s: %s", VCPU_INFO_HOST_DEV_PATH, strerror(errno));
	while (read(sock, &order, sizeof(order)) == sizeof(order)) {
		ask(device, &order, &answer);
		if (write(sock, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

/* Before there are threads and VMs; requests are then made by it. */
void host_ask_begin(void)
{
	int socks[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		die("socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		close(socks[0]);
		asker(socks[1]);
	}
	close(socks[1]);
	asker_sock = socks[0];
	host.asks = true;
}

/* Have the host ask for a vCPU; false if that failed. */
bool host_ask(const struct vcpu *target, struct vcpu_info_host_vcpu *entry,
	      struct tally *tally)
{
	struct order order = { target->vm->fd, target->id };
	struct answer answer;

	tally->requests++;
	if (write(asker_sock, &order, sizeof(order)) != sizeof(order) ||
	    read(asker_sock, &answer, sizeof(answer)) != sizeof(answer))
		die("the process that asks has ended");
	*entry = answer.entry;
	if (answer.err)
		failed(tally, "asking for vCPU %d from the host: %s",
		       target->id, strerror(answer.err));

	return !answer.err;
}

static void check_same(struct tally *tally, const char *what, uint64_t entry,
		       uint64_t event)
{
	if (entry != event)
		failed(tally, "the host was told that %s is %#llx, the event has %#llx",
		       what, (unsigned long long)entry,
		       (unsigned long long)event);
}

/* What the host was told is what the event says; counts may be newer. */
void host_check_entry(const struct vcpu_info_host_vcpu *entry,
		      const struct record *rec, struct tally *tally)
{
	const uint64_t *counts = (const uint64_t *)&rec->counts;
	unsigned int i;

	check_same(tally, "vm_pid", entry->vm_pid, rec->vm_pid);
	check_same(tally, "vm_fd", entry->vm_fd, rec->vm_fd);
	check_same(tally, "vcpu_id", entry->vcpu_id, rec->vcpu_id);
	check_same(tally, "pid", entry->pid, rec->pid);
	check_same(tally, "ns_pid", entry->ns_pid, rec->ns_pid);
	check_same(tally, "ns_level", entry->ns_level, rec->ns_level);
	check_same(tally, "cpu", entry->cpu, rec->cpu);
	check_same(tally, "state", entry->state, rec->state);
	check_same(tally, "flags", entry->flags, rec->flags);
	check_same(tally, "attempts", entry->attempts, rec->attempts);
	check_same(tally, "valid", entry->valid, rec->valid);
	for (i = 0; i < NR_REGS; i++)
		check_same(tally, reg_names[i], entry->regs[i], rec->regs.r[i]);
	for (i = 0; i < NR_COUNTS_SHOWN; i++)
		if (entry->counts[i] < counts[i])
			check_same(tally, count_names[i], entry->counts[i],
				   counts[i]);
}

/* What a vCPU that stays in its VMM has left KVM_RUN for */
void host_check_exit(const struct vcpu_info_host_vcpu *entry,
		     const struct vcpu *target, struct tally *tally)
{
	const struct kvm_run *run = target->run;

	if (entry->state != VCPU_INFO_STATE_USER)
		return;
	if (!(entry->have & VCPU_INFO_HAVE_EXIT)) {
		failed(tally, "nothing is known of what vCPU %d left KVM_RUN for",
		       target->id);
		return;
	}
	check_same(tally, "exit_reason", entry->exit_reason, run->exit_reason);
	if (run->exit_reason != KVM_EXIT_IO)
		return;
	check_same(tally, "exit_flags", entry->exit_flags,
		   VCPU_INFO_EXIT_ADDR | VCPU_INFO_EXIT_PORT |
		   (run->io.direction == KVM_EXIT_IO_OUT ?
		    VCPU_INFO_EXIT_WRITE : 0));
	check_same(tally, "exit_len", entry->exit_len, run->io.size);
	check_same(tally, "exit_addr", entry->exit_addr, PORT_DONE);
}
