// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads of a healthy process, on CPUs 1 and 2, that wait for each other's CPU all
 * the time, never for long:
 *
 *   contend flush	one takes away and gives back a page's write permission, which the
 *			other one's CPU has to be told; that one loops in user mode. In
 *			between it works a little: on an emulated host an IPI takes so long
 *			that it would do nothing but wait
 *   contend lock	both open and close a file: the lock of the process's files
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		perror("sched_setaffinity");
}

static void loop(unsigned long times)
{
	for (unsigned long i = 0; i < times; i++)
		asm volatile("");
}

static void *loop_for_ever(void *arg)
{
	run_on(2);
	for (;;)
		loop(1000000);
	return arg;
}

static void flush(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return;
	for (;;) {
		/* else there is nothing to be flushed */
		memset(page, 1, 4096);
		mprotect(page, 4096, PROT_READ);
		mprotect(page, 4096, PROT_READ | PROT_WRITE);
		loop(20000);
	}
}

static void lock(void)
{
	for (;;)
		close(dup(0));
}

static void *lock_too(void *arg)
{
	run_on(2);
	lock();
	return arg;
}

int main(int argc, char **argv)
{
	bool flushes = argc == 2 && !strcmp(argv[1], "flush");
	pthread_t other;

	if (!flushes && (argc != 2 || strcmp(argv[1], "lock")))
		return 2;
	if (pthread_create(&other, NULL, flushes ? loop_for_ever : lock_too, NULL))
		return 1;
	run_on(1);
	if (flushes)
		flush();
	else
		lock();
	return 1;
}
