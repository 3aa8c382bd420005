// SPDX-License-Identifier: GPL-2.0
/*
 * 'profile': options, frames, times that add up, and what is written.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>

#include "unit.h"

#include "cmd/commands.h"
#include "pprof.pb-c.h"
#include "profile/output.h"
#include "profile/sampler.h"
#include "support.h"

static enum opt_outcome parse(struct profile_params *params, struct opt_parser *op,
			      const char *a, const char *b)
{
	static char *argv[4];

	argv[0] = (char *)"profile";
	argv[1] = (char *)a;
	argv[2] = (char *)b;
	return profile_parse(op, b ? 3 : 2, argv, params);
}

static void options(void **state)
{
	struct profile_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(&params, &op, "web", "--duration=90s"), OPT_RUN);
	assert_int_equal(params.duration_ns, 90000000000);
	assert_int_equal(params.frequency, 99);
	assert_int_equal(params.format, PROFILE_FORMAT_TEXT);
	assert_null(params.output);
	assert_true(select_has_vm(&params.select, 1, 2, "web", "qemu"));
	assert_false(select_has_vm(&params.select, 1, 2, "db", "qemu"));
	select_free(&params.select);
	assert_int_equal(parse(&params, &op, "-oa/b.folded", "-F1000"), OPT_RUN);
	assert_string_equal(params.output, "a/b.folded");
	assert_int_equal(params.format, PROFILE_FORMAT_FOLDED);
	assert_int_equal(params.frequency, 1000);
	assert_int_equal(parse(&params, &op, "-ox.json", "--format=text"), OPT_RUN);
	assert_int_equal(params.format, PROFILE_FORMAT_TEXT);
	assert_int_equal(parse(&params, &op, "-o-", "--format=json"), OPT_RUN);
	assert_null(params.output);
	assert_int_equal(params.format, PROFILE_FORMAT_JSON);
	assert_int_equal(parse(&params, &op, "--by-vcpu", "--no-guest-memory"),
			 OPT_RUN);
	assert_true(params.by_vcpu);
	assert_true(params.no_guest_memory);
	assert_int_equal(parse(&params, &op, "--help", NULL), OPT_HELP);
}

static void bad_options(void **state)
{
	static const struct {
		const char *option;
		const char *err;
	} bad[] = {
		{ "--frequency=0", "invalid frequency '0' (1 to 1000 Hz)" },
		{ "--frequency=1001", "invalid frequency '1001' (1 to 1000 Hz)" },
		{ "--duration=0", "invalid duration '0' (30, 500ms, 30s, 5m)" },
		{ "--output=", "--output needs the name of a file" },
		{ "--output=x.png", "cannot tell the format of 'x.png'" },
		{ "--output=.json", "cannot tell the format of '.json'" },
		{ "--format=png", "invalid format 'png' (text, folded, json, svg or pprof)" },
		{ "--vcpu=x", "" },
	};
	struct profile_params params;
	struct opt_parser op;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(&params, &op, bad[i].option, NULL), OPT_BAD);
		assert_memory_equal(op.err, bad[i].err, strlen(bad[i].err));
	}
}

static struct vcpu_info_host_vcpu vcpu_in(unsigned int state, uint64_t time)
{
	return (struct vcpu_info_host_vcpu){
		.have = VCPU_INFO_HAVE_STATE, .state = state, .time_ns = time,
		.valid = (1U << VCPU_INFO_NR_REGS) - 1,
		.regs = {
			[VCPU_INFO_REG_RIP] = 0xffffffff81000010,
			[VCPU_INFO_REG_RFLAGS] = 0x202,
		},
	};
}

static struct frame_list list;

/* What frames_make() makes, as "name/kind name/kind" */
static const char *made(const struct vcpu_info_host_vcpu *vcpu,
			const struct guest_look *look)
{
	static char text[4096];
	size_t len = 0;

	frames_make(&list, "web", false, vcpu, look);
	for (size_t i = 0; i < list.nr; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%s/%s",
				i ? ", " : "", list.frames[i].name,
				frame_kind_word(list.frames[i].kind));
	return text;
}

