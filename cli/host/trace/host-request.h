/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests of the host, as a source of events: each read asks for the selected
 * vCPUs once.
 */
#ifndef HOST_TRACE_HOST_REQUEST_H
#define HOST_TRACE_HOST_REQUEST_H

#include "select.h"
#include "trace/source.h"
#include "vm/guest-names.h"
#include "vm/host-device.h"
#include "vm/scan.h"
#include "vm/thread-times.h"

/* Takes what was answered for a VM; false if no more are wanted. */
typedef bool vm_sample_fn(const struct vm *vm, const struct vm_sample *sample,
			  void *arg);

/**
 * struct host_request - what to ask for
 * @source: as a source of events
 * @select: which VMs and vCPUs
 * @flags: VCPU_INFO_SAMPLE_*, as far as they are not clear anyway
 * @attempts: looks at a vCPU's state; 0: as many as the module does
 * @rescan_ns: for so long VMs that were found are believed to be all; six times as
 *	long if KVM's list of VMs has not changed
 * @singly: ask for one vCPU after the other, so that each is new when it is handed
 *	over
 * @skips_unread: a VM that cannot be asked for is counted, and does not end the round
 * @with_times: look up the times of threads, too, for events
 * @names: have the module copy stacks of vCPUs that run, for these to be found there;
 *	NULL: no stacks
 * @status: what the last round ended with; if it is DEVICE_FAILED, see @err
 * @err: errno of then
 * @nr_vms: VMs selected in the last round
 * @nr_gone: those of them that were gone before they could be asked for
 * @nr_unread: those of them that could not be asked for, if @skips_unread is set
 * @nr_vcpus: vCPUs taken in the last round
 * @nr_others: vCPUs of the selected VMs that are not selected
 * @all_vms: VMs that there were, selected or not
 * @denied: processes that could not be looked into
 * @scan: the VMs that were found
 * @scanned: when it was last known that these are all; 0: never
 * @looked: when they were looked for
 * @mark: of KVM's list at that time
 * @times: files of the times of threads
 */
struct host_request {
	struct event_source source;
	const struct select *select;
	unsigned int flags;
	unsigned int attempts;
	uint64_t rescan_ns;
	bool singly;
	bool skips_unread;
	bool with_times;
	struct guest_names *names;
	enum device_status status;
	int err;
	size_t nr_vms;
	size_t nr_gone;
	size_t nr_unread;
	size_t nr_vcpus;
	size_t nr_others;
	size_t all_vms;
	unsigned int denied;
	struct vm_scan scan;
	uint64_t scanned;
	uint64_t looked;
	struct vm_mark mark;
	struct thread_times times;
};

/* To be closed as a source, by source_close(). */
void host_request_init(struct host_request *req, const struct select *select);

/*
 * One round over all VMs. False if it could not be done: see @status. A VM that
 * goes away meanwhile is counted in @nr_gone and no error.
 */
bool host_request_round(struct host_request *req, vm_sample_fn *found,
			void *arg);

/* What the device says of a vCPU, as an event. */
void host_request_event(const struct vcpu_info_host_vcpu *vcpu,
			struct event *ev);

#endif /* HOST_TRACE_HOST_REQUEST_H */
