// SPDX-License-Identifier: GPL-2.0
/*
 * ioctls THREADS COUNT SEED - random ioctls on /dev/vcpu-info from so many
 * threads, COUNT from each. Needs root, the module, and a host that answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tap.h"
#include "vcpu_info.h"

#define MAX_THREADS	64
#define PAGE		4096UL
#define CANARY		0xa5

struct tester {
	pthread_t thread;
	uint64_t random;
	unsigned long count;
	unsigned long served;	/* the host accepted it */
	unsigned long errors[ENOTTY + 1];
	char failure[160];
	/* A page to write to, one without access, one to read, one without */
	uint8_t *pages;
	uint8_t before[PAGE];
};

static int dev;

static const unsigned long commands[] = {
	VCPU_INFO_IOC_INFO, VCPU_INFO_IOC_VCPU, VCPU_INFO_IOC_CPU,
	VCPU_INFO_IOC_SELF, VCPU_INFO_IOC_ALL,
};

/* xorshift64 */
static uint64_t random64(struct tester *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static bool is_known(unsigned long cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i] == cmd)
			return true;

	return false;
}

/* The kernel takes 32 bits of it. */
static uint32_t random_command(struct tester *t)
{
	uint64_t bits = random64(t);
	uint32_t cmd = commands[(bits >> 8) % ARRAY_SIZE(commands)];

	switch (bits & 15) {
	case 0:
		return random64(t);
	case 1:
		return cmd ^ 1U << (bits >> 16 & 31);
	case 2:
		return _IOC(bits >> 16 & 3, VCPU_INFO_IOC_MAGIC,
			    _IOC_NR(cmd), bits >> 24 & _IOC_SIZEMASK);
	default:
		return cmd;
	}
}

static uint64_t random_address(struct tester *t)
{
	uint64_t bits = random64(t), pages = (uint64_t)t->pages;

	switch (bits & 15) {
	case 0:
		return random64(t);
	case 1:
		return bits >> 8 & 0xffff;
	case 2:
		return ~(bits >> 8 & 0xffff);
	case 3:
		return 1ULL << 63 | random64(t);
	case 4:
	case 5:
		return pages + (bits >> 8) % (4 * PAGE);
	case 6:
		/* Around the end of what can be written */
		return pages + PAGE - (bits >> 8) % 64;
	default:
		return pages + (bits >> 8) % (PAGE - 64);
	}
}

static void random_page(struct tester *t)
{
	uint64_t *words = (uint64_t *)t->pages;
	unsigned int i;

	/* Small numbers are CPUs and vCPUs that there are. */
	for (i = 0; i < PAGE / sizeof(*words); i++)
		words[i] = random64(t) & 3 ? 0 : random64(t) & 0xff00000001;
	memcpy(t->before, t->pages, PAGE);
}

/* Entries are written to where it says, which must be nothing of this program. */
static void random_all(struct tester *t, uint64_t arg)
{
	struct vcpu_info_ioc_all all = {
		.nr = random64(t) & 1 ? random64(t) & 3 : random64(t),
		.reserved = !(random64(t) & 7),
		.entries = random_address(t),
	};

	if (arg - (uint64_t)t->pages <= PAGE - sizeof(all))
		memcpy((void *)arg, &all, sizeof(all));
}

static bool is_documented(int result)
{
	switch (-result) {
	case 0:
	case EPERM:
	case EAGAIN:
	case EACCES:
	case EINVAL:
	case ENXIO:
		return true;
	default:
		return false;
	}
}

/* What one of the three commands that ask for one vCPU has answered */
static void check_result(struct tester *t, uint32_t cmd, const void *arg)
{
	struct vcpu_info_ioc_vcpu vcpu;
	struct vcpu_info_ioc_cpu cpu;
	int result;

	if (cmd == VCPU_INFO_IOC_VCPU) {
		memcpy(&vcpu, arg, sizeof(vcpu));
		result = vcpu.result;
	} else if (cmd == VCPU_INFO_IOC_CPU || cmd == VCPU_INFO_IOC_SELF) {
		memcpy(&cpu, arg, sizeof(cpu));
		result = cpu.result;
	} else {
		return;
	}
	t->served += !result;
	if (!is_documented(result))
		snprintf(t->failure, sizeof(t->failure),
			 "command %#x: the result is %d", cmd, result);
}

