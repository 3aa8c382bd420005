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
#include "exit-codes.h"
#include "host-file.h"
#include "host-problems.h"
#include "msg.h"
#include "num.h"
#include "signals.h"
#include "trace/cpu-buffers.h"
#include "trace/decode-binary.h"
#include "trace/own-instance.h"
#include "vm/process.h"

#define PREFIX	VCPU_INFO_INSTANCE "."

/* Often enough for the eye, and for buffers that fill within 100 ms. */
#define PERIOD_MS	50

/* Instances of processes that have the same PID in their namespaces. */
#define MAX_SAME_PID	1000

struct own_instance {
	struct event_source source;
	struct tracefs_instance *tracefs;
	struct instance *inst;
	struct tep_handle *tep;
	struct binary_decoder *dec;
	struct cpu_buffers *bufs;
	bool mono;		/* the clock is CLOCK_MONOTONIC */
	int hold;		/* while it is open nobody can remove it */
	int wakes;		/* readable when any CPU's buffer is */
	bool busy;		/* an event was made before the last wait ended */
	uint64_t bad;
	struct comm_cache comms;
};

static const struct event_source_ops own_ops;
static void read_clock(struct event_source *src, struct timebase *tb);

/* "vcpu_info.PURPOSE.PID" or, where that was taken, with ".NUMBER" after it */
bool own_is_stale(const char *name)
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

		if (!own_is_stale(names[i]))
			continue;
		instance = tracefs_instance_create(names[i]);
		if (instance)
			tracefs_instance_destroy(instance);
		tracefs_instance_free(instance);
	}
	tracefs_list_free(names);
}

static bool bind_events(struct own_instance *own)
{
	static const char * const systems[] = { VCPU_INFO_SYSTEM, NULL };
	static const char * const events[] = {
		VCPU_INFO_EVENT, VCPU_INFO_EVENT_ERROR,
	};
	bool any = false;

	own->dec = binary_decoder_new();
	own->tep = tracefs_local_events_system(NULL, systems);
	if (!own->dec || !own->tep)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		struct tep_event *event;

		event = tep_find_event_by_name(own->tep, VCPU_INFO_SYSTEM,
					       events[i]);
		any |= event && binary_decoder_bind(own->dec, event);
	}
	return any;
}

/* The events are switched on last, when all is as it has to be. */
static bool set_up(struct own_instance *own, unsigned long buffer_kb,
		   const char *filter)
{
	struct tracefs_instance *instance = own->tracefs;

	own->hold =
		tracefs_instance_file_open(instance, "tracing_on", O_RDONLY);
	own->mono = tracefs_instance_file_write(instance, "trace_clock",
						"mono") > 0;
	if (own->hold < 0 || !bind_events(own) ||
	    tracefs_instance_set_buffer_size(instance, buffer_kb, -1))
		return false;
	if (filter &&
	    tracefs_instance_file_write(instance,
					"events/" VCPU_INFO_SYSTEM "/filter",
					filter) < 0)
		return false;
	own->bufs = cpu_buffers_open(instance);
	return own->bufs &&
	       !tracefs_event_enable(instance, VCPU_INFO_SYSTEM, NULL);
}

/*
 * The PID alone does not make a name unique: another PID namespace may have the
 * same, and an instance that is there already belongs to somebody else.
 */
struct tracefs_instance *own_new_instance(const char *purpose, int pid)
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

static enum instance_status create(struct own_instance *own,
				   const char *purpose)
{
	own->tracefs = own_new_instance(purpose, getpid());
	if (!own->tracefs)
		return errno == EACCES || errno == EPERM ? INSTANCE_DENIED :
							   INSTANCE_MISSING;
	/*
	 * Never read, only polled: it does not wait for a part of a buffer to
	 * be full (buffer_percent), as those of each CPU do.
	 */
	own->wakes = tracefs_instance_file_open(own->tracefs, "trace_pipe",
						O_RDONLY | O_NONBLOCK);
	own->inst = instance_of(own->tracefs);
	return own->inst ? INSTANCE_OK : INSTANCE_NO_MEMORY;
}

