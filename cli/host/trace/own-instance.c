// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tracefs.h>

#include "compiler.h"
#include "diagnose.h"
#include "exit-codes.h"
#include "host-file.h"
#include "msg.h"
#include "num.h"
#include "trace/cpu-buffers.h"
#include "trace/decode-binary.h"
#include "trace/own-instance.h"
#include "vm/process.h"

#define PREFIX	VCPU_INFO_INSTANCE "."

/* Instances of processes that have the same PID in their namespaces. */
#define MAX_SAME_PID	1000

struct live {
	struct tracefs_instance *instance;
	struct source *src;
	struct tep_handle *tep;
	struct binary_decoder *dec;
	struct cpu_buffers *bufs;
	bool mono;		/* the clock is CLOCK_MONOTONIC */
	int hold;		/* while it is open nobody can remove it */
	struct comm_cache comms;
};

/* "vcpu_info.PURPOSE.PID" or, where that was taken, with ".NUMBER" after it */
bool live_is_stale(const char *name)
{
	long long pid, number;
	char text[24];
	const char *p;
	size_t len;

	if (strncmp(name, PREFIX, strlen(PREFIX)))
		return false;
	p = strchr(name + strlen(PREFIX), '.');
	len = p ? strcspn(++p, ".") : 0;
	if (!len || len >= sizeof(text) ||
	    (p[len] && !num_parse_int(p + len + 1, 1, INT_MAX, &number)))
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	return num_parse_int(text, 1, INT_MAX, &pid) &&
	       !host_file_exists("/proc/%lld", pid);
}

/* One that is in use after all, by another PID namespace, stays: it is busy. */
static void remove_stale(void)
{
	char **names = tracefs_instances(PREFIX);

	for (int i = 0; names && names[i]; i++) {
		struct tracefs_instance *instance;

		if (!live_is_stale(names[i]))
			continue;
		instance = tracefs_instance_create(names[i]);
		if (instance)
			tracefs_instance_destroy(instance);
		tracefs_instance_free(instance);
	}
	tracefs_list_free(names);
}

static bool bind_events(struct live *live)
{
	static const char * const systems[] = { VCPU_INFO_SYSTEM, NULL };
	static const char * const events[] = {
		VCPU_INFO_EVENT, VCPU_INFO_EVENT_ERROR,
	};
	bool any = false;

	live->dec = binary_decoder_new();
	live->tep = tracefs_local_events_system(NULL, systems);
	if (!live->dec || !live->tep)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		struct tep_event *event;

		event = tep_find_event_by_name(live->tep, VCPU_INFO_SYSTEM,
					       events[i]);
		any |= event && binary_decoder_bind(live->dec, event);
	}
	return any;
}

/* The events are switched on last, when all is as it has to be. */
static bool set_up(struct live *live, unsigned long buffer_kb)
{
	struct tracefs_instance *instance = live->instance;

	live->hold = tracefs_instance_file_open(instance, "tracing_on",
						O_RDONLY);
	live->mono = tracefs_instance_file_write(instance, "trace_clock",
						 "mono") > 0;
	if (live->hold < 0 || !bind_events(live) ||
	    tracefs_instance_set_buffer_size(instance, buffer_kb, -1))
		return false;
	live->bufs = cpu_buffers_open(instance);
	return live->bufs &&
	       !tracefs_event_enable(instance, VCPU_INFO_SYSTEM, NULL);
}

/*
 * The PID alone does not make a name unique: another PID namespace may have the
 * same, and an instance that is there already belongs to somebody else.
 */
struct tracefs_instance *live_new_instance(const char *purpose, int pid)
{
	char name[64];
	int len;

	len = snprintf(name, sizeof(name), PREFIX "%s.%d", purpose, pid);
	for (int i = 1; i <= MAX_SAME_PID; i++) {
		struct tracefs_instance *instance;

		instance = tracefs_instance_create(name);
		if (instance && tracefs_instance_is_new(instance))
			return instance;
		if (!instance && errno != EEXIST)
			return NULL;
		tracefs_instance_free(instance);
		snprintf(name + len, sizeof(name) - len, ".%d", i);
	}
	errno = EEXIST;
	return NULL;
}

static enum source_status create(struct live *live, const char *purpose)
{
	live->instance = live_new_instance(purpose, getpid());
	if (!live->instance)
		return errno == EACCES || errno == EPERM ? SOURCE_DENIED :
							   SOURCE_NO_INSTANCE;
	live->src = source_of(live->instance);
	return live->src ? SOURCE_OK : SOURCE_NO_MEMORY;
}

