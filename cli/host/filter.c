// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "num.h"

static bool parse_vm(const char *s, struct filter_vm *vm)
{
	const char *colon = strchr(s, ':');
	size_t pid_len = colon ? (size_t)(colon - s) : strlen(s);
	long long pid, fd = -1;
	char text[16];

	if (pid_len >= sizeof(text))
		return false;
	memcpy(text, s, pid_len);
	text[pid_len] = '\0';
	if (!num_parse_int(text, 1, INT_MAX, &pid) ||
	    (colon && !num_parse_int(colon + 1, 0, INT_MAX, &fd)))
		return false;
	*vm = (struct filter_vm){ .pid = pid, .fd = fd };
	return true;
}

bool filter_add_vm(struct filter *filter, const char *s, char *err,
		   size_t err_size)
{
	struct filter_vm *bigger;
	struct filter_vm vm;

	if (!parse_vm(s, &vm)) {
		snprintf(err, err_size, "'%s' is not a VM: give PID or PID:FD",
			 s);
		return false;
	}
	bigger = reallocarray(filter->vms, filter->nr_vms + 1, sizeof(vm));
	if (!bigger) {
		snprintf(err, err_size, "out of memory");
		return false;
	}
	filter->vms = bigger;
	filter->vms[filter->nr_vms++] = vm;
	return true;
}

bool filter_add_vcpus(struct filter *filter, const char *s, char *err,
		      size_t err_size)
{
	/* requests for ids that cannot exist are events, too */
	return id_list_add(&filter->vcpus, s, INT_MIN, INT_MAX, err, err_size);
}

static bool match_vm(const struct filter *filter, const struct event *ev)
{
	int pid = event_int(ev, FIELD_VM_PID);
	int fd = event_int(ev, FIELD_VM_FD);

	for (size_t i = 0; i < filter->nr_vms; i++) {
		const struct filter_vm *vm = &filter->vms[i];

		if (vm->pid == pid && (vm->fd == -1 || vm->fd == fd))
			return true;
	}
	return !filter->nr_vms;
}

bool filter_match(const struct filter *filter, const struct event *ev)
{
	if (!match_vm(filter, ev))
		return false;
	return !filter->vcpus.nr ||
	       id_list_has(&filter->vcpus, event_int(ev, FIELD_VCPU_ID));
}

void filter_free(struct filter *filter)
{
	free(filter->vms);
	id_list_free(&filter->vcpus);
	*filter = (struct filter){ 0 };
}