static void place(struct named_frame *frame, const char *name, const char *module)
{
	frame->frame.ip = 0xffffffff81000010;
	strcpy(frame->place.name, name);
	strcpy(frame->place.module, module);
}

static void frames_of_guest(void **state)
{
	struct vcpu_info_host_vcpu vcpu = vcpu_in(VCPU_INFO_STATE_GUEST, 1);
	static struct guest_look look;

	(void)state;
	look.has_task = true;
	look.task = (struct guest_task){ .comm = "dd", .pid = 77 };
	look.stack.end = END_USER;
	look.stack.nr = 3;
	place(&look.stack.frames[0], "", "");
	place(&look.stack.frames[1], "ext4_read", "ext4");
	place(&look.stack.frames[2], "ksys_read", "");
	assert_string_equal(made(&vcpu, &look),
			    "web/vm, running/state, dd/77/task, ksys_read/kernel, ext4_read [ext4]/module, 0xffffffff81000010/unknown");
	assert_true(list.approximate);
	assert_false(list.incomplete);
	look.stack.end = END_NO_ENTRY;
	vcpu.state = VCPU_INFO_STATE_IN_EXIT;
	vcpu.flags = VCPU_INFO_F_TORN;
	assert_string_equal(made(&vcpu, &look),
			    "web/vm, in a VM exit/state, dd/77/task, [incomplete]/unknown, ksys_read/kernel, ext4_read [ext4]/module, 0xffffffff81000010/unknown");
	assert_true(list.incomplete && list.torn);
	/* it has gone on to another task, whose stack this is not */
	look.stack.frames[0].frame.stack = STACK_OTHER;
	assert_string_equal(made(&vcpu, &look),
			    "web/vm, in a VM exit/state, [task not known]/unknown, [incomplete]/unknown, ksys_read/kernel, ext4_read [ext4]/module, 0xffffffff81000010/unknown");
	look.stack.frames[1].frame.stack = STACK_TASK;
	assert_string_equal(made(&vcpu, &look) + 28, "dd/77/task, [incomplete]/unknown, ksys_read/kernel, ext4_read [ext4]/module, 0xffffffff81000010/unknown");
	look.stack.frames[1].frame.guessed = true;
	look.exact = true;
	look.stack.nr = 2;
	look.stack.end = END_ENTRY;
	look.task = (struct guest_task){ .comm = "swapper/1" };
	place(&look.stack.frames[0], "default_idle", "");
	place(&look.stack.frames[1], "do_idle", "");
	vcpu = vcpu_in(VCPU_INFO_STATE_HALTED, 1);
	assert_string_equal(made(&vcpu, &look),
			    "web/vm, halted/idle, swapper/1/idle, do_idle/idle, default_idle/idle");
	assert_true(list.guessed && !list.approximate);
	vcpu.regs[VCPU_INFO_REG_RFLAGS] = 2;
	look.user = true;
	assert_string_equal(made(&vcpu, &look),
			    "web/vm, halted with interrupts off/idle, swapper/1/idle, [user mode]/idle");
	assert_true(list.user);
	vcpu = vcpu_in(VCPU_INFO_STATE_PREEMPTED, 1);
	assert_string_equal(made(&vcpu, &look),
			    "web/vm, preempted/preempted, swapper/1/preempted, [user mode]/preempted");
}

