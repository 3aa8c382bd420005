// SPDX-License-Identifier: GPL-2.0
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "vcpu-table.h"

static int order(int a, int b)
{
	return a < b ? -1 : a > b;
}

int vcpu_compare(const struct vcpu *a, const struct vcpu *b)
{
	int by_vm = order(a->vm_pid, b->vm_pid);

	if (!by_vm)
		by_vm = order(a->vm_fd, b->vm_fd);
	return by_vm ? by_vm : order(a->vcpu_id, b->vcpu_id);
}

static int compare(const void *a, const void *b)
{
	return vcpu_compare(a, b);
}

static void free_vcpu(void *arg)
{
	struct vcpu *vcpu = arg;

	for (size_t i = 0; i < vcpu->nr_records; i++)
		free(vcpu->records[i]);
	free(vcpu->records);
	free(vcpu);
}

static struct vcpu *get(struct vcpu_table *table, const struct vcpu *key)
{
	struct vcpu **found, *vcpu;

	/* an event is looked at more than once, and vCPUs come round in turn */
	for (vcpu = table->last; vcpu; vcpu = vcpu->after) {
		if (!vcpu_compare(key, vcpu)) {
			table->last = vcpu;
			return vcpu;
		}
		if (vcpu != table->last)
			break;
	}
	found = tfind(key, &table->tree, compare);
	if (found) {
		if (table->last)
			table->last->after = *found;
		table->last = *found;
		return *found;
	}
	vcpu = calloc(1, sizeof(*vcpu));
	if (!vcpu)
		return NULL;
	vcpu->vm_pid = key->vm_pid;
	vcpu->vm_fd = key->vm_fd;
	vcpu->vcpu_id = key->vcpu_id;
	if (!tsearch(vcpu, &table->tree, compare)) {
		free(vcpu);
		return NULL;
	}
	table->nr++;
	return vcpu;
}

struct vcpu *vcpu_table_get_id(struct vcpu_table *table, int vm_pid, int vm_fd,
			       int vcpu_id)
{
	const struct vcpu key = {
		.vm_pid = vm_pid,
		.vm_fd = vm_fd,
		.vcpu_id = vcpu_id,
	};

	return get(table, &key);
}

struct vcpu *vcpu_table_get(struct vcpu_table *table, const struct event *ev)
{
	return vcpu_table_get_id(table, event_int(ev, FIELD_VM_PID),
				 event_int(ev, FIELD_VM_FD),
				 event_int(ev, FIELD_VCPU_ID));
}

struct walk {
	void (*fn)(struct vcpu *vcpu, void *arg);
	void *arg;
};

static void visit(const void *node, VISIT when, void *arg)
{
	const struct walk *walk = arg;

	if (when == postorder || when == leaf) /* in order, each once */
		walk->fn(*(struct vcpu *const *)node, walk->arg);
}

void vcpu_table_each(const struct vcpu_table *table,
		     void (*fn)(struct vcpu *vcpu, void *arg), void *arg)
{
	struct walk walk = { fn, arg };

	twalk_r(table->tree, visit, &walk);
}

/* The tree may not change while it is walked. */
struct removal {
	bool (*fn)(const struct vcpu *vcpu, void *arg);
	void *arg;
	struct vcpu **gone;
	size_t nr;
};

static void collect(struct vcpu *vcpu, void *arg)
{
	struct removal *removal = arg;

	if (removal->fn(vcpu, removal->arg))
		removal->gone[removal->nr++] = vcpu;
}

static void forget_after(struct vcpu *vcpu, void *arg)
{
	(void)arg;
	vcpu->after = NULL;
}

void vcpu_table_remove_if(struct vcpu_table *table,
			  bool (*fn)(const struct vcpu *vcpu, void *arg),
			  void *arg)
{
	struct removal removal = { fn, arg };

	removal.gone = calloc(table->nr, sizeof(*removal.gone));
	if (!removal.gone)
		return;
	table->last = NULL;
	vcpu_table_each(table, collect, &removal);
	if (removal.nr)
		vcpu_table_each(table, forget_after, NULL);
	for (size_t i = 0; i < removal.nr; i++) {
		tdelete(removal.gone[i], &table->tree, compare);
		free_vcpu(removal.gone[i]);
		table->nr--;
	}
	free(removal.gone);
}

void vcpu_table_free(struct vcpu_table *table)
{
	tdestroy(table->tree, free_vcpu);
	*table = (struct vcpu_table){ 0 };
}

/* In the place of another one, or NULL */
static struct event *copy_to(struct event *old, const struct event *ev)
{
	struct event *copy = old;

