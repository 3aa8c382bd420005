// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of a trace file.
 */
#include "unit.h"

#include "trace/decode-text.h"

#define CONTEXT "       CPU 0/KVM-1239    [001] ..... "
#define STAMP	"  115.000123: "
#define KEY	"vm_pid=1234 vm_fd=10 vcpu_id=1"

static enum text_outcome decode(const char *line, struct event *ev)
{
	return text_decode(line, strlen(line), ev);
}

static void assert_bad(const char *line)
{
	struct event ev;

	if (decode(line, &ev) != TEXT_BAD)
		fail_msg("decoded: %s", line);
}

static void record_with_every_field(void **state)
{
	static const char line[] = CONTEXT STAMP
		"vcpu_info: vm_pid=1234 vm_fd=10 caller_id=0 vcpu_id=1 pid=1240 ns_pid=7 ns_level=1 cpu=-1 state=halted flags=0x4 attempts=8 valid=0x3fffff rax=0x1 rcx=0x2 rdx=0x3 rbx=0x4 rsp=0x5 rbp=0x6 rsi=0x7 rdi=0x8 r8=0x9 r9=0xa r10=0xb r11=0xc r12=0xd r13=0xe r14=0xf r15=0x10 rip=0xffffffff81a3c2eb rflags=0x246 cr0=0x80050033 cr3=0x2a3c000 cr4=0x350ef0 efer=0xd01 exits=18446744073709551615 io_exits=2 mmio_exits=3 halt_exits=4 irq_exits=5 irq_window_exits=6 signal_exits=7 hypercalls=8 reason=hung-task cookie=0xfedcba9876543210\n";
	struct event ev;
	uint64_t val;

	(void)state;
	assert_int_equal(decode(line, &ev), TEXT_EVENT);
	assert_int_equal(ev.kind, EVENT_RECORD);
	assert_string_equal(ev.comm, "CPU 0/KVM");
	assert_int_equal(ev.thread, 1239);
	assert_int_equal(ev.trace_cpu, 1);
	assert_true(ev.ts_is_ns);
	assert_true(ev.ts == 115000123000ULL);
	assert_int_equal(event_int(&ev, FIELD_VM_PID), 1234);
	assert_int_equal(event_int(&ev, FIELD_VM_FD), 10);
	assert_int_equal(event_int(&ev, FIELD_CALLER_ID), 0);
	assert_int_equal(event_int(&ev, FIELD_VCPU_ID), 1);
	assert_int_equal(event_int(&ev, FIELD_PID), 1240);
	assert_int_equal(event_int(&ev, FIELD_NS_PID), 7);
	assert_int_equal(ev.val[FIELD_NS_LEVEL], 1);
	assert_int_equal(event_int(&ev, FIELD_CPU), -1);
	assert_int_equal(ev.val[FIELD_STATE_NR], VCPU_INFO_STATE_HALTED);
	assert_int_equal(ev.val[FIELD_FLAGS], VCPU_INFO_F_TORN);
	assert_int_equal(ev.val[FIELD_ATTEMPTS], 8);
	for (int reg = VCPU_INFO_REG_RAX; reg <= VCPU_INFO_REG_R15; reg++) {
		assert_true(event_reg(&ev, reg, &val));
		assert_int_equal(val, reg + 1);
	}
	assert_true(event_reg(&ev, VCPU_INFO_REG_RIP, &val));
	assert_true(val == 0xffffffff81a3c2ebULL);
	assert_true(event_reg(&ev, VCPU_INFO_REG_EFER, &val));
	assert_int_equal(val, 0xd01);
	assert_true(ev.val[FIELD_EXITS] == UINT64_MAX);
	for (int i = FIELD_IO_EXITS; i <= FIELD_HYPERCALLS; i++)
		assert_int_equal(ev.val[i], i - FIELD_IO_EXITS + 2);
	assert_int_equal(ev.val[FIELD_WHY_NR], VCPU_INFO_WHY_HUNG_TASK);
	assert_true(ev.val[FIELD_COOKIE] == 0xfedcba9876543210ULL);
	assert_int_equal(ev.nr_extra, 0);
}

