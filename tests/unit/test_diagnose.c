// SPDX-License-Identifier: GPL-2.0
/*
 * 'diagnose': its options, and how findings are printed.
 */
#include <linux/kvm.h>

#include "support.h"
#include "unit.h"

#include "cmd/commands.h"
#include "print/vm-diagnosis.h"

#define MAX_WORDS 8

static enum opt_outcome parse(const char *const *words,
			      struct diagnose_params *params,
			      struct opt_parser *op)
{
	char *argv[MAX_WORDS + 2] = { "diagnose" };
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	return diagnose_parse(op, argc, argv, params);
}

static void all_vms_by_default(void **state)
{
	static const char *const words[] = { NULL };
	struct diagnose_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_int_equal(params.interval_ns, 1000000000);
	assert_false(params.json);
	assert_true(select_has_vm(&params.select, 1, 2, NULL, NULL));
	select_free(&params.select);
}

static void operands_are_vms(void **state)
{
	static const char *const words[] = {
		"web", "-j", "--vm", "1234:7", "-d", "200ms", NULL
	};
	struct diagnose_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_int_equal(params.interval_ns, 200000000);
	assert_true(params.json);
	assert_true(select_has_vm(&params.select, 1, 2, "web", NULL));
	assert_true(select_has_vm(&params.select, 1234, 7, NULL, NULL));
	assert_false(select_has_vm(&params.select, 1234, 8, "x", "y"));
	select_free(&params.select);
}

static void bad_options(void **state)
{
	static const char *const bad[][4] = {
		{ "--interval", "99ms" }, { "--interval", "61s" },
		{ "--interval", "x" }, { "--count", "1" }, { "" },
		/* a file has been sampled */
		{ "--interval", "1s", "web.tar.zst" },
		{ "--no-guest-memory", "web.tar.zst" },
		{ "--vm", "web", "web.tar.zst" }, { "web.tar.zst", "-i", "x" },
	};
	struct diagnose_params params;
	struct opt_parser op;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i], &params, &op), OPT_BAD);
		assert_string_not_equal(op.err, "");
		select_free(&params.select);
	}
}

/* One that spins, of which much is known, and one of which nothing is */
static void make_findings(struct vcpu_diagnosis vcpus[2])
{
	vcpus[0] = (struct vcpu_diagnosis){
		.last = { .vcpu_id = 0, .pid = 189 },
		.finding = {
			.word = VCPU_SPINNING,
			.interval_ns = 1000123456,
			.exits = 255,
			.own_exits = 5,
			.kinds = { [EXIT_HOST_IRQ] = 250, [EXIT_IO] = 5 },
			.have_sched = true,
			.run = 99,
			.have_if = true,
			.have_rip = true,
			.rip = { 0xffffffff81000100, 0xffffffff81000104 },
			.have_changed = true,
			.changed = 2,
			.looks = 100,
			.function = "native_queued_spin_lock_slowpath",
		},
		.guest = {
			.has_task = true,
			.task = { .comm = "fio\033", .pid = 77, .tid = 78 },
			.nr = 2,
			.frames = {
				{ { .ip = 0xffffffff81000104, .stack = STACK_TASK,
				    .exact = true },
				  { "native_queued_spin_lock_slowpath", "", 4, 256 } },
				{ { .ip = 0xffffffffc0000110, .stack = STACK_TASK },
				  { "nvme_irq", "nvme", 16, 64 } },
			},
		},
	};
	vcpus[1] = (struct vcpu_diagnosis){
		.last = {
			.vcpu_id = 4,
			.exit_reason = KVM_EXIT_IO,
			.exit_flags = VCPU_INFO_EXIT_ADDR | VCPU_INFO_EXIT_PORT,
			.exit_addr = 0x3f8,
		},
		.finding = {
			.word = VCPU_IN_VMM,
			.interval_ns = 1000000000,
			.have_exit = true,
			.exit_reason = KVM_EXIT_IO,
		},
		.guest = {
			.has_task = true,
			.user = true,
			.task = { .comm = "mysqld", .pid = 12, .tid = 12 },
			.nr = 1,
			.frames = { { { .ip = 0x401000, .exact = true } } },
		},
		.sleeps_in = "futex_wait_queue",
	};
}

static void printed(void (*print)(FILE *out, const struct vm_diagnosis *),
		    enum vm_word word, int culprit, FILE *out)
{
	struct vm vm = { .fd = 14, .vmm = { .pid = 1234, .comm = "qemu" } };
	struct vcpu_diagnosis vcpus[2];
	struct vm_diagnosis diagnosis = {
		.vm = &vm,
		.finding = { .word = word, .culprit = culprit },
		.vcpus = vcpus,
		.nr = ARRAY_SIZE(vcpus),
	};

	make_findings(vcpus);
	strcpy(vm.vmm.vm.name, "we\"b\033");
	print(out, &diagnosis);
}

static void printed_as(void (*print)(FILE *out, const struct vm_diagnosis *),
		       const char *golden)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	printed(print, VM_NOTHING, -1, out);
	printed(print, VM_CPU_MISSING, 1, out);
	fclose(out);
	golden_check(golden, text);
	free(text);
}

static void as_text(void **state)
{
	(void)state;
	printed_as(diagnosis_print_text, "diagnosis.txt");
}

static void as_json(void **state)
{
	(void)state;
	printed_as(diagnosis_print_json, "diagnosis.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_vms_by_default),
		cmocka_unit_test(operands_are_vms),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(as_text),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests_name("diagnose", tests, NULL, NULL);
}