enum instance_status own_open(const char *purpose, unsigned long buffer_kb,
			      const char *filter, struct own_instance **own)
{
	enum instance_status status;
	char dir[PATH_MAX];

	status = instance_find_tracefs(dir, sizeof(dir));
	if (status != INSTANCE_OK)
		return status;
	*own = calloc(1, sizeof(**own));
	if (!*own)
		return INSTANCE_NO_MEMORY;
	(*own)->source.ops = &own_ops;
	(*own)->hold = -1;
	(*own)->wakes = -1;
	remove_stale();
	status = create(*own, purpose);
	if (status == INSTANCE_OK && !set_up(*own, buffer_kb, filter))
		status = INSTANCE_MISSING;
	if (status != INSTANCE_OK)
		source_close(&(*own)->source);
	return status;
}

static const char *why_not(enum instance_status status)
{
	switch (status) {
	case INSTANCE_DENIED:
		return "no permission for tracefs";
	case INSTANCE_NO_TRACEFS:
		return "tracefs is not mounted";
	case INSTANCE_NO_MEMORY:
		return "out of memory";
	default:
		return "no trace instance can be made";
	}
}

bool own_open_reasons(const char *purpose, unsigned long buffer_kb,
		      const char *filter, struct own_instance **own,
		      const char **why)
{
	enum instance_status status = own_open(purpose, buffer_kb, filter, own);

	if (status != INSTANCE_OK) {
		*why = why_not(status);
		return false;
	}
	if (own_records_have(*own, FIELD_WHY_NR))
		return true;
	*why = "the module vcpu_info is older than this command";
	source_close(&(*own)->source);
	return false;
}

int own_report_failed(enum instance_status status)
{
	int err = errno;
	int exit_code = diagnose_report();

	if (exit_code)
		return exit_code;
	msg_error("cannot make a trace instance: %s",
		  status == INSTANCE_NO_MEMORY ? "out of memory" :
						 strerror(err));
	msg_hint("'vcpu-info status' says more.");
	return EXIT_FAILED;
}

static bool close_source(struct event_source *src)
{
	struct own_instance *own = (struct own_instance *)src;
	bool ok = true;

	cpu_buffers_close(own->bufs);
	if (own->wakes >= 0)
		close(own->wakes);
	if (own->hold >= 0)
		close(own->hold);
	if (own->tracefs) {
		tracefs_event_disable(own->tracefs, VCPU_INFO_SYSTEM, NULL);
		ok = !tracefs_instance_destroy(own->tracefs);
		if (!ok)
			msg_error("cannot remove the trace instance %s: %s",
				  tracefs_instance_get_name(own->tracefs),
				  strerror(errno));
	}
	if (own->inst)
		instance_close(own->inst);
	else if (own->tracefs)
		tracefs_instance_free(own->tracefs);
	binary_decoder_free(own->dec);
	tep_free(own->tep);
	free(own);
	return ok;
}

/* Hand over one record; false if no more are wanted. */
static bool take_record(struct own_instance *own, const struct reorder_rec *rec,
			event_fn *found, void *arg)
{
	struct event ev;

	switch (binary_decode(own->dec, rec->data, rec->size, &ev)) {
	case BINARY_OTHER:
		return true;
	case BINARY_BAD:
		own->bad++;
		return true;
	case BINARY_EVENT:
		break;
	}
	ev.ts = rec->ts;
	ev.ts_is_ns = own->mono;
	ev.trace_cpu = cpu_buffers_cpu(own->bufs, rec->cpu);
	snprintf(ev.comm, sizeof(ev.comm), "%s",
		 comm_cache_get(&own->comms, ev.thread, process_cache_now()));
	return found(&ev, arg);
}

static bool take_records(struct own_instance *own, event_fn *found, void *arg)
{
	struct reorder_rec rec;

	while (reorder_next(cpu_buffers_records(own->bufs), &rec)) {
		if (!take_record(own, &rec, found, arg))
			return false;
	}
	return true;
}

static bool read_source(struct event_source *src, event_fn *found, void *arg)
{
	struct own_instance *own = (struct own_instance *)src;

	if (!cpu_buffers_read(own->bufs))
		return false;
	take_records(own, found, arg);
	return true;
}

struct event_source *own_source(struct own_instance *own)
{
	return &own->source;
}

bool own_has_more(const struct own_instance *own)
{
	return cpu_buffers_have_more(own->bufs);
}

void own_wait(struct own_instance *own, unsigned int idle_ms)
{
	if (own_has_more(own)) {
		signals_sleep_ms(0);
	} else if (own->wakes < 0 || own->busy ||
		   reorder_holds(cpu_buffers_records(own->bufs))) {
		signals_sleep_ms(idle_ms < PERIOD_MS ? idle_ms : PERIOD_MS);
		own->busy = false;
	} else {
		own->busy = signals_wait_readable(own->wakes, idle_ms);
	}
}

