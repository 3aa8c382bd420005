// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vcpu-info with arguments that no sane program passes. Needs root, the
 * module, and a host that answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tap.h"
#include "vcpu_info.h"

#define CANARY	0xa5

static int dev;
static int nr_cpus;

struct command {
	unsigned long cmd;
	const char *name;
};

static const struct command commands[] = {
	{ VCPU_INFO_IOC_INFO, "INFO" },
	{ VCPU_INFO_IOC_VCPU, "VCPU" },
	{ VCPU_INFO_IOC_CPU, "CPU" },
	{ VCPU_INFO_IOC_SELF, "SELF" },
	{ VCPU_INFO_IOC_ALL, "ALL" },
};

/* 0 or the errno number that the ioctl failed with */
static int do_ioctl(unsigned long cmd, void *arg)
{
	return ioctl(dev, cmd, arg) ? errno : 0;
}

static void test_mode(void)
{
	struct stat st;

	tap_is(fstat(dev, &st), 0, "fstat of the device");
	tap_is(st.st_mode & 07777, 0600, "mode of the device is 0600");
	tap_is(st.st_uid, 0, "owner of the device is root");
}

static void test_unknown_commands(void)
{
	static const unsigned long cmds[] = {
		0, ULONG_MAX, 0x5401 /* TCGETS */,
		_IO(VCPU_INFO_IOC_MAGIC, 0),
		_IO(VCPU_INFO_IOC_MAGIC, 4),
		_IOW(VCPU_INFO_IOC_MAGIC, 1, struct vcpu_info_ioc_vcpu),
		_IOWR(VCPU_INFO_IOC_MAGIC, 1, struct vcpu_info_ioc_cpu),
		_IOWR(VCPU_INFO_IOC_MAGIC, 5, struct vcpu_info_ioc_cpu),
		_IOWR(VCPU_INFO_IOC_MAGIC, 255, struct vcpu_info_ioc_cpu),
	};
	char buf[256] = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		int err = do_ioctl(cmds[i], buf);

		tap_ok(err == ENOTTY, "command 0x%lx: ENOTTY (errno %d)",
		       cmds[i], err);
	}
}

static void test_bad_pointers(void)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	size_t i;

	tap_ok(page != MAP_FAILED, "map a read-only page");
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		unsigned long cmd = commands[i].cmd;
		const char *name = commands[i].name;

		tap_ok(do_ioctl(cmd, NULL) == EFAULT, "%s NULL: EFAULT", name);
		tap_ok(do_ioctl(cmd, (void *)-1L) == EFAULT,
		       "%s kernel address: EFAULT", name);
		tap_ok(do_ioctl(cmd, (void *)0x800000000000UL) == EFAULT,
		       "%s non-canonical address: EFAULT", name);
		tap_ok(do_ioctl(cmd, page) == EFAULT,
		       "%s read-only page: EFAULT", name);
	}
	munmap(page, 4096);
}

static void test_reserved(void)
{
	struct vcpu_info_ioc_cpu cpu = { .reserved = 1 };
	struct vcpu_info_ioc_all all = { .reserved = 1 };

	tap_is(do_ioctl(VCPU_INFO_IOC_CPU, &cpu), EINVAL,
	       "CPU with reserved != 0: EINVAL");
	tap_is(do_ioctl(VCPU_INFO_IOC_SELF, &cpu), EINVAL,
	       "SELF with reserved != 0: EINVAL");
	tap_is(do_ioctl(VCPU_INFO_IOC_ALL, &all), EINVAL,
	       "ALL with reserved != 0: EINVAL");
}

static void test_bad_cpus(void)
{
	static const unsigned int cpus[] = { INT_MAX, UINT_MAX, 8192, 1U << 31 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cpus); i++) {
		struct vcpu_info_ioc_cpu cpu = { .cpu = cpus[i] };
		int err = do_ioctl(VCPU_INFO_IOC_CPU, &cpu);

		tap_ok(!err && cpu.cpu == cpus[i] && cpu.result == -ENXIO &&
		       cpu.vcpu_id == -1, "CPU %u: result ENXIO, no id",
		       cpus[i]);
	}
}

/* Too fast for the host's rate limit is not what is tested: ask again. */
static int ask(int vcpu_id)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int i, ret = -EAGAIN;

	for (i = 0; i < 500 && ret == -EAGAIN; i++) {
		ret = vcpu_info(vcpu_id);
		if (ret == -EAGAIN)
			nanosleep(&pause, NULL);
	}
	return ret;
}

static void test_wrapper(void)
{
	struct vcpu_info_ioc_cpu self = { 0 };
	int ret;

	tap_is(do_ioctl(VCPU_INFO_IOC_SELF, &self), 0, "SELF");
	errno = ERANGE;
	ret = ask(self.vcpu_id);
	tap_is(errno, ERANGE, "vcpu_info() leaves errno alone");
	tap_is(ret, 0, "vcpu_info() of an existing vCPU");
	tap_is(ask(-1), -EINVAL, "vcpu_info(-1)");
	tap_is(ask(999), -EINVAL, "vcpu_info(999)");
	tap_is(ask(INT_MAX), -EINVAL, "vcpu_info(INT_MAX)");
	tap_is(ask(VCPU_INFO_PROBE_ID), 0, "vcpu_info(probe)");
}