static void frames_of_no_guest(void **state)
{
	struct vcpu_info_host_vcpu vcpu = vcpu_in(VCPU_INFO_STATE_USER, 1);

	(void)state;
	assert_string_equal(made(&vcpu, NULL),
			    "web/vm, in the VMM/vmm, 0xffffffff81000010/vmm");
	assert_true(list.unnamed);
	vcpu.have |= VCPU_INFO_HAVE_EXIT;
	vcpu.exit_reason = 2;
	vcpu.exit_flags = VCPU_INFO_EXIT_ADDR | VCPU_INFO_EXIT_PORT;
	vcpu.exit_addr = 0x3f8;
	vcpu.valid = 0;
	assert_string_equal(made(&vcpu, NULL),
			    "web/vm, in the VMM/vmm, io port 0x3f8/vmm, [registers not known]/vmm");
	vcpu = vcpu_in(VCPU_INFO_STATE_GUEST, 1);
	vcpu.flags = VCPU_INFO_F_NESTED;
	assert_string_equal(made(&vcpu, NULL),
			    "web/vm, running/state, [nested guest]/unknown");
	vcpu.state = VCPU_INFO_STATE_NEVER_RUN;
	assert_string_equal(made(&vcpu, NULL), "web/vm, not started/unknown");
	vcpu.state = VCPU_INFO_STATE_PROTECTED;
	assert_string_equal(made(&vcpu, NULL), "web/vm, protected/unknown");
	vcpu.have = 0;
	frames_make(&list, "web", true, &vcpu, NULL);
	assert_string_equal(list.frames[1].name, "vCPU 0");
	assert_int_equal(profile_state_of(&vcpu), PROFILE_UNKNOWN);
}

static void moments(void **state)
{
	uint64_t random = 1, missed, sum = 0, least = UINT64_MAX, most = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t gap = sampler_next(1000, 100, 1001, &random, &missed) - 1000;

		assert_int_equal(missed, 0);
		sum += gap;
		least = gap < least ? gap : least;
		most = gap > most ? gap : most;
	}
	assert_int_equal(least, 50);
	assert_int_equal(most, 149);
	assert_in_range(sum, 990000, 1010000);
	/* late: what is over is left out */
	for (int i = 0; i < 100; i++) {
		assert_in_range(sampler_next(1000, 100, 2000, &random, &missed),
				2000, 2149);
		assert_in_range(missed, 6, 19);
	}
}

/* The share of a guest's tick that its first part seems to have, by 60 s of samples. */
static double seen_of_tick(uint64_t interval, uint64_t tick, uint64_t *random,
			   uint64_t (*next)(uint64_t last, uint64_t interval,
					    uint64_t now, uint64_t *random,
					    uint64_t *missed))
{
	const uint64_t length = 60 * NS_PER_SEC;
	uint64_t at = 0, before = 0, seen = 0, missed;

	while (at < length) {
		at = next(before, interval, before + 1, random, &missed);
		if (at % tick < tick * 3 / 10)
			seen += at - before;
		before = at;
	}
	return 100.0 * seen / at;
}

/* What it must not be */
static uint64_t next_of_grid(uint64_t last, uint64_t interval, uint64_t now,
			     uint64_t *random, uint64_t *missed)
{
	(void)now;
	(void)random;
	*missed = 0;
	return last + interval;
}

/* A guest that does one thing in the first 30 % of each tick, and another one after it */
static void no_lock_step(void **state)
{
	static const double ticks[] = { 33, 49.5, 50, 99, 100, 198, 250, 300, 990, 1000 };
	static const int frequencies[] = { 99, 100, 250 };
	uint64_t random = 20261127;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frequencies); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ticks); j++) {
			double seen = seen_of_tick(NS_PER_SEC / frequencies[i],
						   NS_PER_SEC / ticks[j],
						   &random, sampler_next);

			if (seen < 28 || seen > 32)
				fail_msg("%d Hz, a guest of %.1f Hz: %.2f %%",
					 frequencies[i], ticks[j], seen);
		}
	}
	/* by a grid this guest would seem to do the first thing alone */
	assert_true(seen_of_tick(NS_PER_SEC / 100, NS_PER_SEC / 100, &random,
				 next_of_grid) > 99);
}

/* A vCPU of a VM: so many samples of a state, 10 ms from one to the next */
static uint64_t take(struct profile *profile, struct profile_vm *vm, int id,
		     unsigned int state, uint64_t from, int nr)
{
	for (int i = 0; i < nr; i++) {
		struct vcpu_info_host_vcpu vcpu;
		struct profile_vcpu *known;

		from += 10000000;
		vcpu = vcpu_in(state, from);
		vcpu.vcpu_id = id;
		vcpu.index = id;
		known = profile_vcpu(profile, vm, &vcpu);
		frames_make(&list, vm->frame, profile->vcpu_frames, &vcpu, NULL);
		profile_take(profile, known, &vcpu, i ? NULL : &list);
	}
	return from;
}