	if (!old || event_size(old) != event_size(ev))
		copy = realloc(old, event_size(ev));
	if (!copy)
		return NULL;
	memcpy(copy, ev, event_size(ev));
	copy->vmm = NULL;	/* will be gone by then */
	return copy;
}

bool vcpu_keep(struct vcpu *vcpu, const struct event *ev, size_t keep)
{
	struct event **bigger, *copy;

	if (vcpu->nr_records == keep) {
		copy = copy_to(vcpu->records[vcpu->oldest], ev);
		if (!copy)
			return false;
		vcpu->records[vcpu->oldest] = copy;
		vcpu->oldest = (vcpu->oldest + 1) % keep;
		return true;
	}
	bigger = reallocarray(vcpu->records, vcpu->nr_records + 1,
			      sizeof(*bigger));
	if (!bigger)
		return false;
	vcpu->records = bigger;
	copy = copy_to(NULL, ev);
	if (!copy)
		return false;
	vcpu->records[vcpu->nr_records++] = copy;
	return true;
}

const struct event *vcpu_record(const struct vcpu *vcpu, size_t i)
{
	return vcpu->records[(vcpu->oldest + i) % vcpu->nr_records];
}

const struct event *vcpu_last(const struct vcpu *vcpu)
{
	if (vcpu->nr_records == 1)
		return vcpu->records[0];
	return vcpu->nr_records ? vcpu_record(vcpu, vcpu->nr_records - 1) :
				  NULL;
}

struct copying {
	struct vcpu_table *to;
	bool ok;
};

static void copy_vcpu(struct vcpu *vcpu, void *arg)
{
	struct copying *copying = arg;
	struct vcpu *copy;

	copy = copying->ok ? get(copying->to, vcpu) : NULL;
	copying->ok = copy;
	if (!copy)
		return;
	copy->counts = vcpu->counts;
	copy->thread = vcpu->thread;
	copy->delta = vcpu->delta;
	strcpy(copy->name, vcpu->name);
	strcpy(copy->symbol, vcpu->symbol);
	if (vcpu_last(vcpu))
		copying->ok = vcpu_keep(copy, vcpu_last(vcpu), 1);
}

bool vcpu_table_copy(struct vcpu_table *to, const struct vcpu_table *from)
{
	struct copying copying = { to, true };

	*to = (struct vcpu_table){ 0 };
	vcpu_table_each(from, copy_vcpu, &copying);
	if (!copying.ok)
		vcpu_table_free(to);
	return copying.ok;
}

/* Fields of events that are counted; the exits follow each other. */
#define EXIT_FIELDS	((1U << NR_EXIT_KINDS) - 1)

static struct exit_counts counts_of(const struct event *ev)
{
	struct exit_counts counts = {
		.any = true,
		.thread = event_int(ev, FIELD_PID),
		.ts = ev->ts,
		.ts_is_ns = ev->ts_is_ns,
		.known = ev->present >> FIELD_EXITS & EXIT_FIELDS,
	};

	_Static_assert(FIELD_WAIT_NS - FIELD_RUN_NS == 1, "they follow each other");
	counts.known |= (ev->present >> FIELD_RUN_NS & 3) << KIND_RUN;
	memcpy(counts.count, &ev->val[FIELD_EXITS],
	       NR_EXIT_KINDS * sizeof(counts.count[0]));
	memcpy(&counts.count[KIND_RUN], &ev->val[FIELD_RUN_NS],
	       2 * sizeof(counts.count[0]));
	return counts;
}

/*
 * Another VM may have come to the same PID and file descriptor, with counts
 * from 0: then its thread is another, or some count has shrunk.
 */
static void compute(struct exit_delta *delta, const struct exit_counts *old,
		    const struct exit_counts *new)
{
	unsigned int shrunk = 0;

	for (int i = 0; i < NR_KINDS; i++) {
		delta->count[i] = new->count[i] - old->count[i];
		if (old->count[i] > new->count[i])
			shrunk |= 1U << i;
	}
	delta->known = old->known & new->known;
	if (old->thread != new->thread || shrunk & delta->known) {
		*delta = (struct exit_delta){ .state = DELTA_RESET };
		return;
	}
	delta->state = DELTA_OK;
	delta->ns = old->ts_is_ns && new->ts_is_ns && new->ts > old->ts ?
		    new->ts - old->ts : 0;
}

void vcpu_count(struct vcpu *vcpu, const struct event *ev)
{
	struct exit_counts new = counts_of(ev);

	if (vcpu->counts.any)
		compute(&vcpu->delta, &vcpu->counts, &new);
	else
		vcpu->delta = (struct exit_delta){ .state = DELTA_FIRST };
	vcpu->counts = new;
}
