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

bool select_add_vm(struct select *select, const char *s, char *err,
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
	bigger = reallocarray(select->vms, select->nr_vms + 1, sizeof(vm));
	if (bigger)
		select->vms = bigger;
	vm.name = by_pid ? NULL : strdup(s);
	if (!bigger || (!by_pid && !vm.name)) {
		free(vm.name);
		snprintf(err, err_size, "out of memory");
		return false;
	}
	select->wants_names |= !!vm.name;
	select->vms[select->nr_vms++] = vm;
	return true;
}

static enum opt_outcome take_vm(struct select *select, struct opt_parser *op,
				const char *word)
{
	char err[sizeof(op->err)];

	if (select_add_vm(select, word, err, sizeof(err)))
		return OPT_RUN;
	return opt_bad(op, "%s", err);
}

enum opt_outcome select_take_vm(struct select *select, struct opt_parser *op)
{
	return take_vm(select, op, op->arg);
}

enum opt_outcome select_take_vms(struct select *select, struct opt_parser *op)
{
	enum opt_outcome outcome = OPT_RUN;

	for (char **word = opt_rest(op); outcome == OPT_RUN && *word; word++)
		outcome = take_vm(select, op, *word);
	return outcome;
}

enum opt_outcome select_take_one_vm(struct select *select,
				    struct opt_parser *op)
{
	char **words = opt_rest(op);

	if (!words[0] || words[1])
		return opt_bad(op, "give one VM: its name, PID or PID:FD");
	return take_vm(select, op, words[0]);
}

bool select_add_vcpus(struct select *select, const char *s, char *err,
		      size_t err_size)
{
	/* requests for ids that cannot exist are events, too */
	return id_list_add(&select->vcpus, s, INT_MIN, INT_MAX, err, err_size);
}

static void list_states(char *err, size_t err_size, const char *word)
{
	size_t len = snprintf(err, err_size, "'%.40s' is not a state; there are:",
			      word);

	for (uint64_t i = 1; event_state_name(i) && len < err_size; i++)
		len += snprintf(err + len, err_size - len, " %s",
				event_state_name(i));
}

bool select_add_states(struct select *select, const char *s, char *err,
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
	select->states |= states;
	return true;
}

static bool same(const char *word, const char *name)
{
	return name && text_names(word, name);
}

bool select_has_vm(const struct select *select, int pid, int fd,
		   const char *name, const char *comm)
{
	for (size_t i = 0; i < select->nr_vms; i++) {
		const struct select_vm *vm = &select->vms[i];

		if (vm->name) {
			if (same(vm->name, name) || same(vm->name, comm))
				return true;
		} else if (vm->pid == pid && (vm->fd == -1 || vm->fd == fd)) {
			return true;
		}
	}
	return !select->nr_vms;
}

static bool has_state(const struct select *select, const struct event *ev)
{
	return event_has(ev, FIELD_STATE_NR) && ev->val[FIELD_STATE_NR] < 64 &&
	       select->states & (1ULL << ev->val[FIELD_STATE_NR]);
}

bool select_has_vcpu(const struct select *select, const struct event *ev)
{
	if (select->states && !has_state(select, ev))
		return false;
	return !select->vcpus.nr ||
	       id_list_has(&select->vcpus, event_int(ev, FIELD_VCPU_ID));
}

void select_free(struct select *select)
{
	for (size_t i = 0; i < select->nr_vms; i++)
		free(select->vms[i].name);
	free(select->vms);
	id_list_free(&select->vcpus);
	*select = (struct select){ 0 };
}
