// SPDX-License-Identifier: GPL-2.0
/*
 * Metrics: the texts, what hostile names become in them, and that no VM or unknown
 * figure leaves a sample.
 */
#include "unit.h"

#include "export/families.h"
#include "support.h"
#include "watch/watch-rules.h"

#define HOSTILE "a\"b\\c\nvcpu_info_up 0\n\x1b[31m\xff"

static char *written(const struct metrics *metrics, enum metrics_format format)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	metrics_write(metrics, format, f);
	fclose(f);
	return text;
}

static struct vm vms[2] = {
	{ .vmm = { .pid = 1234, .comm = "qemu-system-x86",
		   .vm = { .vmm = "qemu", .name = "web",
			   .uuid = "00c0ffee-0000-4000-8000-000000000001" } },
	  .fd = 14 },
	{ .vmm = { .pid = 99, .comm = HOSTILE, .vm.name = HOSTILE }, .fd = 9 },
};

static struct metrics_vcpu vcpus[3] = {
	{ .seen = { .have_sched = true, .run_ns = 1500000000,
		    .wait_ns = 1000000001, .vcpu = { .cpu = 3 } },
	  .activity = ACTIVITY_RUNNING, .word = "spinning", .since = 1700000001 },
	{ .seen.vcpu = { .vcpu_id = 2, .cpu = -1 } },
	{ .seen.vcpu = { .vcpu_id = 0, .cpu = 0 }, .word = "well",
	  .activity = ACTIVITY_HALTED, .since = 1700000000 },
};

static struct metrics_vm metrics_vms[2] = {
	{ .vm = &vms[0], .nr = 2, .word = "hung", .since = 1700000002,
	  .cgroup = { .path = "/machine.slice/machine-web.scope",
		      .manager = "machined", .name = "web" } },
	{ .vm = &vms[1], .first = 2, .nr = 1, .cgroup.path = "/" HOSTILE },
};

static struct metrics full(void)
{
	for (unsigned int i = 0; i < VCPU_INFO_NR_COUNTS; i++)
		vcpus[0].seen.vcpu.counts[i] = 1000 + i;
	vcpus[0].seen.vcpu.counts[VCPU_INFO_COUNT_HALT_WAIT_NS] = 2000000000;
	vcpus[2].seen.vcpu.counts[VCPU_INFO_COUNT_EXITS] = UINT64_MAX;
	return (struct metrics){
		.module_loaded = true, .up = true,
		.counts = { 14, 5, 1, 0, 2, 3, 250, 4, 7, 6 },
		.counts_known = (1U << NR_COUNTS) - 1,
		.lost_known = true, .lost = { .overrun = 7, .dropped = 8,
					      .commit_overrun = 9 },
		.vms = metrics_vms, .nr_vms = 2, .vcpus = vcpus, .nr_vcpus = 3,
		.unread = 1, .denied = 2, .collect_ns = 1230000,
		.diagnoses = true, .looks = 10, .deferred = 11,
	};
}

static void texts(void **state)
{
	const struct metrics metrics = full();
	char *text;

	(void)state;
	text = written(&metrics, METRICS_OPENMETRICS);
	golden_check("metrics-openmetrics.txt", text);
	free(text);
	text = written(&metrics, METRICS_TEXT);
	golden_check("metrics-text.txt", text);
	free(text);
}

static size_t count(const char *text, const char *part)
{
	size_t nr = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		nr++;
	return nr;
}

static void no_module(void **state)
{
	const struct metrics metrics = { 0 };
	char *text = written(&metrics, METRICS_OPENMETRICS);

	(void)state;
	assert_non_null(strstr(text, "\nvcpu_info_module_loaded 0\n"));
	assert_non_null(strstr(text, "\nvcpu_info_up 0\n"));
	assert_null(strstr(text, "vm_id="));
	assert_null(strstr(text, "\nvcpu_info_requests_total "));
	assert_null(strstr(text, "\nvcpu_info_records_lost_total{"));
	assert_null(strstr(text, "looks"));
	free(text);
}

/* Each line is a comment or NAME[{LABELS}] VALUE; and ends in one way only. */
static void hostile_names(void **state)
{
	const struct metrics metrics = full();
	char *text = written(&metrics, METRICS_OPENMETRICS), *line, *save;

	(void)state;
	assert_int_equal(count(text, "\nvcpu_info_up "), 1);
	assert_non_null(strstr(text, "vm=\"a\\\"b\\\\c?vcpu_info_up 0??[31m?\","));
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		assert_true(line[0] == '#' ||
			    !strncmp(line, "vcpu_info_", 10));
	free(text);
}