static void make_profile(struct profile *profile)
{
	const uint64_t start = 1000000000;
	struct profile_vm *vm;
	uint64_t at;

	*profile = (struct profile){
		.frequency = 100, .started = start, .ended = start + 1000000000,
	};
	assert_true(tree_init(&profile->tree, 0, 0));
	assert_non_null(profile_add_vm(profile, 100, 10, "web"));
	vm = profile_add_vm(profile, 200, 11, "a;b \033<\"&'>\xff");
	vm->gone = true;
	vm = profile_find_vm(profile, 100, 10);
	/* they are sorted by number */
	take(profile, vm, 1, VCPU_INFO_STATE_USER, start, 100);
	at = take(profile, vm, 0, VCPU_INFO_STATE_GUEST, start, 30);
	at = take(profile, vm, 0, VCPU_INFO_STATE_HALTED, at, 50);
	take(profile, vm, 0, VCPU_INFO_STATE_PREEMPTED, at, 20);
	profile->rounds = 100;
	profile->missed = 3;
	take(profile, profile_find_vm(profile, 200, 11), 0,
	     VCPU_INFO_STATE_NEVER_RUN, start, 11);
	tree_sum(&profile->tree);
}

static void times_add_up(void **state)
{
	struct profile profile;
	const struct profile_vcpu *vcpu;

	(void)state;
	make_profile(&profile);
	vcpu = &profile.vms[0].vcpus[0];
	assert_int_equal(vcpu->last - vcpu->first, 1000000000);
	assert_int_equal(vcpu->states[PROFILE_RUNNING], 300000000);
	assert_int_equal(vcpu->states[PROFILE_HALTED], 500000000);
	assert_int_equal(vcpu->states[PROFILE_PREEMPTED], 200000000);
	/* one that comes later is accounted for from its first sample on */
	assert_int_equal(profile.vms[1].vcpus[0].first, 1010000000);
	assert_int_equal(profile.vms[1].vcpus[0].states[PROFILE_UNKNOWN], 100000000);
	assert_int_equal(profile_total(&profile), 2100000000);
	assert_int_equal(profile.tree.nodes[0].total, 2100000000);
	assert_int_equal(profile.samples, 211);
	assert_int_equal(profile.reused, 206);
	profile_free(&profile);
}

static void same_names(void **state)
{
	struct profile profile = { 0 };

	(void)state;
	assert_non_null(profile_add_vm(&profile, 1, 2, "web"));
	assert_string_equal(profile_add_vm(&profile, 3, 4, "web")->frame, "web 3:4");
	alloc_fail_next(ALLOC_REALLOCARRAY);
	assert_null(profile_add_vm(&profile, 5, 6, "db"));
	assert_int_equal(profile.nr, 2);
	profile_free(&profile);
}

static int print(void *arg)
{
	struct profile profile;
	bool done;

	make_profile(&profile);
	done = profile_write(&profile, *(enum profile_format *)arg, NULL);
	profile_free(&profile);
	return !done;
}

static void formats(void **state)
{
	static const struct {
		enum profile_format format;
		const char *golden;
	} all[] = {
		{ PROFILE_FORMAT_TEXT, "profile.txt" },
		{ PROFILE_FORMAT_FOLDED, "profile.folded" },
		{ PROFILE_FORMAT_JSON, "profile.json" },
		{ PROFILE_FORMAT_SVG, "profile.svg" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		enum profile_format format = all[i].format;
		struct captured cap = capture(print, &format);

		assert_int_equal(cap.ret, 0);
		golden_check(all[i].golden, cap.out);
		captured_free(&cap);
	}
}

/* In all formats, for tests/check-readers.sh */
static void files_for_readers(void **state)
{
	static const char *const names[] = {
		"net.txt", "net.folded", "net.json", "net.svg", "net.pb.gz",
	};
	const char *dir = getenv("PROFILE_FILES");
	struct profile profile;
	char path[4096];

	(void)state;
	make_profile(&profile);
	for (size_t i = 0; dir && i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_true(profile_write(&profile, profile_format_of(path), path));
	}
	profile_free(&profile);
}

/* What gzip has in it; to be freed */
static uint8_t *unzip(const char *path, size_t *size)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	uint8_t *data = malloc(100000);
	la_ssize_t len;

	assert_int_equal(archive_read_support_filter_gzip(archive), ARCHIVE_OK);
	assert_int_equal(archive_read_support_format_raw(archive), ARCHIVE_OK);
	assert_int_equal(archive_read_open_filename(archive, path, 4096), ARCHIVE_OK);
	assert_int_equal(archive_filter_code(archive, 0), ARCHIVE_FILTER_GZIP);
	assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	len = archive_read_data(archive, data, 100000);
	assert_true(len > 0);
	*size = len;
	archive_read_free(archive);
	return data;
}

