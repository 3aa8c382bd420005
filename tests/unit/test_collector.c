// SPDX-License-Identifier: GPL-2.0
/*
 * The collector of metrics on a host that is made up: what costs vCPUs an interrupt,
 * how VMs come and go, and what many of them cost.
 */
#include <malloc.h>
#include <unistd.h>

#include "unit.h"

#include "export/collector.h"
#include "export/textfile.h"
#include "fake-vms.h"
#include "host-file.h"
#include "signals.h"
#include "support.h"

static struct collector collector;
static const struct select everything;

static char *begin(size_t nr, size_t nr_vcpus, bool diagnoses)
{
	char *root = tree_make();

	fake_vms_make(root, nr, nr_vcpus);
	host_file_set_root(root);
	fake_vms.now = 1000 * NS_PER_SEC;
	collector_init(&collector, &everything, diagnoses);
	return root;
}

static void end(char *root)
{
	collector_free(&collector);
	host_file_set_root("");
	tree_remove(root);
}

static char *scrape(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	collector_write(&collector, METRICS_OPENMETRICS, f);
	fclose(f);
	return text;
}

static bool scrape_has(const char *line)
{
	char *text = scrape();
	bool found = strstr(text, line);

	free(text);
	return found;
}

/* A round that is due now, on a host that is so much older; and its closer look */
static void do_round_after(uint64_t ns)
{
	fake_vms.now += ns;
	collector.next_round = 0;
	collector_tick(&collector);
	if (!collector.rounds.looking)
		return;
	fake_vms.now += LOOK_NS;
	collector.rounds.look_end = 0;
	collector_tick(&collector);
	assert_false(collector.rounds.looking);
}

static void do_round(void)
{
	do_round_after(ROUND_NS);
}

/* Whatever VMs do, a scrape reads counters. */
static void scrapes_interrupt_nobody(void **state)
{
	char *root = begin(3, 2, true);

	(void)state;
	fake_vms.kinds[1] = FAKE_SPINNING;
	fake_vms.kinds[2] = FAKE_BUSY;
	for (int i = 0; i < 50; i++) {
		fake_vms.now += NS_PER_SEC;
		assert_true(scrape_has("vcpu_info_up 1\n"));
	}
	assert_int_equal(fake_vms.registers, 0);
	assert_int_equal(fake_vms.counts, 50 * 3 * 2);
	assert_true(scrape_has("vcpu_info_vcpu_state{vm=\"vm0\",vm_id=\"10000:14\",vcpu=\"1\",state=\"halted\"} 1\n"));
	assert_true(scrape_has("vcpu_info_vcpu_state{vm=\"vm1\",vm_id=\"10064:14\",vcpu=\"0\",state=\"running\"} 1\n"));
	assert_true(scrape_has("vm=\"vm1\",vm_id=\"10064:14\",pid=\"10064\",uuid=\"00c0ffee-0000-4000-8000-000000000001\",vmm=\"qemu\",comm=\"qemu-system-x86\",manager=\"machined\",unit=\"qemu-vm1\""));
	end(root);
}

#define DIAGNOSIS(vm, word)	"vcpu_info_vm_diagnosis{vm=\"" vm "\",vm_id=\"10000:14\",diagnosis=\"" word "\"} "

/* A hang is found, confirmed in the next round, and forgotten after the cure. */
static void hang_and_cure(void **state)
{
	char *root = begin(1, 2, true);

	(void)state;
	do_round();
	assert_true(scrape_has(DIAGNOSIS("vm0", "well") "1\n"));
	fake_vms.kinds[0] = FAKE_SPINNING;
	do_round();
	do_round();
	assert_true(scrape_has("vcpu_info_vcpu_diagnosis{vm=\"vm0\",vm_id=\"10000:14\",vcpu=\"1\",diagnosis=\"spinning\"} 1\n"));
	do_round();
	assert_true(scrape_has(DIAGNOSIS("vm0", "hung") "1\n"));
	assert_true(scrape_has(DIAGNOSIS("vm0", "well") "0\n"));
	fake_vms.kinds[0] = FAKE_IDLE;
	for (int i = 0; i < 4; i++)
		do_round();
	assert_true(scrape_has(DIAGNOSIS("vm0", "hung") "0\n"));
	assert_true(scrape_has(DIAGNOSIS("vm0", "well") "1\n"));
	assert_true(scrape_has("vcpu=\"1\",diagnosis=\"well\"} 1\n"));
	end(root);
}

/* Rounds that follow each other at once have nothing to say: a hang goes on. */
static void rounds_at_once(void **state)
{
	char *root = begin(1, 1, true);

	(void)state;
	fake_vms.kinds[0] = FAKE_SPINNING;
	for (int i = 0; i < 3; i++)
		do_round();
	assert_true(scrape_has(DIAGNOSIS("vm0", "hung") "1\n"));
	for (int i = 0; i < 5; i++)
		do_round_after(10000);
	assert_true(scrape_has(DIAGNOSIS("vm0", "hung") "1\n"));
	assert_true(scrape_has(DIAGNOSIS("vm0", "well") "0\n"));
	end(root);
}

/* Looks are for suspects, at most so many a round, and not again at once. */
static void ration(void **state)
{
	const size_t nr = MAX_LOOKS + 10;
	char *root = begin(nr, 1, true);

	(void)state;
	for (size_t i = 0; i < nr; i++)
		fake_vms.kinds[i] = FAKE_BUSY;
	do_round();
	assert_int_equal(fake_vms.registers, 0);
	do_round();
	assert_int_equal(fake_vms.registers, 2 * MAX_LOOKS);
	assert_int_equal(collector.rounds.deferred, 10);
	/* now those that have waited; of the others nothing is in doubt */
	do_round();
	assert_int_equal(fake_vms.registers, 2 * nr);
	for (int i = 0; i < 10; i++)
		do_round();
	assert_int_equal(fake_vms.registers, 2 * nr);
	assert_true(scrape_has("vcpu_info_exporter_looks_total 26\n"));
	end(root);
}

