// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostfile.h"
#include "vmm.h"

#define NS_PER_SEC	1000000000ULL

/* Start times are counted in ticks, uptime in hundredths of a second. */
#define SLACK_NS	(2 * NS_PER_SEC / 100)

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

static void look_up(struct vmm *vmm, const char *root, int pid)
{
	uint64_t start_ns, uptime_ns;
	char stat[1024];
	char uptime[64];

	*vmm = (struct vmm){ .pid = pid };
	if (!hostfile_line(vmm->comm, sizeof(vmm->comm), root,
			   "/proc/%d/comm", pid) ||
	    !hostfile_line(stat, sizeof(stat), root, "/proc/%d/stat", pid) ||
	    !hostfile_line(uptime, sizeof(uptime), root, "/proc/uptime") ||
	    !parse_start(stat, &start_ns))
		return;
	uptime_ns = strtod(uptime, NULL) * NS_PER_SEC;
	vmm->alive = true;
	if (uptime_ns > start_ns)
		vmm->age_ns = uptime_ns - start_ns;
}

const char *vmm_name(struct vmm *vmm, const char *root, int pid,
		     bool age_known, uint64_t age_ns)
{
	if (vmm->pid != pid)
		look_up(vmm, root, pid);
	if (!vmm->alive || (age_known && age_ns > vmm->age_ns + SLACK_NS))
		return NULL;
	return vmm->comm;
}
