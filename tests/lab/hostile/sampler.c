// SPDX-License-Identifier: GPL-2.0
/*
 * sampler COMMAND [N] - the host's device, used in all the wrong ways, and VMs that
 * do not notice
 *
 *   quiet N    N samples of a halted vCPU leave it asleep
 *   fuzz N     N random ioctls: every errno is a documented one
 *   gone N     N VMs that change, end and are killed while two processes sample
 *   stopped N  N times a process that samples is stopped, by a signal, the freezer
 *              and its quota of CPU time, and the vCPU runs on
 *   watch PID FD  sample that VM until it is gone, whether the module is there or
 *              not; says how often
 */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "sampler.h"

/* quiet: a vCPU that is asleep stays so */

/* How often a thread was put on a CPU, and left it */
static void thread_switches(const struct vcpu *vcpu, char *buf, size_t size)
{
	char path[64], status[4096], *line;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", vcpu->vm->pid,
		 vcpu->tid.pid);
	if (!read_file(path, status, sizeof(status)))
		die("%s: %s", path, strerror(errno));
	line = strstr(status, "voluntary_ctxt_switches:");
	snprintf(buf, size, "%s", line ?: "none");
}

static void cmd_quiet(int count)
{
	struct vcpu_info_host_vcpu first, last;
	struct vcpu_info_host_sample args;
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *vcpu = vm_add_vcpu(vm, 0, host.cpus[1]);
	char before[128], after[128];
	int i, halted = 0;

	vcpu_begin(vcpu);
	prog_add(&vcpu->prog, OP_HLT, 0, 0);
	prog_add(&vcpu->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, true);
	vcpu_start(vcpu);
	if (!poll_for(vcpu_blocked, vcpu))
		die("the vCPU does not halt");
	args = sample_args(vm->fd, &first, 1);
	if (call(VCPU_INFO_HOST_IOC_SAMPLE, &args))
		die("the first sample: %s", strerror(errno));
	thread_switches(vcpu, before, sizeof(before));
	for (i = 0; i < count; i++) {
		args = sample_args(vm->fd, &last, 1);
		if (call(VCPU_INFO_HOST_IOC_SAMPLE, &args))
			break;
		halted += last.state == VCPU_INFO_STATE_HALTED;
	}
	thread_switches(vcpu, after, sizeof(after));
	tap_ok(halted == count, "%d samples of a halted vCPU", count);
	tap_ok(!memcmp(first.counts, last.counts, sizeof(last.counts)),
	       "none of its %d counts has moved: exits %llu, halt_wakeup %llu",
	       VCPU_INFO_NR_COUNTS, last.counts[VCPU_INFO_COUNT_EXITS],
	       last.counts[VCPU_INFO_COUNT_HALT_WAKEUP]);
	tap_ok(!strcmp(before, after), "its thread was not switched to");
	vm_destroy(vm);
}

/* fuzz: what no program would do */

struct fuzz {
	struct vm *vm;
	int dead, pipe, closed;
	uint8_t *low;		/* two pages, then one that cannot be touched */
	unsigned long calls, served, results[134];
};

static uint32_t odd(void)
{
	static const uint32_t values[] = {
		0, 1, 2, 3, 4, 7, 8, 16, 17, 40, 56, 64, 600, 4095, 4096, 4097,
		0x7fffffff, 0x80000000, 0xffffffff,
	};
	uint64_t bits = random64();

	return bits & 0x100 ? values[(bits >> 9) % ARRAY_SIZE(values)] :
			      (uint32_t)(bits >> 32);
}

static int fuzz_fd(const struct fuzz *fuzz)
{
	switch (random64() >> 32 & 15) {
	case 0: return fuzz->dead;
	case 1: return fuzz->pipe;
	case 2: return fuzz->closed;
	case 3: return host.kvm_fd;
	case 4: return fuzz->vm->vcpus[0].fd;
	case 5: return device;
	case 6: return odd();
	default: return fuzz->vm->fd;
	}
}