static void test_self(void)
{
	int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		struct vcpu_info_ioc_cpu self = { .cpu = UINT_MAX };
		struct vcpu_info_ioc_cpu same = { .cpu = cpu };
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			continue;
		tap_is(do_ioctl(VCPU_INFO_IOC_SELF, &self), 0, "SELF, pinned");
		tap_is(self.cpu, cpu, "SELF reports the CPU it is pinned to");
		do_ioctl(VCPU_INFO_IOC_CPU, &same);
		tap_is(self.vcpu_id, same.vcpu_id, "SELF and CPU: same id");
	}
}

static void test_all(void)
{
	struct vcpu_info_ioc_cpu *e = calloc(nr_cpus + 1, sizeof(*e));
	struct vcpu_info_ioc_all all = { .nr = 0, .entries = 0 };
	const unsigned char *canary = (unsigned char *)&e[nr_cpus];
	int i, ok = 0;

	tap_is(do_ioctl(VCPU_INFO_IOC_ALL, &all), 0, "ALL, nr 0, no array");
	tap_is(all.nr, nr_cpus, "ALL, nr 0: tells the number of CPUs");

	memset(e, CANARY, (nr_cpus + 1) * sizeof(*e));
	all.nr = UINT_MAX;
	all.entries = (unsigned long)e;
	tap_is(do_ioctl(VCPU_INFO_IOC_ALL, &all), 0, "ALL, nr UINT_MAX");
	tap_is(all.nr, nr_cpus, "ALL, nr UINT_MAX: number of CPUs");
	for (i = 0; i < nr_cpus; i++)
		ok += e[i].vcpu_id >= 0 && e[i].reserved == 0 &&
		      (e[i].result == 0 || e[i].result == -EAGAIN);
	tap_is(ok, nr_cpus, "ALL: each entry has an id and a result");
	for (i = 0, ok = 1; i < (int)sizeof(*e); i++)
		ok &= canary[i] == CANARY;
	tap_ok(ok, "ALL: nothing written past the entries");

	memset(e, CANARY, (nr_cpus + 1) * sizeof(*e));
	all.nr = nr_cpus - 1;
	tap_is(do_ioctl(VCPU_INFO_IOC_ALL, &all), 0, "ALL, one entry too few");
	tap_is(all.nr, nr_cpus, "ALL, one entry too few: number of CPUs");
	tap_is(*(unsigned char *)&e[nr_cpus - 1], CANARY,
	       "ALL, one entry too few: nothing written past the room");

	all.nr = UINT_MAX;
	all.entries = 0;
	tap_is(do_ioctl(VCPU_INFO_IOC_ALL, &all), EFAULT, "ALL, NULL array");
	all.entries = ~0ULL;
	tap_is(do_ioctl(VCPU_INFO_IOC_ALL, &all), EFAULT, "ALL, bad array");
	free(e);
}

/*
 * A 32-bit program's ioctl, made from a 64-bit one: int 0x80 takes the compat
 * entry. In a child, which dies if the kernel has no 32-bit emulation.
 */
static void test_compat(void)
{
	struct vcpu_info_ioc_info *info;
	int status;
	pid_t pid;

	info = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	tap_ok(info != MAP_FAILED, "map a page below 4 GiB");
	pid = fork();
	if (pid == 0) {
		long ret;

		asm volatile("int $0x80" : "=a"(ret)
			     : "a"(54L), "b"((long)dev),
			       "c"(VCPU_INFO_IOC_INFO), "d"(info)
			     : "memory", "r8", "r9", "r10", "r11");
		_exit(ret ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status)) {
		tap_skip("32-bit INFO", "kernel without IA32_EMULATION");
	} else {
		tap_is(status, 0, "32-bit INFO");
		tap_is(info->hypercall_nr, VCPU_INFO_HC_DEFAULT,
		       "32-bit INFO: hypercall number");
	}
	munmap(info, 4096);
}

int main(void)
{
	struct vcpu_info_ioc_info info = { 0 };

	dev = open(VCPU_INFO_DEV_PATH, O_RDWR | O_CLOEXEC);
	if (!tap_ok(dev >= 0, "open " VCPU_INFO_DEV_PATH))
		return tap_done();
	tap_is(do_ioctl(VCPU_INFO_IOC_INFO, &info), 0, "INFO");
	tap_is(info.abi_version, VCPU_INFO_ABI_VERSION, "INFO: ABI version");
	tap_is(info.result, 0, "INFO: the host answers");
	nr_cpus = info.nr_cpus;
	tap_is(nr_cpus, sysconf(_SC_NPROCESSORS_ONLN), "INFO: CPUs online");

	test_mode();
	test_unknown_commands();
	test_bad_pointers();
	test_reserved();
	test_bad_cpus();
	test_all();
	test_compat();
	test_wrapper();
	test_self();
	return tap_done();
}
