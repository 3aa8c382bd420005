// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "select.h"
#include "text.h"

static bool parse_pid(const char *s, struct select_vm *vm)
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
	*vm = (struct select_vm){ .pid = pid, .fd = fd };
	return true;
}

bool select_add_vm(struct select *filter, const char *s, char *err,
		   size_t err_size)
{
	struct select_vm vm = { .fd = -1 };
	struct select_vm *bigger;
	bool by_pid;

	if (!s[0]) {
		snprintf(err, err_size,
			 "'' is not a VM: give PID, PID:FD or a name");
		return false;
	}
	by_pid = parse_pid(s, &vm);
	bigger = reallocarray(filter->vms, filter->nr_vms + 1, sizeof(vm));
	if (bigger)
		filter->vms = bigger;
	vm.name = by_pid ? NULL : strdup(s);
	if (!bigger || (!by_pid && !vm.name)) {
		free(vm.name);
		snprintf(err, err_size, "out of memory");
		return false;
	}
	filter->wants_names |= !!vm.name;
	filter->vms[filter->nr_vms++] = vm;
	return true;
}

bool select_add_vcpus(struct select *filter, const char *s, char *err,
		      size_t err_size)
{
	/* requests for ids that cannot exist are events, too */
	return id_list_add(&filter->vcpus, s, INT_MIN, INT_MAX, err, err_size);
}

static void list_states(char *err, size_t err_size, const char *word)
{
	size_t len = snprintf(err, err_size, "'%.40s' is not a state; there are:",
			      word);

	for (uint64_t i = 1; event_state_name(i) && len < err_size; i++)
		len += snprintf(err + len, err_size - len, " %s",
				event_state_name(i));
}

bool select_add_states(struct select *filter, const char *s, char *err,
		       size_t err_size)
{
	uint64_t states = 0, state;
	char word[32];

	for (;; s++) {
		size_t len = strcspn(s, ",");

		snprintf(word, sizeof(word), "%.*s", (int)len, s);
		if (len >= sizeof(word) || !event_state_value(word, &state)) {
			list_states(err, err_size, word);
			return false;
		}
		states |= 1ULL << state;
		s += len;
		if (!*s)
			break;
	}
	filter->states |= states;
	return true;
}

static bool same(const char *word, const char *name)
{
	return name && text_names(word, name);
}

bool select_has_vm(const struct select *filter, int pid, int fd,
		   const char *name, const char *comm)
{
	for (size_t i = 0; i < filter->nr_vms; i++) {
		const struct select_vm *vm = &filter->vms[i];

		if (vm->name) {
			if (same(vm->name, name) || same(vm->name, comm))
				return true;
		} else if (vm->pid == pid && (vm->fd == -1 || vm->fd == fd)) {
			return true;
		}
	}
	return !filter->nr_vms;
}

static bool match_state(const struct select *filter, const struct event *ev)
{
	return event_has(ev, FIELD_STATE_NR) && ev->val[FIELD_STATE_NR] < 64 &&
	       filter->states & (1ULL << ev->val[FIELD_STATE_NR]);
}

bool select_has_vcpu(const struct select *filter, const struct event *ev)
{
	if (filter->states && !match_state(filter, ev))
		return false;
	return !filter->vcpus.nr ||
	       id_list_has(&filter->vcpus, event_int(ev, FIELD_VCPU_ID));
}

void select_free(struct select *filter)
{
	for (size_t i = 0; i < filter->nr_vms; i++)
		free(filter->vms[i].name);
	free(filter->vms);
	id_list_free(&filter->vcpus);
	*filter = (struct select){ 0 };
}
