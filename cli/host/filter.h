/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which events the user wants: of these VMs and these vCPUs.
 */
#ifndef HOST_FILTER_H
#define HOST_FILTER_H

#include "event.h"
#include "idlist.h"

struct filter_vm {
	int pid;
	int fd;			/* -1: any VM of the process */
};

/* An empty list matches all; all zeroes is a filter that matches all. */
struct filter {
	struct filter_vm *vms;
	size_t nr_vms;
	struct id_list vcpus;
};

/* Add a VM, "PID" or "PID:FD". False with err set if it is neither. */
bool filter_add_vm(struct filter *filter, const char *s, char *err,
		   size_t err_size);

/* Add vCPUs, "0-3,7". */
bool filter_add_vcpus(struct filter *filter, const char *s, char *err,
		      size_t err_size);

bool filter_match(const struct filter *filter, const struct event *ev);
void filter_free(struct filter *filter);

#endif /* HOST_FILTER_H */