/* The name of a frame of a sample, from the innermost one outwards */
static const char *name_of(const Pprof__Profile *pprof, const Pprof__Sample *sample,
			   size_t at)
{
	uint64_t location = sample->location_id[at] - 1;
	uint64_t function = pprof->location[location]->line[0]->function_id - 1;

	return pprof->string_table[pprof->function[function]->name];
}

static void pprof(void **state)
{
	char *root = tree_make(), path[200];
	int64_t sums[2] = { 0 };
	struct profile profile;
	Pprof__Profile *pprof;
	uint8_t *data;
	size_t size;

	(void)state;
	snprintf(path, sizeof(path), "%s/p.pb.gz", root);
	make_profile(&profile);
	assert_true(profile_write(&profile, profile_format_of(path), path));
	data = unzip(path, &size);
	pprof = pprof__profile__unpack(NULL, size, data);
	assert_non_null(pprof);
	assert_string_equal(pprof->string_table[0], "");
	assert_int_equal(pprof->n_sample_type, 2);
	assert_string_equal(pprof->string_table[pprof->sample_type[1]->unit],
			    "nanoseconds");
	assert_int_equal(pprof->n_sample, 5);
	for (size_t i = 0; i < pprof->n_sample; i++) {
		sums[0] += pprof->sample[i]->value[0];
		sums[1] += pprof->sample[i]->value[1];
	}
	assert_int_equal(sums[0], profile.samples);
	assert_int_equal(sums[1], profile_total(&profile));
	assert_int_equal(pprof->sample[1]->n_location_id, 3);
	assert_string_equal(name_of(pprof, pprof->sample[1], 0), "0xffffffff81000010");
	assert_string_equal(name_of(pprof, pprof->sample[1], 1), "running");
	assert_string_equal(name_of(pprof, pprof->sample[1], 2), "web");
	pprof__profile__free_unpacked(pprof, NULL);
	profile_free(&profile);
	free(data);
	tree_remove(root);
}

static bool write_half(FILE *out, const void *arg)
{
	fputs(arg, out);
	errno = ENOSPC;
	return false;
}

static bool write_all(FILE *out, const void *arg)
{
	fputs(arg, out);
	return true;
}

static void whole_or_not_at_all(void **state)
{
	char *root = tree_make(), path[200], text[16] = "";
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/p.txt", root);
	assert_false(output_file(path, write_half, "half"));
	assert_int_equal(errno, ENOSPC);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_true(output_file(path, write_all, "all"));
	assert_false(output_file(path, write_half, "half"));
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "all");
	/* nothing else is left there */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(root), 0);
	assert_false(output_file(path, write_all, "all"));
	assert_int_equal(errno, ENOENT);
	assert_false(output_file("/dev/full", write_all, "all"));
	assert_int_equal(errno, ENOSPC);
	free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(frames_of_guest),
		cmocka_unit_test(frames_of_no_guest),
		cmocka_unit_test(moments),
		cmocka_unit_test(no_lock_step),
		cmocka_unit_test(times_add_up),
		cmocka_unit_test(same_names),
		cmocka_unit_test(formats),
		cmocka_unit_test(files_for_readers),
		cmocka_unit_test(pprof),
		cmocka_unit_test(whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
