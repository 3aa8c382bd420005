// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "jsonout.h"
#include "text.h"
#include "watch/last-words.h"

/* Neither to be told of, nor one that keeps others from being told. */
static bool is_over(const struct heard *heard, uint64_t now)
{
	return !heard->is_due && now - heard->told >= LAST_WORDS_NS;
}

static void forget(struct heard_list *heard, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < heard->nr; i++) {
		if (!is_over(&heard->list[i], now))
			heard->list[kept++] = heard->list[i];
	}
	heard->nr = kept;
}

static struct heard *find(struct heard_list *heard,
			  const struct last_words *words)
{
	for (size_t i = 0; i < heard->nr; i++) {
		const struct last_words *last = &heard->list[i].last;

		if (last->pid == words->pid && last->fd == words->fd &&
		    last->why == words->why)
			return &heard->list[i];
	}
	return NULL;
}

static struct heard *find_or_add(struct heard_list *heard,
				 const struct last_words *words, uint64_t now)
{
	struct heard *one = find(heard, words);

	if (one)
		return one;
	if (heard->nr == LAST_WORDS_MAX)
		forget(heard, now);
	if (heard->nr == LAST_WORDS_MAX)
		return NULL;
	one = &heard->list[heard->nr++];
	*one = (struct heard){ 0 };
	return one;
}

bool last_words_take(struct heard_list *heard, const struct event *ev,
		     uint64_t now)
{
	struct last_words words = {
		.pid = event_int(ev, FIELD_VM_PID),
		.fd = event_int(ev, FIELD_VM_FD),
		.caller = event_has(ev, FIELD_CALLER_ID) ?
			  event_int(ev, FIELD_CALLER_ID) : -1,
		.why = ev->val[FIELD_WHY_NR],
		.cookie = ev->val[FIELD_COOKIE],
		.records = 1,
	};
	struct heard *one;

	if (ev->kind != EVENT_RECORD || !event_why_is_alarm(words.why))
		return true;
	one = find_or_add(heard, &words, now);
	if (!one)
		return false;
	if (one->last.records && one->last.cookie == words.cookie &&
	    now - one->when < LAST_WORDS_ONE_NS) {
		one->last.records++;
		return true;
	}
	if (one->is_due)
		words.more = one->last.more + 1;
	one->last = words;
	one->when = now;
	one->is_due = true;
	return true;
}

static uint64_t due(const struct heard_list *heard, const struct heard *one)
{
	if (!one->is_due ||
	    (heard->holds && heard->holds(heard->arg, one->last.pid, one->last.fd)))
		return UINT64_MAX;
	return one->was_told ? one->told + LAST_WORDS_NS : 0;
}

bool last_words_next(struct heard_list *heard, uint64_t now,
		     struct last_words *words)
{
	for (size_t i = 0; i < heard->nr; i++) {
		struct heard *one = &heard->list[i];

		if (due(heard, one) > now)
			continue;
		one->is_due = false;
		one->was_told = true;
		one->told = now;
		*words = one->last;
		return true;
	}
	return false;
}

uint64_t last_words_due(const struct heard_list *heard)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < heard->nr; i++) {
		uint64_t when = due(heard, &heard->list[i]);

		if (when < first)
			first = when;
	}
	return first;
}

uint64_t last_words_records(const struct heard_list *heard,
			    const struct last_words *words)
{
	for (size_t i = 0; i < heard->nr; i++) {
		const struct last_words *last = &heard->list[i].last;

		if (last->pid == words->pid && last->fd == words->fd &&
		    last->why == words->why && last->cookie == words->cookie)
			return last->records;
	}
	return words->records;
}

const char *last_words_name(const struct last_words *words)
{
	return event_why_name(words->why);
}

static const char *vm_name(const struct vm *vm)
{
	return vm->vmm.alive ? process_vm_name(&vm->vmm) : "gone";
}

static void print_text(FILE *out, const struct vm *vm,
		       const struct last_words *words,
		       const struct finding *finding, const char *said)
{
	char name[TEXT_SIZE];

	text_printable(name, sizeof(name), vm_name(vm));
	fprintf(out, "VM %d:%d (%s): %s, said vCPU ", vm->vmm.pid, vm->fd, name,
		last_words_name(words));
	if (words->caller < 0)
		fputc('-', out);
	else
		fprintf(out, "%d", words->caller);
	fprintf(out, ", cookie 0x%" PRIx64 ", %" PRIu64 " records\n",
		words->cookie, words->records);
	if (words->more)
		fprintf(out, "  and %" PRIu64 " more since the one told before\n",
			words->more);
	if (finding)
		finding_print_text(out, finding, vm, words->caller);
	fputs(said, out);
}

char *last_words_text(const struct vm *vm, const struct last_words *words,
		      const struct finding *finding, const char *said)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	print_text(f, vm, words, finding, said);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

char *last_words_json(const struct vm *vm, const struct last_words *words,
		      const char *before, const struct finding *finding)
{
	struct json_object *obj = json_new("change");
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	json_add_text(obj, "vm_name", vm->vmm.vm.name[0] ? vm->vmm.vm.name : NULL);
	json_add_text(obj, "vmm_comm", vm->vmm.alive ? vm->vmm.comm : NULL);
	json_add_int(obj, "vm_pid", vm->vmm.pid);
	json_add_int(obj, "vm_fd", vm->fd);
	json_add_text(obj, "word", last_words_name(words));
	json_add_text(obj, "word_before", before);
	json_add_null(obj, "diagnosis");
	json_add_text(obj, "reason", last_words_name(words));
	json_add_hex(obj, "cookie", words->cookie);
	if (words->caller < 0)
		json_add_null(obj, "caller_id");
	else
		json_add_int(obj, "caller_id", words->caller);
	json_add_uint(obj, "records", words->records);
	json_add_uint(obj, "more", words->more);
	finding_add_json(obj, finding, vm, words->caller);
	if (!f) {
		json_object_put(obj);
		return NULL;
	}
	json_print(f, obj);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}