static uint64_t fuzz_address(const struct fuzz *fuzz)
{
	switch (random64() >> 32 & 15) {
	case 0: return 0;
	case 1: return KERNEL_ADDRESS;
	case 2: return (uintptr_t)fuzz->low + 2 * PAGE;
	case 3: return (uintptr_t)fuzz->low + 2 * PAGE - 8;
	case 4: return 1ULL << 63 | odd();
	default: return (uintptr_t)fuzz->low + PAGE + 8 * (odd() % 8);
	}
}

static void fuzz_sample(const struct fuzz *fuzz,
			struct vcpu_info_host_sample *args)
{
	*args = sample_args(fuzz_fd(fuzz), NULL, 3);
	args->entries = fuzz_address(fuzz);
	if (random64() & 0x1000)
		args->flags = random64() >> 32 & 15;
	if (random64() & 0x1000) {
		args->flags |= VCPU_INFO_SAMPLE_STACK;
		args->stacks = fuzz_address(fuzz);
		args->stack_root = random64() & ~(PAGE - 1ULL);
		args->stack_levels = 4 + odd() % 3;
	}
	if (random64() & 0x1000)
		args->ids = fuzz_address(fuzz);
	if (random64() & 0x1000)
		args->nr_ids = odd() % 5;
}

static void fuzz_memslots(const struct fuzz *fuzz,
			  struct vcpu_info_host_memslots *args)
{
	*args = (struct vcpu_info_host_memslots) {
		.size = sizeof(*args),
		.vm_fd = fuzz_fd(fuzz),
		.entry_size = sizeof(struct vcpu_info_host_memslot),
		.nr_entries = odd() % 9,
		.entries = fuzz_address(fuzz),
	};
}

static void fuzz_one(struct fuzz *fuzz)
{
	static const unsigned long cmds[] = {
		VCPU_INFO_HOST_IOC_SAMPLE, VCPU_INFO_HOST_IOC_MEMSLOTS,
		VCPU_INFO_HOST_IOC_INFO, VCPU_INFO_HOST_IOC_SAMPLE,
	};
	uint64_t bits = random64();
	unsigned long cmd = cmds[bits & 3];
	uint32_t *args = (uint32_t *)fuzz->low;
	int i, err;

	memset(args, 0, 512);
	args[0] = sizeof(struct vcpu_info_host_info);
	if (cmd == VCPU_INFO_HOST_IOC_SAMPLE)
		fuzz_sample(fuzz, (void *)args);
	else if (cmd == VCPU_INFO_HOST_IOC_MEMSLOTS)
		fuzz_memslots(fuzz, (void *)args);
	for (i = bits >> 8 & 3; i > 1; i--)
		args[random64() % 10] = odd();	/* no address: it may be ours */
	if (!(bits >> 12 & 63))
		cmd = bits >> 32;
	if (!(bits >> 18 & 63))
		args = (void *)(uintptr_t)fuzz_address(fuzz);
	err = bits & 1UL << 24 && (uintptr_t)args >> 32 == 0 ?
	      call32(cmd, args) : call(cmd, args);
	fuzz->calls++;
	fuzz->served += !err && cmd == VCPU_INFO_HOST_IOC_SAMPLE;
	fuzz->results[err < 134 ? err : 133]++;
}

static void fuzz_report(const struct fuzz *fuzz)
{
	static const int allowed[] = {
		0, EBADF, EFAULT, EINVAL, EIO, ENOTTY, E2BIG,
	};
	unsigned long known = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(allowed); i++) {
		known += fuzz->results[allowed[i]];
		if (!tap_ok(fuzz->results[allowed[i]], "fuzz: some end with %s",
			    strerrorname_np(allowed[i]) ?: "0"))
			note("of %lu", fuzz->calls);
	}
	tap_ok(known == fuzz->calls, "fuzz: all of %lu with one of these",
	       fuzz->calls);
	tap_ok(fuzz->served, "fuzz: %lu samples were served", fuzz->served);
}

