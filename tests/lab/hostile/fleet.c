// SPDX-License-Identifier: GPL-2.0
/*
 * fleet COMMAND N - hosts with many VMs, and VMs with many vCPUs
 *
 *   starve N   N VMs of another process are refused by the policy, which serves
 *              this one; each of its VMs that then ask once has to be served
 *   callers N  each of N vCPUs of a VM asks for the next one, all at once
 *   burst N    one of N vCPUs of a VM asks for all of them, until it is refused
 *   until N    a VM probes until it is answered -N, for a minute at the most
 *   policy N   a list of N processes and this one: in, out, all but these
 *   thread N   N VMs of this process, each made by a thread of its own; each asks
 *              once, and they stay until killed
 *   hold N     N processes, each a VM of eight vCPUs with a thread that has entered
 *              KVM_RUN once, until killed
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

/* tap.h has an ARRAY_SIZE and a __printf of its own, the same. */
#undef ARRAY_SIZE
#include "../guest/tap.h"

#define POLICY		"/sys/module/vcpu_info/parameters/policy"
#define POLICY_PIDS	"/sys/kernel/vcpu_info/policy_pids"
#define STACK		16384
#define VICTIMS		64
#define MOST_VCPUS	1024
#define HELD_VCPUS	8
#define ROUNDS		3

static struct vcpu *make_caller(struct vm *vm, int id)
{
	struct vcpu *caller = vm_add_vcpu(vm, id, -1);

	caller_setup(caller);
	return caller;
}

static struct vcpu **make_fleet(int nr)
{
	struct vcpu **fleet = calloc(nr, sizeof(*fleet));
	int i;

	if (!fleet)
		die("out of memory");
	for (i = 0; i < nr; i++)
		fleet[i] = make_caller(vm_create(MODE_64), 0);

	return fleet;
}

static long ask(struct vcpu *caller, int id)
{
	struct tally tally = { 0 };
	long answer;

	if (!request_raw(caller, host.hypercall_nr, id, &answer, &tally))
		die("a request failed: %s", tally.failure);

	return answer;
}

static int count_answers(struct vcpu **fleet, int nr, long want)
{
	int i, hits = 0;

	for (i = 0; i < nr; i++)
		hits += ask(fleet[i], 0) == want;

	return hits;
}

/* The refused: ask once, all of them, whenever told to. */
static void run_refused(int sock, int nr)
{
	struct vcpu **fleet = make_fleet(nr);
	char byte = 0;
	int hits;

	do {
		hits = count_answers(fleet, nr, -VCPU_INFO_HC_EACCES);
		if (write(sock, &hits, sizeof(hits)) != sizeof(hits))
			break;
	} while (read(sock, &byte, 1) == 1);
	exit(0);
}

static int fork_refused(int nr)
{
	int socks[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, socks))
		die("socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(socks[0]);
		run_refused(socks[1], nr);
	}
	close(socks[1]);

	return socks[0];
}

static void set_policy(const char *text)
{
	FILE *file = fopen(POLICY, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		die(POLICY ": %s", strerror(errno));
}

static void serve_only_us(void)
{
	char text[32];

	snprintf(text, sizeof(text), "pid:%d", getpid());
	set_policy(text);
}

static int all_refused(int sock)
{
	int hits;

	if (read(sock, &hits, sizeof(hits)) != sizeof(hits))
		die("the refused VMs have ended");

	return hits;
}

static void starve(int nr)
{
	int i, served, sock = fork_refused(nr);
	struct vcpu **victims = make_fleet(VICTIMS);

	all_refused(sock);
	serve_only_us();
	for (i = 0; i < ROUNDS; i++) {
		if (write(sock, "", 1) != 1)
			die("the refused VMs have ended");
		tap_is(all_refused(sock), nr, "the others are refused");
		served = count_answers(victims, VICTIMS, VCPU_INFO_HC_OK);
		tap_is(served, VICTIMS, "each admitted VM is served");
	}
	close(sock);
}

static void callers(int nr)
{
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *asking[VM_MAX_VCPUS];
	int i;

	for (i = 0; i < nr; i++)
		asking[i] = make_caller(vm, i);
	for (i = 0; i < nr; i++)
		note("vCPU %d is told %ld", i, ask(asking[i], i + 1));
	tap_ok(true, "%d vCPUs have asked", nr);
	vm_destroy(vm);
}

/* A vCPU that only exists; of these a VM may have as many as KVM allows. */
static int make_bare_vcpu(const struct vm *vm, int id)
{
	int fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);

	if (fd < 0)
		die("KVM_CREATE_VCPU %d: %s", id, strerror(errno));

	return fd;
}

