// SPDX-License-Identifier: GPL-2.0
/*
 * 'sample': its options, and what the device says as an event and as counters.
 */
#include <errno.h>
#include <linux/kvm.h>

#include "support.h"
#include "unit.h"

#include "cmd/commands.h"
#include "compiler.h"
#include "exit-codes.h"
#include "host-file.h"
#include "host.h"
#include "print/counters.h"
#include "trace/host-request.h"

#define MAX_WORDS 8

static enum opt_outcome parse(const char *const *words,
			      struct sample_params *params,
			      struct opt_parser *op)
{
	char *argv[MAX_WORDS + 2] = { "sample" };
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	return sample_parse(op, argc, argv, params);
}

static void once_by_default(void **state)
{
	static const char *const words[] = { NULL };
	struct sample_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_int_equal(params.count, 0);
	assert_false(params.repeats);
	assert_int_equal(params.interval_ns, NS_PER_SEC);
	assert_int_equal(params.attempts, 0);
	assert_true(select_has_vm(&params.events.select, 1, 2, NULL, NULL));
	event_options_free(&params.events);
}

static void operands_are_vms(void **state)
{
	static const char *const words[] = {
		"--trace", "web", "-n", "3", "1234:7", "-v", "1,2", NULL
	};
	struct sample_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(words, &params, &op), OPT_RUN);
	assert_true(params.trace);
	assert_int_equal(params.count, 3);
	assert_true(select_has_vm(&params.events.select, 1, 2, "web", NULL));
	assert_true(select_has_vm(&params.events.select, 1234, 7, NULL, NULL));
	assert_false(select_has_vm(&params.events.select, 1234, 8, "x", "y"));
	event_options_free(&params.events);
}

static void refused(void **state)
{
	static const char *const all[][4] = {
		{ "--count", "0" }, { "--interval", "9ms" },
		{ "--interval", "soon" }, { "--attempts", "17" },
		{ "--attempts", "0" }, { "--counters", "--trace" },
		{ "--counters", "--rates" },
		{ "--counters", "--state", "halted" }, { "" },
		{ "--counters", "--stack" }, { "--stack", "--no-guest-memory" },
	};
	struct sample_params params;
	struct opt_parser op;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		op.err[0] = '\0';
		assert_int_equal(parse(all[i], &params, &op), OPT_BAD);
		assert_string_not_equal(op.err, "");
		event_options_free(&params.events);
	}
}

/* A vCPU whose VMM has to write to a port */
static struct vcpu_info_host_vcpu vcpu_at_port(void)
{
	struct vcpu_info_host_vcpu vcpu = {
		.vcpu_id = 4,
		.index = 2,
		.have = VCPU_INFO_HAVE_STATE | VCPU_INFO_HAVE_EXIT,
		.vm_pid = 1234,
		.vm_fd = 14,
		.pid = 1240,
		.ns_pid = 7,
		.ns_level = 1,
		.cpu = 3,
		.time_ns = 5000000000ULL,
		.valid = (1U << VCPU_INFO_REG_RIP) | (1U << VCPU_INFO_REG_RAX),
		.state = VCPU_INFO_STATE_USER,
		.flags = VCPU_INFO_F_EMULATION,
		.attempts = 1,
		.exit_reason = KVM_EXIT_IO,
		.exit_flags = VCPU_INFO_EXIT_ADDR | VCPU_INFO_EXIT_PORT |
			      VCPU_INFO_EXIT_WRITE,
		.exit_len = 1,
		.exit_addr = 0x3f8,
	};

	for (size_t i = 0; i < VCPU_INFO_NR_COUNTS; i++)
		vcpu.counts[i] = 100 + i;
	vcpu.regs[VCPU_INFO_REG_RIP] = 0xffffffff81234567ULL;
	vcpu.regs[VCPU_INFO_REG_RAX] = 0x41;
	return vcpu;
}

