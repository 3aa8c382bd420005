// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "compiler.h"
#include "jsonout.h"
#include "msg.h"
#include "text.h"
#include "watch/log.h"
#include "watch/watch-rules.h"

/* journalctl MESSAGE_ID=...: trouble, and its end */
#define ID_TROUBLE	"4b1d6d1b0f0b4f0fa3d3c6c8f7a94e51"
#define ID_WELL		"c95d8e3a6f5f4ac29b14c7c2a0b0de86"
/* what a guest said by itself */
#define ID_LAST_WORDS	"7c1f0f5e8a0b4c2e9d35a6be41d7f208"

#define MAX_FIELDS	16

/* Fields of one entry: "NAME=value" */
struct fields {
	struct iovec iov[MAX_FIELDS];
	int nr;
	bool no_memory;
};

/* Without newlines at its end, as sd_journal_send() has it: others are binary data. */
static void add_text(struct fields *fields, char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == '\n')
		len--;
	fields->iov[fields->nr++] = (struct iovec){ text, len };
}

__printf(2, 3)
static void add(struct fields *fields, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (fields->nr == MAX_FIELDS || vasprintf(&text, fmt, ap) < 0)
		fields->no_memory = true;
	else
		add_text(fields, text);
	va_end(ap);
}

static void send_fields(struct fields *fields)
{
	int err = fields->no_memory ? -ENOMEM :
		  sd_journal_sendv(fields->iov, fields->nr);

	if (err < 0)
		msg_error("cannot write to the journal: %s", strerror(-err));
	for (int i = 0; i < fields->nr; i++)
		free(fields->iov[i].iov_base);
}

static void add_change(struct fields *fields, const struct change *change)
{
	const struct process *vmm = &change->vm->vmm;
	char name[TEXT_SIZE];

	text_utf8(name, sizeof(name), process_vm_name(vmm));
	add(fields, "MESSAGE=%s", change->text);
	add(fields, "VCPU_INFO_VM_NAME=%s", name);
	add(fields, "VCPU_INFO_VM_PID=%d", vmm->pid);
	add(fields, "VCPU_INFO_VM_FD=%d", change->vm->fd);
	add(fields, "VCPU_INFO_WORD=%s", change->word);
	add(fields, "VCPU_INFO_WORD_BEFORE=%s", change->before);
}

static void log_to_journal(const struct change *change)
{
	bool well = !strcmp(change->word, WATCH_WELL);
	struct fields entry = { 0 };

	add_change(&entry, change);
	add(&entry, "MESSAGE_ID=%s", well ? ID_WELL : ID_TROUBLE);
	add(&entry, "PRIORITY=%d", well ? LOG_NOTICE : LOG_WARNING);
	add(&entry, "VCPU_INFO_DIAGNOSIS=%s", change->json);
	send_fields(&entry);
}

static void last_words_to_journal(const struct change *change)
{
	const struct last_words *words = change->last_words;
	struct fields entry = { 0 };

	add_change(&entry, change);
	add(&entry, "MESSAGE_ID=" ID_LAST_WORDS);
	add(&entry, "PRIORITY=%d", LOG_ERR);
	add(&entry, "VCPU_INFO_REASON=%s", last_words_name(words));
	add(&entry, "VCPU_INFO_COOKIE=0x%" PRIx64, words->cookie);
	add(&entry, "VCPU_INFO_CALLER=%d", words->caller);
	add(&entry, "VCPU_INFO_LAST_WORDS=%s", change->json);
	send_fields(&entry);
}

static void print_json(const struct change *change)
{
	const struct process *vmm = &change->vm->vmm;
	struct json_object *obj = json_new("change");

	json_add_text(obj, "vm_name", vmm->vm.name[0] ? vmm->vm.name : NULL);
	json_add_text(obj, "vmm_comm", vmm->comm);
	json_add_int(obj, "vm_pid", vmm->pid);
	json_add_int(obj, "vm_fd", change->vm->fd);
	json_add_text(obj, "word", change->word);
	json_add_text(obj, "word_before", change->before);
	json_object_object_add(obj, "diagnosis",
			       change->json[0] ?
				       json_tokener_parse(change->json) : NULL);
	json_print(stdout, obj);
	fflush(stdout);
}

void log_change(enum log_form form, const struct change *change)
{
	switch (form) {
	case LOG_JOURNAL:
		if (change->last_words)
			last_words_to_journal(change);
		else
			log_to_journal(change);
		break;
	case LOG_JSON:
		if (change->last_words) {
			fputs(change->json, stdout);
			fflush(stdout);
		} else {
			print_json(change);
		}
		break;
	case LOG_TEXT:
		fputs(change->text, stdout);
		fflush(stdout);
	}
}
