// SPDX-License-Identifier: GPL-2.0
/*
 * gen FILE N - write a file as trace-cmd does, with N records of 4 vCPUs
 *
 * They are on two CPUs and 10 us apart, every one with other registers.
 */
#include "unit.h"

#include "datfile.h"

#define CPUS	2
#define START	(1000 * 1000000000ULL)
#define APART	10000

static void write_record(struct datfile *file, unsigned long nr)
{
	struct raw_record rec = raw_record();

	rec.valid = (1U << VCPU_INFO_NR_REGS) - 1;
	rec.vcpu_id = nr % 4;
	rec.pid = 1240 + rec.vcpu_id;
	rec.state = 1 + nr % 6;
	for (int i = 0; i < VCPU_INFO_NR_REGS; i++)
		rec.regs[i] = 0xffffffff81000000ULL + nr * (i + 1);
	for (int i = 0; i < 8; i++)
		rec.exits[i] = nr * (i + 1);
	datfile_add(file, START + nr * APART, &rec, sizeof(rec));
}

int main(int argc, char **argv)
{
	unsigned long nr = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct datfile *file;

	if (!nr) {
		fputs("Usage: gen FILE N\n", stderr);
		return 2;
	}
	file = datfile_new(argv[1], CPUS, true, 0);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		datfile_next_cpu(file);
		for (unsigned long i = cpu; i < nr; i += CPUS)
			write_record(file, i);
	}
	datfile_close(file);
	return 0;
}