static void becomes_an_event(void **state)
{
	struct vcpu_info_host_vcpu vcpu = vcpu_at_port();
	struct event ev;
	uint64_t val;

	(void)state;
	host_request_event(&vcpu, &ev);
	assert_int_equal(ev.kind, EVENT_RECORD);
	assert_true(ev.ts_is_ns);
	assert_int_equal(ev.ts, 5000000000ULL);
	assert_int_equal(event_int(&ev, FIELD_CALLER_ID), -1);
	assert_int_equal(event_int(&ev, FIELD_VCPU_ID), 4);
	assert_int_equal(ev.val[FIELD_STATE_NR], VCPU_INFO_STATE_USER);
	assert_int_equal(ev.val[FIELD_EXITS], 100);
	assert_int_equal(ev.val[FIELD_HYPERCALLS], 107);
	assert_true(event_reg(&ev, VCPU_INFO_REG_RIP, &val));
	assert_int_equal(val, 0xffffffff81234567ULL);
	assert_false(event_reg(&ev, VCPU_INFO_REG_RSP, &val));
	assert_true(ev.exit.known && ev.exit.port && ev.exit.write);
	assert_int_equal(ev.exit.addr, 0x3f8);
}

static void knows_no_more_than_it_is_told(void **state)
{
	struct vcpu_info_host_vcpu vcpu = vcpu_at_port();
	struct event ev;
	uint64_t val;

	(void)state;
	vcpu.have = 0;
	host_request_event(&vcpu, &ev);
	assert_false(event_has(&ev, FIELD_STATE_NR));
	assert_false(event_reg(&ev, VCPU_INFO_REG_RIP, &val));
	assert_false(ev.exit.known);
	assert_true(event_has(&ev, FIELD_EXITS));
}

static void printed_event(enum format format, const char *golden)
{
	static const struct event_about about = { .vm = "web", .vmm = "qemu" };
	struct vcpu_info_host_vcpu vcpu = vcpu_at_port();
	struct print_style style = { .time = TIME_TRACE };
	struct printer *printer;
	struct event ev;
	char *text = NULL;
	size_t size;

	style.out = open_memstream(&text, &size);
	printer = printer_new(format, &style);
	host_request_event(&vcpu, &ev);
	ev.thread = 99;
	ev.trace_cpu = 0;
	strcpy(ev.comm, "vcpu-info");
	printer_event(printer, &ev, &about);
	vcpu.exit_reason = 77;
	vcpu.exit_flags = 0;
	host_request_event(&vcpu, &ev);
	ev.thread = 99;
	ev.trace_cpu = 0;
	strcpy(ev.comm, "vcpu-info");
	printer_event(printer, &ev, &about);
	printer_free(printer);
	fclose(style.out);
	golden_check(golden, text);
	free(text);
}

static void printed_as_text(void **state)
{
	(void)state;
	printed_event(FORMAT_TEXT, "sample.txt");
}

static void printed_as_json(void **state)
{
	(void)state;
	printed_event(FORMAT_JSON, "sample.json");
}

static void printed_counters(enum format format, const char *golden)
{
	struct vm vm = { .fd = 14, .vmm = { .pid = 1234, .comm = "qemu" } };
	struct vcpu_info_host_vcpu vcpu = vcpu_at_port();
	struct counters counters = { .format = format };
	char *text = NULL;
	size_t size;

	strcpy(vm.vmm.vm.name, "we\"b,");
	counters.out = open_memstream(&text, &size);
	counters_print(&counters, &vm, &vcpu);
	counters_print(&counters, &vm, &vcpu);
	counters_flush(&counters);
	fclose(counters.out);
	golden_check(golden, text);
	free(text);
}

static void counters_in_all_formats(void **state)
{
	(void)state;
	printed_counters(FORMAT_TEXT, "counters.txt");
	printed_counters(FORMAT_LINE, "counters-line.txt");
	printed_counters(FORMAT_TABLE, "counters-table.txt");
	printed_counters(FORMAT_JSON, "counters.json");
	printed_counters(FORMAT_CSV, "counters.csv");
}