bool own_drain(struct own_instance *own, event_fn *found, void *arg)
{
	do {
		if (!cpu_buffers_read(own->bufs))
			return false;
		if (!take_records(own, found, arg))
			return true;
	} while (cpu_buffers_have_more(own->bufs));
	reorder_all(cpu_buffers_records(own->bufs));
	take_records(own, found, arg);
	return true;
}

/* What own_read_raw() hands down. */
struct raw_reading {
	struct own_instance *own;
	subbuf_fn *fn;
	event_fn *event;
	void *arg;
};

static bool take_subbuf(int cpu, const void *data, size_t size, void *arg)
{
	const struct raw_reading *rd = arg;

	return rd->fn(cpu, data, size, rd->arg);
}

static bool take_raw(const void *data, size_t size, void *arg)
{
	const struct raw_reading *rd = arg;
	struct event ev;

	switch (binary_decode(rd->own->dec, data, size, &ev)) {
	case BINARY_OTHER:
		return true;
	case BINARY_BAD:
		rd->own->bad++;
		return true;
	case BINARY_EVENT:
		break;
	}
	return rd->event(&ev, rd->arg);
}

bool own_read_raw(struct own_instance *own, subbuf_fn *fn, event_fn *event,
		  void *arg)
{
	struct raw_reading rd = { own, fn, event, arg };

	return cpu_buffers_read_raw(own->bufs, take_subbuf, take_raw, &rd);
}

bool own_read_formats(struct own_instance *own, struct file_formats *formats)
{
	struct timebase tb;

	read_clock(&own->source, &tb);
	*formats = (struct file_formats){
		.header_page = tracefs_instance_file_read(NULL, "events/header_page", NULL),
		.header_event = tracefs_instance_file_read(NULL, "events/header_event", NULL),
		.events = {
			tracefs_event_file_read(NULL, VCPU_INFO_SYSTEM,
						VCPU_INFO_EVENT, "format", NULL),
			tracefs_event_file_read(NULL, VCPU_INFO_SYSTEM,
						VCPU_INFO_EVENT_ERROR, "format",
						NULL),
		},
		.subbuf_size = cpu_buffers_subbuf_size(own->bufs),
		.clock_offset_ns = tb.known ? tb.wall - tb.trace : 0,
	};
	if (formats->header_page && formats->header_event &&
	    formats->events[EVENT_RECORD])
		return true;
	own_free_formats(formats);
	return false;
}

void own_free_formats(struct file_formats *formats)
{
	free(formats->header_page);
	free(formats->header_event);
	free(formats->events[0]);
	free(formats->events[1]);
	*formats = (struct file_formats){ 0 };
}

void own_pause(struct own_instance *own)
{
	tracefs_trace_off(own->tracefs);
}

enum own_state own_event_state(struct tracefs_instance *instance)
{
	char *on = tracefs_event_file_read(instance, VCPU_INFO_SYSTEM,
					   VCPU_INFO_EVENT, "enable", NULL);
	enum own_state state;

	state = !on ? OWN_UNLOADED : on[0] == '1' ? OWN_ON : OWN_DISABLED;
	free(on);
	return state;
}

enum own_state own_get_state(struct own_instance *own)
{
	return own_event_state(own->tracefs);
}

bool own_records_have(const struct own_instance *own, enum field_id id)
{
	return binary_decoder_has(own->dec, EVENT_RECORD, id);
}

const char *own_name(const struct own_instance *own)
{
	return tracefs_instance_get_name(own->tracefs);
}

static bool read_losses(struct event_source *src, struct losses *losses)
{
	const struct own_instance *own = (const struct own_instance *)src;
	struct instance_stats stats;
	bool ok = instance_stats(own->inst, &stats);

	*losses = ok ? stats.lost : (struct losses){ 0 };
	losses->undecodable = own->bad;
	return ok;
}

static void read_clock(struct event_source *src, struct timebase *tb)
{
	const struct own_instance *own = (const struct own_instance *)src;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	*tb = (struct timebase){
		.known = own->mono,
		.trace = ts.tv_sec * NS_PER_SEC + ts.tv_nsec,
		.wall = timebase_wall_now(),
	};
}

static const struct event_source_ops own_ops = {
	.read = read_source,
	.clock = read_clock,
	.losses = read_losses,
	.close = close_source,
};