static void cmd_fuzz(int count)
{
	struct fuzz fuzz = { .closed = -1 };
	int pipes[2], i;

	fuzz.dead = dead_vm();
	fuzz.vm = make_vm(NR_TARGETS);
	fuzz.low = low_memory(3 * PAGE);
	if (pipe(pipes) || mprotect(fuzz.low + 2 * PAGE, PAGE, PROT_NONE))
		die("cannot set up: %s", strerror(errno));
	fuzz.pipe = pipes[0];
	for (i = 0; i < count; i++)
		fuzz_one(&fuzz);
	fuzz_report(&fuzz);
	vm_destroy(fuzz.vm);
}

/* gone: VMs that do not stay */

/* Samples until the VM is gone, by a descriptor that it takes each time. */
static unsigned long sample_until_gone(pid_t pid, int fd, int *err)
{
	struct vcpu_info_host_vcpu entries[VM_MAX_VCPUS];
	struct vcpu_info_host_sample args;
	unsigned long done = 0;
	int vm_fd;

	do {
		vm_fd = host_take_vm(pid, fd);
		if (vm_fd < 0) {
			*err = errno;
			return done;
		}
		args = sample_args(vm_fd, entries, VM_MAX_VCPUS);
		*err = call(VCPU_INFO_HOST_IOC_SAMPLE, &args);
		done += args.nr_done;
		close(vm_fd);
	} while (!*err);

	return done;
}

static pid_t start_sampler(pid_t pid, int fd, int out)
{
	unsigned long done;
	pid_t child = fork();
	int err;

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	done = sample_until_gone(pid, fd, &err);
	/* The process, its descriptor, or the VM behind one that was taken */
	if (err != ESRCH && err != EBADF && err != EIO && err != EINVAL) {
		note("sampling ends with %s", strerror(err));
		_exit(1);
	}
	_exit(write(out, &done, sizeof(done)) == sizeof(done) ? 0 : 1);
}

/* The VMM: grows while it is looked at, then ends or waits to be killed. */
static __noreturn void change_and_end(int sock, bool ends)
{
	struct vm *vm = make_vm(2);
	char byte;
	int i;

	if (write(sock, &vm->fd, sizeof(vm->fd)) != sizeof(vm->fd) ||
	    read(sock, &byte, 1) != 1)
		_exit(1);
	for (i = 2; i < 8; i++) {
		struct vcpu *vcpu = vm_add_vcpu(vm, 2 * i, host.cpus[i % 2]);

		vcpu_begin(vcpu);
		prog_add(&vcpu->prog, OP_NOP, 0, 0);
		prog_add(&vcpu->prog, OP_BACK, 0, 0);
		vcpu_make_runnable(vcpu);
		vcpu_setup(vcpu, true);
		vcpu_start(vcpu);
	}
	if (ends)
		vm_destroy(vm);
	if (write(sock, &byte, 1) != 1 || read(sock, &byte, 1))
		_exit(1);
	_exit(0);
}

static bool one_goes(bool ends, unsigned long *done)
{
	unsigned long samples;
	int socks[2], pipes[2], fd, status, i, good = 0;
	pid_t vmm, samplers[2];
	char byte = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) ||
	    pipe2(pipes, O_CLOEXEC))
		die("socketpair: %s", strerror(errno));
	vmm = fork();
	if (!vmm) {
		close(socks[0]);
		change_and_end(socks[1], ends);
	}
	close(socks[1]);
	if (read(socks[0], &fd, sizeof(fd)) != sizeof(fd))
		die("a VMM makes no VM");
	for (i = 0; i < 2; i++)
		samplers[i] = start_sampler(vmm, fd, pipes[1]);
	if (write(socks[0], &byte, 1) != 1 || read(socks[0], &byte, 1) != 1)
		die("a VMM has ended");
	kill(vmm, SIGKILL);
	waitpid(vmm, &status, 0);
	for (i = 0; i < 2; i++) {
		if (waitpid(samplers[i], &status, 0) == samplers[i] && !status &&
		    read(pipes[0], &samples, sizeof(samples)) ==
		    sizeof(samples)) {
			*done += samples;
			good++;
		}
	}
	close(socks[0]);
	close(pipes[0]);
	close(pipes[1]);

	return good == 2;
}