/* Long names bound a line's length, between two characters. */
static void long_names(void **state)
{
	struct vm vm = { .vmm.pid = 1, .fd = 2 };
	struct metrics_vm long_vm = { .vm = &vm };
	const struct metrics metrics = { .vms = &long_vm, .nr_vms = 1 };
	char *text, *line, *save;

	(void)state;
	memset(vm.vmm.vm.name, '"', sizeof(vm.vmm.vm.name) - 1);
	memset(vm.vmm.comm, '\\', sizeof(vm.vmm.comm) - 1);
	memset(long_vm.cgroup.path, '"', sizeof(long_vm.cgroup.path) - 1);
	memset(long_vm.cgroup.name, '"', sizeof(long_vm.cgroup.name) - 1);
	text = written(&metrics, METRICS_TEXT);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		assert_true(strlen(line) < 1400);
	free(text);
	memset(vm.vmm.vm.name, 0, sizeof(vm.vmm.vm.name));
	for (size_t i = 0; i + 2 < 200; i += 2)
		memcpy(vm.vmm.vm.name + i, "\xc3\xa9", 2);
	text = written(&metrics, METRICS_TEXT);
	assert_non_null(strstr(text, "\xc3\xa9\",vm_id=\"1:2\""));
	assert_null(strstr(text, "?"));
	free(text);
}

static void activities(void **state)
{
	(void)state;
	assert_int_equal(metrics_activity_of('R', false), ACTIVITY_RUNNING);
	/* KVM polls before it sleeps */
	assert_int_equal(metrics_activity_of('R', true), ACTIVITY_RUNNING);
	assert_int_equal(metrics_activity_of('S', true), ACTIVITY_HALTED);
	assert_int_equal(metrics_activity_of('S', false), ACTIVITY_SLEEPING);
	assert_int_equal(metrics_activity_of('D', false), ACTIVITY_BLOCKED);
	assert_int_equal(metrics_activity_of('T', true), ACTIVITY_STOPPED);
	assert_int_equal(metrics_activity_of('t', true), ACTIVITY_STOPPED);
	assert_int_equal(metrics_activity_of('Z', true), ACTIVITY_UNKNOWN);
	assert_int_equal(metrics_activity_of('\0', true), ACTIVITY_UNKNOWN);
	for (int i = 0; i < ACTIVITY_NR; i++)
		assert_true(metrics_activity_name(i)[0]);
}

/* Every word that 'watch' can say has its series. */
static void words(void **state)
{
	struct vm_diagnosis diagnosis = { 0 };
	size_t nr = 0, found = 0;

	(void)state;
	while (watch_word_nr(nr))
		nr++;
	for (int vm = 0; vm < VM_NR_WORDS; vm++) {
		for (int vcpu = 0; vcpu < VCPU_NR_WORDS; vcpu++) {
			const char *word;

			diagnosis.finding = (struct vm_finding){ .word = vm };
			diagnosis.finding.nr[vcpu] = 1;
			word = watch_word(&diagnosis);
			for (size_t i = 0; i < nr; i++)
				found += !strcmp(watch_word_nr(i), word);
		}
	}
	assert_int_equal(found, VM_NR_WORDS * VCPU_NR_WORDS);
	for (size_t i = 0; i < nr; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(watch_word_nr(i),
						watch_word_nr(j));
}

/* The manual page has each of them, by the name of its samples. */
static void documented(void **state)
{
	const struct metrics metrics = full();
	char *text = written(&metrics, METRICS_TEXT), *page, *line, *save;
	size_t len, nr = 0;

	(void)state;
	page = data_read("../../../man/vcpu-info-export.1", &len);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[100];

		if (sscanf(line, "# TYPE %99s ", name) != 1)
			continue;
		if (!strstr(page, name))
			fail_msg("%s", name);
		nr++;
	}
	assert_true(nr > 30);
	free(page);
	free(text);
}

/* Text of a host with so many VMs of 8 vCPUs, by size */
static size_t size_of(size_t nr_vms)
{
	struct metrics_vm *many = calloc(nr_vms, sizeof(*many));
	struct metrics_vcpu *all = calloc(nr_vms * 8, sizeof(*all));
	struct metrics metrics = {
		.vms = many, .nr_vms = nr_vms, .vcpus = all,
		.nr_vcpus = nr_vms * 8, .diagnoses = true,
	};
	size_t size;
	char *text;

	for (size_t i = 0; i < nr_vms * 8; i++) {
		all[i] = vcpus[0];
		all[i].seen.vcpu.vcpu_id = i % 8;
	}
	for (size_t i = 0; i < nr_vms; i++) {
		many[i] = metrics_vms[0];
		many[i].first = i * 8;
		many[i].nr = 8;
	}
	text = written(&metrics, METRICS_OPENMETRICS);
	size = strlen(text);
	free(text);
	free(many);
	free(all);
	return size;
}

/* Each VM has the same share of the text; docs/performance.md has the figure. */
static void growth(void **state)
{
	size_t none = size_of(0), one = size_of(1) - none;

	(void)state;
	/* the number of VMs is in the text */
	assert_in_range(size_of(500) - none, 500 * one, 500 * one + 2);
	assert_in_range(one / 8, 1000, 3000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(activities), cmocka_unit_test(words),
		cmocka_unit_test(growth), cmocka_unit_test(documented), cmocka_unit_test(long_names),
		cmocka_unit_test(hostile_names), cmocka_unit_test(no_module),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
