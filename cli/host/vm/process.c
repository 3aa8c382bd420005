// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host-file.h"
#include "trace-time.h"
#include "vm/process.h"

/* Start times are counted in ticks, uptime in hundredths of a second. */
#define SLACK_NS	(2 * NS_PER_SEC / 100)

/* How long a process is believed to be what it was. */
#define FRESH_NS	NS_PER_SEC

/* As long as an argument can be. */
#define CMDLINE_SIZE	(128 << 10)

#define SKIP_6		" %*d %*d %*d %*d %*d %*d"

/* Field 22 of /proc/PID/stat; the name in field 2 may hold anything. */
static bool parse_start(const char *stat, uint64_t *start_ns)
{
	const char *p = strrchr(stat, ')');
	unsigned long long ticks;

	if (!p || sscanf(p + 1, " %*c" SKIP_6 SKIP_6 SKIP_6 " %llu",
			 &ticks) != 1)
		return false;
	*start_ns = ticks * (NS_PER_SEC / sysconf(_SC_CLK_TCK));
	return true;
}

/* How long it has been running; false if there is no such process. */
static bool look_up_age(int pid, uint64_t *age_ns)
{
	uint64_t start_ns, uptime_ns;
	char uptime[64];
	char stat[1024];

	if (!host_file_text(stat, sizeof(stat), "/proc/%d/stat", pid) ||
	    !host_file_line(uptime, sizeof(uptime), "/proc/uptime") ||
	    !parse_start(stat, &start_ns))
		return false;
	uptime_ns = strtod(uptime, NULL) * NS_PER_SEC;
	*age_ns = uptime_ns > start_ns ? uptime_ns - start_ns : 0;
	return true;
}

void process_look_up(struct process *vmm, int pid)
{
	char cmdline[CMDLINE_SIZE];
	size_t len;

	*vmm = (struct process){ .pid = pid };
	vmm->alive = host_file_text(vmm->comm, sizeof(vmm->comm),
				    "/proc/%d/comm", pid);
	if (!vmm->alive)
		return;
	len = host_file_bytes(cmdline, sizeof(cmdline), "/proc/%d/cmdline",
			      pid);
	command_line_parse(&vmm->vm, cmdline, len);
}

uint64_t process_cache_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

const struct process *process_cache_get(struct process_cache *cache, int pid,
					bool age_known, uint64_t age_ns)
{
	unsigned int slot = (unsigned int)pid % PROCESS_SLOTS;
	struct process *vmm = &cache->slots[slot].vmm;
	uint64_t *age = &cache->slots[slot].age_ns;
	uint64_t now = process_cache_now();

	if (vmm->pid != pid ||
	    now - cache->slots[slot].looked_up_ns > FRESH_NS) {
		process_look_up(vmm, pid);
		vmm->alive &= look_up_age(pid, age);
		cache->slots[slot].looked_up_ns = now;
	}
	if (!vmm->alive || (age_known && age_ns > *age + SLACK_NS))
		return NULL;
	return vmm;
}

const char *comm_cache_get(struct comm_cache *cache, int thread,
			   uint64_t now_ns)
{
	struct comm *comm = &cache->slots[(unsigned int)thread % COMM_SLOTS];

	char name[sizeof(comm->name)];

	if (comm->thread == thread && now_ns - comm->looked_up_ns <= FRESH_NS)
		return comm->name;
	/* if it is gone, nothing else has its PID and its last name is right */
	if (host_file_text(name, sizeof(name), "/proc/%d/comm", thread) ||
	    comm->thread != thread)
		strcpy(comm->name, name);
	comm->thread = thread;
	comm->looked_up_ns = now_ns;
	return comm->name;
}