static void cmd_gone(int count)
{
	unsigned long done = 0;
	int i, good = 0;

	for (i = 0; i < count; i++)
		good += one_goes(i & 1, &done);
	tap_ok(good == count, "%d VMs change and go while two processes sample",
	       count);
	tap_ok(done >= (unsigned long)count, "%lu vCPUs were taken", done);
}

/* stopped: whoever asks may stop anywhere, and the vCPU runs on */

static uint64_t seen;

static bool moved_on(struct vcpu *vcpu)
{
	struct counts counts;

	vcpu_counts(vcpu, &counts);
	return counts.exits > seen + 20;
}

/* In and out of KVM_RUN, so that its mutex is there to be had */
static int run_again(struct vcpu *vcpu)
{
	int ret;

	do {
		ret = vcpu_run(vcpu);
	} while (ret == KVM_EXIT_IO &&
		 !__atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_RELAXED));

	return ret;
}

static bool runs_on(struct vcpu *vcpu)
{
	struct counts counts;

	vcpu_counts(vcpu, &counts);
	seen = counts.exits;
	return poll_for(moved_on, vcpu);
}

#define CGROUPS		"/tmp/cgroups"
#define CGROUP		CGROUPS "/sampler/"

static void cgroup_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		die("%s: %s", path, strerror(errno));
}

/* A number of a cgroup's file of names and numbers */
static unsigned long cgroup_number(const char *path, const char *name)
{
	char text[1024], *found;

	if (!read_file(path, text, sizeof(text)))
		die("%s: %s", path, strerror(errno));
	found = strstr(text, name);
	if (!found)
		die("%s has no %s", path, name);

	return strtoul(found + strlen(name), NULL, 10);
}

static void cgroup_begin(pid_t pid)
{
	char text[16];

	if ((mkdir(CGROUPS, 0700) && errno != EEXIST) ||
	    mount("none", CGROUPS, "cgroup2", 0, NULL))
		die(CGROUPS ": %s", strerror(errno));
	cgroup_write(CGROUPS "/cgroup.subtree_control", "+cpu");
	if (mkdir(CGROUP, 0700))
		die(CGROUP ": %s", strerror(errno));
	snprintf(text, sizeof(text), "%d", pid);
	cgroup_write(CGROUP "cgroup.procs", text);
}

static void cgroup_end(void)
{
	if (rmdir(CGROUP) || umount(CGROUPS))
		die(CGROUP ": %s", strerror(errno));
}

static bool signal_stop(pid_t pid)
{
	int status;

	kill(pid, SIGSTOP);
	return waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status);
}

static void signal_go(pid_t pid)
{
	kill(pid, SIGCONT);
}

static bool is_frozen(struct vcpu *vcpu)
{
	(void)vcpu;
	return cgroup_number(CGROUP "cgroup.events", "frozen ");
}

static bool freezer_stop(pid_t pid)
{
	(void)pid;
	cgroup_write(CGROUP "cgroup.freeze", "1");
	return poll_for(is_frozen, NULL);
}

static void freezer_go(pid_t pid)
{
	(void)pid;
	cgroup_write(CGROUP "cgroup.freeze", "0");
}

static unsigned long throttled;

static bool is_throttled(struct vcpu *vcpu)
{
	(void)vcpu;
	return cgroup_number(CGROUP "cpu.stat", "nr_throttled ") > throttled;
}

