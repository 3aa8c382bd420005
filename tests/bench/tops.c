// SPDX-License-Identifier: GPL-2.0
/*
 * 'vcpu-info top' on a host that is made up, to count what the command itself takes of
 * a refresh:
 *
 * tops ROOT VMS VCPUS OPTION...	ROOT is an empty directory for the host's files
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/commands.h"
#include "fake-vms.h"
#include "host-file.h"
#include "msg.h"
#include "signals.h"
#include "trace/own-instance.h"
#include "unit.h"
#include "host.h"

/* An instance in which nothing is recorded */
static bool read_none(struct event_source *source, event_fn *found, void *arg)
{
	(void)source;
	(void)found;
	(void)arg;
	return true;
}

static void clock_none(struct event_source *source, struct timebase *tb)
{
	struct timespec now;

	(void)source;
	clock_gettime(CLOCK_MONOTONIC, &now);
	*tb = (struct timebase){
		.known = true,
		.trace = now.tv_sec * NS_PER_SEC + now.tv_nsec,
		.wall = timebase_wall_now(),
	};
}

static bool lose_none(struct event_source *source, struct losses *losses)
{
	(void)source;
	*losses = (struct losses){ 0 };
	return true;
}

static bool close_none(struct event_source *source)
{
	(void)source;
	return true;
}

static const struct event_source_ops ops = {
	.read = read_none,
	.clock = clock_none,
	.losses = lose_none,
	.close = close_none,
};

static struct event_source none = { .ops = &ops };

typeof(own_open) __wrap_own_open;
typeof(own_source) __wrap_own_source;
typeof(own_has_more) __wrap_own_has_more;
typeof(own_wait) __wrap_own_wait;

enum instance_status __wrap_own_open(const char *purpose, unsigned long buffer_kb,
				     const char *filter, struct own_instance **own)
{
	(void)purpose;
	(void)buffer_kb;
	(void)filter;
	*own = (struct own_instance *)&none;
	return INSTANCE_OK;
}

struct event_source *__wrap_own_source(struct own_instance *own)
{
	(void)own;
	return &none;
}

bool __wrap_own_has_more(const struct own_instance *own)
{
	(void)own;
	return false;
}

void __wrap_own_wait(struct own_instance *own, unsigned int idle_ms)
{
	(void)own;
	signals_sleep_ms(idle_ms);
}

/* Where the threads' times are looked up */
static void write_times(const char *root)
{
	char path[64];

	for (size_t i = 0; i < fake_vms.nr; i++) {
		int pid = fake_vms_pid(i);

		for (size_t j = 1; j <= fake_vms.nr_vcpus; j++) {
			snprintf(path, sizeof(path), "/proc/%d/task/%zu/schedstat",
				 pid, pid + j);
			tree_write(root, path, "%d000000 1000000 5\n", pid);
		}
	}
}

int main(int argc, char **argv)
{
	const struct cmd cmd = { .name = "top", .opts = top_opts };

	if (argc < 4) {
		fputs("usage: tops ROOT VMS VCPUS OPTION...\n", stderr);
		return 2;
	}
	msg_set_program("tops");
	fake_vms_make(argv[1], strtoul(argv[2], NULL, 10),
		      strtoul(argv[3], NULL, 10));
	write_times(argv[1]);
	host_write_kvm(argv[1]);
	host_write_module(argv[1]);
	host_write_instance(argv[1]);
	host_file_set_root(argv[1]);
	return cmd_top(&cmd, argc - 3, argv + 3);
}