static void counts_have_names(void **state)
{
	const char *const *names = host_device_count_names;

	(void)state;
	for (size_t i = 0; i < VCPU_INFO_NR_COUNTS; i++) {
		assert_non_null(host_device_count_names[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(host_device_count_names[i],
						host_device_count_names[j]);
	}
	assert_string_equal(names[VCPU_INFO_COUNT_FPU_RELOAD], "fpu_reload");
	assert_string_equal(names[VCPU_INFO_COUNT_HALT_WAIT_NS],
			    "halt_wait_ns");
	assert_string_equal(host_device_exit_name(KVM_EXIT_MMIO), "mmio");
	assert_null(host_device_exit_name(4000000000U));
}

static int report(void *arg)
{
	const enum device_status *status = arg;

	errno = EIO;
	return host_device_report(*status);
}

/* Why nobody can be asked for: what is said, and the exit code. */
static void reasons(void **state)
{
	static const struct {
		enum device_status status;
		int exit_code;
		const char *says;
		const char *fix;
	} all[] = {
		{ DEVICE_VM_GONE, EXIT_NO_VM, "the VM is gone", "" },
		{ DEVICE_NO_MODULE, EXIT_NO_MODULE, "vcpu_info is not loaded",
		  "modprobe vcpu_info" },
		{ DEVICE_OLD, EXIT_NO_MODULE, "does not match this version",
		  "rmmod vcpu_info && modprobe vcpu_info" },
		{ DEVICE_UNABLE, EXIT_NO_KVM, "does not let the module tell VMs",
		  "/sys/kernel/vcpu_info/missing" },
		{ DEVICE_LOCKED_DOWN, EXIT_DENIED, "locked down", "reboot" },
		{ DEVICE_PTRACE_OFF, EXIT_DENIED, "ptrace_scope is 3", "reboot" },
		{ DEVICE_VM_DENIED, EXIT_DENIED, "may not take the VM's descriptor",
		  "CAP_SYS_PTRACE" },
		{ DEVICE_DENIED, EXIT_DENIED, "cannot open /dev/vcpu-info-host",
		  "CAP_PERFMON" },
		{ DEVICE_FAILED, EXIT_FAILED, "cannot ask for vCPUs", "" },
	};
	enum device_status missing = DEVICE_NO_MODULE;
	char *root = tree_make();
	struct captured cap;

	(void)state;
	host_write_kvm(root);
	tree_write(root, "/lib/modules/6.1.0-56-amd64/modules.dep",
		   "updates/dkms/vcpu_info.ko: kernel/arch/x86/kvm/kvm.ko\n");
	host_file_set_root(root);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		cap = capture(report, (void *)&all[i].status);

		assert_int_equal(cap.ret, all[i].exit_code);
		assert_non_null(strstr(cap.err, all[i].says));
		assert_non_null(strstr(cap.err, all[i].fix));
		captured_free(&cap);
	}
	/* one that has no device yet */
	tree_write(root, "/sys/module/vcpu_info/version", "0.0\n");
	cap = capture(report, &missing);
	assert_int_equal(cap.ret, EXIT_NO_MODULE);
	assert_non_null(strstr(cap.err, "older than vcpu-info"));
	captured_free(&cap);
	host_file_set_root("");
	tree_remove(root);
}

static void check_missing(const char *root, int exit_code, const char *says,
			  const char *fix)
{
	enum device_status missing = DEVICE_NO_MODULE;
	struct captured cap;

	host_file_set_root(root);
	cap = capture(report, &missing);
	host_file_set_root("");
	assert_int_equal(cap.ret, exit_code);
	assert_non_null(strstr(cap.err, says));
	assert_non_null(strstr(cap.err, fix));
	captured_free(&cap);
}

/* What keeps the module from being there is said first, as 'status' does. */
static void why_there_is_no_module(void **state)
{
	char *root = tree_make();

	(void)state;
	tree_write(root, "/proc/cpuinfo", "flags\t\t: fpu vmx ept\n");
	check_missing(root, EXIT_NO_KVM, "KVM is not loaded",
		      "modprobe kvm_intel");
	host_write_kvm(root);
	check_missing(root, EXIT_NO_MODULE,
		      "not installed for kernel 6.1.0-56-amd64",
		      "apt install vcpu-info-dkms linux-headers-6.1.0-56-amd64");
	tree_write(root, "/lib/modules/6.1.0-56-amd64/modules.dep",
		   "updates/dkms/vcpu_info.ko: kernel/arch/x86/kvm/kvm.ko\n");
	check_missing(root, EXIT_NO_MODULE, "is not loaded",
		      "fix: modprobe vcpu_info");
	tree_remove(root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(once_by_default),
		cmocka_unit_test(operands_are_vms),
		cmocka_unit_test(refused),
		cmocka_unit_test(becomes_an_event),
		cmocka_unit_test(knows_no_more_than_it_is_told),
		cmocka_unit_test(printed_as_text),
		cmocka_unit_test(printed_as_json),
		cmocka_unit_test(counters_in_all_formats),
		cmocka_unit_test(counts_have_names),
		cmocka_unit_test(reasons),
		cmocka_unit_test(why_there_is_no_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