enum source_status live_open(const char *purpose, unsigned long buffer_kb,
			     struct live **live)
{
	enum source_status status;
	char dir[PATH_MAX];

	status = source_find_tracefs(dir, sizeof(dir));
	if (status != SOURCE_OK)
		return status;
	*live = calloc(1, sizeof(**live));
	if (!*live)
		return SOURCE_NO_MEMORY;
	(*live)->hold = -1;
	remove_stale();
	status = create(*live, purpose);
	if (status == SOURCE_OK && !set_up(*live, buffer_kb))
		status = SOURCE_NO_INSTANCE;
	if (status != SOURCE_OK)
		live_close(*live);
	return status;
}

int live_report_failed(enum source_status status)
{
	int err = errno;
	int exit_code = diagnose_report();

	if (exit_code)
		return exit_code;
	msg_error("cannot make a trace instance: %s",
		  status == SOURCE_NO_MEMORY ? "out of memory" :
					       strerror(err));
	msg_hint("'vcpu-info status' says more.");
	return EXIT_FAILED;
}

bool live_close(struct live *live)
{
	struct tracefs_instance *instance = live->instance;
	bool ok = true;

	cpu_buffers_close(live->bufs);
	if (live->hold >= 0)
		close(live->hold);
	if (instance) {
		tracefs_event_disable(instance, VCPU_INFO_SYSTEM, NULL);
		ok = !tracefs_instance_destroy(instance);
		if (!ok)
			msg_error("cannot remove the trace instance %s: %s",
				  tracefs_instance_get_name(instance),
				  strerror(errno));
	}
	if (live->src)
		source_close(live->src);
	else if (instance)
		tracefs_instance_free(instance);
	binary_decoder_free(live->dec);
	tep_free(live->tep);
	free(live);
	return ok;
}

/* Hand over one record; false if no more are wanted. */
static bool take_record(struct live *live, const struct reorder_rec *rec,
			live_found *found, void *arg, int *bad)
{
	struct event ev;

	switch (binary_decode(live->dec, rec->data, rec->size, &ev)) {
	case BINARY_OTHER:
		return true;
	case BINARY_BAD:
		(*bad)++;
		return true;
	case BINARY_EVENT:
		break;
	}
	ev.ts = rec->ts;
	ev.ts_is_ns = live->mono;
	ev.trace_cpu = cpu_buffers_cpu(live->bufs, rec->cpu);
	snprintf(ev.comm, sizeof(ev.comm), "%s",
		 comm_cache_get(&live->comms, ev.thread, process_cache_now()));
	return found(&ev, arg);
}

static bool take_records(struct live *live, live_found *found, void *arg,
			 int *bad)
{
	struct reorder_rec rec;

	while (reorder_next(cpu_buffers_records(live->bufs), &rec)) {
		if (!take_record(live, &rec, found, arg, bad))
			return false;
	}
	return true;
}

int live_read(struct live *live, live_found *found, void *arg)
{
	int bad = 0;

	if (!cpu_buffers_read(live->bufs))
		return -1;
	take_records(live, found, arg, &bad);
	return bad;
}

bool live_has_more(const struct live *live)
{
	return cpu_buffers_have_more(live->bufs);
}

int live_drain(struct live *live, live_found *found, void *arg)
{
	int bad = 0;

	do {
		if (!cpu_buffers_read(live->bufs))
			return -1;
		if (!take_records(live, found, arg, &bad))
			return bad;
	} while (cpu_buffers_have_more(live->bufs));
	reorder_all(cpu_buffers_records(live->bufs));
	take_records(live, found, arg, &bad);
	return bad;
}

void live_pause(struct live *live)
{
	tracefs_trace_off(live->instance);
}

enum live_state live_event_state(struct tracefs_instance *instance)
{
	char *on = tracefs_event_file_read(instance, VCPU_INFO_SYSTEM,
					   VCPU_INFO_EVENT, "enable", NULL);
	enum live_state state;

	state = !on ? LIVE_UNLOADED : on[0] == '1' ? LIVE_ON : LIVE_DISABLED;
	free(on);
	return state;
}

enum live_state live_get_state(struct live *live)
{
	return live_event_state(live->instance);
}

const char *live_name(const struct live *live)
{
	return tracefs_instance_get_name(live->instance);
}

bool live_stats(struct live *live, struct source_stats *stats)
{
	return source_stats(live->src, stats);
}

void live_clock(const struct live *live, struct timebase *tb)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	*tb = (struct timebase){
		.known = live->mono,
		.trace = ts.tv_sec * NS_PER_SEC + ts.tv_nsec,
		.wall = timebase_wall_now(),
	};
}
