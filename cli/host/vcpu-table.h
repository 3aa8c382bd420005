/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is remembered of each vCPU: its last records, and its exit counts, which
 * tell what they grew by from one record to the next.
 */
#ifndef HOST_VCPU_TABLE_H
#define HOST_VCPU_TABLE_H

#include "trace-time.h"
#include "trace/event.h"

/* exits, io_exits, ..., hypercalls: consecutive fields of the event */
#define NR_EXIT_KINDS (FIELD_HYPERCALLS - FIELD_EXITS + 1)

/* Counted like exits, in nanoseconds: FIELD_RUN_NS and FIELD_WAIT_NS */
#define KIND_RUN NR_EXIT_KINDS
#define KIND_WAIT (NR_EXIT_KINDS + 1)
#define NR_KINDS (NR_EXIT_KINDS + 2)

enum delta_state {
	DELTA_FIRST, /* there is no record before */
	DELTA_OK,
	DELTA_RESET, /* the counts started afresh in between */
};

/**
 * struct exit_delta - from one record of a vCPU to the next
 * @state: whether the rest is known
 * @ns: time between the two, 0 if the clock does not tell it
 * @known: a bit for each kind that both records have
 * @count: exits of each kind between the two, by field_id - FIELD_EXITS, and times
 */
struct exit_delta {
	enum delta_state state;
	uint64_t ns;
	unsigned int known;
	uint64_t count[NR_KINDS];
};

/* Exits of that kind a second; false if it is not known. */
static inline bool exit_rate(const struct exit_delta *delta, unsigned int kind,
			     double *per_second)
{
	if (delta->state != DELTA_OK || !delta->ns ||
	    !(delta->known & (1U << kind)))
		return false;
	*per_second = (double)delta->count[kind] * NS_PER_SEC / delta->ns;
	return true;
}

/* The counts of a record, and when they were those. */
struct exit_counts {
	bool any; /* there was a record */
	int thread;
	uint64_t ts;
	bool ts_is_ns;
	unsigned int known;
	uint64_t count[NR_KINDS];
};

/**
 * struct vcpu - a vCPU
 * @vm_pid: process of its VM
 * @vm_fd: file descriptor of its VM in that process
 * @vcpu_id: KVM's number of it in the VM
 * @counts: those of its last record that was counted
 * @delta: what they grew by up to it
 * @records: its last records: a ring, once it is full
 * @nr_records: how many
 * @oldest: index of the oldest of them
 * @thread: the thread that runs it if there is no record, 0 if not known
 * @name: its VM's, for 'top'
 * @symbol: what RIP was in, "" if that is not known, for 'top'
 * @nr_vcpus: how many vCPUs it stands for in a total of 'top', else 0
 * @marked: for who goes through a table
 * @after: the one that was looked up after it the last time, or NULL
 */
struct vcpu {
	int vm_pid;
	int vm_fd;
	int vcpu_id;
	struct exit_counts counts;
	struct exit_delta delta;
	struct event **records;
	size_t nr_records;
	size_t oldest;
	int thread;
	char name[64];
	char symbol[96];
	int nr_vcpus;
	bool marked;
	struct vcpu *after;
};

/**
 * struct vcpu_table - vCPUs; all zeroes is empty
 * @tree: of tsearch()
 * @nr: how many
 * @last: the one that was looked up last, or NULL
 */
struct vcpu_table {
	void *tree;
	size_t nr;
	struct vcpu *last;
};

/* The vCPU that an event is about; it is added. NULL on OOM. */
struct vcpu *vcpu_table_get(struct vcpu_table *table, const struct event *ev);

/* The vCPU with these ids, which is added. NULL on OOM. */
struct vcpu *vcpu_table_get_id(struct vcpu_table *table, int vm_pid, int vm_fd,
			       int vcpu_id);

/* Call fn() for each, by VM and vCPU. */
void vcpu_table_each(const struct vcpu_table *table,
		     void (*fn)(struct vcpu *vcpu, void *arg), void *arg);

/* Forget those that fn() is true for. */
void vcpu_table_remove_if(struct vcpu_table *table,
			  bool (*fn)(const struct vcpu *vcpu, void *arg),
			  void *arg);

/* A copy, but of the last record of each only. False on OOM: it is empty then. */
bool vcpu_table_copy(struct vcpu_table *to, const struct vcpu_table *from);
void vcpu_table_free(struct vcpu_table *table);

/* Order by VM and vCPU: <0, 0 or >0. */
int vcpu_compare(const struct vcpu *a, const struct vcpu *b);

/*
 * Keep a copy of a record, of at most so many the last. False on OOM: then what
 * is kept stays as it was.
 */
bool vcpu_keep(struct vcpu *vcpu, const struct event *ev, size_t keep);

/* The i-th that is kept, from the oldest. */
const struct event *vcpu_record(const struct vcpu *vcpu, size_t i);

/* The last that is kept, NULL for none. */
const struct event *vcpu_last(const struct vcpu *vcpu);

/* Take a record's counts in, and set @delta. */
void vcpu_count(struct vcpu *vcpu, const struct event *ev);

#endif /* HOST_VCPU_TABLE_H */