static void error_with_every_field(void **state)
{
	struct event ev;

	(void)state;
	assert_int_equal(decode(CONTEXT STAMP
				"vcpu_info_error: vm_pid=1234 vm_fd=10 caller_id=0 vcpu_id=-1 reason=unknown-id result=-22 count=250 request_reason=0x4d2 cookie=0x2a\n",
				&ev), TEXT_EVENT);
	assert_int_equal(ev.kind, EVENT_ERROR);
	assert_int_equal(event_int(&ev, FIELD_VCPU_ID), -1);
	assert_int_equal(event_int(&ev, FIELD_RESULT), -22);
	assert_int_equal(ev.val[FIELD_REASON_NR], VCPU_INFO_REASON_UNKNOWN_ID);
	assert_int_equal(ev.val[FIELD_ERROR_COUNT], 250);
	assert_int_equal(ev.val[FIELD_WHY_NR], 1234);
	assert_int_equal(ev.val[FIELD_COOKIE], 42);
	assert_int_equal(ev.nr_extra, 0);
}

static void names_of_threads(void **state)
{
	static const char * const names[] = {
		"CPU 0/KVM", "a (b) c", "x-1 [000] ....", "vcpu_info: a=1",
		"1.2: e: f", "#comment", "a\nb", "\n\n\n", "CPU:1 [LOST",
		"123456789012345", "", "\033[31m",
	};
	struct event ev;
	char line[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int len = snprintf(line, sizeof(line),
				   "%16s-%-7d [%03d] d..1. %5d.%06d: vcpu_info: "
				   KEY "\n", names[i], 99999999, 12, 1, 2);

		assert_int_equal(text_entry_len(line, len), len);
		assert_int_equal(decode(line, &ev), TEXT_EVENT);
		assert_string_equal(ev.comm, names[i]);
		assert_int_equal(ev.thread, 99999999);
		assert_int_equal(ev.trace_cpu, 12);
		assert_true(ev.ts == 1000002000ULL);
	}
}

static void columns_that_options_add_or_take(void **state)
{
	static const char * const context[] = {
		"           <...>-1239    [001]   115.000123: ",
		"           <...>-1239    [001] .....   115.000123: ",
		"           <...>-1239    [001] dNh2.   115.000123: ",
		"           <...>-1239    (   1234) [001] .....   115.000123: ",
		"           <...>-1239    (-------) [001]   115.000123: ",
		"           <...>-1239    (1234567) [001] dZs.1   115.000123: ",
	};
	struct event ev;
	char line[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(context); i++) {
		snprintf(line, sizeof(line), "%svcpu_info: " KEY "\n",
			 context[i]);
		assert_int_equal(decode(line, &ev), TEXT_EVENT);
		assert_string_equal(ev.comm, "<...>");
		assert_int_equal(ev.thread, 1239);
		assert_int_equal(ev.trace_cpu, 1);
		assert_true(ev.ts == 115000123000ULL);
	}
}

static void clock_that_counts_no_nanoseconds(void **state)
{
	struct event ev;

	(void)state;
	assert_int_equal(decode(CONTEXT " 123456789012: vcpu_info: " KEY "\n",
				&ev), TEXT_EVENT);
	assert_false(ev.ts_is_ns);
	assert_true(ev.ts == 123456789012ULL);
}

static void fields_unknown_and_missing(void **state)
{
	struct event ev;
	uint64_t val;

	(void)state;
	assert_int_equal(decode(CONTEXT STAMP "vcpu_info: colour=blue " KEY
				" rip=0x10 dr7=0x400 count=3\n", &ev),
			 TEXT_EVENT);
	assert_int_equal(ev.nr_extra, 3);
	assert_string_equal(ev.extra[0].name, "colour");
	assert_string_equal(ev.extra[0].value, "blue");
	assert_string_equal(ev.extra[1].name, "dr7");
	assert_string_equal(ev.extra[1].value, "0x400");
	/* a field of the other event is not one of this event */
	assert_string_equal(ev.extra[2].name, "count");
	assert_false(event_has(&ev, FIELD_ERROR_COUNT));
	assert_false(event_has(&ev, FIELD_EXITS));
	/* without valid no register is believed */
	assert_true(event_has(&ev, FIELD_REGS + VCPU_INFO_REG_RIP));
	assert_false(event_reg(&ev, VCPU_INFO_REG_RIP, &val));
}

