// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "num.h"
#include "select.h"
#include "text.h"

/* For a VM whose name is a number, or one of these with something behind it */
#define BY_NAME		"name:"
#define BY_PID		"pid:"

static bool begins(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

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
	vm->pid = pid;
	vm->fd = fd;
	return true;
}

const char *select_name_prefix(const char *name)
{
	struct select_vm vm;

	return begins(name, BY_NAME) || begins(name, BY_PID) ||
	       parse_pid(name, &vm) ? BY_NAME : "";
}

/* Which VM the word stands for; false with err set if that is none. */
static bool parse_vm(struct select_vm *vm, char *err, size_t err_size)
{
	const char *word = vm->word;

	if (begins(word, BY_PID)) {
		if (parse_pid(word + strlen(BY_PID), vm))
			return true;
		snprintf(err, err_size,
			 "'%.60s' is not a VM: '" BY_PID "' takes PID or PID:FD",
			 word);
		return false;
	}
	if (begins(word, BY_NAME))
		vm->name = word + strlen(BY_NAME);
	else if (!parse_pid(word, vm))
		vm->name = word;
	if (!vm->name || vm->name[0])
		return true;
	snprintf(err, err_size, "'%s' is not a VM: give PID, PID:FD or a name",
		 word);
	return false;
}

bool select_add_vm(struct select *select, const char *s, char *err,
		   size_t err_size)
{
	struct select_vm vm = { .word = strdup(s), .fd = -1 };
	struct select_vm *bigger;

	if (vm.word && !parse_vm(&vm, err, err_size)) {
		free(vm.word);
		return false;
	}
	bigger = reallocarray(select->vms, select->nr_vms + 1, sizeof(vm));
	if (bigger)
		select->vms = bigger;
	if (!bigger || !vm.word) {
		free(vm.word);
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

/* Names that stand for numbers */
struct names {
	const char *what;
	uint64_t first;
	const char *(*name)(uint64_t val);
	bool (*value)(const char *name, uint64_t *val);
};

static const struct names state_names = {
	"state", 1, event_state_name, event_state_value
};

static const struct names why_names = {
	"reason", 0, event_why_name, event_why_value
};

static void list_names(const struct names *names, char *err, size_t err_size,
		       const char *word)
{
	size_t len = snprintf(err, err_size, "'%.40s' is not a %s; there are:",
			      word, names->what);

	for (uint64_t i = names->first; names->name(i) && len < err_size; i++)
		len += snprintf(err + len, err_size - len, " %s",
				names->name(i));
}

static bool add_names(const struct names *names, uint64_t *bits, const char *s,
		      char *err, size_t err_size)
{
	uint64_t found = 0, val;
	char word[32];

	for (;; s++) {
		size_t len = strcspn(s, ",");

		snprintf(word, sizeof(word), "%.*s", (int)len, s);
		if (len >= sizeof(word) || !names->value(word, &val)) {
			list_names(names, err, err_size, word);
			return false;
		}
		found |= 1ULL << val;
		s += len;
		if (!*s)
			break;
	}
	*bits |= found;
	return true;
}

bool select_add_states(struct select *select, const char *s, char *err,
		       size_t err_size)
{
	return add_names(&state_names, &select->states, s, err, err_size);
}

bool select_add_whys(struct select *select, const char *s, char *err,
		     size_t err_size)
{
	return add_names(&why_names, &select->whys, s, err, err_size);
}

static bool same(const char *word, const char *name)
{
	return name && text_names(word, name);
}

static bool is_it(const struct select_vm *vm, int pid, int fd, const char *name,
		  const char *comm)
{
	if (vm->name)
		return same(vm->name, name) || same(vm->name, comm);
	return vm->pid == pid && (vm->fd == -1 || vm->fd == fd);
}

bool select_has_vm(const struct select *select, int pid, int fd,
		   const char *name, const char *comm)
{
	bool wanted = !select->nr_vms;

	/* two that are given may be the same VM: both are found */
	for (size_t i = 0; i < select->nr_vms; i++) {
		struct select_vm *vm = &select->vms[i];

		if (is_it(vm, pid, fd, name, comm)) {
			vm->found = true;
			wanted = true;
		} else if (!vm->name && name && !strcmp(vm->word, name)) {
			vm->is_name = true;
		}
	}
	return wanted;
}

/* False if it is not one that has to be given in another way. */
static bool hint_name(const struct select_vm *vm)
{
	if (vm->is_name)
		msg_hint("%s is taken for a PID; the VM of that name is '" BY_NAME
			 "%s'.", vm->word, vm->word);
	return vm->is_name;
}

size_t select_report_missing(const struct select *select, const char *hint)
{
	bool hinted = false;
	size_t nr = 0;

	for (size_t i = 0; i < select->nr_vms; i++) {
		const struct select_vm *vm = &select->vms[i];

		if (vm->found)
			continue;
		nr++;
		msg_error("no such VM '%.120s'", vm->word);
		hinted |= hint_name(vm);
	}
	if (nr && !hinted)
		msg_hint("%s", hint);
	return nr;
}

void select_note_missing(const struct select *select)
{
	for (size_t i = 0; i < select->nr_vms; i++) {
		const struct select_vm *vm = &select->vms[i];

		if (vm->found)
			continue;
		msg_note("there is no VM '%.120s' yet", vm->word);
		hint_name(vm);
	}
}

static bool has_bit(const struct event *ev, enum field_id id, uint64_t bits)
{
	return event_has(ev, id) && ev->val[id] < 64 &&
	       bits & (1ULL << ev->val[id]);
}

bool select_has_vcpu(const struct select *select, const struct event *ev)
{
	if (select->states && !has_bit(ev, FIELD_STATE_NR, select->states))
		return false;
	if (select->whys && !has_bit(ev, FIELD_WHY_NR, select->whys))
		return false;
	return !select->vcpus.nr ||
	       id_list_has(&select->vcpus, event_int(ev, FIELD_VCPU_ID));
}

void select_free(struct select *select)
{
	for (size_t i = 0; i < select->nr_vms; i++)
		free(select->vms[i].word);
	free(select->vms);
	id_list_free(&select->vcpus);
	*select = (struct select){ 0 };
}