/* Nothing but the argument is written to; the entries of ALL may be anywhere. */
static void check_page(struct tester *t, uint32_t cmd, uint64_t arg, int err)
{
	uint64_t start = arg - (uint64_t)t->pages, i;

	if (cmd == VCPU_INFO_IOC_ALL)
		return;
	for (i = 0; i < PAGE; i++) {
		if (t->pages[i] == t->before[i] ||
		    (is_known(cmd) && err != EINVAL &&
		     i - start < _IOC_SIZE(cmd)))
			continue;
		snprintf(t->failure, sizeof(t->failure),
			 "command %#x (errno %d): %#llx is written to, the argument is %#llx",
			 cmd, err, (unsigned long long)(t->pages + i),
			 (unsigned long long)arg);
		return;
	}
}

static void call(struct tester *t)
{
	uint32_t cmd = random_command(t);
	uint64_t arg = random_address(t);
	int err;

	if (cmd == VCPU_INFO_IOC_ALL)
		random_all(t, arg);
	err = ioctl(dev, cmd, arg) ? errno : 0;
	switch (err) {
	case 0:
	case EFAULT:
	case EINVAL:
	case ENOTTY:
		t->errors[err]++;
		break;
	default:
		snprintf(t->failure, sizeof(t->failure),
			 "command %#x failed with errno %d", cmd, err);
		return;
	}
	if (err == ENOTTY ? is_known(cmd) : !is_known(cmd))
		snprintf(t->failure, sizeof(t->failure),
			 "command %#x: errno %d", cmd, err);
	if (!err)
		check_result(t, cmd, (void *)arg);
	check_page(t, cmd, arg, err);
}

static void *run(void *data)
{
	struct tester *t = data;
	unsigned long i;

	for (i = 0; i < t->count && !t->failure[0]; i++) {
		random_page(t);
		call(t);
	}
	t->count = i;
	return NULL;
}

static void prepare(struct tester *t, unsigned long count, uint64_t seed)
{
	t->random = seed;
	t->count = count;
	t->pages = mmap(NULL, 4 * PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->pages == MAP_FAILED ||
	    mprotect(t->pages, PAGE, PROT_READ | PROT_WRITE) ||
	    mprotect(t->pages + 2 * PAGE, PAGE, PROT_READ)) {
		perror("ioctls: memory");
		exit(2);
	}
}

static void report(struct tester *testers, unsigned long threads,
		   unsigned long count)
{
	unsigned long errors[ENOTTY + 1] = { 0 }, calls = 0, served = 0, i, j;
	bool failed = false;

	for (i = 0; i < threads; i++) {
		calls += testers[i].count;
		served += testers[i].served;
		for (j = 0; j <= ENOTTY; j++)
			errors[j] += testers[i].errors[j];
		if (testers[i].failure[0])
			printf("# thread %lu: %s\n", i, testers[i].failure);
		failed |= testers[i].failure[0];
	}
	tap_ok(!failed, "random ioctls give documented results");
	tap_ok(calls == threads * count, "all calls were made (%lu)", calls);
	tap_ok(served && errors[EFAULT] && errors[EINVAL] && errors[ENOTTY],
	       "served %lu, EFAULT %lu, EINVAL %lu, ENOTTY %lu", served,
	       errors[EFAULT], errors[EINVAL], errors[ENOTTY]);
}

int main(int argc, char **argv)
{
	static struct tester testers[MAX_THREADS];
	unsigned long threads, count, seed, i;

	if (argc != 4) {
		fputs("Usage: ioctls THREADS COUNT SEED\n", stderr);
		return 2;
	}
	threads = strtoul(argv[1], NULL, 0);
	count = strtoul(argv[2], NULL, 0);
	seed = strtoul(argv[3], NULL, 0);
	if (!threads || threads > MAX_THREADS || !count || !seed) {
		fputs("ioctls: THREADS is 1 to 64, COUNT and SEED 1 or more\n",
		      stderr);
		return 2;
	}
	dev = open(VCPU_INFO_DEV_PATH, O_RDWR | O_CLOEXEC);
	if (dev < 0) {
		perror(VCPU_INFO_DEV_PATH);
		return 2;
	}
	for (i = 0; i < threads; i++) {
		prepare(&testers[i], count, seed * (i + 1));
		if (pthread_create(&testers[i].thread, NULL, run,
				   &testers[i])) {
			fputs("ioctls: no more threads\n", stderr);
			return 2;
		}
	}
	for (i = 0; i < threads; i++)
		pthread_join(testers[i].thread, NULL);
	report(testers, threads, count);
	return tap_done();
}
