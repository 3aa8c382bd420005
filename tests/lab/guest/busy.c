// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that take a known part of a CPU's time:
 *
 *   busy part ON_US OFF_US FILE	is busy for about ON_US, then sleeps for about OFF_US,
 *				again and again; FILE has the nanoseconds in which it was
 *				busy, and since when it runs
 *   busy loop N		a loop that goes round N times; prints the nanoseconds
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000ULL + at.tv_nsec;
}

static void loop(uint64_t times)
{
	for (uint64_t i = 0; i < times; i++)
		asm volatile("");
}

/* From half of it to one and a half: no frequency is in step with that. */
static uint64_t some(uint64_t mean)
{
	return mean / 2 + mean * (random() & 0xffff) / 0x10000;
}

static uint64_t spin(uint64_t ns)
{
	uint64_t from = now(), at;

	do {
		loop(1000);
		at = now();
	} while (at - from < ns);
	return at - from;
}

static void put(int fd, uint64_t busy, uint64_t all)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%020llu %020llu\n",
			   (unsigned long long)busy, (unsigned long long)all);

	if (pwrite(fd, text, len, 0) != len)
		exit(1);
}

static int part(uint64_t on_ns, uint64_t off_ns, const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	uint64_t from = now(), busy = 0;

	if (fd < 0)
		return 1;
	for (;;) {
		uint64_t off = some(off_ns);
		struct timespec pause = {
			.tv_sec = off / 1000000000, .tv_nsec = off % 1000000000,
		};

		busy += spin(some(on_ns));
		put(fd, busy, now() - from);
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	uint64_t from;

	if (argc == 5 && !strcmp(argv[1], "part"))
		return part(strtoull(argv[2], NULL, 10) * 1000,
			    strtoull(argv[3], NULL, 10) * 1000, argv[4]);
	if (argc != 3 || strcmp(argv[1], "loop"))
		return 2;
	from = now();
	loop(strtoull(argv[2], NULL, 10));
	printf("%llu\n", (unsigned long long)(now() - from));
	return 0;
}
