/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A trace instance of one's own, as a source of events as they are made. A binary
 * buffer can be read only once, so the module's instance is left alone.
 */
#ifndef HOST_TRACE_OWN_INSTANCE_H
#define HOST_TRACE_OWN_INSTANCE_H

#include "trace/cpu-buffers.h"
#include "trace/file-writer.h"
#include "trace/instance.h"

/*
 * As a source, each read hands over what came since the last, in the order in
 * which it was made. Events that were not there the last time are held until the
 * next read: until then an older one may come from another CPU.
 */
struct own_instance;

/**
 * own_open - make an instance vcpu_info.PURPOSE.PID (or PID.NUMBER, if that is
 *	taken) and enable the events
 * @purpose: the command's name
 * @buffer_kb: size of a CPU's buffer
 * @filter: only events that it matches, as
 *	Documentation/trace/events.rst has it; NULL: all
 * @own: the instance, on INSTANCE_OK
 *
 * Instances of processes that ended without removing theirs are removed.
 */
enum instance_status own_open(const char *purpose, unsigned long buffer_kb,
			      const char *filter, struct own_instance **own);

/*
 * The same for records that say why the guest asked. False with why it cannot be had,
 * for a message.
 */
bool own_open_reasons(const char *purpose, unsigned long buffer_kb,
		      const char *filter, struct own_instance **own,
		      const char **why);

/* Print why it is not open, with errno as it was left; the exit code for it. */
int own_report_failed(enum instance_status status);

/* To read it, and to close it, which removes it. */
struct event_source *own_source(struct own_instance *own);

/* Whether the last read has left some, so that it is time for another. */
bool own_has_more(const struct own_instance *own);

/*
 * Wait until it is time for the next read, or for something else to be looked at:
 * at once if there is more; shortly after a read that found events, so that many
 * are read together and those that are held come out; or else when an event is
 * made, and for at most idle_ms. Ends early as signals_sleep_ms() does.
 */
void own_wait(struct own_instance *own, unsigned int idle_ms);

/* Read all there are once no more come, and hold nothing. As source_read(). */
bool own_drain(struct own_instance *own, event_fn *found, void *arg);

/*
 * Read what came since the last time as it is, for a file: fn() gets each
 * sub-buffer, event() each event in it. False and errno if that failed, or one of
 * them returned false.
 */
bool own_read_raw(struct own_instance *own, subbuf_fn *fn, event_fn *event,
		  void *arg);

/* What a file needs; to be freed. False and errno if it cannot be read. */
bool own_read_formats(struct own_instance *own, struct file_formats *formats);
void own_free_formats(struct file_formats *formats);

/* No more events, so that there is an end of those that there are. */
void own_pause(struct own_instance *own);

/* Whether records can come. Loading the module again does not help. */
enum own_state {
	OWN_ON,
	OWN_DISABLED, /* somebody disabled the event in the instance */
	OWN_UNLOADED, /* the module was unloaded */
};

enum own_state own_get_state(struct own_instance *own);

/* Whether the module writes that field of records. */
bool own_records_have(const struct own_instance *own, enum field_id id);

/* The instance's name. */
const char *own_name(const struct own_instance *own);

/* Whether the name is that of an instance whose process is gone. */
bool own_is_stale(const char *name);

/* The state of any instance. */
enum own_state own_event_state(struct tracefs_instance *instance);

/* A new instance that nobody else has; NULL and errno if there is none. */
struct tracefs_instance *own_new_instance(const char *purpose, int pid);

#endif /* HOST_TRACE_OWN_INSTANCE_H */
