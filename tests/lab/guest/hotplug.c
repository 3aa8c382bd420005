// SPDX-License-Identifier: GPL-2.0
/*
 * Takes a CPU offline and online again while two threads ask for it and for
 * all CPUs; usage: hotplug [CPU [ROUNDS]]. Needs root and a host that answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "tap.h"
#include "vcpu_info.h"

#define MAX_CPUS	1024

static int dev;
static unsigned int cpu = 1;
static unsigned int nr_online;
static atomic_bool stop;
static atomic_ulong asked_online, asked_offline, bad_cpu, bad_all;

static bool set_online(bool online)
{
	char path[64];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online",
		 cpu);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, online ? "1" : "0", 1) == 1;
	close(fd);
	return ok;
}

static int ask_cpu(void)
{
	struct vcpu_info_ioc_cpu arg = { .cpu = cpu };

	return ioctl(dev, VCPU_INFO_IOC_CPU, &arg) ? -errno : arg.result;
}

static void *ask_cpu_loop(void *unused)
{
	(void)unused;
	while (!stop) {
		int ret = ask_cpu();

		if (ret == -ENXIO)
			asked_offline++;
		else if (ret == 0 || ret == -EAGAIN)
			asked_online++;
		else
			bad_cpu++;
	}
	return NULL;
}

static void *ask_all_loop(void *unused)
{
	static struct vcpu_info_ioc_cpu entries[MAX_CPUS];
	struct vcpu_info_ioc_all all;
	unsigned int i;

	(void)unused;
	while (!stop) {
		all = (struct vcpu_info_ioc_all) {
			.nr = MAX_CPUS, .entries = (unsigned long)entries,
		};
		if (ioctl(dev, VCPU_INFO_IOC_ALL, &all) ||
		    (all.nr != nr_online && all.nr != nr_online - 1)) {
			bad_all++;
			continue;
		}
		for (i = 0; i < all.nr; i++)
			if (entries[i].result && entries[i].result != -EAGAIN)
				bad_all++;
	}
	return NULL;
}

static void check_round(int round)
{
	struct vcpu_info_ioc_all all = { 0 };
	const struct timespec pause = { .tv_nsec = 10000000 };
	unsigned long seen = asked_offline;
	int i, ret;

	tap_ok(set_online(false), "round %d: CPU %u goes offline", round, cpu);
	tap_is(ask_cpu(), -ENXIO, "offline CPU: ENXIO");
	ioctl(dev, VCPU_INFO_IOC_ALL, &all);
	tap_is(all.nr, nr_online - 1, "offline CPU is not among all");
	/* the other thread has to meet it too */
	for (i = 0; i < 1000 && asked_offline == seen; i++)
		nanosleep(&pause, NULL);
	tap_ok(set_online(true), "round %d: CPU %u comes back", round, cpu);
	ret = ask_cpu();
	tap_ok(ret == 0 || ret == -EAGAIN, "CPU is asked again (%d)", ret);
}

int main(int argc, char **argv)
{
	int i, rounds = argc > 2 ? atoi(argv[2]) : 5;
	pthread_t threads[2];

	if (argc > 1)
		cpu = atoi(argv[1]);
	nr_online = sysconf(_SC_NPROCESSORS_ONLN);
	dev = open(VCPU_INFO_DEV_PATH, O_RDWR | O_CLOEXEC);
	if (!tap_ok(dev >= 0, "open " VCPU_INFO_DEV_PATH))
		return tap_done();

	pthread_create(&threads[0], NULL, ask_cpu_loop, NULL);
	pthread_create(&threads[1], NULL, ask_all_loop, NULL);
	for (i = 1; i <= rounds; i++)
		check_round(i);
	stop = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);

	tap_ok(asked_online > 0, "asked while online: %lu", asked_online);
	tap_ok(asked_offline > 0, "asked while offline: %lu", asked_offline);
	tap_is(bad_cpu, 0, "no other result for the CPU");
	tap_is(bad_all, 0, "no other result for all CPUs");
	return tap_done();
}