static void more_unknown_fields_than_are_kept(void **state)
{
	char line[2000];
	struct event ev;
	int len;

	(void)state;
	len = snprintf(line, sizeof(line), CONTEXT STAMP "vcpu_info: " KEY);
	for (int i = 0; i < 2 * EVENT_MAX_EXTRA; i++)
		len += snprintf(line + len, sizeof(line) - len,
				" a_very_long_name_of_an_unknown_field_%d=%d",
				i, i);
	snprintf(line + len, sizeof(line) - len, " exits=5\n");
	assert_int_equal(decode(line, &ev), TEXT_EVENT);
	assert_int_equal(ev.nr_extra, EVENT_MAX_EXTRA);
	assert_int_equal(ev.val[FIELD_EXITS], 5);
}

static void names_of_a_newer_module(void **state)
{
	struct event ev;

	(void)state;
	assert_int_equal(decode(CONTEXT STAMP "vcpu_info: " KEY
				" state=0x9\n", &ev), TEXT_EVENT);
	assert_int_equal(ev.val[FIELD_STATE_NR], 9);
	assert_null(event_state_name(9));
	assert_bad(CONTEXT STAMP "vcpu_info: " KEY " state=asleep\n");
}

static void others_are_passed_over(void **state)
{
	static const char * const lines[] = {
		"# tracer: nop\n",
		"\n",
		"CPU:1 [LOST 3 EVENTS]\n",
		"##### CPU 1 buffer started ####\n",
		CONTEXT STAMP "sched_waking: comm=vcpu_info: pid=5\n",
		CONTEXT STAMP "vcpu_info2: " KEY "\n",
		CONTEXT STAMP "tracing_mark_write: vcpu_info: " KEY "\n",
	};
	struct event ev;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(decode(lines[i], &ev), TEXT_OTHER);
}