/* A hundredth of a CPU; it has just used that up. */
static bool quota_stop(pid_t pid)
{
	(void)pid;
	cgroup_write(CGROUP "cpu.max", "1000 100000");
	throttled = cgroup_number(CGROUP "cpu.stat", "nr_throttled ");
	return poll_for(is_throttled, NULL);
}

static void quota_go(pid_t pid)
{
	(void)pid;
	cgroup_write(CGROUP "cpu.max", "max 100000");
}

static const struct brake {
	const char *what;
	bool (*stop)(pid_t pid);
	void (*go)(pid_t pid);
} brakes[] = {
	{ "stopped by a signal", signal_stop, signal_go },
	{ "frozen", freezer_stop, freezer_go },
	{ "out of CPU time", quota_stop, quota_go },
};

static void stop_often(const struct brake *brake, struct vcpu *vcpu, pid_t pid,
		       int count)
{
	int i, good = 0;

	for (i = 0; i < count; i++) {
		usleep(random64() % 3000);
		if (!brake->stop(pid))
			break;
		good += runs_on(vcpu);
		brake->go(pid);
	}
	tap_ok(good == count, "%d times a sampler is %s, and its vCPU runs", count,
	       brake->what);
}

static void cmd_stopped(int count)
{
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *vcpu = vm_add_vcpu(vm, 0, host.cpus[1]);
	int status, err;
	unsigned int i;
	pid_t pid;

	vcpu_begin(vcpu);
	prog_add(&vcpu->prog, OP_OUT, 0, 0);
	prog_add(&vcpu->prog, OP_BACK, 0, 0);
	vcpu_make_runnable(vcpu);
	vcpu_setup(vcpu, true);
	vcpu->work = run_again;
	vcpu_start(vcpu);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sample_until_gone(getppid(), vm->fd, &err);
		_exit(1);
	}
	cgroup_begin(pid);
	for (i = 0; i < ARRAY_SIZE(brakes); i++)
		stop_often(&brakes[i], vcpu, pid, count);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	cgroup_end();
	vm_destroy(vm);
}

static const struct command {
	const char *name;
	void (*run)(int count);
} commands[] = {
	{ "quiet", cmd_quiet },
	{ "fuzz", cmd_fuzz },
	{ "gone", cmd_gone },
	{ "stopped", cmd_stopped },
};

#define WATCH_US	2000	/* in which the module can be unloaded */

/* No events: who reads them is asking as well. */
static int watch(char **argv)
{
	int pid = parse_number(argv[2], 1, 1UL << 22);
	int fd = parse_number(argv[3], 0, 1UL << 20), vm_fd;
	struct vcpu_info_host_vcpu entries[VM_MAX_VCPUS];
	struct vcpu_info_host_sample args;
	unsigned long done = 0;

	for (;;) {
		device = open(VCPU_INFO_HOST_DEV_PATH, O_RDWR | O_CLOEXEC);
		vm_fd = host_take_vm(pid, fd);
		args = sample_args(vm_fd, entries, VM_MAX_VCPUS);
		args.flags = VCPU_INFO_SAMPLE_COPY;
		if (vm_fd < 0)
			break;
		if (!call(VCPU_INFO_HOST_IOC_SAMPLE, &args))
			done += args.nr_done;
		else if (errno != EBADF || device >= 0)
			break;
		close(vm_fd);
		if (device >= 0)
			close(device);
		usleep(WATCH_US);
	}
	printf("watched %lu: %s\n", done, strerror(errno));
	return !done;
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc == 4 && !strcmp(argv[1], "watch"))
		return watch(argv);
	if (argc != 3)
		die("usage: sampler COMMAND N");
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, argv[1]))
			continue;
		begin();
		commands[i].run(parse_number(argv[2], 1, 100000000));
		return tap_done();
	}
	die("no such command: %s", argv[1]);
}