static void burst(int nr)
{
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *caller = make_caller(vm, 0);
	int i, served = 0, bare[MOST_VCPUS];

	for (i = 1; i < nr; i++)
		bare[i] = make_bare_vcpu(vm, i);
	while (!ask(caller, served % nr))
		served++;
	tap_ok(true, "vCPU 0 asks until it is refused");
	note("burst served=%d", served);
	for (i = 1; i < nr; i++)
		close(bare[i]);
	vm_destroy(vm);
}

/* A process of its own in our memory: thousands of them are cheap. */
static int wait_to_be_killed(void *unused)
{
	(void)unused;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

static pid_t *make_processes(int nr)
{
	pid_t *pids = calloc(nr, sizeof(*pids));
	char *stacks = calloc(nr, STACK);
	int i;

	if (!pids || !stacks)
		die("out of memory");
	for (i = 0; i < nr; i++) {
		pids[i] = clone(wait_to_be_killed, stacks + (i + 1) * STACK,
				CLONE_VM | SIGCHLD, NULL);
		if (pids[i] < 0)
			die("clone: %s", strerror(errno));
	}

	return pids;
}

/* As many as fit into a page are written at once. */
static void edit_policy(const pid_t *pids, int nr, char sign)
{
	char text[4096];
	int i, len = 0;

	for (i = 0; i < nr; i++) {
		len += sprintf(text + len, "%s%cpid:%d", len ? "," : "", sign,
			       pids[i]);
		if (len > (int)sizeof(text) - 32 || i == nr - 1) {
			set_policy(text);
			len = 0;
		}
	}
}

static bool is_one_of(pid_t pid, const pid_t *pids, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (pids[i] == pid)
			return true;

	return false;
}

/* How many of the processes are on the list; -1 if any other is */
static int count_listed(const pid_t *pids, int nr)
{
	FILE *file = fopen(POLICY_PIDS, "r");
	int pid, hits = 0;

	if (!file)
		die(POLICY_PIDS ": %s", strerror(errno));
	while (hits >= 0 && fscanf(file, "%d", &pid) == 1)
		hits = is_one_of(pid, pids, nr) ? hits + 1 : -1;
	fclose(file);

	return hits;
}

static void policy(int nr)
{
	struct vcpu *caller = make_caller(vm_create(MODE_64), 0);
	pid_t *pids = make_processes(nr), us = getpid();
	int i;

	set_policy("none");
	edit_policy(pids, nr, '+');
	tap_is(count_listed(pids, nr), nr, "the list has all processes");
	tap_is(ask(caller, 0), -VCPU_INFO_HC_EACCES, "another is refused");
	edit_policy(&us, 1, '+');
	tap_is(ask(caller, 0), VCPU_INFO_HC_OK, "until it is added");
	edit_policy(&us, 1, '-');
	tap_is(ask(caller, 0), -VCPU_INFO_HC_EACCES, "or taken away again");
	tap_is(count_listed(pids, nr), nr, "which is all that changed");

	set_policy("all");
	edit_policy(pids, nr, '-');
	tap_is(count_listed(pids, nr), nr, "the list of who is refused, too");
	tap_is(ask(caller, 0), VCPU_INFO_HC_OK, "another is served");
	edit_policy(&us, 1, '-');
	tap_is(ask(caller, 0), -VCPU_INFO_HC_EACCES, "until it is listed");
	for (i = 0; i < nr; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	tap_is(count_listed(&us, 1), 1, "who has ended is off the list");
	set_policy("all");
	tap_is(ask(caller, 0), VCPU_INFO_HC_OK, "all are served again");
}

static void *make_and_stay(void *ready)
{
	struct vm *vm = vm_create(MODE_64);

	if (write(*(int *)ready, &vm, sizeof(vm)) != sizeof(vm))
		die("the pipe is closed");
	for (;;)
		pause();
	return NULL;
}

static void made_by_threads(int nr)
{
	pthread_t thread;
	struct vm *vm;
	int ready[2];

	if (pipe(ready))
		die("pipe: %s", strerror(errno));
	while (nr--) {
		if (pthread_create(&thread, NULL, make_and_stay, &ready[1]) ||
		    read(ready[0], &vm, sizeof(vm)) != sizeof(vm))
			die("a thread makes no VM");
		printf("made fd=%d answer=%ld\n", vm->fd,
		       ask(make_caller(vm, nr), nr));
	}
	fflush(stdout);
	for (;;)
		pause();
}

/* So that it has a thread. */
static void enter_once(int fd)
{
	size_t size = ioctl(host.kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
				   fd, 0);

	if (run == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	run->immediate_exit = 1;
	if (!ioctl(fd, KVM_RUN, 0) || errno != EINTR)
		die("KVM_RUN: %s", strerror(errno));
	munmap(run, size);
}

/* As a VMM that has just begun. */
static void hold_one(int ready)
{
	struct vm vm = { .fd = ioctl(host.kvm_fd, KVM_CREATE_VM, 0) };
	int i;

	if (vm.fd < 0)
		die("KVM_CREATE_VM: %s", strerror(errno));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < HELD_VCPUS; i++)
		enter_once(make_bare_vcpu(&vm, i));
	if (write(ready, "", 1) != 1)
		exit(1);
	for (;;)
		pause();
}

static void hold(int nr)
{
	int ready[2], i;
	char byte;

	if (pipe(ready))
		die("pipe: %s", strerror(errno));
	for (i = 0; i < nr; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (!pid)
			hold_one(ready[1]);
	}
	close(ready[1]);
	for (i = 0; i < nr; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("only %d VMs could be made", i);
	puts("held");
	fflush(stdout);
	for (;;)
		pause();
}

static void until(long want)
{
	struct vcpu *caller = make_caller(vm_create(MODE_64), 0);
	const struct timespec pause = { .tv_nsec = 20000000 };
	int tries = 3000;

	while (tries-- && ask(caller, VCPU_INFO_PROBE_ID) != want)
		nanosleep(&pause, NULL);
	tap_ok(tries >= 0, "a VM is answered %ld", want);
}

static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("setrlimit: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: fleet starve|callers|burst|until|policy|thread|hold N");
	allow_many_files();
	host_open_any();
	bind_to_cpu(host.cpus[0]);
	if (!strcmp(argv[1], "starve")) {
		starve(parse_number(argv[2], 1, 4096));
		return tap_done();
	}
	if (!strcmp(argv[1], "callers"))
		callers(parse_number(argv[2], 1, VM_MAX_VCPUS));
	else if (!strcmp(argv[1], "until"))
		until(-parse_number(argv[2], 0, 4095));
	else if (!strcmp(argv[1], "thread"))
		made_by_threads(parse_number(argv[2], 1, 64));
	else if (!strcmp(argv[1], "hold"))
		hold(parse_number(argv[2], 1, 4096));
	else if (!strcmp(argv[1], "policy"))
		policy(parse_number(argv[2], 1, 4095));
	else if (!strcmp(argv[1], "burst"))
		burst(parse_number(argv[2], 1, MOST_VCPUS));
	else
		die("no such command: %s", argv[1]);

	return tap_done();
}