static void malformed_lines(void **state)
{
	static const char * const lines[] = {
		"", "x\n", "                 \n",
		/* cut off: no newline */
		CONTEXT STAMP "vcpu_info: " KEY,
		/* context */
		"       CPU 0/KVM 1239    [001] ....." STAMP "vcpu_info: " KEY "\n",
		"       CPU 0/KVM-12x9    [001] ....." STAMP "vcpu_info: " KEY "\n",
		"       CPU 0/KVM-99999999999 [001] ....." STAMP "vcpu_info: " KEY "\n",
		"       CPU 0/KVM-1239    [] ....." STAMP "vcpu_info: " KEY "\n",
		"       CPU 0/KVM-1239    [001 ....." STAMP "vcpu_info: " KEY "\n",
		"       CPU 0/KVM-1239    (1 [001] ....." STAMP "vcpu_info: " KEY "\n",
		CONTEXT "115.123: vcpu_info: " KEY "\n",
		CONTEXT "115.1234567: vcpu_info: " KEY "\n",
		CONTEXT "115.: vcpu_info: " KEY "\n",
		CONTEXT "99999999999999999999.000000: vcpu_info: " KEY "\n",
		CONTEXT "999999999999999999.000000: vcpu_info: " KEY "\n",
		CONTEXT "115.000001 vcpu_info: " KEY "\n",
		/* fields */
		CONTEXT STAMP "vcpu_info " KEY "\n",
		CONTEXT STAMP "vcpu_info:\n",
		CONTEXT STAMP "vcpu_info: vm_pid=1234 vm_fd=10\n",
		CONTEXT STAMP "vcpu_info: " KEY " exits\n",
		CONTEXT STAMP "vcpu_info: " KEY " exits=\n",
		CONTEXT STAMP "vcpu_info: " KEY " exits=x\n",
		CONTEXT STAMP "vcpu_info: " KEY " exits=-1\n",
		CONTEXT STAMP "vcpu_info: " KEY " exits=0x10\n",
		CONTEXT STAMP "vcpu_info: " KEY " exits=18446744073709551616\n",
		CONTEXT STAMP "vcpu_info: " KEY " rax=10\n",
		CONTEXT STAMP "vcpu_info: " KEY " rax=0x\n",
		CONTEXT STAMP "vcpu_info: " KEY " rax=0x10000000000000000\n",
		CONTEXT STAMP "vcpu_info: " KEY " rax=0x1g\n",
		CONTEXT STAMP "vcpu_info: " KEY " rax=0x1 rax=0x2\n",
		CONTEXT STAMP "vcpu_info: " KEY " vcpu_id=2\n",
		CONTEXT STAMP "vcpu_info: " KEY " pid=2147483648\n",
		CONTEXT STAMP "vcpu_info: " KEY " pid=12.5\n",
		CONTEXT STAMP "vcpu_info: " KEY " =5\n",
		CONTEXT STAMP "vcpu_info: " KEY " rax=0x000000000000000000000000000000000001\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_bad(lines[i]);
}

/* Wherever a line is cut off, it is bad or has no value but the whole one's. */
static void truncated_anywhere(void **state)
{
	static const char line[] = CONTEXT STAMP "vcpu_info: " KEY
		" pid=1240 rax=0x1234\n";
	char cut[sizeof(line)];
	struct event ev;

	(void)state;
	for (size_t len = 0; len < sizeof(line) - 1; len++) {
		memcpy(cut, line, len);
		assert_int_equal(text_decode(cut, len, &ev), TEXT_BAD);
	}
}

static void embedded_nul_and_endless_line(void **state)
{
	static const char nul[] = CONTEXT STAMP "vcpu_info: " KEY "\0 pid=1\n";
	static char endless[20000];
	struct event ev;

	(void)state;
	assert_int_equal(text_decode(nul, sizeof(nul) - 1, &ev), TEXT_BAD);
	memset(endless, ' ', sizeof(endless));
	endless[sizeof(endless) - 1] = '\n';
	assert_int_equal(text_decode(endless, sizeof(endless), &ev), TEXT_BAD);
}

static void entries_end_at_the_right_newline(void **state)
{
	static const char two_lines[] = "             a\nb-1 [000] 1: e: x\n#\n";
	static const char blank[] = " \n                -1 [000] 1: e: x\n";

	(void)state;
	assert_int_equal(text_entry_len("#a\n#b\n", 6), 3);
	assert_int_equal(text_entry_len("#a", 2), 0);
	assert_int_equal(text_entry_len("", 0), 0);
	/* a newline within the name */
	assert_int_equal(text_entry_len(two_lines, sizeof(two_lines) - 1),
			 sizeof(two_lines) - 1 - 2);
	assert_int_equal(text_entry_len(two_lines, 15), 0);
	assert_int_equal(text_entry_len(two_lines, 20), 0);
	/* no entry: does not swallow the next one */
	assert_int_equal(text_entry_len(blank, sizeof(blank) - 1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_with_every_field),
		cmocka_unit_test(error_with_every_field),
		cmocka_unit_test(names_of_threads),
		cmocka_unit_test(columns_that_options_add_or_take),
		cmocka_unit_test(clock_that_counts_no_nanoseconds),
		cmocka_unit_test(fields_unknown_and_missing),
		cmocka_unit_test(more_unknown_fields_than_are_kept),
		cmocka_unit_test(names_of_a_newer_module),
		cmocka_unit_test(others_are_passed_over),
		cmocka_unit_test(malformed_lines),
		cmocka_unit_test(truncated_anywhere),
		cmocka_unit_test(embedded_nul_and_endless_line),
		cmocka_unit_test(entries_end_at_the_right_newline),
	};

	return cmocka_run_group_tests_name("decode_text", tests, NULL, NULL);
}
