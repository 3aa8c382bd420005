// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cmd/commands.h"
#include "compiler.h"
#include "exit-codes.h"
#include "host-problems.h"
#include "jsonout.h"
#include "num.h"
#include "text.h"

const struct opt_spec status_opts[] = {
	{ 'j', "json", NULL, "Print a JSON object" },
	{ 0 }
};

enum opt_outcome status_parse(struct opt_parser *op, int argc, char **argv,
			      struct status_params *params)
{
	int val;

	*params = (struct status_params){ 0 };
	opt_init(op, argc, argv, status_opts);
	while (opt_next(op, &val)) {
		if (val != 'j')
			return opt_default(val);
		params->json = true;
	}
	return opt_default(val);
}

__printf(3, 4)
static void row(FILE *out, const char *name, const char *fmt, ...)
{
	char safe[4200];
	char text[4200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_printable(safe, sizeof(safe), text);
	fprintf(out, "%-12s %s\n", name, safe);
}

static const char *known(const char *text)
{
	return text[0] ? text : "-";
}

static const char *on_off(bool on)
{
	return on ? "on" : "off";
}

static void text_host(FILE *out, const struct host_state *f)
{
	row(out, "kernel", "%s", known(f->release));
	row(out, "KVM", "%s, %s", f->kvm ? "loaded" : "not loaded",
	    f->vendor ? f->vendor : "neither kvm_intel nor kvm_amd");
	row(out, "ftrace", "%s", !strcmp(f->ftrace_enabled, "1") ? "enabled" :
	    !strcmp(f->ftrace_enabled, "0") ? "disabled" : "-");
}

/* "0 = unlimited" said in words */
static const char *limit(const char *text)
{
	return strcmp(text, "0") ? known(text) : "unlimited";
}

static const char *signing(const struct host_state *f)
{
	if (!f->signed_only)
		return "";
	return f->signature == SIGNATURE_NONE ? ", not signed" :
	       f->signature == SIGNATURE_THERE ? ", signed" : "";
}

static void text_module(FILE *out, const struct host_state *f)
{
	uint64_t nr;

	if (!f->loaded) {
		row(out, "module", "not loaded%s%s",
		    f->installed ? "" : ", not installed", signing(f));
		return;
	}
	row(out, "module", "loaded, version %s, ABI %s", known(f->version),
	    known(f->abi));
	row(out, "hook", "%s", known(f->hook));
	if (num_parse_u64(f->hypercall_nr, &nr))
		row(out, "hypercall", "0x%" PRIx64, nr);
	else
		row(out, "hypercall", "%s", known(f->hypercall_nr));
	row(out, "missing", "%s", f->missing_known && !f->missing[0] ?
	    "nothing of KVM" : known(f->missing));
	row(out, "policy", "%s", known(f->params[PARAM_POLICY]));
	row(out, "limits",
	    "requests/s: %s for each VM (burst %s), %s for the host",
	    limit(f->params[PARAM_VM_RATE]), known(f->params[PARAM_VM_BURST]),
	    limit(f->params[PARAM_HOST_RATE]));
}

static void text_instance(FILE *out, const struct host_state *f)
{
	static const char *const why_not[] = {
		[INSTANCE_DENIED] = "not readable by this user",
		[INSTANCE_NO_TRACEFS] = "tracefs is not mounted",
		[INSTANCE_MISSING] = "missing",
		[INSTANCE_NO_MEMORY] = "out of memory",
	};

	if (f->instance_status != INSTANCE_OK) {
		row(out, "instance", "%s", why_not[f->instance_status]);
		return;
	}
	row(out, "instance", "%s", f->dir);
	row(out, "recording", "%s; events: " VCPU_INFO_EVENT " %s, "
	    VCPU_INFO_EVENT_ERROR " %s", on_off(f->setup.tracing_on),
	    on_off(f->setup.event_on[EVENT_RECORD]),
	    on_off(f->setup.event_on[EVENT_ERROR]));
	if (!f->stats_known) {
		row(out, "buffers", "-");
		return;
	}
	row(out, "buffers", "%u of %lu KiB, %" PRIu64 " events in them",
	    f->stats.cpus, f->setup.buffer_kb, f->stats.entries);
	row(out, "lost",
	    "%" PRIu64 " events (%" PRIu64 " overwritten, %" PRIu64
	    " without room, %" PRIu64 " while interrupted)",
	    losses_unread(&f->stats.lost), f->stats.lost.overrun,
	    f->stats.lost.dropped, f->stats.lost.commit_overrun);
}

static void text_counts(FILE *out, const struct host_state *f)
{
	if (!f->loaded)
		return;
	fputs("requests since the module was loaded:\n", out);
	for (int i = 0; i < NR_COUNTS; i++)
		fprintf(out, "  %-12s %s\n", host_count_names[i],
			known(f->counts[i]));
}

static void print_text(FILE *out, const struct host_state *state,
		       const struct problem *problems, size_t nr)
{
	text_host(out, state);
	text_module(out, state);
	text_instance(out, state);
	text_counts(out, state);
	for (size_t i = 0; i < nr; i++)
		fprintf(out, "\n%s: %s\n  fix: %s\n",
			problems[i].exit_code ? "problem" : "note",
			problems[i].what, problems[i].fix);
}

/* A number as a number, any other text as text, none as null. */
static void add_fact(struct json_object *obj, const char *key,
		     const char *text)
{
	uint64_t val;

	if (num_parse_u64(text, &val))
		json_add_uint(obj, key, val);
	else
		json_add_text(obj, key, text[0] ? text : NULL);
}

static struct json_object *add_object(struct json_object *obj,
				      const char *key)
{
	struct json_object *sub = json_object_new_object();

	json_object_object_add(obj, key, sub);
	return sub;
}

static void json_host(struct json_object *obj, const struct host_state *f)
{
	json_add_text(obj, "vcpu_info_version", VCPU_INFO_VERSION);
	json_add_int(obj, "vcpu_info_abi", VCPU_INFO_ABI_VERSION);
	json_add_text(obj, "kernel", f->release[0] ? f->release : NULL);
	json_add_bool(obj, "kvm_loaded", f->kvm);
	json_add_text(obj, "kvm_vendor", f->vendor);
	add_fact(obj, "ftrace_enabled", f->ftrace_enabled);
	json_add_bool(obj, "signed_modules_only", f->signed_only);
}

/* Words separated by spaces */
static void add_words(struct json_object *obj, const char *key,
		      const char *text)
{
	struct json_object *list = json_object_new_array();
	char words[HOST_TEXT_LEN];
	char *save, *word;

	snprintf(words, sizeof(words), "%s", text);
	for (word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		json_object_array_add(list, json_object_new_string(word));
	json_object_object_add(obj, key, list);
}

static void json_module(struct json_object *obj, const struct host_state *f)
{
	struct json_object *mod = add_object(obj, "module");
	struct json_object *sub;
	uint64_t nr;

	json_add_bool(mod, "installed", f->installed || f->loaded);
	json_add_bool(mod, "loaded", f->loaded);
	if (f->signature == SIGNATURE_UNKNOWN)
		json_add_null(mod, "signed");
	else
		json_add_bool(mod, "signed", f->signature == SIGNATURE_THERE);
	if (!f->loaded)
		return;
	json_add_text(mod, "version", f->version[0] ? f->version : NULL);
	add_fact(mod, "abi", f->abi);
	json_add_text(mod, "hook", f->hook[0] ? f->hook : NULL);
	if (num_parse_u64(f->hypercall_nr, &nr))
		json_add_hex(mod, "hypercall_nr", nr);
	else
		json_add_null(mod, "hypercall_nr");
	if (f->missing_known)
		add_words(mod, "missing", f->missing);
	else
		json_add_null(mod, "missing");
	sub = add_object(mod, "parameters");
	for (int i = 0; i < NR_PARAMS; i++)
		add_fact(sub, host_param_names[i], f->params[i]);
	sub = add_object(mod, "counts");
	for (int i = 0; i < NR_COUNTS; i++)
		add_fact(sub, host_count_names[i], f->counts[i]);
}

static void json_instance(struct json_object *obj, const struct host_state *f)
{
	struct json_object *inst;

	if (f->instance_status != INSTANCE_OK) {
		json_add_null(obj, "instance");
		return;
	}
	inst = add_object(obj, "instance");
	json_add_text(inst, "dir", f->dir);
	json_add_bool(inst, "tracing_on", f->setup.tracing_on);
	json_add_bool(inst, "event_on", f->setup.event_on[EVENT_RECORD]);
	json_add_bool(inst, "error_event_on", f->setup.event_on[EVENT_ERROR]);
	json_add_uint(inst, "buffer_kb", f->setup.buffer_kb);
	if (!f->stats_known)
		return;
	json_add_uint(inst, "cpus", f->stats.cpus);
	json_add_uint(inst, "entries", f->stats.entries);
	json_add_uint(inst, "overrun", f->stats.lost.overrun);
	json_add_uint(inst, "commit_overrun", f->stats.lost.commit_overrun);
	json_add_uint(inst, "dropped", f->stats.lost.dropped);
}

static void json_problems(struct json_object *obj,
			  const struct problem *problems, size_t nr)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < nr; i++) {
		struct json_object *item = json_object_new_object();

		json_add_text(item, "check", problems[i].check);
		json_add_int(item, "exit_code", problems[i].exit_code);
		json_add_text(item, "what", problems[i].what);
		json_add_text(item, "fix", problems[i].fix);
		json_object_array_add(list, item);
	}
	json_object_object_add(obj, "problems", list);
}

static void print_json(FILE *out, const struct host_state *state,
		       const struct problem *problems, size_t nr)
{
	struct json_object *obj = json_new("status");

	json_host(obj, state);
	json_module(obj, state);
	json_instance(obj, state);
	json_problems(obj, problems, nr);
	json_print(out, obj);
}

int status_run(const struct status_params *params)
{
	struct problem problems[MAX_PROBLEMS];
	const struct problem *first;
	struct host_state state;
	size_t nr;

	host_state_read(&state);
	nr = diagnose_all(&state, problems);
	first = diagnose_first(problems, nr);
	if (params->json)
		print_json(stdout, &state, problems, nr);
	else
		print_text(stdout, &state, problems, nr);
	return first ? first->exit_code : EXIT_OK;
}

int cmd_status(const struct cmd *cmd, int argc, char **argv)
{
	struct status_params params;
	struct opt_parser op = { 0 };
	int exit_code;

	if (cmd_go(cmd, &op, status_parse(&op, argc, argv, &params),
		   &exit_code))
		exit_code = status_run(&params);
	return exit_code;
}
