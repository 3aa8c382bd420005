// SPDX-License-Identifier: GPL-2.0
/*
 * 'vcpu-info export' on a host that is made up, with VMs that do what a file says.
 *
 * simulate ROOT VMS VCPUS export OPTION...	as the command. ROOT is an empty directory
 *	for the host's files; ROOT/kinds has a word for each VM: idle, spinning, busy or
 *	gone. Without the file ROOT/sys/module/vcpu_info/version there is no module.
 * simulate ROOT VMS VCPUS measure COUNT	what so many scrapes cost, in one line
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/commands.h"
#include "export/collector.h"
#include "fake-vms.h"
#include "host-file.h"
#include "msg.h"
#include "unit.h"
#include "host.h"

static const char *const kinds[] = {
	[FAKE_IDLE] = "idle", [FAKE_SPINNING] = "spinning",
	[FAKE_BUSY] = "busy", [FAKE_GONE] = "gone",
};

/* What VMs do may change at any time. */
static void read_kinds(void)
{
	char line[1024], *save, *word;
	size_t index = 0;

	fake_vms.status = host_file_exists("/sys/module/vcpu_info/version") ?
			  DEVICE_OK : DEVICE_NO_MODULE;
	if (!host_file_line(line, sizeof(line), "/kinds"))
		return;
	for (word = strtok_r(line, " ", &save); word && index < fake_vms.nr;
	     word = strtok_r(NULL, " ", &save), index++) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (!strcmp(word, kinds[i]))
				fake_vms.kinds[index] = i;
	}
}

static double seconds(const struct rusage *usage)
{
	return usage->ru_utime.tv_sec + usage->ru_stime.tv_sec +
	       (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static int measure(int count)
{
	static const struct select everything;
	static struct collector collector;
	struct rusage before, after;
	long bytes = 0;

	collector_init(&collector, &everything, true);
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < count; i++) {
		FILE *f = tmpfile();

		if (!f)
			return 1;
		collector_write(&collector, METRICS_OPENMETRICS, f);
		fflush(f);
		bytes = ftell(f);
		fclose(f);
	}
	getrusage(RUSAGE_SELF, &after);
	printf("%zu VMs, %zu vCPUs: %ld bytes, %.0f ms of processor time, %ld KiB\n",
	       collector.metrics.nr_vms, collector.metrics.nr_vcpus, bytes,
	       (seconds(&after) - seconds(&before)) * 1000 / count,
	       after.ru_maxrss);
	collector_free(&collector);
	return 0;
}

int main(int argc, char **argv)
{
	const struct cmd cmd = { .name = "export", .opts = export_opts };

	if (argc < 5) {
		fputs("usage: simulate ROOT VMS VCPUS export|measure ...\n",
		      stderr);
		return 2;
	}
	msg_set_program("simulate");
	fake_vms_make(argv[1], strtoul(argv[2], NULL, 10),
		      strtoul(argv[3], NULL, 10));
	host_write_kvm(argv[1]);
	host_write_module(argv[1]);
	host_write_instance(argv[1]);
	host_file_set_root(argv[1]);
	fake_vms.before = read_kinds;
	if (!strcmp(argv[4], "measure"))
		return measure(argc > 5 ? atoi(argv[5]) : 10);
	return cmd_export(&cmd, argc - 4, argv + 4);
}