static void no_diagnosis(void **state)
{
	char *root = begin(1, 1, false);

	(void)state;
	fake_vms.kinds[0] = FAKE_SPINNING;
	assert_true(collector_due(&collector) == UINT64_MAX);
	do_round();
	do_round();
	do_round();
	assert_int_equal(fake_vms.registers, 0);
	assert_false(scrape_has("vcpu_info_vm_diagnosis{"));
	end(root);
}

/* No series is left of one that has gone, and the rest go on. */
static void gone_and_unreadable(void **state)
{
	char *root = begin(4, 1, true);

	(void)state;
	do_round();
	assert_true(scrape_has("vm=\"vm2\""));
	fake_vms_end(2);
	fake_vms.kinds[1] = FAKE_UNREADABLE;
	assert_false(scrape_has("vm=\"vm2\""));
	assert_false(scrape_has("vm=\"vm1\""));
	assert_true(scrape_has("vm=\"vm3\""));
	assert_true(scrape_has("vcpu_info_exporter_vms_unread 1\n"));
	assert_true(scrape_has("vcpu_info_exporter_vms 2\n"));
	do_round();
	assert_null(verdicts_find(&collector.verdicts, fake_vms_pid(2),
				  FAKE_VM_FD));
	assert_non_null(verdicts_find(&collector.verdicts, fake_vms_pid(3),
				      FAKE_VM_FD));
	end(root);
}

/* The module goes and comes. */
static void module_missing(void **state)
{
	char *root = begin(1, 1, true);

	(void)state;
	fake_vms.status = DEVICE_NO_MODULE;
	do_round();
	assert_true(scrape_has("vcpu_info_up 0\n"));
	assert_int_equal(collector.status, DEVICE_NO_MODULE);
	assert_false(scrape_has("vm_id="));
	fake_vms.status = DEVICE_OK;
	tree_write(root, "/sys/module/vcpu_info/version", "1\n");
	tree_write(root, "/sys/kernel/vcpu_info/stats/requests", "14\n");
	do_round();
	assert_true(scrape_has("vcpu_info_up 1\n"));
	assert_true(scrape_has("vcpu_info_module_loaded 1\n"));
	assert_true(scrape_has("vcpu_info_requests_total 14\n"));
	assert_true(scrape_has("vm_id="));
	end(root);
}

static void bounds(void **state)
{
	char *root = begin(3, METRICS_MAX_VCPUS / 2, false);

	(void)state;
	assert_true(scrape_has("vcpu_info_exporter_vms_omitted 1\n"));
	assert_int_equal(collector.metrics.nr_vcpus, METRICS_MAX_VCPUS);
	end(root);
}

/* It is whole or not there; what was there stays if it cannot be written. */
static void textfile(void **state)
{
	char *root = begin(1, 1, false), path[300], text[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/out/vms.prom", root);
	assert_false(textfile_write(&collector, path));
	tree_write(root, "/out/vms.prom", "before\n");
	assert_true(textfile_write(&collector, path));
	assert_true(host_file_line(text, sizeof(text), "/out/vms.prom"));
	assert_string_equal(text, "# TYPE vcpu_info_up gauge");
	tree_delete(root, "/out/vms.prom");
	/* nothing else is left in the directory */
	tree_delete(root, "/out");
	end(root);
}

static void cannot_write(void **state)
{
	char *root = begin(1, 1, false), path[300];

	(void)state;
	/* a directory has that name */
	tree_write(root, "/out/vms.prom/x", "x");
	snprintf(path, sizeof(path), "%s/out/vms.prom", root);
	assert_false(textfile_write(&collector, path));
	tree_delete(root, "/out/vms.prom/x");
	tree_delete(root, "/out/vms.prom");
	tree_delete(root, "/out");
	assert_false(textfile_write(&collector, "/tmp/"));
	end(root);
}

static void out_of_memory(void **state)
{
	char *root = begin(1, 1, true);

	(void)state;
	alloc_fail_next(ALLOC_REALLOCARRAY);
	scrape_has("");
	alloc_fail_next(ALLOC_REALLOCARRAY);
	do_round();
	do_round();
	assert_true(scrape_has("vcpu_info_up 1\n"));
	end(root);
}

/* So much memory is in use after a scrape of so many VMs with 8 vCPUs. */
static size_t in_use(size_t nr)
{
	char *root = begin(nr, 8, true), *text;
	struct mallinfo2 info;
	size_t used;

	do_round();
	text = scrape();
	info = mallinfo2();
	used = info.uordblks + info.hblkhd;
	free(text);
	end(root);
	return used;
}

/* Text and memory grow with the number of VMs, and no faster. */
static void scale(void **state)
{
	size_t few = in_use(4), many = in_use(40);

	(void)state;
	/* a sanitizer's own malloc() does not count */
	if (few)
		assert_true(many < 11 * few && many < 40 * (64UL << 10));
	assert_int_equal(fake_vms.registers, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(scrapes_interrupt_nobody),
		cmocka_unit_test(hang_and_cure),
		cmocka_unit_test(rounds_at_once), cmocka_unit_test(ration),
		cmocka_unit_test(no_diagnosis),
		cmocka_unit_test(gone_and_unreadable),
		cmocka_unit_test(module_missing), cmocka_unit_test(bounds),
		cmocka_unit_test(textfile), cmocka_unit_test(cannot_write),
		cmocka_unit_test(out_of_memory), cmocka_unit_test(scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
